"""Prints an answer again while nothing that it was made of has changed.

The next command of the same words in the same place looks at all that `noted` has recorded, asks
git once where the repository is and where its refs are, and prints what was printed before,
without Python's large modules. A repository that git refuses is refused as ever, since git is
asked each time.
"""

from __future__ import annotations

import os
import sys
from zlib import crc32

from lback.system import IS_POSIX, spawn, wait_for
from lback.vcs.environment import OPTIONS, git_program, names_repository, outside
from lback.vcs.scan import look, scan, sha1

TYPE_CHECKING = False  # `typing` and `pathlib` cost more than there is time for
if TYPE_CHECKING:
    from collections.abc import Sequence

# The commands that read files, refs and commits only, each of which is recorded.
COMMANDS = frozenset(("blame", "graph", "heads", "history", "show"))

_MAGIC = b"lback-answer-1"
# What differs from one terminal to the next and is read by nobody.
_NOISE = frozenset(("_", "OLDPWD", "PWD", "SHLVL", "STY"))
_NOISY = ("SSH_", "TERM_SESSION_", "TMUX", "WINDOW", "XDG_SESSION_")


# What a note is made of: the words and the surroundings that it is for; the arguments of
# `git rev-parse` and its output; what was looked at, line by line, each with what tells whether it
# is the same; the exit status and the answer.
_FIELDS = ("key", "question", "said", "files", "ways", "folders", "code", "answer")


def pack(note: dict[str, bytes]) -> bytes:
    """Return a note as the text of a file, with a check of its own."""
    fields = [note[name] for name in _FIELDS]
    body = b"".join(fields)
    sizes = b" ".join(b"%d" % len(field) for field in fields)
    return b"%s %08x %s\n%s" % (_MAGIC, crc32(body), sizes, body)


def can_be_kept(args: Sequence[str]) -> bool:
    """Tell whether the answer to a command line may be one that is kept."""
    return (
        not COMMANDS.isdisjoint(args)
        and IS_POSIX
        and sys.stdout is not None
        and not names_repository(os.environ)
    )


def replay(args: Sequence[str]) -> tuple[bytes, int] | None:
    """Return the answer of a command and its exit status, None where they may be others now."""
    if not can_be_kept(args):
        return None
    try:
        note = _read(f"{likely_home()}/lback/{name_of(args)}")
        if note is not None and note["key"] == key_of(args) and _holds(note):
            return note["answer"], int(note["code"])
    except (OSError, ValueError):
        pass  # the command itself says what cannot be read
    return None


def key_of(args: Sequence[str]) -> bytes:
    """Return a text that tells one question from another; passwords go into it as a digest."""
    colour = os.isatty(1)
    parts = [*args, "", os.getcwd(), sys.version, sys.executable, __file__]  # noqa: PTH109
    parts += [str(colour), str(os.get_terminal_size(1) if colour else "")]
    parts += [sys.stdout.encoding, str(sys.stdout.errors), sys.getfilesystemencoding()]
    parts += [f"{name}={value}" for name, value in os.environ.items() if not _is_noise(name)]
    return os.fsencode(sha1(os.fsencode("\0".join(parts))).hexdigest())


def _is_noise(name: str) -> bool:
    return name in _NOISE or name.startswith(_NOISY)


def name_of(args: Sequence[str]) -> str:
    """Return the file's name: one for all that is asked with these words in this folder."""
    words = "\0".join((*args, "", os.getcwd(), str(os.isatty(1))))  # noqa: PTH109
    return f"answer-{crc32(os.fsencode(words)):08x}.table"


def likely_home() -> str | None:
    """Return where git keeps what all work trees share; git itself is asked later."""
    folder = os.getcwd()  # noqa: PTH109
    while True:
        place = f"{folder.rstrip('/')}/.git"
        if os.path.isdir(place):  # noqa: PTH112
            return place
        link = _bytes(place) if os.path.isfile(place) else None  # noqa: PTH113
        if link is not None:
            git_dir = os.path.join(folder, os.fsdecode(link.removeprefix(b"gitdir:").strip()))  # noqa: PTH118
            shared = _bytes(f"{git_dir}/commondir")
            inner = os.fsdecode(shared.strip()) if shared is not None else "."
            return os.path.normpath(os.path.join(git_dir, inner))  # noqa: PTH118
        if folder == "/":
            return None
        folder = os.path.dirname(folder)  # noqa: PTH120


def ask(words: Sequence[str]) -> bytes | None:
    """Return what git says in the current folder, None where it fails."""
    child = _start(words)
    return None if child is None else _answer(child)


def _holds(note: dict[str, bytes]) -> bool:
    """Tell whether all that an answer was made of is the same; git looks at its part meanwhile."""
    if not all(map(_is_same, _lines(note["files"]))):
        return False
    child = _start(["rev-parse", *os.fsdecode(note["question"]).split("\0")])
    if child is None:
        return False
    same = all(map(_leads_there, _lines(note["ways"]))) and all(
        map(_lists_same, _lines(note["folders"]))
    )
    return _answer(child) == note["said"] and same


def _lines(data: bytes) -> list[str]:
    return os.fsdecode(data).split("\n") if data else []


def _is_same(line: str) -> bool:
    seen, _, path = line.partition(" ")
    return look(path) == seen


def _leads_there(line: str) -> bool:
    path, _, end = line.partition("\0")
    return os.path.realpath(path) == end


def _lists_same(line: str) -> bool:
    digest, deep, root, suffixes, *folders = line.split("\0")
    listing = scan(root, folders, tuple(suffixes.split(" ")), bool(deep))
    return not listing.odd and listing.digest() == digest


def _start(words: Sequence[str]) -> tuple[int, int] | None:
    """Start git in the current folder; return its id and the end of a pipe with what it says."""
    program = git_program(os.environ)
    if program is None:
        return None
    end, begin = os.pipe()
    try:
        descriptors = {0: None, 1: begin, 2: None}
        child = spawn(program, (program, *OPTIONS, *words), outside(os.environ), descriptors)
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
    return said if wait_for(child[0]) == 0 else None


def _bytes(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return None


def _read(path: str) -> dict[str, bytes] | None:
    """Return a note; None for one that is not there, broken, or of another version."""
    head, _, body = (_bytes(path) or b"").partition(b"\n")
    words = head.split(b" ")
    if words[:2] != [_MAGIC, b"%08x" % crc32(body)]:
        return None
    fields, at = [], 0
    for size in map(int, words[2:]):
        fields.append(body[at : at + size])
        at += size
    return dict(zip(_FIELDS, fields, strict=True))
