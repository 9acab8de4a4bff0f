"""Whether a run of env.py has left something behind that the next one in this process would meet.

A module of the project may keep what it was given for the first database: a URL from a variable, an
engine, a loop of events. Where nothing of the kind can have been kept, a process may take another.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

_OURS = str(Path(__file__).resolve().parents[1]) + os.sep
# What stands between a reader of a variable and the variable.
_BETWEEN = ("<frozen", os.path.dirname(os.__file__) + os.sep + "_collections_abc")  # noqa: PTH120
_ENV = os.sep + "env.py"


class Traces:
    """Watches a process that may be used for several databases, one after the other."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()
        self._before = dict(os.environ)
        self._kept = False
        self._threads = threading.active_count()
        watched: Any = type("Watched", (type(os.environ),), {"__getitem__": self._reader()})
        os.environ.__class__ = watched
        event.listen(Engine, "engine_connect", self._connected)

    def nothing_left(self) -> bool:
        """Close all connections; tell whether nothing is left for the next run to meet."""
        for engine in list(self._engines):
            self._kept = self._kept or engine.dialect.is_async
            with suppress(Exception):
                engine.dispose()
        self._engines.clear()
        if dict(os.environ) != self._before or threading.active_count() != self._threads:
            self._kept = True
        return not self._kept

    def _connected(self, connection: Connection, *_more: object) -> None:
        self._engines.add(connection.engine)

    def _reader(self) -> Any:
        theirs: Any = type(os.environ).__getitem__
        names = self._names

        def read(environ: Any, name: str) -> str:
            if name in names and not _is_env(sys._getframe(1)):
                self._kept = True
            value: str = theirs(environ, name)
            return value

        return read


def _is_env(frame: FrameType | None) -> bool:
    """Tell whether env.py itself asks for a variable, which runs anew each time; or lback does."""
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_BETWEEN) and path != os.__file__:
            return path.endswith(_ENV) or path.startswith(_OURS)
        frame = frame.f_back
    return False
