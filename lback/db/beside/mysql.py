"""MySQL and MariaDB: definitions are replayed, rows are copied by the server."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from lback.core.copies.names import is_made, is_template
from lback.db.beside.base import Databases, MadeDatabase
from lback.db.beside.definitions import Definitions, read_definitions, replay, with_keys_made
from lback.db.beside.made_keys import quoted
from lback.db.beside.server import Server
from lback.errors import LbackError

_MARK = "lback_template"
_GONE = (1049, 1146)
_RENEWED = 3600.0
_THERE = 1007


class MysqlDatabases(Databases):
    """Databases of a server; a template holds a table that says so, written last."""

    def __init__(self, url: URL) -> None:
        super().__init__(url)
        self.server = Server(url.set(database=""))

    def named(self, name: str) -> URL:
        """Return the URL of a database of the server."""
        return self.url.set(database=name)

    def about(self) -> Sequence[str]:
        """Return version, modes, and the character set of the database, if it is there."""
        return self.server.call(
            lambda at: [
                *map(str, _one(at, "SELECT VERSION(), @@sql_mode, @@lower_case_table_names")),
                *self._character_set(at),
            ]
        )

    def _character_set(self, at: Connection) -> Sequence[str]:
        row = at.exec_driver_sql(
            "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
            f"information_schema.SCHEMATA WHERE SCHEMA_NAME = {_text(self.url.database or '')}"
        ).first()
        return tuple(map(str, row)) if row is not None else ()

    def exists(self, url: URL) -> bool:
        """Tell whether the server has a database of this name."""
        return self.server.call(lambda at: _exists(at, url.database or ""))

    def create(self, name: str, source: URL | None = None) -> None:
        """Make a database with the character set of the project's own, or of the source."""
        definitions = None
        if source is not None:
            definitions = self.server.call(lambda at: _definitions(at, source.database or ""))
        self._create(name, definitions)

    def _create(self, name: str, definitions: Definitions | None) -> None:
        def work(at: Connection) -> None:
            known = self._character_set(at)
            of_it = f" CHARACTER SET {known[0]} COLLATE {known[1]}" if known else ""
            at.exec_driver_sql(f"CREATE DATABASE {quoted(name)}{of_it}")
            if definitions is not None:
                replay(at, definitions, name)

        try:
            self.server.call(work)
        except BaseException as err:
            if not _is_there(err):
                self.server.close()
                with suppress(LbackError):
                    self.drop(name)
            raise
        finally:
            self.server.close()  # its session has another database and other modes now

    def drop(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        self.server.call(lambda at: _drop(at, name))

    def templates(self) -> Mapping[str, MadeDatabase]:
        """Return the marked databases by name."""
        return self.server.call(self._marked)

    def _marked(self, at: Connection) -> dict[str, MadeDatabase]:
        names = at.exec_driver_sql(
            "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE "
            rf"TABLE_SCHEMA LIKE 'lback\_t\_%' AND TABLE_NAME = '{_MARK}'"
        ).scalars()
        made = {}
        for name in filter(is_template, map(str, names)):
            table = f"{quoted(name)}.{quoted(_MARK)}"
            try:
                used = at.exec_driver_sql(f"SELECT used FROM {table}").scalar()
            except DBAPIError as err:
                if getattr(err.orig, "args", (0,))[0] not in _GONE:
                    raise
                continue  # somebody has pruned it meanwhile
            if used is not None:
                made[name] = MadeDatabase(name, float(used))
        return made

    def seal(self, half: str, name: str, note: str) -> None:
        """Write down what the database has, in a database of the template's name.

        The row that says so is the last thing that is written; until then there is no template.
        """
        definitions = self.server.call(lambda at: read_definitions(at, half))
        if name not in self.templates():
            self.drop(name)
            self._create(name, definitions.stored)
            definitions = self.server.call(lambda at: with_keys_made(at, definitions))
            self.server.close()  # its session has a database now
            table = f"{quoted(name)}.{quoted(_MARK)}"
            text = _text(definitions.of(name).text())
            statements = (
                f"CREATE TABLE {table} (used BIGINT NOT NULL, note TEXT, "
                "definitions LONGTEXT NOT NULL) CHARACTER SET utf8mb4 ENGINE=InnoDB",
                f"INSERT INTO {table} VALUES ({int(time.time())}, {_text(note)}, {text})",
            )
            for sql in statements:
                self.server.call(lambda at, sql=sql: at.exec_driver_sql(sql))  # type: ignore[misc]
        self.drop(half)

    def use(self, name: str) -> None:
        """Renew the time in the template, not more often than once an hour."""
        made = self.templates().get(name)
        if made is not None and time.time() - made.used > _RENEWED:
            table, now = f"{quoted(name)}.{quoted(_MARK)}", int(time.time())
            with suppress(LbackError):
                self.server.call(lambda at: at.exec_driver_sql(f"UPDATE {table} SET used = {now}"))

    def leftovers(self) -> Sequence[MadeDatabase]:
        """Return the copies, the half-built ones, and who of them has connections."""
        busy, names = self.server.call(
            lambda at: (
                set(at.exec_driver_sql("SELECT DB FROM information_schema.PROCESSLIST").scalars()),
                list(
                    at.exec_driver_sql(
                        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE "
                        "SCHEMA_NAME REGEXP '^lback_[nc]_'"
                    ).scalars()
                ),
            )
        )
        return [MadeDatabase(str(name), 0.0, name in busy) for name in names if is_made(str(name))]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Wait for who builds the same, on a session of its own."""
        if self.url.get_dialect().is_async:  # no session is kept there: all build apart
            yield
            return
        holder = Server(self.server.url)
        key = "lback_t_" + hashlib.sha256(name.encode()).hexdigest()[:20]
        try:
            while not holder.call(lambda at: _one(at, f"SELECT GET_LOCK('{key}', 1)")[0]):
                time.sleep(0.05)
            yield
        finally:
            holder.close()

    def close(self) -> None:
        """Let go of the connection."""
        self.server.close()


def _definitions(at: Connection, source: str) -> Definitions:
    if not is_template(source):
        return read_definitions(at, source)
    table = f"{quoted(source)}.{quoted(_MARK)}"
    return Definitions.parse(str(_one(at, f"SELECT definitions FROM {table}")[0]))


def _drop(at: Connection, name: str) -> None:
    sessions = "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = " + _text(name)
    for number in at.exec_driver_sql(sessions).scalars().all():
        with suppress(sa.exc.DBAPIError):  # it may have ended by itself
            at.exec_driver_sql(f"KILL {int(number)}")
    at.exec_driver_sql(f"DROP DATABASE IF EXISTS {quoted(name)}")


def _exists(at: Connection, name: str) -> bool:
    sql = f"SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {_text(name)}"
    return at.exec_driver_sql(sql).first() is not None


def _is_there(err: BaseException) -> bool:
    """Tell whether a database could not be made because there is one of its name."""
    cause = getattr(err.__cause__, "orig", None)
    return _THERE in getattr(cause, "args", ())[:1]


def _one(at: Connection, sql: str) -> Any:
    return at.exec_driver_sql(sql).one()


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
