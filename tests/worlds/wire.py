"""A door before a database server that breaks something at a chosen message of a client's.

It reads of both protocols where a statement begins, no more. Messages are counted from `arm` on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

Fault = Literal[
    "kill before", "kill during", "kill after", "cut before", "cut after", "terminate before",
    "terminate during", "timeout", "full", "read-only",
]  # fmt: skip
_STOPS = ("kill", "cut", "terminate")
_ERRORS = {
    "postgresql": {
        "timeout": ("57014", "canceling statement due to statement timeout"),
        "full": ("53100", "could not extend file: No space left on device"),
        "read-only": ("25006", "cannot execute this in a read-only transaction"),
    },
    "mysql": {
        "timeout": ("1969", "Query execution was interrupted (max_statement_time exceeded)"),
        "full": ("1021", "Disk full; waiting for someone to free some space"),
        "read-only": ("1290", "The server is running with the --read-only option"),
    },
}
_SSL, _GSS = 80877103, 80877104
_AFTER = 0.03  # seconds in which a server has done a small statement


@dataclass
class Wire:
    """Passes on what one client after the other sends; `texts` are the statements."""

    server: URL
    pid: Path
    """The file in which the client has written which process it is."""
    texts: list[str] = field(default_factory=list)
    fired: bool = False
    _at: int | str | None = None
    _fault: Fault | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def family(self) -> str:
        return self.server.get_backend_name()

    def arm(self, at: int | str | None = None, fault: Fault | None = None) -> None:
        """Count from here on, and break something at message `at`, or at the first that begins so.

        "A ... B" is the first B after an A.
        """
        with self._lock:
            self.texts, self.fired, self._at, self._fault = [], False, at, fault

    def met(self, text: str) -> Fault | None:
        """Count one message; return what is to be done there."""
        with self._lock:
            self.texts.append(text)
            fault = self._fault
            if isinstance(self._at, str):
                before, _, now = self._at.rpartition(" ... ")
                met = not before or any(one.startswith(before) for one in self.texts)
                due = met and text.lstrip().startswith(now)
            else:
                due = self._at is not None and len(self.texts) > self._at
            if fault is None or self.fired or not due:
                return None
            if not fault.startswith(_STOPS) and text.upper().startswith("ROLLBACK"):
                return None  # which is what follows an error
            self.fired = True
            return fault

    def kill_client(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self.pid.read_text()), signal.SIGKILL)

    def terminate(self, port: Any) -> None:
        """Let the server end the session of a client at this port of ours."""
        engine = sa.create_engine(self.server, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            if self.family == "postgresql":
                find = "SELECT pid FROM pg_stat_activity WHERE client_port = :port"
                end = "SELECT pg_terminate_backend({}, 5000)"
            else:
                find = "SELECT id FROM information_schema.processlist WHERE host LIKE :port"
                port = f"%:{port}"
                end = "KILL {}"
            for number in connection.scalars(sa.text(find), {"port": port}).all():
                with contextlib.suppress(sa.exc.DBAPIError):
                    connection.exec_driver_sql(end.format(number))


class _Session:
    """One client at the door."""

    def __init__(self, wire: Wire, client: socket.socket) -> None:
        self.wire = wire
        self.client = client
        self.server = socket.create_connection(
            (wire.server.host or "127.0.0.1", wire.server.port or 0)
        )
        self.held = False
        self.prepared: dict[bytes, str] = {}
        ways = [threading.Thread(target=way, daemon=True) for way in (self._back, self._forth)]
        for way in ways:
            way.start()
        threading.Thread(target=self._end, args=ways, daemon=True).start()

    def _end(self, *ways: threading.Thread) -> None:
        for way in ways:  # before that another session might get the number of a socket in use
            way.join()
        self.client.close()
        self.server.close()

    def _close(self) -> None:
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                if not self.held:
                    self.client.sendall(data)
        if not self.held:
            self._close()

    def _forth(self) -> None:
        speak = self._postgresql if self.wire.family == "postgresql" else self._mysql
        with contextlib.suppress(OSError, EOFError):
            for message, text in speak():
                fault = self.wire.met(text) if text is not None else None
                if fault is None:
                    self.server.sendall(message)
                elif fault.startswith(_STOPS):
                    self._stop(fault, message)
                else:
                    self.server.sendall(self._failing(fault))
        self._close()

    def _stop(self, fault: Fault, message: bytes) -> None:
        what, _, when = fault.partition(" ")
        if what == "terminate":
            if when == "during":
                self.server.sendall(message)
            self.wire.terminate(self.server.getsockname()[1])
            if when == "before":
                self.server.sendall(message)
            return
        self.held = True
        if when != "before":
            self.server.sendall(message)
        if when == "after":
            time.sleep(_AFTER)
        if what == "kill":
            self.wire.kill_client()
        raise EOFError

    def _failing(self, fault: Fault) -> bytes:
        """Return a statement that fails as the other one would."""
        code, why = _ERRORS[self.wire.family][fault]
        if self.wire.family == "postgresql":
            text = f"DO $$ BEGIN RAISE EXCEPTION '{why}' USING ERRCODE = '{code}'; END $$"
            return b"Q" + struct.pack("!i", len(text) + 5) + text.encode() + b"\0"
        text = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = '{why}'"
        return struct.pack("<I", len(text) + 1)[:3] + b"\0\3" + text.encode()

    # -- what a client sends, and the text of it where it is a statement

    def _read(self, number: int) -> bytes:
        data = b""
        while len(data) < number:
            more = self.client.recv(number - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _mysql(self) -> Iterator[tuple[bytes, str | None]]:
        while True:
            head = self._read(4)
            body = self._read(int.from_bytes(head[:3], "little"))
            statement = head[3] == 0 and body[:1] == b"\3"
            yield head + body, body[1:].decode(errors="replace") if statement else None

    def _postgresql(self) -> Iterator[tuple[bytes, str | None]]:
        while True:
            head = self._read(4)
            body = self._read(struct.unpack("!i", head)[0] - 4)
            if struct.unpack("!i", body[:4])[0] not in (_SSL, _GSS):
                break
            self.client.sendall(b"N")
        yield head + body, None
        unit, text = b"", None
        while True:
            kind = self._read(1)
            head = self._read(4)
            body = self._read(struct.unpack("!i", head)[0] - 4)
            unit += kind + head + body
            if kind == b"P":
                name, statement, _ = body.split(b"\0", 2)
                text = self.prepared[name] = statement.decode(errors="replace")
            elif kind == b"B":
                text = self.prepared.get(body.split(b"\0", 2)[1], "")
            elif kind == b"Q":
                text = body[:-1].decode(errors="replace")
            if kind not in b"PBDEC":
                yield unit, text
                unit, text = b"", None


@contextlib.contextmanager
def wire_to(url: str, pid: Path) -> Iterator[tuple[Wire, str]]:
    """Yield a door before the server of a URL, and the URL that leads through it."""
    server = make_url(url)
    wire = Wire(server, pid)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        threading.Thread(target=_answer, args=(wire, listener.accept), daemon=True).start()
        through = server.set(host="127.0.0.1", port=port)
        yield wire, through.render_as_string(hide_password=False)


def _answer(wire: Wire, accept: Callable[[], tuple[socket.socket, object]]) -> None:
    with contextlib.suppress(OSError):
        while True:
            _Session(wire, accept()[0])
