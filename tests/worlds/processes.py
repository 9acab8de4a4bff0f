"""The program in a process of its own that costs a fork, without half a second of imports.

A server starts once, in a fresh interpreter that has everything imported and nothing run. Each
command is a fork of it with a folder, an environment and streams of its own, and it ends or is
killed as any other child. How the program starts is tested where it is started.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

# What an interpreter reads when it starts: with other values of these it has to start.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
_MORE = ("alembic.command", "psycopg", "pymysql", "sqlalchemy.dialects.sqlite")


def python(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    stdin: str = "",
    joined: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ...` or `python SCRIPT ...`; joined makes one stream of both."""
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(stdin.encode())
        files = (given, out, out if joined else err)
        for file in files:
            file.seek(0)
        code = _server().run(arguments, folder, environment, [one.fileno() for one in files])
        for file in (out, err):
            file.seek(0)
        said = [one.read().decode(errors="surrogateescape") for one in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *said)


class _Server:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._started = _read_at_start(os.environ)
        self._connection, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(there.fileno())],
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._connection.close()
        self._process.wait(20)

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[int],
    ) -> int:
        """Run one command; a real start where a fork is not the same, or not free."""
        if _read_at_start(environment) == self._started and self._turn.acquire(blocking=False):
            try:
                return self._fork(arguments, folder, environment, streams)
            finally:
                self._turn.release()
        stdin, out, err = streams
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=out,
            stderr=err,
            check=False,
        ).returncode

    def _fork(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[int],
    ) -> int:
        with TemporaryFile() as request:
            request.write(json.dumps([list(arguments), str(folder), dict(environment)]).encode())
            request.seek(0)
            socket.send_fds(self._connection, [b"x"], [request.fileno(), *streams])
        return int(self._connection.recv(16))


_server = functools.cache(_Server)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: one for name, one in environment.items() if name.startswith(_READ_AT_START)}


def _serve(connection: socket.socket) -> None:
    """Fork for each request; return in the child, when its streams and arguments are in place."""
    del sys.path[0]
    import lback

    for module in pkgutil.walk_packages(lback.__path__, "lback."):
        if module.name not in ("lback.__main__", "lback.testing"):
            importlib.import_module(module.name)
    for name in _MORE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    while fds := socket.recv_fds(connection, 1, 4)[1]:
        child = os.fork()
        if not child:
            connection.close()
            _become(*fds)
            return
        for fd in fds:
            os.close(fd)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.send(str(status).encode())
    os._exit(0)


def _become(request: int, *streams: int) -> None:
    with open(request, "rb") as file:
        sys.argv, folder, environment = json.load(file)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)


def _perform() -> None:
    if sys.argv[0] == "-m":
        del sys.argv[0]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(sys.argv[0]).parent.resolve()))
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        _perform()
    except SystemExit as leave:
        # Half of the time of a small command would go into freeing what was imported.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leave.code or 0)  # type: ignore[arg-type]
