"""Records what an answer is made of, so that it may be printed again while that is the same.

A command whose answer may be kept is watched: which files it looks at, which folders it lists,
which refs it goes by. Whatever is not on these lists is a doubt, and an answer with a doubt is
not kept. `replay` is the other half.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lback.files import write_whole
from lback.vcs import replay
from lback.vcs.environment import FACTS, PLACES, git_program
from lback.vcs.scan import ABSENT, RACY_NS, Scan, look

# None may be there: they stand for other commits.
_REPLACED = "--glob=refs/replace/*"
_LARGEST = 4_000_000  # of an answer, in bytes


class Inputs:
    """What the answer of this process is made of."""

    def __init__(self) -> None:
        self.started = 0  # in nanoseconds; 0: nothing is recorded
        self._args: Sequence[str] = ()
        self._doubt = False
        self._files: dict[str, str] = {}
        self._folders: list[str] = []
        self._facts: bytes | None = None
        self._refs: dict[str, tuple[str, str] | None] = {}
        self._ways: dict[str, str] = {}
        self._said: list[str] = []

    def begin(self, args: Sequence[str]) -> None:
        """Record from now on what the answer to a command line is made of, if it may be kept."""
        if replay.can_be_kept(args):
            self._args, self.started = args, time.time_ns()

    def doubt(self) -> None:
        """Say that the answer is made of something that is not recorded."""
        self._doubt = True

    def file(self, path: str | os.PathLike[str]) -> None:
        """Record a file that is read, or that is not there, before it is looked at."""
        if self.started and not self._doubt:
            place = os.fspath(path)
            seen = look(place)
            if self._files.setdefault(place, seen) != seen or "\n" in place:
                self.doubt()

    def way(self, path: str | os.PathLike[str]) -> None:
        """Record where a path of the tree leads, because links that leave it are not followed."""
        if self.started:
            self._ways[os.fspath(path)] = os.path.realpath(path)

    def said(self, text: str) -> None:
        """Record a line of the answer."""
        if self.started:
            self._said.append(text)

    def folder(
        self, root: str, folders: Sequence[str], suffixes: Sequence[str], *, deep: bool, seen: Scan
    ) -> None:
        """Record the files below folders, as they were seen."""
        if not self.started or self._doubt:
            return
        if seen.odd or seen.newest() + RACY_NS > self.started:
            self.doubt()
            return
        for folder in folders if deep else ():
            self.way(f"{root}/{folder}")
        fields = (seen.digest(), "deep" if deep else "", root, " ".join(suffixes), *folders)
        self._folders.append("\0".join(fields))
        if any("\n" in field for field in fields):
            self.doubt()

    def repository(self, folder: str, answer: bytes) -> None:
        """Record what git said about where the repository of the current folder is."""
        if self._facts is not None or folder != os.getcwd():  # noqa: PTH109
            self.doubt()
        self._facts = answer

    def ref(self, name: str, commit: str | None, target: str) -> None:
        """Record where a ref leads (`target` is another one for a symbolic ref), None: nowhere."""
        if any(sign in name for sign in "*?[\\"):
            self.doubt()  # git would take it for a pattern
        place = (commit, target) if commit is not None else None
        if self._refs.setdefault(name, place) != place:
            self.doubt()

    def keep(self, encoding: str, errors: str, code: int) -> None:
        """Keep the answer for the next command of the same words, unless there is a doubt."""
        facts = self._facts
        # A shallow clone is about to get more commits.
        if not self.started or self._doubt or code > 1 or facts is None:
            return
        lines = facts.split(b"\n")
        home = replay.likely_home()
        if len(lines) != 7 or lines[1] != b"false" or home is None:
            return
        for path in (*self._configuration(lines, home), *_program_files()):
            self.file(path)
        answer = "".join(self._said).encode(encoding, errors)
        if self._doubt or self._is_fresh() or len(answer) > _LARGEST:
            return
        question, said = self._question(facts)
        ways = [f"{path}\0{end}" for path, end in self._ways.items()]
        note = {
            "key": replay.key_of(self._args),
            "question": os.fsencode("\0".join(question)),
            "said": said,
            "files": os.fsencode("\n".join(f"{seen} {path}" for path, seen in self._files.items())),
            "ways": os.fsencode("\n".join(ways)),
            "folders": os.fsencode("\n".join(self._folders)),
            "code": b"%d" % code,
            "answer": answer,
        }
        _write(Path(home, "lback", replay.name_of(self._args)), replay.pack(note))

    def _is_fresh(self) -> bool:
        """Tell whether a file changed so lately that another change could go unseen."""
        facts = [seen.split(",") for seen in self._files.values() if seen != ABSENT]
        newest = max((max(int(fact[-2]), int(fact[-1])) for fact in facts), default=0)
        return newest + RACY_NS > self.started

    def _question(self, facts: bytes) -> tuple[list[str], bytes]:
        """Return what git is to be asked the next time, and the answer that changes nothing."""
        there = {name: place for name, place in self._refs.items() if place is not None}
        gone = [f"--glob={name[:-1]}[{name[-1]}]" for name in self._refs if name not in there]
        words = [*FACTS, *PLACES, *there, "--symbolic-full-name", *there, *gone, _REPLACED]
        said = [commit for commit, _ in there.values()] + [target for _, target in there.values()]
        return words, facts + b"".join(os.fsencode(line) + b"\n" for line in said)

    def _configuration(self, facts: Sequence[bytes], common: str) -> Iterator[str]:
        """Yield the files that git is configured by, those that are not there as well."""
        git_dir, root = map(os.fsdecode, (facts[3], facts[5]))
        user = os.path.expanduser("~")  # noqa: PTH111
        yield from (f"{common}/config", f"{git_dir}/config.worktree", f"{common}/info/grafts")
        yield from (f"{common}/remotes", f"{common}/branches", f"{user}/.gitconfig")
        yield f"{os.environ.get('XDG_CONFIG_HOME') or f'{user}/.config'}/git/config"
        above = os.path.dirname(os.path.dirname(git_program(os.environ) or ""))  # noqa: PTH120
        yield from ("/etc/gitconfig", f"{above}/etc/gitconfig")
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            if os.environ.get(name, os.devnull) != os.devnull:
                yield os.environ[name]
        said = replay.ask(["config", "--list", "--show-origin", "-z"])
        if said is None:
            self.doubt()
            return
        fields = iter(said.split(b"\0"))
        for origin, setting in zip(fields, fields):  # noqa: B905 - the last field is empty
            if setting.startswith((b"include.", b"includeif.", b"mailmap.blob")):
                self.doubt()
            if setting.startswith(b"mailmap.file\n"):
                named = os.path.expanduser(os.fsdecode(setting[13:]))  # noqa: PTH111
                yield os.path.join(root, named)  # noqa: PTH118
            if origin.startswith(b"file:"):
                yield os.fsdecode(origin[5:])


INPUTS = Inputs()


def _program_files() -> Iterator[str]:
    """Yield the files of lback that are at work here, and git."""
    program = git_program(os.environ)
    if program is not None:
        yield program
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] == "lback" and file:
            yield file


def _write(place: Path, data: bytes) -> None:
    try:
        place.parent.mkdir(exist_ok=True)
        write_whole(place, data, durable=False)
    except OSError:
        return
