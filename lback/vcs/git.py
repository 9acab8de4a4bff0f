"""One way to start a `git` child: bytes in, bytes out, no shell, no surprise from configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lback.errors import GitUnavailable, HistoryMissing, LbackError
from lback.vcs.environment import OPTIONS, git_program
from lback.vcs.noted import INPUTS

_INSTALL = "Install git, or put it on PATH."
_MISSING = (
    "missing blob",
    "missing tree",
    "missing commit",
    "missing object",
    "unable to read ",
    "could not read ",
    "bad object ",
    "not a tree object",
    "failed to traverse parents",
)
# What git says where a partial clone left something out.
_LEFT_OUT = (
    "could not fetch",
    "promisor remote",
    "lazy fetching disabled",
    "transport 'none' not allowed",
)
GET_ALL = (
    "Get what was left out: `git fetch --refetch --no-filter`; the contents of one branch come "
    "with `git checkout` of it as well."
)


# Plain classes: each dataclass costs every start of the program a millisecond.
class Answer:
    """What a child left behind: its exit status, its output, its complaint."""

    __slots__ = ("complaint", "out", "status")

    def __init__(self, status: int, out: bytes, complaint: str) -> None:
        self.status = status
        self.out = out
        self.complaint = complaint


class Git:
    """Runs `git` in one folder with one set of variables.

    `lent` are folders of objects that are read as well, those of submodules. Whatever writes
    goes by `environ` alone: git leaves out what it finds in such a folder.
    """

    __slots__ = ("cwd", "environ", "lent")

    def __init__(self, cwd: Path, environ: Mapping[str, str]) -> None:
        self.cwd = cwd
        self.environ = environ
        self.lent: tuple[str, ...] = ()

    def _variables(self, more: Mapping[str, str] | None = None) -> Mapping[str, str]:
        if not self.lent and not more:
            return self.environ
        name = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
        own = [self.environ[name]] if self.environ.get(name) else []
        lent = {name: os.pathsep.join([*own, *self.lent])} if self.lent else {}
        return {**self.environ, **lent, **(more or {})}

    def run(self, *arguments: str, given: bytes | None = None, lasting: bool = False) -> bytes:
        """Run a command that has to succeed; raise LbackError with git's words otherwise."""
        answer = self.ask(*arguments, given=given, lasting=lasting)
        if answer.status != 0:
            raise failure(arguments, answer)
        return answer.out

    def ask(
        self,
        *arguments: str,
        given: bytes | None = None,
        variables: Mapping[str, str] | None = None,
        globs: bool = False,
        lasting: bool = False,
    ) -> Answer:
        """Run a command that may fail, for the caller to judge.

        `globs` lets pathspecs have wildcards; they are literal otherwise. `lasting` says that
        the answer is the same while the refs and the configuration are that `noted` records.
        """
        if not lasting:
            INPUTS.doubt()
        environ = self._variables(variables)
        options = tuple(o for o in OPTIONS if o != "--literal-pathspecs") if globs else OPTIONS
        try:
            child = subprocess.run(
                (_program(self.environ, self.cwd), *options, *arguments),
                cwd=self.cwd,
                env=environ,
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as err:
            raise _not_started(self.cwd) from err
        except (OSError, ValueError) as err:
            raise GitUnavailable(f"git could not be started: {err}", _INSTALL) from err
        if child.returncode != 0:
            INPUTS.doubt()
        return Answer(child.returncode, child.stdout, child.stderr.decode("utf-8", "replace"))

    @contextmanager
    def stream(self, *arguments: str, lasting: bool = False) -> Iterator[Iterator[bytes]]:
        """Run a command whose output is read until enough is known; the child is then ended.

        Yields its NUL separated fields. LbackError if it fails before its reader has enough.
        `lasting` is that of `ask`.
        """
        if not lasting:
            INPUTS.doubt()
        try:
            child = subprocess.Popen(
                (_program(self.environ, self.cwd), *OPTIONS, *arguments),
                cwd=self.cwd,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as err:
            raise _not_started(self.cwd) from err
        with child:
            assert child.stdout is not None
            ended = False

            def fields(pipe: IO[bytes]) -> Iterator[bytes]:
                nonlocal ended
                rest = b""
                while chunk := pipe.read1(65536):  # type: ignore[attr-defined]
                    *whole, rest = (rest + chunk).split(b"\0")
                    yield from whole
                if rest:
                    yield rest
                ended = True

            try:
                yield fields(child.stdout)
            finally:
                if not ended:
                    child.kill()
        if ended and child.returncode != 0:
            # Once more for git's words, which a pipe nobody empties could have blocked.
            answer = self.ask(*arguments)
            if answer.status != 0:
                raise failure(arguments, answer)


def _program(environ: Mapping[str, str], cwd: Path) -> str:
    """Return the path of git; it is never taken from where one stands, as `.` on PATH would."""
    program = git_program(environ)
    if program is None:
        raise _not_started(cwd)
    return program


def failure(arguments: Sequence[str], answer: Answer) -> LbackError:
    """Translate a failed child into the error for the user, in git's own words."""
    words = said(answer.complaint) or f"exit status {answer.status}"
    command = next((a for a in arguments if not a.startswith("-")), "")
    unsafe = _unsafe(answer.complaint)
    if unsafe is not None:
        return unsafe
    if any(sign in answer.complaint for sign in _LEFT_OUT):
        # git's own words are about the variables that keep it from fetching while lback reads.
        return HistoryMissing("This partial clone lacks what has to be read", GET_ALL)
    if any(sign in answer.complaint.lower() for sign in _MISSING):
        return HistoryMissing(
            f"git {command}: {words}",
            "This clone lacks objects: fetch them (`git fetch --unshallow` in a shallow clone, "
            "`git fetch --refetch --no-filter` in a partial one) and run again.",
        )
    if "index.lock" in answer.complaint:
        return LbackError(
            f"git {command}: {words}",
            "Another git command is at work here; wait for it to end and run again.",
        )
    return LbackError(f"git {command}: {words}", "Run `git status` in this folder to see more.")


def said(complaint: str) -> str:
    """Return the line of git's standard error that says what went wrong."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    for line in lines:
        for sign in ("fatal: ", "error: "):
            if line.startswith(sign):
                return line[len(sign) :]
    return lines[-1] if lines else ""


def text(path: bytes) -> str:
    """Decode a path as the file system does, so that it can be encoded back unchanged."""
    return os.fsdecode(path)


def raw(path: str) -> bytes:
    """Encode a path as the file system does."""
    return os.fsencode(path)


def _unsafe(complaint: str) -> LbackError | None:
    if "safe.directory" not in complaint:
        return None
    fix = next(
        (line.strip() for line in complaint.splitlines() if "--add safe.directory" in line),
        "git config --global --add safe.directory <folder>",
    )
    return GitUnavailable(
        f"git refuses to read this repository: {said(complaint)}",
        f"If you trust it: {fix}",
    )


def not_found() -> GitUnavailable:
    """Make the error for a machine without git."""
    return GitUnavailable("git was not found", _INSTALL)


def _not_started(cwd: Path) -> LbackError:
    if not cwd.is_dir():
        return LbackError(f"There is no folder {cwd}", "Name an existing one with -C.")
    return not_found()
