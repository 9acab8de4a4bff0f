"""Leads whatever env.py connects to somewhere else, and says what it would have connected to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL, Connection, Dialect, Engine

from lback.db.command_lines import LOOK
from lback.db.events import ignore
from lback.db.identity import untouched
from lback.db.performing import Performer
from lback.db.runner import explained
from lback.db.scratch_run import Redirect, at_work
from lback.db.urls import OURS, shown_url
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.runner import Database


class Leading(Redirect):
    """Leads the connections of all engines to one database: `target`, once it is set."""

    def __init__(self, asked: Callable[[URL], None]) -> None:
        super().__init__(None, Path())
        self._asked = asked
        self._at_work: Engine | None = None
        self.target: URL | None = None
        self.seen: URL | None = None
        """What env.py connects to by itself."""

    def see(self, engine: Engine) -> None:
        """Note which database an engine is for, before it connects."""
        self._at_work = engine
        if engine in self._engines or _is_ours(engine):
            return
        super().see(engine)
        if self.seen is None:
            self.seen = engine.url
            self._asked(engine.url)
        elif self.seen != engine.url:
            raise LbackError(
                f"env.py works on {shown_url(self.seen)} and on {shown_url(engine.url)}, and one "
                "template cannot stand for them.",
                "Name one of them to env.py, as with `-x`, if it can choose.",
            )

    def url_for(self, dialect: str) -> URL:
        """Return where a connection goes; LbackError for one of another kind."""
        target = self.target
        if target is None or target.get_dialect().name != dialect:
            kind = target.get_dialect().name if target is not None else "nothing"
            raise LbackError(
                f"The project connects to {dialect}, and the template is one of {kind}.",
                "Let env.py connect to a database of the same kind.",
            )
        return target

    def connect(self, dialect: Dialect, _record: Any, _args: Any, options: Any) -> Any:
        """Open a connection with the engine's own options, to the database of ours."""
        if self._at_work is not None and _is_ours(self._at_work):
            return None
        url = self.url_for(dialect.name)
        args, own = dialect.create_connect_args(url)
        given = {key: value for key, value in options.items() if key != "uri"}
        connection = dialect.connect(*args, **{**given, **own})
        self._lead(dialect, connection, url)
        return connection

    def adjust(self, options: dict[str, Any]) -> None:
        """Do as for a scratch database; refuse files that env.py has attached to it."""
        super().adjust(options)
        connection = options["connection"]
        if connection.dialect.name == "sqlite":
            _refuse_attached(connection)


def _is_ours(engine: Engine) -> bool:
    return bool(OURS.keys() & engine.get_execution_options().keys())


def _refuse_attached(connection: Connection) -> None:
    with untouched(connection):
        rows = connection.exec_driver_sql("PRAGMA database_list").all()
    attached = [str(row[1]) for row in rows if row[1] not in ("main", "temp")]
    if attached:
        raise LbackError(
            f"env.py attaches {', '.join(attached)}, and a template is one file.",
            "Leave ATTACH out where a variable of the environment asks for it.",
        )


@contextmanager
def leading(asked: Callable[[URL], None]) -> Iterator[Leading]:
    """Lead all new connections while this lasts; `asked` is told what env.py connects to first."""
    led = Leading(asked)
    with at_work(led):
        yield led


class _SeenError(BaseException):
    """Ends env.py when it is known what it connects to; no `except Exception` keeps it."""


def project_url(database: Database) -> URL:
    """Return what env.py connects to, without a connection: it is run until there."""

    def stop(_url: URL) -> None:
        raise _SeenError

    with (
        leading(stop) as led,
        suppress(_SeenError),
        database.opened(LOOK) as session,
        explained(session.at),
    ):
        session.run_env(Performer(lambda _stamp: (), ignore))
    if led.seen is None:
        raise LbackError(
            "env.py connects in a way of its own, past SQLAlchemy's engines.",
            "Give the URL of the database by an option.",
        )
    return led.seen
