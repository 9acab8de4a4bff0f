"""What columns of PostgreSQL need before they can be made: extensions and domains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from lback.db.alembic_compat import sql_of

# Types that an extension brings, and which.
_EXTENSIONS = {
    "citext": "citext",
    "geography": "postgis",
    "geometry": "postgis",
    "halfvec": "vector",
    "hstore": "hstore",
    "ltree": "ltree",
    "raster": "postgis_raster",
    "sparsevec": "vector",
    "vector": "vector",
}
_DIALECT: Any = sa.make_url("postgresql://").get_dialect()()
_DOMAIN = """
    SELECT format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
        (SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY pg_get_constraintdef(c.oid))
         FROM pg_constraint AS c WHERE c.contypid = t.oid AND c.contype = 'c')
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
    WHERE t.typtype = 'd' AND n.nspname = :schema AND t.typname = :name
"""


def extensions_for(tables: Iterable[sa.Table], connection: Connection) -> list[str]:
    """Return the extensions that types of the models need and the database lacks."""
    wanted = {}
    for type_ in _types(tables):
        try:
            name = sql_of(type_, connection.dialect).lower()
        except sa.exc.CompileError:
            continue
        name = name.partition("(")[0].partition("[")[0].strip()
        if name in _EXTENSIONS:
            wanted[_EXTENSIONS[name]] = name
    # One that the server does not have is wanted all the same: it says so itself, and best.
    return [
        extension
        for extension, name in sorted(wanted.items())
        if connection.scalar(sa.text("SELECT to_regtype(:name) IS NULL"), {"name": name})
    ]


def domains_of(tables: Iterable[sa.Table]) -> dict[tuple[str | None, str], postgresql.DOMAIN]:
    """Return the domains that columns of the models have."""
    found = {}
    for type_ in _types(tables):
        if isinstance(type_, postgresql.DOMAIN):
            found[type_.schema, str(type_.name)] = type_
    return dict(sorted(found.items(), key=lambda item: (item[0][0] or "", item[0][1])))


def domain_text(domain: postgresql.DOMAIN, dialect: Any) -> str:
    """Return the statement that makes a domain."""
    return sql_of(postgresql.CreateDomainType(domain), dialect).strip()


def domain_there(connection: Connection, schema: str, name: str) -> tuple[Any, ...] | None:
    """Return what a domain of the database is; None where there is none."""
    row = connection.execute(sa.text(_DOMAIN), {"schema": schema, "name": name}).first()
    return None if row is None else tuple(row)


def text_there(domain: tuple[Any, ...]) -> str:
    """Return what `domain_there` has found, as CREATE DOMAIN has it behind AS."""
    base, not_null, default, checks = domain
    parts = [
        base,
        f"DEFAULT {default}" if default else "",
        "NOT NULL" if not_null else "",
        checks,
    ]
    return " ".join(filter(None, parts))


def domain_as_meant(connection: Connection, domain: postgresql.DOMAIN) -> tuple[Any, ...]:
    """Return what a domain of the models would be here: made for a moment under another name."""
    twin = postgresql.DOMAIN(
        "lback_twin",
        domain.data_type,
        collation=domain.collation,
        default=domain.default,
        not_null=domain.not_null,
        check=domain.check,
        schema="pg_temp",
    )
    savepoint = connection.begin_nested()
    try:
        connection.execute(sa.text("CREATE TEMPORARY TABLE lback_twin_room ()"))
        connection.exec_driver_sql(domain_text(twin, connection.dialect).replace("%", "%%"))
        text = "SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()"
        return domain_there(connection, connection.scalar(sa.text(text)), "lback_twin") or ()
    finally:
        savepoint.rollback()


def _types(tables: Iterable[sa.Table]) -> Iterator[Any]:
    for table in tables:
        for column in table.columns:
            type_: Any = column.type
            if isinstance(type_, sa.types.TypeDecorator):
                type_ = type_.load_dialect_impl(_DIALECT)
            yield type_.item_type if isinstance(type_, sa.ARRAY) else type_
