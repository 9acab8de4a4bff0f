"""Watches the statements of a connection, and tells for whom one of them waits."""

from __future__ import annotations

import contextlib
import re
import time
from threading import Event as Flag
from threading import Thread
from typing import Any, NamedTuple
from weakref import ref

from sqlalchemy import event
from sqlalchemy.engine import Connection

from lback.core.messages import waits as messages
from lback.db.events import Event, OnEvent
from lback.db.locking.beside import Beside
from lback.db.locking.sessions import Lent

_GLANCE = 0.2
_LOOK_AFTER, _TELL_AFTER, _TELL_EVERY = 1.0, 2.0, 5.0
# What a statement holds is nobody's business: texts, and PostgreSQL's in dollars.
_TEXT = re.compile(r"'(?:[^']|'')*'?|\$(\w*)\$.*?(?:\$\1\$|\Z)", re.DOTALL)


class Blocker(NamedTuple):
    """A session that another one waits for."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    seconds: int | None
    statement: str | None

    def told(self) -> str:
        """Say who it is and what it does, without the values in its statement."""
        return messages.blocker(
            self.pid,
            self.user or "",
            self.application or "",
            self.state or "",
            self.seconds,
            _TEXT.sub("'...'", " ".join((self.statement or "").split())),
        )


class Wait(NamedTuple):
    """What a statement waits for: sessions, where they are known, and what is said of it."""

    blockers: tuple[Blocker, ...]
    text: str


class Watching:
    """The statements of one connection, while a run has it; a kind of server looks in `_look`."""

    lock_timeout = 0.0

    def __init__(self, connection: Connection, on_event: OnEvent) -> None:
        self.connection = connection
        self.blockers: tuple[Blocker, ...] = ()
        """Those that the last statement waited for which waited long."""
        self._on_event = on_event
        self._since: float | None = None
        self._at_work: list[tuple[ref[Any], float]] = []
        self._over = Flag()
        self._lent = Lent(connection, self._over.set)
        self._thread: Thread | None = None
        self._listeners: list[tuple[str, Any]] = [
            ("before_cursor_execute", self._begun),
            ("after_cursor_execute", self._done),
        ]

    def listen(self) -> None:
        """Begin to watch."""
        for name, function in self._listeners:
            event.listen(self.connection, name, function)

    def end(self) -> None:
        """Stop watching, and take back what was set."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(2)
        self._lent.end()
        for name, function in self._listeners:
            with contextlib.suppress(Exception):
                event.remove(self.connection, name, function)

    def _begun(self, *told: Any) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="lback waits", daemon=True)
            self._thread.start()
        self._since = time.monotonic()
        self._at_work.append((ref(told[4]), self._since))

    def _done(self, *told: Any) -> None:
        # Another listener may have had statements of its own, such as those of the record, before
        # this one. What failed is never done, and is forgotten by now.
        done = told[4]
        at = next((n for n, (known, _) in enumerate(self._at_work) if known() is done), None)
        left = [row for row in self._at_work[:at] if row[0]() is not None]
        self._at_work[:] = left
        self._since = left[-1][1] if left else None

    def _watch(self) -> None:
        beside = Beside(self.connection.engine)
        limit = self.lock_timeout / 2 if self.lock_timeout else _LOOK_AFTER
        told = (0.0, 0.0)
        try:
            while not self._over.wait(min(_GLANCE, limit / 2)):
                since = self._since
                if since is None or time.monotonic() - since < min(limit, _LOOK_AFTER):
                    continue
                wait = self._look(beside)
                if wait is None or self._since != since:
                    continue
                self.blockers = wait.blockers
                waited = time.monotonic() - since
                if waited >= _TELL_AFTER and (told[0] != since or waited - told[1] > _TELL_EVERY):
                    told = (since, waited)
                    self._on_event(Event("waiting", seconds=waited, text=wait.text))
        except Exception:  # what is only told may not disturb what is done
            return
        finally:
            beside.close()

    def _look(self, beside: Beside) -> Wait | None:
        """Ask the server what the statement at work waits for; None: nothing."""
        raise NotImplementedError
