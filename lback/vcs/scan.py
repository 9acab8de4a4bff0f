"""Lists files with what tells whether they are still the same: a system call each."""

from __future__ import annotations

import os
from operator import attrgetter

TYPE_CHECKING = False  # importing `typing` takes as long as looking at a thousand files
if TYPE_CHECKING:
    from collections.abc import Sequence
    from hashlib import _Hash as HASH

# A file touched this shortly before it was looked at may change again within the
# clock tick of its file system and look the same.
RACY_NS = 2_000_000_000

_SKIPPED = frozenset((".git", "__pycache__"))
_LOOK = attrgetter("st_mode", "st_size", "st_ino", "st_mtime_ns", "st_ctime_ns")
ABSENT = "-"  # what `look` says of a file that is not there
# So many numbers there are for each file.
NUMBERS = 5


class Scan:
    """What is below some folders: plain files, five numbers of each, and the paths of all else."""

    __slots__ = ("names", "numbers", "odd")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.numbers: list[int] = []
        self.odd: list[str] = []

    def newest(self) -> int:
        """Return when the last of the files changed, in nanoseconds."""
        times = (*self.numbers[3::NUMBERS], *self.numbers[4::NUMBERS])
        return max(times, default=0)

    def digest(self) -> str:
        """Return a text that is another one as soon as one file is."""
        import marshal

        sha = sha1()
        sha.update(os.fsencode("\0".join(self.names)))
        sha.update(marshal.dumps(self.numbers, 2))  # from 3 on it depends on what else holds them
        return str(sha.hexdigest())


def scan(root: str, folders: Sequence[str], suffixes: tuple[str, ...], recursive: bool) -> Scan:
    """Look at the files below folders; a folder that is not there has none.

    OSError with the folder, relative to the root, as its name where one cannot be read.
    """
    listing = Scan()
    pending = [folder + "/" if folder else "" for folder in folders]
    while pending:
        prefix = pending.pop()
        try:
            _scan_one(root, prefix, listing, suffixes, pending if recursive else None)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as err:
            err.filename = prefix
            raise
    return listing


def _scan_one(
    root: str, prefix: str, into: Scan, suffixes: tuple[str, ...], pending: list[str] | None
) -> None:
    # Opened first: the system then finds each file from the folder, and not from the root.
    place = f"{root}/{prefix}"
    handle = None
    if os.scandir in os.supports_fd:
        handle = os.open(place, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    names, numbers = into.names, into.numbers
    try:
        with os.scandir(place if handle is None else handle) as listing:
            for item in listing:
                name = item.name
                if name.endswith(suffixes) and not item.is_dir(follow_symlinks=False):
                    try:
                        at = item.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if at.st_mode & 0o170000 == 0o100000:
                        names.append(prefix + name)
                        numbers += _LOOK(at)
                    else:
                        into.odd.append(prefix + name)
                elif (
                    pending is not None
                    and name not in _SKIPPED
                    and item.is_dir(follow_symlinks=False)
                ):
                    pending.append(f"{prefix}{name}/")
    finally:
        if handle is not None:
            os.close(handle)


def look(path: str) -> str:
    """Return what tells whether one file is still the same; its two times are at the end."""
    try:
        at = os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    facts = f"{at.st_dev},{at.st_mode},{at.st_size},{at.st_ino}"
    return f"{facts},{at.st_mtime_ns},{at.st_ctime_ns}"


def sha1(data: bytes = b"") -> HASH:
    """Return a hash object, without OpenSSL: that takes longer to load than there is to hash."""
    try:
        from _sha1 import sha1 as quick  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha1 as quick
    made: HASH = quick(data, usedforsecurity=False)
    return made
