"""Prints an answer again while nothing that it was made of has changed.

A command whose answer may be kept is watched: which files it looks at, which folders it lists,
which refs it goes by. Whatever is not on these lists is a doubt, and an answer with a doubt is
not kept. The next command of the same words in the same place looks at all of them again, asks
git once where the repository is and where its refs are, and prints the answer without Python's
large modules. A repository that git refuses is refused as ever, since git is asked each time.
"""

from __future__ import annotations

import os
import sys
from zlib import crc32

from lback.vcs.environment import FACTS, OPTIONS, PLACES, git_program, names_repository, outside
from lback.vcs.scan import RACY_NS, Scan, scan, sha1

TYPE_CHECKING = False  # `typing` and `pathlib` cost more than there is time for
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The commands that read files, refs and commits only, each of which is recorded here.
COMMANDS = frozenset(("blame", "graph", "heads", "history", "show"))

_ABSENT = "-"
# None may be there: they stand for other commits.
_REPLACED = "--glob=refs/replace/*"
_MAGIC = b"lback-answer-1"
_LARGEST = 4_000_000  # of an answer, in bytes
# What differs from one terminal to the next and is read by nobody.
_NOISE = frozenset(("_", "OLDPWD", "PWD", "SHLVL", "STY"))
_NOISY = ("SSH_", "TERM_SESSION_", "TMUX", "WINDOW", "XDG_SESSION_")


class Inputs:
    """What the answer of this process is made of."""

    def __init__(self) -> None:
        self.started = 0  # in nanoseconds; 0: nothing is recorded
        self._key = ""
        self._doubt = False
        self._files: dict[str, str] = {}
        self._folders: list[str] = []
        self._facts: bytes | None = None
        self._refs: dict[str, tuple[str, str] | None] = {}
        self._ways: dict[str, str] = {}
        self._said: list[str] = []

    def begin(self, key: str) -> None:
        """Record from now on."""
        import time

        self._key, self.started = key, time.time_ns()

    def doubt(self) -> None:
        """Say that the answer is made of something that is not recorded."""
        self._doubt = True

    def file(self, path: str | os.PathLike[str]) -> None:
        """Record a file that is read, or that is not there, before it is looked at."""
        if self.started and not self._doubt:
            place = os.fspath(path)
            if self._files.setdefault(place, _look(place)) != _look(place) or "\n" in place:
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
        home = _likely_home()
        if len(lines) != 7 or lines[1] != b"false" or home is None:
            return
        for path in (*self._configuration(os.fsdecode(lines[3]), home), *_program_files()):
            self.file(path)
        answer = "".join(self._said).encode(encoding, errors)
        if self._doubt or self._is_fresh() or len(answer) > _LARGEST:
            return
        question, expected = self._question(facts)
        ways = [f"{path}\0{end}" for path, end in self._ways.items()]
        fields = (
            os.fsencode(self._key),
            os.fsencode("\0".join(question)),
            expected,
            os.fsencode("\n".join(f"{seen} {path}" for path, seen in self._files.items())),
            os.fsencode("\n".join(ways)),
            os.fsencode("\n".join(self._folders)),
            b"%d" % code,
            answer,
        )
        _write(f"{home}/lback", _name(), fields)

    def _is_fresh(self) -> bool:
        """Tell whether a file changed so lately that another change could go unseen."""
        facts = [seen.split(",") for seen in self._files.values() if seen != _ABSENT]
        newest = max((max(int(fact[-2]), int(fact[-1])) for fact in facts), default=0)
        return newest + RACY_NS > self.started

    def _question(self, facts: bytes) -> tuple[list[str], bytes]:
        """Return what git is to be asked the next time, and the answer that changes nothing."""
        there = {name: place for name, place in self._refs.items() if place is not None}
        gone = [f"--glob={name[:-1]}[{name[-1]}]" for name in self._refs if name not in there]
        words = [*FACTS, *PLACES, *there, "--symbolic-full-name", *there, *gone, _REPLACED]
        said = [commit for commit, _ in there.values()] + [target for _, target in there.values()]
        return words, facts + b"".join(os.fsencode(line) + b"\n" for line in said)

    def _configuration(self, git_dir: str, common: str) -> Iterator[str]:
        """Yield the files that git is configured by, those that are not there as well."""
        user = os.path.expanduser("~")  # noqa: PTH111
        yield from (f"{common}/config", f"{git_dir}/config.worktree", f"{common}/info/grafts")
        yield from (f"{common}/remotes", f"{common}/branches", f"{user}/.gitconfig")
        yield f"{os.environ.get('XDG_CONFIG_HOME') or f'{user}/.config'}/git/config"
        above = os.path.dirname(os.path.dirname(git_program(os.environ) or ""))  # noqa: PTH120
        yield from ("/etc/gitconfig", f"{above}/etc/gitconfig")
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            if os.environ.get(name, os.devnull) != os.devnull:
                yield os.environ[name]
        child = _start(["config", "--list", "--show-origin", "-z"])
        said = _answer(child) if child is not None else None
        if said is None:
            self.doubt()
            return
        fields = iter(said.split(b"\0"))
        for origin, setting in zip(fields, fields):  # noqa: B905 - the last field is empty
            if setting.startswith((b"include.", b"includeif.", b"mailmap.blob")):
                self.doubt()
            if setting.startswith(b"mailmap.file\n"):
                yield os.path.expanduser(os.fsdecode(setting[13:]))  # noqa: PTH111
            if origin.startswith(b"file:"):
                yield os.fsdecode(origin[5:])


INPUTS = Inputs()


def replay(args: Sequence[str]) -> tuple[bytes, int] | None:
    """Return the answer of a command and its exit status as they were, None where they may differ.

    In that case, what this process looks at is recorded.
    """
    if not COMMANDS.intersection(args) or os.name != "posix" or names_repository(os.environ):
        return None
    try:
        os.fstat(1)
        key, home = _key(args), _likely_home()
    except OSError:
        return None
    try:
        note = _read(f"{home}/lback/{_name()}")
        if note and note[0] == os.fsencode(key) and _holds(*note[1:6]):
            return note[7], int(note[6])
    except (OSError, ValueError):
        pass  # the command itself says what cannot be read
    INPUTS.begin(key)
    return None


def _holds(question: bytes, expected: bytes, files: bytes, ways: bytes, folders: bytes) -> bool:
    """Tell whether all that an answer was made of is the same; git looks at its part meanwhile."""
    if not all(map(_is_same, os.fsdecode(files).split("\n"))):
        return False
    child = _start(["rev-parse", *os.fsdecode(question).split("\0")])
    if child is None:
        return False
    same = all(map(_leads_there, _lines(ways))) and all(map(_lists_same, _lines(folders)))
    return _answer(child) == expected and same


def _lines(data: bytes) -> list[str]:
    return os.fsdecode(data).split("\n") if data else []


def _is_same(line: str) -> bool:
    seen, _, path = line.partition(" ")
    return _look(path) == seen


def _leads_there(line: str) -> bool:
    path, _, end = line.partition("\0")
    return os.path.realpath(path) == end


def _lists_same(line: str) -> bool:
    digest, deep, root, suffixes, *folders = line.split("\0")
    found = scan(root, folders, tuple(suffixes.split(" ")), bool(deep))
    return not found.odd and found.digest() == digest


def _look(path: str) -> str:
    """Return what tells whether a file is still the same; its two times are at the end."""
    try:
        at = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return _ABSENT
    facts = f"{at.st_dev},{at.st_mode},{at.st_size},{at.st_ino}"
    return f"{facts},{at.st_mtime_ns},{at.st_ctime_ns}"


def _key(args: Sequence[str]) -> str:
    """Return a text that tells one question from another; passwords go into it as a digest."""
    colour = os.isatty(1)
    parts = [*args, "", os.getcwd(), sys.version, sys.executable, __file__]  # noqa: PTH109
    parts += [str(colour), str(os.get_terminal_size(1) if colour else ""), _encoding()]
    parts += [f"{name}={value}" for name, value in os.environ.items() if not _is_noise(name)]
    return str(sha1(os.fsencode("\0".join(parts))).hexdigest())


def _is_noise(name: str) -> bool:
    return name in _NOISE or name.startswith(_NOISY)


def _encoding() -> str:
    out = sys.stdout
    return f"{out.encoding} {out.errors} {sys.getfilesystemencoding()}" if out is not None else ""


def _name() -> str:
    """Return the file's name: one for all that is asked with these words in this folder."""
    words = "\0".join((*sys.argv[1:], "", os.getcwd(), str(os.isatty(1))))  # noqa: PTH109
    return f"answer-{crc32(os.fsencode(words)):08x}.table"


def _likely_home() -> str | None:
    """Return where git keeps what all work trees share; git itself is asked later."""
    folder = os.getcwd()  # noqa: PTH109
    while True:
        place = f"{folder.rstrip('/')}/.git"
        if os.path.isdir(place):  # noqa: PTH112
            return place
        link = _bytes(place)
        if link is not None:
            git_dir = os.path.join(folder, os.fsdecode(link.removeprefix(b"gitdir:").strip()))  # noqa: PTH118
            shared = _bytes(f"{git_dir}/commondir")
            inner = os.fsdecode(shared.strip()) if shared is not None else "."
            return os.path.normpath(os.path.join(git_dir, inner))  # noqa: PTH118
        if folder == "/":
            return None
        folder = os.path.dirname(folder)  # noqa: PTH120


def _program_files() -> Iterator[str]:
    """Yield the files of lback that are at work here, and git."""
    program = git_program(os.environ)
    if program is not None:
        yield program
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] == "lback" and file:
            yield file


def _start(words: Sequence[str]) -> tuple[int, int] | None:
    """Start git in the current folder; return its id and the end of a pipe with what it says."""
    program = git_program(os.environ)
    if program is None:
        return None
    end, begin = os.pipe()
    actions = (
        (os.POSIX_SPAWN_DUP2, begin, 1),
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    )
    try:
        child = os.posix_spawn(
            program, (program, *OPTIONS, *words), outside(os.environ), file_actions=actions
        )
    except OSError:
        os.close(end)
        return None
    finally:
        os.close(begin)
    return child, end


def _answer(child: tuple[int, int]) -> bytes | None:
    """Return what git said, None where it failed."""
    with open(child[1], "rb") as pipe:  # noqa: PTH123
        said = pipe.read()
    _, status = os.waitpid(child[0], 0)
    return said if status == 0 else None


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return None


def _read(path: str) -> list[bytes] | None:
    """Return the fields of a note; None for one that is broken, or of another version."""
    head, _, body = (_bytes(path) or b"").partition(b"\n")
    words = head.split(b" ")
    if words[:2] != [_MAGIC, b"%08x" % crc32(body)]:
        return None
    fields, at = [], 0
    for size in map(int, words[2:]):
        fields.append(body[at : at + size])
        at += size
    return fields


def _write(folder: str, name: str, fields: Sequence[bytes]) -> None:
    from pathlib import Path

    from lback.files import write_whole

    body = b"".join(fields)
    sizes = b" ".join(b"%d" % len(field) for field in fields)
    try:
        Path(folder).mkdir(exist_ok=True)
        write_whole(
            Path(folder, name),
            b"%s %08x %s\n%s" % (_MAGIC, crc32(body), sizes, body),
            durable=False,
        )
    except OSError:
        return
