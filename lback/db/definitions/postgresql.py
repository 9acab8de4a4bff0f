"""What makes each thing of a database of PostgreSQL, and what drops it, as its catalog says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {} AND e.deptype = 'e')"
# Each yields kind, schema, table, name, what makes it, what drops it, in the order of making.
_THINGS = (
    f"""
    SELECT 'schema', '', NULL, n.nspname, format('CREATE SCHEMA %I', n.nspname),
    format('DROP SCHEMA %I', n.nspname) FROM pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND {_NOT_OF_EXTENSION.format("n.oid")} ORDER BY n.nspname
    """,
    """
    SELECT 'extension', '', NULL, x.extname, format('CREATE EXTENSION IF NOT EXISTS %I', x.extname)
    || CASE WHEN n.nspname IN ('public', 'pg_catalog') THEN ''
       ELSE format(' WITH SCHEMA %I', n.nspname) END, format('DROP EXTENSION %I', x.extname)
    FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace ORDER BY x.oid
    """,
    f"""
    SELECT 'enum', n.nspname, NULL, t.typname,
    format('CREATE TYPE %s AS ENUM (%s)', CAST(t.oid AS regtype),
           (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = t.oid)),
    format('DROP TYPE %s', CAST(t.oid AS regtype))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'e' AND {_NOT_OF_EXTENSION.format("t.oid")} ORDER BY t.oid
    """,
    f"""
    SELECT 'domain', n.nspname, NULL, t.typname,
    concat_ws(' ', format('CREATE DOMAIN %s AS %s', CAST(t.oid AS regtype),
      format_type(t.typbasetype, t.typtypmod)), 'DEFAULT ' || t.typdefault,
      CASE WHEN t.typnotnull THEN 'NOT NULL' END,
      (SELECT string_agg(format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), ' '
       ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')),
    format('DROP DOMAIN %s', CAST(t.oid AS regtype))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'd' AND {_NOT_OF_EXTENSION.format("t.oid")} ORDER BY t.oid
    """,
    f"""
    SELECT 'function', n.nspname, NULL,
    p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    pg_get_functiondef(p.oid), format('DROP %s %s', CASE p.prokind WHEN 'p' THEN 'PROCEDURE'
      ELSE 'FUNCTION' END, CAST(p.oid AS regprocedure))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND {_NOT_OF_EXTENSION.format("p.oid")} ORDER BY p.oid
    """,
    f"""
    SELECT 'sequence', n.nspname, NULL, c.relname,
    format('CREATE SEQUENCE %s AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s '
           'CACHE %s %s', CAST(c.oid AS regclass), format_type(s.seqtypid, NULL), s.seqincrement,
           s.seqmin, s.seqmax, s.seqstart, s.seqcache,
           CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END),
    format('DROP SEQUENCE %s', CAST(c.oid AS regclass))
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_NOT_OF_EXTENSION.format("c.oid")} ORDER BY n.nspname, c.relname
    """,
    """
    SELECT CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique constraint'
    WHEN 'c' THEN 'check' WHEN 'p' THEN 'primary key' ELSE 'index' END, n.nspname, c.relname,
    CASE k.contype WHEN 'p' THEN '' ELSE k.conname END,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', CAST(c.oid AS regclass), k.conname,
           pg_get_constraintdef(k.oid)),
    format('ALTER TABLE %s DROP CONSTRAINT %I', CAST(c.oid AS regclass), k.conname)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype IN ('f', 'u', 'c', 'p', 'x') AND k.conparentid = 0 AND k.conislocal
    ORDER BY k.oid
    """,
    """
    SELECT 'index', n.nspname, c.relname, x.relname,
    regexp_replace(pg_get_indexdef(x.oid, 0, true),
      CASE x.relkind WHEN 'I' THEN ' ON ONLY ' ELSE ' ON ' END, ' ON '),
    format('DROP INDEX %s', CAST(x.oid AS regclass))
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.conrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = x.oid) ORDER BY x.oid
    """,
    f"""
    SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, n.nspname, NULL,
    c.relname, format('CREATE %s %s%s AS %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE
      'VIEW' END, CAST(c.oid AS regclass),
      ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
      rtrim(btrim(pg_get_viewdef(c.oid)), ';'))
    || coalesce((SELECT string_agg(E'\\x01' || pg_get_indexdef(i.indexrelid, 0, true), ''
                                   ORDER BY i.indexrelid)
                 FROM pg_index i WHERE i.indrelid = c.oid), ''),
    format('DROP %s %s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END,
           CAST(c.oid AS regclass))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {_NOT_OF_EXTENSION.format("c.oid")} ORDER BY c.oid
    """,
    """
    SELECT 'rule', n.nspname, NULL, c.relname || '.' || r.rulename, pg_get_ruledef(r.oid),
    format('DROP RULE %I ON %s', r.rulename, CAST(c.oid AS regclass))
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' ORDER BY r.oid
    """,
    """
    SELECT 'trigger', n.nspname, NULL, c.relname || '.' || t.tgname,
    CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid, true) ELSE '' END
    || CASE t.tgenabled WHEN 'O' THEN '' ELSE
      format(E'\\x01ALTER TABLE %s %s TRIGGER %I', CAST(c.oid AS regclass), CASE t.tgenabled
             WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
             t.tgname) END,
    CASE WHEN t.tgparentid = 0 THEN format('DROP TRIGGER %I ON %s', t.tgname,
                                           CAST(c.oid AS regclass)) ELSE '' END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
    ORDER BY t.tgparentid <> 0, t.oid
    """,
    """
    SELECT 'row security', n.nspname, NULL, c.relname,
    format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', CAST(c.oid AS regclass))
    || CASE WHEN c.relforcerowsecurity
       THEN format(E'\\x01ALTER TABLE %s FORCE ROW LEVEL SECURITY', CAST(c.oid AS regclass))
       ELSE '' END,
    format(E'ALTER TABLE %s NO FORCE ROW LEVEL SECURITY\\x01'
           'ALTER TABLE %s DISABLE ROW LEVEL SECURITY', CAST(c.oid AS regclass),
           CAST(c.oid AS regclass))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity
    ORDER BY c.oid
    """,
    """
    SELECT 'row policy', p.schemaname, NULL, p.tablename || '.' || p.policyname,
    concat_ws(' ', format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.policyname, t.place,
      p.permissive, p.cmd, array_to_string(p.roles, ', ')), 'USING (' || p.qual || ')',
      'WITH CHECK (' || p.with_check || ')'),
    format('DROP POLICY %I ON %s', p.policyname, t.place)
    FROM pg_policies p, LATERAL (SELECT to_regclass(format('%I.%I', p.schemaname, p.tablename))
    AS place) t ORDER BY 2, 4
    """,
)
_PARTED = "\x01"


class CatalogText(NamedTuple):
    """A thing by kind, schema, table (where it is part of one) and name, and its statements."""

    kind: str
    place: str
    table: str | None
    name: str
    make: tuple[str, ...]
    drop: tuple[str, ...]


def definitions(connection: Connection) -> Iterator[CatalogText]:
    """Yield all but tables, columns and comments, in an order in which they can be made.

    Names are written as the search path of the connection has them. What an extension has brought
    is not among them.
    """
    for query in _THINGS:
        for kind, place, table, name, make, drop in connection.execute(sa.text(query)):
            if place.startswith("pg_") or place == "information_schema" or not make:
                continue
            yield CatalogText(kind, place, table, name, _parts(make), _parts(drop))


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(_PARTED)))
