"""The program in a process of its own that costs a fork, without half a second of imports.

A server starts once, in a fresh interpreter that has everything imported and nothing run. Each
command is a fork of it with a folder, an environment and streams of its own, and it ends or is
killed as any other child. What it starts with its own interpreter is such a fork as well, and so
are the hooks that it installs. How the program starts is tested where it is started.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# What an interpreter reads when it starts: with other values of these it has to start.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
_INTERPRETER = "_LBACK_TESTS_INTERPRETER"
COUNTED = "LBACK_TEST_COUNTED"
"""Names the configuration of coverage and the data file to which a command adds what it ran."""
_MORE = ("coverage", "alembic.command", "psycopg", "pymysql", "sqlalchemy.dialects.sqlite")

# A program for a shell, as quick as Python can be: it hands its streams to the server.
_CLIENT = """#!{python} -IS
import array, marshal, os, sys, _socket
words = {words} + sys.argv[1:]
if words[0] not in ("-m", "-c", "manage.py"):
    os.execv({python!r}, [{python!r}] + words)
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
line.connect({place!r})
rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
line.sendmsg([b"x"], [rights])
line.sendall(marshal.dumps((words, os.getcwd(), {{**os.environ, {name!r}: {itself!r}}})))
line.shutdown(_socket.SHUT_WR)
code = int(line.recv(16) or 70)
os._exit(code if code >= 0 else 128 - code)
"""


def python(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    stdin: str = "",
    joined: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ...` or `python SCRIPT ...`; joined makes one stream of both."""
    new = tempfile.TemporaryFile
    with new() as given, new() as out, new() as err:
        given.write(stdin.encode())
        given.seek(0)
        streams = [one.fileno() for one in (given, out, out if joined else err)]
        _server(os.environ)
        server = _SERVERS.get(_read_at_start(environment))
        code = (server.run if server else _start)(arguments, folder, environment, streams)
        for file in (out, err):
            file.seek(0)
        said = [one.read().decode(errors="surrogateescape") for one in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *said)


def programs(environment: Mapping[str, str]) -> Path:
    """Return a folder for the PATH of such an environment; `lback` and `python` there are forks."""
    return _server(environment).folder


def _start(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Sequence[int]
) -> int:
    stdin, out, err = streams
    command = [sys.executable, *arguments]
    child = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=stdin, stdout=out, stderr=err
    )
    return child.wait()


class _Server:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lback-"))
        self._place = str(self.folder / "line")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._place)
        listener.listen(64)
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno())],
                env=environment,
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
        for name, words in (("lback", ["-m", "lback"]), ("python", [])):
            text = _CLIENT.format(
                python=sys.executable,
                words=words,
                place=self._place,
                name=_INTERPRETER,
                itself=str(self.folder / "python"),
            )
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)
        squawk = Path(sys.executable).with_name("squawk")  # is looked for beside Python
        if squawk.exists():
            (self.folder / "squawk").symlink_to(squawk)
        atexit.register(self._end)

    def _end(self) -> None:
        self._process.communicate(timeout=20)  # its standard input ends, and then it does
        shutil.rmtree(self.folder)

    def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: Sequence[int],
    ) -> int:
        """Run one command as a fork."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self._place)
            socket.send_fds(line, [b"x"], list(streams))
            given = {**environment, _INTERPRETER: str(self.folder / "python")}
            line.sendall(marshal.dumps((list(arguments), str(folder), given)))
            line.shutdown(socket.SHUT_WR)
            return int(line.recv(16))


_SERVERS: dict[tuple[tuple[str, str], ...], _Server] = {}


def _server(environment: Mapping[str, str]) -> _Server:
    """Return the server for what starts as an environment does."""
    key = _read_at_start(environment)
    if key not in _SERVERS:
        _SERVERS[key] = _Server(environment)
    return _SERVERS[key]


def _read_at_start(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pair for pair in environment.items() if pair[0].startswith(_READ_AT_START)))


def _serve(listener: socket.socket) -> None:
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
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for who waits for a command
    while listener in select.select([listener, 0], [], [])[0]:
        line = listener.accept()[0]
        if not os.fork():
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if _handle(line):
                return
            os._exit(0)
        line.close()
    os._exit(0)


def _handle(line: socket.socket) -> bool:
    """Fork, wait and tell how it ended; return True in the child."""
    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    with line.makefile("rb") as request:
        sys.argv, folder, environment = marshal.load(request)
    sys.executable = environment.pop(_INTERPRETER, sys.executable)
    child = os.fork()
    if child:
        line.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
        return False
    line.close()
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(folder)
    counted = environment.pop(COUNTED, None)
    os.environ.clear()
    os.environ.update(environment)
    if counted is not None:
        count(*counted.split(os.pathsep))
    return True


def count(configuration: str, data_file: str) -> None:
    """Measure coverage from here to the end of the process."""
    from coverage import Coverage

    measured = Coverage(data_file, data_suffix=True, config_file=configuration)
    # The package was imported long ago, and some commands run little of it.
    quiet = ["module-not-measured", "already-imported", "no-data-collected", "module-not-imported"]
    measured.set_option("run:disable_warnings", quiet)
    measured.start()

    end = os._exit

    def save() -> None:
        if Coverage.current() is measured:
            measured.stop()
            measured.save()

    def leave(code: int) -> None:
        save()
        end(code)

    atexit.register(save)
    os._exit = leave  # so ends what it forks


def _perform() -> None:
    if sys.argv[0] == "-m":
        del sys.argv[0]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    elif sys.argv[0] == "-c":
        sys.path.insert(0, "")
        code = compile(sys.argv.pop(1), "<string>", "exec")
        exec(code, {"__name__": "__main__", "__builtins__": __builtins__})
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
