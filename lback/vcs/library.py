"""GitPython, for what writes and what talks to a network; never where an answer is waited for.

Importing it takes as long as a whole `heads`, and its children inherit what this process has.
So it is imported by whom it serves, its children get the variables and the options that all
others get, and what it raises leaves as an LbackError in git's words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from lback.errors import LbackError
from lback.vcs.environment import OPTIONS, git_program
from lback.vcs.git import Answer, failure
from lback.vcs.noted import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from git import Repo
    from git.exc import CommandError

    from lback.vcs.repository import Repository


@contextmanager
def opened(repository: Repository, variables: Mapping[str, str] | None = None) -> Iterator[Repo]:
    """Open a repository with GitPython; `variables` replace those that our children get.

    LbackError for whatever GitPython raises meanwhile.
    """
    INPUTS.doubt()
    environ = repository.git.environ if variables is None else variables
    place = {"GIT_DIR": str(repository.git_dir)}
    if repository.root is not None:
        place["GIT_WORK_TREE"] = str(repository.root)
    with _variables({**environ, **place, **_settings(environ)}):
        from git import Repo, exc

    try:
        with _variables({**environ, **place}):
            repo = Repo(expand_vars=False)
        with _variables(environ), repo:
            values = [value for flag, value in pairwise(OPTIONS) if flag == "-c"]
            repo.git.set_persistent_git_options(no_pager=True, literal_pathspecs=True, c=values)
            yield repo
    except exc.CommandError as err:
        words = tuple(map(str, err.command[1 + len(OPTIONS) :]))
        raise failure(words, _answer(err)) from err
    except (exc.GitError, exc.ODBError, ValueError, BrokenPipeError) as err:
        # A child of GitPython's that has died is one of the last two.
        raise LbackError(
            f"GitPython could not read the repository: {err}", "Run `git fsck` in this folder."
        ) from err


def ask(repo: Repo, command: str, *arguments: str, given: bytes | None = None) -> Answer:
    """Run a command that may fail, for the caller to judge."""
    from tempfile import TemporaryFile

    with TemporaryFile() as file:  # GitPython hands a file on, and nothing else
        file.write(given or b"")
        file.seek(0)
        status, out, complaint = getattr(repo.git, command)(
            *arguments,
            istream=file,
            with_extended_output=True,
            with_exceptions=False,
            stdout_as_string=False,
            strip_newline_in_stdout=False,
        )
    return Answer(status, out, complaint)


def run(repo: Repo, command: str, *arguments: str, given: bytes | None = None) -> bytes:
    """Run a command that has to succeed; raise LbackError with git's words otherwise."""
    answer = ask(repo, command, *arguments, given=given)
    if answer.status != 0:
        raise failure((command, *arguments), answer)
    return answer.out


def fetch(repo: Repo, *arguments: str, tell: Callable[[str], None] | None = None) -> Answer:
    """Fetch; `tell` is given a line at the end of each step, such as receiving the objects."""
    from git import RemoteProgress, exc
    from git.cmd import handle_process_output

    class Progress(RemoteProgress):
        def update(self, op_code: int, *_: object) -> None:
            if op_code & self.END and tell is not None and self._cur_line:
                tell(self._cur_line.removeprefix("remote: "))

    progress = Progress()
    process = repo.git.fetch("--progress", *arguments, as_process=True, universal_newlines=True)
    handle_process_output(process, None, progress.new_message_handler(), decode_streams=False)
    said = "\n".join([*progress.error_lines, *progress.other_lines])
    try:
        process.wait(stderr=said)
    except exc.CommandError as err:
        return Answer(_answer(err).status, b"", said)
    return Answer(0, b"", said)


def _answer(err: CommandError) -> Answer:
    said = str(err.stderr or "").strip().removeprefix("stderr: '").removesuffix("'")
    return Answer(err.status if isinstance(err.status, int) else 128, b"", said)


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what GitPython reads when it is imported: which git it is to start."""
    return {
        "GIT_PYTHON_REFRESH": "quiet",  # or the import fails without git
        "GIT_PYTHON_GIT_EXECUTABLE": git_program(environ) or "git",
    }


@contextmanager
def _variables(environ: Mapping[str, str]) -> Iterator[None]:
    """Let this process have other variables: GitPython passes on whatever it has."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
