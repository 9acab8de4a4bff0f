"""The files on disk, tracked or not, with their git blob ids; a warm look costs a stat each."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from pathlib import Path

from lback.core.source import Entry
from lback.errors import LbackError
from lback.files import is_plain, leads_out, read_whole
from lback.vcs.cache import Store
from lback.vcs.noted import INPUTS
from lback.vcs.scan import NUMBERS, RACY_NS, Scan, scan, sha1

_KEEP_IN_MEMORY = 64 * 1024 * 1024
_BREAK = b"\n\n"


class Look:
    """What is on disk at one moment; only files that were not known have been read."""

    __slots__ = ("_found", "_note", "_save", "_settled")

    def __init__(
        self,
        found: Callable[[], tuple[Entry, ...]],
        note: bytes = b"",
        save: Callable[[bytes], None] | None = None,
        settled: bytes = b"",
    ) -> None:
        self._found = found
        self._note = note
        self._save = save
        self._settled = settled

    @property
    def state(self) -> str:
        """Return a word for these files as they are; "" where one may still change unseen."""
        return sha1(self._settled).hexdigest() if self._settled else ""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return the files, sorted by path."""
        return self._found()

    def note(self, kind: bytes) -> bytes | None:
        """Return what a reader has written about exactly these files, or None."""
        word, _, value = self._note.partition(b" ")
        return value if word == kind else None

    def take_note(self, kind: bytes, value: bytes) -> None:
        """Keep one line that is true of these files and their contents, until one of them changes.

        Nothing is kept where a file may still change without leaving a trace.
        """
        if self._save is not None:
            self._save(kind + b" " + value)


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

    def look(
        self,
        folders: Sequence[str],
        *,
        suffixes: tuple[str, ...] = (".py",),
        recursive: bool = True,
    ) -> Look:
        """Look at the files below the folders; a missing folder has none."""
        seen = self._scan(folders, suffixes, recursive)
        INPUTS.folder(str(self._root), folders, suffixes, deep=recursive, seen=seen)
        keys, odd = _keys(seen), seen.odd
        name = f"{self._table}-{zlib.crc32(repr((folders, suffixes, recursive)).encode()):08x}"
        note, rows = self._load(name)
        same = os.fsencode("\n".join(keys)) + _BREAK
        if rows.startswith(same) and not odd:
            return Look(
                lambda: _entries(zip(keys, _lines(rows[len(same) :]), strict=True)),
                note,
                lambda new: self._save(name, new, rows),
                same,
            )
        known = _known(rows)
        now = time.time_ns()  # before anything is read: what comes later is to leave a trace
        hashed = [(key, blob) for key in keys if (blob := known.get(key) or self._hash(_path(key)))]
        settled = [row for row in hashed if row[0] in known or _is_settled(row[0], now)]
        after = os.fsencode("\n".join(key for key, _ in settled)) + _BREAK
        if not rows.startswith(after):
            rows = after + "\n".join(blob for _, blob in settled).encode("ascii")
            self._save(name, b"", rows)
        links = [link for path in odd if (link := self._link(path)) is not None]
        whole = len(settled) == len(keys) and not odd
        return Look(
            lambda: _entries(hashed, links),
            save=(lambda new: self._save(name, new, rows)) if whole else None,
            settled=after if whole else b"",
        )

    def entries(
        self,
        folders: Sequence[str],
        *,
        suffixes: tuple[str, ...] = (".py",),
        recursive: bool = True,
    ) -> tuple[Entry, ...]:
        """Return the files below the folders, sorted by path; a missing folder has none."""
        return self.look(folders, suffixes=suffixes, recursive=recursive).entries

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
        """Return one file's bytes as they are now, or None where there is no such file.

        A link is followed while it stays below the root and leads to a plain file.
        """
        place = self._root / path
        INPUTS.file(place)
        INPUTS.way(place)
        if not is_plain(place) or leads_out(place, self._root):
            return None
        return self._bytes(path)

    def _scan(self, folders: Sequence[str], suffixes: tuple[str, ...], recursive: bool) -> Scan:
        for folder in folders if recursive else ():
            self._refuse_way_out(folder + "/" if folder else "")
        try:
            return scan(str(self._root), folders, suffixes, recursive)
        except OSError as err:
            raise _unreadable(err.filename, err) from err

    def _refuse_way_out(self, prefix: str) -> None:
        """Raise LbackError where a link leads out, to folders below folders without an end."""
        if prefix and leads_out(f"{self._root}/{prefix}", self._root):
            raise LbackError(
                f"{prefix} is reached by a link that leaves {self._root}, and the folders below it "
                "would count as well (recursive_version_locations).",
                "Put the folder itself there, or leave `recursive_version_locations` out.",
            )

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
            return read_whole(f"{self._root}/{path}")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as err:
            raise _unreadable(path, err) from err

    def _load(self, name: str) -> tuple[bytes, bytes]:
        """Return what a reader noted, and the rows: the keys, a break, the blob ids."""
        data = self._store.table(name) if self._store is not None else None
        note, _, rows = (data or b"").partition(b"\n")
        return note, rows

    def _save(self, name: str, note: bytes, rows: bytes) -> None:
        if self._store is not None:
            self._store.put_table(name, b"%s\n%s" % (note, rows))


def _keys(seen: Scan) -> list[str]:
    """Return a text for each file, which changes with the file."""
    return [
        f"{name}\0{mode:o} {size} {inode} {changed} {moved}"
        for name, mode, size, inode, changed, moved in zip(
            seen.names, *(iter(seen.numbers),) * NUMBERS, strict=True
        )
    ]


def _lines(data: bytes) -> list[str]:
    return os.fsdecode(data).split("\n") if data else []


def _known(rows: bytes) -> dict[str, str]:
    keys, blobs = map(_lines, (rows + _BREAK).split(_BREAK)[:2])
    return dict(zip(keys, blobs, strict=True)) if len(keys) == len(blobs) else {}


def _path(key: str) -> str:
    return key[: key.index("\0")]


def _is_settled(key: str, now: int) -> bool:
    """Tell whether a file has been left alone for so long that an edit would change its key."""
    return max(map(int, key.rsplit(" ", 2)[1:])) + RACY_NS < now and "\n" not in key


def _entries(rows: Iterable[tuple[str, str]], links: Sequence[Entry] = ()) -> tuple[Entry, ...]:
    entries = [*links]
    for key, blob in rows:
        path, _, facts = key.partition("\0")
        entries.append(Entry(path, blob, "100755" if facts[3] in "1357" else "100644"))
    entries.sort(key=attrgetter("path"))
    return tuple(entries)


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """Return the id that git gives to a file with these bytes."""
    if algorithm == "sha1":
        sha = sha1()
    else:
        from hashlib import new

        sha = new(algorithm, usedforsecurity=False)
    sha.update(b"blob %d\0" % len(data))
    sha.update(data)
    return str(sha.hexdigest())


def _unreadable(path: str, err: OSError) -> LbackError:
    return LbackError(
        f"{path or '.'} cannot be read: {err.strerror or err}",
        "Give yourself the right to read it, or take it out of the migration folders.",
    )
