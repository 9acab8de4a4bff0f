"""PostgreSQL: databases of one server, copied by the server."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from lback.core.copies.names import is_made, is_template
from lback.db.beside.base import Databases, InUseError, MadeDatabase
from lback.db.beside.dumping import dump_and_load
from lback.db.beside.server import Server
from lback.errors import LbackError

_MARK = "lback template "
_RENEWED = 3600.0
_IN_USE = "55006"


class PostgresqlDatabases(Databases):
    """Databases of a server; a template is marked by its comment, and lets nobody connect."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        """Return a connection to a database that nobody copies."""
        if self._server is None:
            for name in ("postgres", "template1", self.url.database):
                server = Server(self.url.set(database=name))
                try:
                    server.call(lambda connection: connection.exec_driver_sql("SELECT 1"))
                except LbackError:
                    if name == self.url.database:
                        raise
                else:
                    self._server = server
                    break
        assert self._server is not None
        return self._server

    def named(self, name: str) -> URL:
        """Return the URL of a database of the server."""
        return self.url.set(database=name)

    def about(self) -> Sequence[str]:
        """Return version, encoding, locale and settings of the database, as far as it is there."""
        return self.server.call(
            lambda at: [str(_scalar(at, "SHOW server_version")), *self._own(at)]
        )

    def _own(self, at: Connection) -> Sequence[str]:
        row = self._locale(at) or ()
        return [*map(str, row), *(f"{key}={value}" for key, value in self._settings(at))]

    def _locale(self, at: Connection) -> tuple[Any, ...] | None:
        return _locale_of(at, self.url.database or "")

    def _settings(self, at: Connection) -> Sequence[tuple[str, str]]:
        rows = _rows(
            at,
            "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_database d "
            f"ON d.oid = s.setdatabase WHERE setrole = 0 AND "
            f"datname = {_text(self.url.database or '')}",
        )
        pairs = (str(row[0]).partition("=") for row in rows)
        return [(key, value) for key, _, value in pairs]

    def exists(self, url: URL) -> bool:
        """Tell whether the server has a database of this name."""
        sql = f"SELECT 1 FROM pg_database WHERE datname = {_text(url.database or '')}"
        return self.server.call(lambda at: _scalar(at, sql)) is not None

    def create(self, name: str, source: URL | None = None) -> None:
        """Make a database as the project's own one is, or as the source.

        One that is in use the server does not copy: pg_dump does, if it is to be had.
        """
        try:
            self.server.call(lambda at: self._create(at, name, source))
        except InUseError:
            tools = self.find_program("pg_dump"), self.find_program("psql")
            if source is None or None in tools:
                raise
            self.server.call(lambda at: self._create(at, name, None, bare=True))
            try:
                dump_and_load(source, self.named(name), *map(str, tools))
            except BaseException:
                self.drop(name)
                raise

    def _create(self, at: Connection, name: str, source: URL | None, *, bare: bool = False) -> None:
        """Make a database; a `bare` one has nothing that the server's administrator adds."""
        sql = f"CREATE DATABASE {_name(name)}"
        if source is not None:
            sql += f" TEMPLATE {_name(source.database or '')}"
        elif (own := self._locale(at)) and (bare or own != _locale_of(at, "template1")):
            sql += f" TEMPLATE template0 {_with_locale(own)}"
        try:
            at.exec_driver_sql(sql)
        except sa.exc.DBAPIError as err:
            if source is not None and _state(err) == _IN_USE:
                raise InUseError(source.database or "", self._who(at, source)) from err
            raise
        for key, value in self._settings(at):
            # The only spelling that takes lists as they are.
            at.exec_driver_sql(f"SELECT set_config({_text(key)}, {_text(value)}, false)")
            at.exec_driver_sql(f"ALTER DATABASE {_name(name)} SET {key} FROM CURRENT")
            at.exec_driver_sql(f"RESET {key}")

    def _who(self, at: Connection, source: URL) -> list[str]:
        rows = _rows(
            at,
            "SELECT DISTINCT coalesce(nullif(application_name, ''), usename::text, 'process '"
            f" || pid) FROM pg_stat_activity WHERE datname = {_text(source.database or '')}",
        )
        return sorted(str(row[0]) for row in rows)

    def drop(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        self.server.call(lambda at: self._drop(at, name))

    def _drop(self, at: Connection, name: str) -> None:
        if is_template(name) and name not in self._marks(at):
            return  # somebody else's, of the same name
        _end_sessions(at, name)
        at.exec_driver_sql(f"DROP DATABASE IF EXISTS {_name(name)}")

    def templates(self) -> Mapping[str, MadeDatabase]:
        """Return the marked databases by name."""
        return self.server.call(self._marks)

    def _marks(self, at: Connection) -> dict[str, MadeDatabase]:
        rows = _rows(
            at,
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database "
            r"WHERE datname LIKE 'lback\_t\_%'",
        )
        marked = ((str(name), mark) for name, mark in rows if (mark or "").startswith(_MARK))
        return {name: MadeDatabase(name, _used(mark)) for name, mark in marked if is_template(name)}

    def seal(self, half: str, name: str, note: str) -> None:
        """Mark the database and give it its name."""
        self.server.call(lambda at: self._seal(at, half, name, note))

    def _seal(self, at: Connection, half: str, name: str, note: str) -> None:
        _end_sessions(at, half)
        at.exec_driver_sql(f"ALTER DATABASE {_name(half)} ALLOW_CONNECTIONS false")
        _end_sessions(at, half)
        self._comment(at, half, note)
        try:
            at.exec_driver_sql(f"ALTER DATABASE {_name(half)} RENAME TO {_name(name)}")
        except sa.exc.DBAPIError:
            if name not in self._marks(at):
                raise
            self._drop(at, half)  # another one was quicker

    def _comment(self, at: Connection, name: str, note: str) -> None:
        mark = _MARK + json.dumps({"used": int(time.time()), "note": note})
        at.exec_driver_sql(f"COMMENT ON DATABASE {_name(name)} IS {_text(mark)}")

    def use(self, name: str) -> None:
        """Renew the comment, not more often than once an hour."""
        made = self.templates().get(name)
        if made is not None and time.time() - made.used > _RENEWED:
            with suppress(LbackError):
                self.server.call(lambda at: self._comment(at, name, "used"))

    def leftovers(self) -> Sequence[MadeDatabase]:
        """Return the copies and the half-built ones, and who of them has connections."""
        rows = self.server.call(
            lambda at: list(
                _rows(
                    at,
                    "SELECT datname, EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = "
                    r"d.oid) FROM pg_database d WHERE datname ~ '^lback_[nc]_'",
                )
            )
        )
        return [
            MadeDatabase(str(name), 0.0, bool(busy)) for name, busy in rows if is_made(str(name))
        ]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Wait for who builds the same, on a session of its own."""
        if self.url.get_dialect().is_async:  # no session is kept there: all build apart
            yield
            return
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        holder = Server(self.server.url)
        try:
            while not holder.call(lambda at: _scalar(at, f"SELECT pg_try_advisory_lock({number})")):
                time.sleep(0.1)
            yield
        finally:
            holder.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._server is not None:
            self._server.close()


def _locale_of(at: Connection, name: str) -> tuple[Any, ...] | None:
    """Return encoding, collation, character type, and who provides them with which locale."""
    # As JSON, for the names of the last two came with PostgreSQL 15 and 17.
    row = _rows(
        at,
        "SELECT pg_encoding_to_char(encoding), datcollate, datctype, "
        "to_jsonb(d) ->> 'datlocprovider', "
        "coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') "
        f"FROM pg_database d WHERE datname = {_text(name)}",
    ).first()
    return tuple(row) if row is not None else None


def _with_locale(own: tuple[Any, ...]) -> str:
    encoding, collate, ctype, provider, locale = own
    sql = f"ENCODING {_text(encoding)} LC_COLLATE {_text(collate)} LC_CTYPE {_text(ctype)}"
    words = {"i": ("icu", "ICU_LOCALE"), "b": ("builtin", "BUILTIN_LOCALE")}.get(provider)
    if words is not None and locale is not None:
        sql += f" LOCALE_PROVIDER {words[0]} {words[1]} {_text(locale)}"
    return sql


def _used(mark: str) -> float:
    try:
        return float(json.loads(mark[len(_MARK) :])["used"])
    except (ValueError, KeyError, TypeError):
        return 0.0


def _end_sessions(at: Connection, name: str) -> None:
    """End the sessions of a database of ours, and wait until they are gone."""
    which = f"FROM pg_stat_activity WHERE datname = {_text(name)}"
    for _ in range(100):
        if not _rows(at, f"SELECT pg_terminate_backend(pid) {which}").all():
            return
        time.sleep(0.02)


def _rows(at: Connection, sql: str) -> Any:
    return at.exec_driver_sql(sql)


def _scalar(at: Connection, sql: str) -> Any:
    return at.exec_driver_sql(sql).scalar()


def _state(err: sa.exc.DBAPIError) -> str:
    return str(getattr(err.orig, "sqlstate", None) or getattr(err.orig, "pgcode", "") or "")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    # A backslash is itself in a text with standard_conforming_strings, which has been on since 9.1.
    return "'" + value.replace("'", "''") + "'"
