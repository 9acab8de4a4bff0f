"""What a database holds, schema and rows, in a form that does not depend on the order of things."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa

Picture = dict[str, Any]

_POSTGRESQL = """
WITH mine AS (
  SELECT oid, nspname FROM pg_namespace
  WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
)
SELECT 'schema', nspname, NULL, NULL FROM mine
UNION ALL
SELECT 'relation', n.nspname || '.' || c.relname, c.relkind::text,
  concat_ws('|', c.relacl::text, c.relrowsecurity, c.reloptions::text,
    obj_description(c.oid, 'pg_class'))
  FROM pg_class c JOIN mine n ON n.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 'I')
UNION ALL
SELECT 'column', c.oid::regclass || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
  concat_ws('|', a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
    col_description(c.oid, a.attnum))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN mine n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'p')
UNION ALL
SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid),
  concat_ws('|', indisvalid, indisreplident)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN mine n ON n.oid = c.relnamespace
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(k.oid),
  concat_ws('|', convalidated, obj_description(k.oid, 'pg_constraint'))
  FROM pg_constraint k JOIN mine n ON n.oid = k.connamespace
UNION ALL
SELECT 'enum', t.typname, string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder), NULL
  FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname
UNION ALL
SELECT 'sequence', s.seqrelid::regclass::text, concat_ws('|', seqstart, seqincrement, seqmax),
  (SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend
   WHERE objid = s.seqrelid AND deptype IN ('a', 'i') AND refobjsubid > 0 LIMIT 1)
  FROM pg_sequence s
UNION ALL
SELECT 'view', c.oid::regclass::text, pg_get_viewdef(c.oid), NULL
  FROM pg_class c JOIN mine n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid), NULL
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'rule', ev_class::regclass || '.' || rulename, pg_get_ruledef(oid), NULL
  FROM pg_rewrite WHERE rulename <> '_RETURN' AND ev_class >= 16384
UNION ALL
SELECT 'function', p.oid::regprocedure::text, prosrc, NULL
  FROM pg_proc p JOIN mine n ON n.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL
SELECT 'extension', extname, NULL, NULL FROM pg_extension
"""


def picture(connection: sa.Connection) -> Picture:
    """Return schema and rows of a database."""
    kind = connection.dialect.name
    if kind == "postgresql":
        return _postgresql(connection)
    return _sqlite(connection) if kind == "sqlite" else _mariadb(connection)


def _postgresql(connection: sa.Connection) -> Picture:
    found = [tuple(row) for row in connection.exec_driver_sql(_POSTGRESQL.replace("%", "%%"))]
    tables = [name for what, name, kind, _ in found if what == "relation" and kind in "rmv"]
    parts = [f"SELECT '{one}', to_jsonb(t)::text FROM {one} t" for one in sorted(tables)]
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts)) if parts else ()
    return {
        "schema": sorted(tuple(str(part) for part in one) for one in found),
        "rows": sorted((table, _sorted_json(row)) for table, row in rows),
    }


def _sorted_json(row: str) -> str:
    return json.dumps(json.loads(row), sort_keys=True)


# -- SQLite ------------------------------------------------------------------------

_CHECK = re.compile(r"(?:CONSTRAINT\s+(\S+)\s+)?CHECK\s*(\(.*?\))\s*(?=,|\)|$)", re.I | re.S)
_SPACE = re.compile(r"\s+")


def _sqlite(connection: sa.Connection) -> Picture:
    raw: Any = connection.connection.dbapi_connection
    run = raw.execute
    found: list[Any] = []
    rows: list[Any] = []
    for kind, name, table, text in run("SELECT type, name, tbl_name, sql FROM sqlite_master"):
        if name.startswith("sqlite_"):
            continue
        if kind == "table":
            found += _sqlite_table(run, name, text)
        elif kind == "index":
            unique = next(r[2] for r in run(f'PRAGMA index_list("{table}")') if r[1] == name)
            parts = [(r[2], r[3], r[4]) for r in run(f'PRAGMA index_xinfo("{name}")') if r[5]]
            where = _SPACE.sub(" ", text.partition(" WHERE ")[2])
            expressions = text if any(part[0] is None for part in parts) else ""
            found.append(("index", name, table, unique, str(parts), where, expressions))
        else:
            found.append((kind, name, table, _SPACE.sub(" ", text)))
        if kind in ("table", "view"):
            rows += _sqlite_rows(run, name)
    return {"schema": sorted(map(str, found)), "rows": sorted(map(str, rows))}


def _sqlite_table(run: Any, name: str, text: str) -> list[Any]:
    found: list[Any] = [("table", name)]
    for _, column, type_, required, default, key, hidden in run(f'PRAGMA table_xinfo("{name}")'):
        found.append(("column", name, column, type_.upper(), required, default, key, hidden))
    for row in run(f'PRAGMA foreign_key_list("{name}")'):
        found.append(("foreign key", name, *row[2:]))
    for _, index, unique, origin, partial in run(f'PRAGMA index_list("{name}")'):
        if origin != "c":
            columns = [r[2] for r in run(f'PRAGMA index_info("{index}")')]
            found.append(("key", name, unique, origin, partial, str(columns)))
    for called, check in _CHECK.findall(text):
        found.append(("check", name, called.strip('"'), _SPACE.sub("", check)))
    names = re.findall(r"CONSTRAINT\s+\"?(\w+)\"?\s+(UNIQUE|FOREIGN|CHECK)", text, re.I)
    found += [("constraint", name, *one) for one in names]
    return found


def _sqlite_rows(run: Any, name: str) -> list[Any]:
    cursor = run(f'SELECT * FROM "{name}"')
    columns = [one[0] for one in cursor.description]
    return [(name, sorted(zip(columns, map(str, row), strict=True))) for row in cursor]


# -- MariaDB -----------------------------------------------------------------------

_NUMBER = re.compile(r" AUTO_INCREMENT=\d+")


def _mariadb(connection: sa.Connection) -> Picture:
    run = connection.exec_driver_sql
    tables: dict[str, Any] = {}
    for name, kind in run("SHOW FULL TABLES"):
        if kind == "BASE TABLE":
            text = _NUMBER.sub("", run(f"SHOW CREATE TABLE `{name}`").fetchone()[1])  # type: ignore[index]
            lines = sorted(line.strip().rstrip(",") for line in text.splitlines())
        else:
            text = run(f"SHOW CREATE TABLE `{name}`").fetchone()[1]  # type: ignore[index]
            lines = [re.sub(r"DEFINER=\S+ ", "", text)]
        tables[name] = [lines, _mariadb_rows(run, name), kind != "BASE TABLE"]
    triggers = [(row[0], row[1], row[2], row[3], row[4]) for row in run("SHOW TRIGGERS")]
    return {"tables": tables, "triggers": sorted(map(str, triggers))}


def _mariadb_rows(run: Any, name: str) -> list[str]:
    try:
        result = run(f"SELECT * FROM `{name}`")
    except sa.exc.SQLAlchemyError as problem:  # a view of what is gone
        return [str(problem).splitlines()[0]]
    columns = list(result.keys())
    return sorted(str(sorted(zip(columns, map(str, row), strict=True))) for row in result)
