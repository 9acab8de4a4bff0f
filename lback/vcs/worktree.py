"""The files on disk, tracked or not, with their git blob ids; a warm look costs a stat each."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

from lback.core.source import Entry
from lback.errors import LbackError
from lback.vcs.cache import Store

# A file touched this shortly before it was looked at may change again within the
# clock tick of its file system and look the same: its blob id is not remembered.
_RACY_NS = 2_000_000_000
_KEEP_IN_MEMORY = 64 * 1024 * 1024
_SKIPPED = frozenset((".git", "__pycache__"))


class Worktree:
    """Lists files below a root as entries, and reads them."""

    def __init__(
        self, root: Path, *, algorithm: str = "sha1", store: Store | None = None, table: str = ""
    ) -> None:
        self._root = root
        self._algorithm = algorithm
        self._store = store
        self._table = table
        self._texts: dict[str, bytes] = {}
        self._room = _KEEP_IN_MEMORY

    def entries(
        self,
        folders: Sequence[str],
        *,
        suffixes: tuple[str, ...] = (".py",),
        recursive: bool = True,
    ) -> tuple[Entry, ...]:
        """Return the files below the folders, sorted by path; a missing folder has none."""
        known = self._load()
        found: list[Entry] = []
        seen: list[str] = []
        new: list[tuple[str, str, os.stat_result]] = []
        for path, status in self._files(folders, suffixes, recursive):
            mode = status.st_mode
            if not stat.S_ISREG(mode):
                link = self._link(path)
                if link is not None:
                    found.append(link)
                continue
            key = (
                f"{path}\0{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} "
                f"{status.st_ino}"
            )
            blob = known.get(key)
            if blob is None:
                new.append((key, path, status))
            else:
                seen.append(key)
                found.append(Entry(path, blob, "100755" if mode & 0o100 else "100644"))
        settled = self._hash_new(new, found)
        if settled or len(known) > 2 * len(seen) + 100:
            self._save(known, seen, settled, folders)
        found.sort(key=attrgetter("path"))
        return tuple(found)

    def read(self, entries: Iterable[Entry]) -> dict[str, bytes]:
        """Return contents by blob id; LbackError if a file is not any more what it was."""
        texts: dict[str, bytes] = {}
        for entry in entries:
            if entry.blob in texts:
                continue
            data = self._texts.get(entry.blob)
            if data is None:
                data = self._bytes(entry.path)
                if data is None or blob_id(data, self._algorithm) != entry.blob:
                    raise LbackError(
                        f"{entry.path} changed while it was being read", "Run the command again."
                    )
            texts[entry.blob] = data
        return texts

    def file(self, path: str) -> bytes | None:
        """Return one file's bytes as they are now, or None where there is no such file."""
        return self._bytes(path)

    def _files(
        self, folders: Sequence[str], suffixes: tuple[str, ...], recursive: bool
    ) -> Iterator[tuple[str, os.stat_result]]:
        for folder in folders:
            pending = [folder + "/" if folder else ""]
            while pending:
                prefix = pending.pop()
                try:
                    listing = os.scandir(f"{self._root}/{prefix}")
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except OSError as err:
                    raise _unreadable(prefix, err) from err
                with listing:
                    for item in listing:
                        name = item.name
                        if name.endswith(suffixes) and not item.is_dir(follow_symlinks=False):
                            try:
                                yield prefix + name, item.stat(follow_symlinks=False)
                            except FileNotFoundError:
                                continue
                        elif (
                            recursive
                            and name not in _SKIPPED
                            and item.is_dir(follow_symlinks=False)
                        ):
                            pending.append(f"{prefix}{name}/")

    def _hash_new(
        self, new: Sequence[tuple[str, str, os.stat_result]], found: list[Entry]
    ) -> dict[str, str]:
        """Add entries for files that the table does not know; return what it may know now."""
        settled: dict[str, str] = {}
        now = time.time_ns()
        for key, path, status in new:
            blob = self._hash(path)
            if blob is None:
                continue
            found.append(Entry(path, blob, "100755" if status.st_mode & 0o100 else "100644"))
            if max(status.st_mtime_ns, status.st_ctime_ns) + _RACY_NS < now:
                settled[key] = blob
        return settled

    def _link(self, path: str) -> Entry | None:
        """Return a symbolic link as the content that it stands for; None if that is not ours."""
        root = self._root.resolve()
        try:
            target = (self._root / path).resolve()
        except (OSError, RuntimeError):  # a link that leads to itself
            return None
        if not target.is_relative_to(root) or not target.is_file():
            return None
        blob = self._hash(path)
        return None if blob is None else Entry(path, blob, "120000")

    def _hash(self, path: str) -> str | None:
        data = self._bytes(path)
        if data is None:
            return None
        blob = blob_id(data, self._algorithm)
        if len(data) <= self._room:
            self._room -= len(data)
            self._texts[blob] = data
        return blob

    def _bytes(self, path: str) -> bytes | None:
        try:
            with open(f"{self._root}/{path}", "rb") as file:  # noqa: PTH123 - twice as fast
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as err:
            raise _unreadable(path, err) from err

    def _load(self) -> dict[str, str]:
        data = self._store.table(self._table) if self._store is not None else None
        if not data:
            return {}
        lines = os.fsdecode(data).split("\n")
        return dict(zip(lines[::2], lines[1::2], strict=False))

    def _save(
        self,
        known: dict[str, str],
        seen: Sequence[str],
        settled: dict[str, str],
        folders: Sequence[str],
    ) -> None:
        """Keep what was seen now, and what is known of folders not looked at this time."""
        if self._store is None:
            return
        prefixes = tuple(f"{folder}/" if folder else "" for folder in folders)
        kept = {key: blob for key, blob in known.items() if not key.startswith(prefixes)}
        kept.update((key, known[key]) for key in seen)
        kept.update(settled)
        lines = [line for row in kept.items() if "\n" not in row[0] for line in row]
        self._store.put_table(self._table, os.fsencode("\n".join(lines)))


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """Return the id that git gives to a file with these bytes."""
    import hashlib

    sha = hashlib.new(algorithm, usedforsecurity=False)
    sha.update(b"blob %d\0" % len(data))
    sha.update(data)
    return sha.hexdigest()


def _unreadable(path: str, err: OSError) -> LbackError:
    return LbackError(
        f"{path or '.'} cannot be read: {err.strerror or err}",
        "Give yourself the right to read it, or take it out of the migration folders.",
    )
