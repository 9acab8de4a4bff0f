"""The contents of files at any place, and the headers in those of revisions, once per blob."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lback.core.graph.revision import Header, Revision, Unreadable
from lback.core.messages import revisions as messages
from lback.core.source import INDEX, WORKTREE, Entry
from lback.work import counted_off

if TYPE_CHECKING:
    from lback.vcs.repository import Repository

# The kind of the cached rows: a new number forgets what an older reader made of the files.
HEADERS = "headers4"
_FEW = 50
T = TypeVar("T")
F = TypeVar("F", Entry, Revision)


class Limits(NamedTuple):
    """How much is read of files that a stranger may have written, in bytes.

    A file larger than `file` stays closed: no person writes a revision of this size. Of all
    others no more than `at_once` is held at one time.
    """

    file: int = 2_000_000
    at_once: int = 32_000_000


class Contents:
    """Reads files at a place; `too_big` are the blobs that stay closed."""

    def __init__(self, repository: Repository | None, root: Path, limits: Limits | None) -> None:
        self.repository = repository
        self.root = root
        self.limits = limits
        self.too_big: set[str] = set()
        self._headers: dict[str, Header | Unreadable] = {}
        self._learned: dict[str, bytes] = {}

    def texts(self, files: Sequence[F], at: str) -> dict[str, bytes]:
        """Return the bytes of files as they were read, by blob."""
        own = self._learned
        learned = {file.blob: own[file.blob] for file in files if file.blob in own}
        entries = [Entry(file.path, file.blob) for file in files if file.blob not in learned]
        if self.repository is not None:
            return learned | self.repository.read(at, entries)
        return learned | {file.blob: (self.root / file.path).read_bytes() for file in entries}

    def by_path(self, paths: Sequence[str], at: str) -> dict[str, bytes]:
        """Return the contents of those of these files that are there and not too big, by path."""
        if self.limits is not None:
            sizes, most = self._sizes_of_paths(paths, at), self.limits.file
            paths = [path for path in paths if sizes.get(path, 0) <= most]
        if self.repository is not None:
            return self.repository.files(at, paths)
        places = {path: self.root / path for path in paths}
        return {path: place.read_bytes() for path, place in places.items() if place.is_file()}

    def scan(self, entries: Sequence[Entry], at: str, look: Callable[[bytes], T]) -> dict[str, T]:
        """Return what a function says of each file that is not too big, by blob."""
        files = {file.blob: file for file in entries if file.blob not in self.too_big}
        told: dict[str, T] = {}
        for portion in self.portions(list(files.values()), at):
            told.update((blob, look(text)) for blob, text in self.texts(portion, at).items())
        return told

    def learn(self, entry: Entry, text: bytes) -> Header | Unreadable:
        """Take in a file that no place here has, and return its header."""
        from lback.core.header import read_header

        self._learned[entry.blob] = text
        self._headers[entry.blob] = header = read_header(text, entry.name)
        return header

    def headers(self, entries: Sequence[Entry], at: str) -> dict[str, Header | Unreadable]:
        """Return all headers known by now, by blob, those of the entries among them.

        Every blob is parsed once in the life of its content.
        """
        known = self._headers
        unknown = {entry.blob: entry for entry in entries if entry.blob not in known}
        store = self.repository.store if self.repository else None
        if unknown and store:
            rows = store.get_many(HEADERS, unknown)
            parsed = json.loads(b"[" + b",".join(rows.values()) + b"]")
            for blob, row in zip(rows, parsed, strict=True):
                known[blob] = header_from(row)
                del unknown[blob]
        if unknown:
            self._parse(unknown, at)
        return known

    def portions(self, files: Sequence[F], at: str) -> Iterator[Sequence[F]]:
        """Yield files in portions whose contents fit into memory together."""
        few = self.limits is None or len(files) <= _FEW
        yield from [files] if few else self._fitting(files, self._sizes(files, at))

    def _parse(self, unknown: dict[str, Entry], at: str) -> None:
        # Where all headers are known nobody pays for its regular expressions.
        from lback.core.header import read_header

        sizes, rest = {}, [*unknown.values()]
        if self.limits is not None:
            sizes = self._sizes(rest, at)
            rest = [entry for entry in rest if not self._is_closed(entry, sizes)]
        for portion in self._fitting(rest, sizes):
            texts = self.texts(portion, at)
            fresh = {}
            for entry in counted_off("headers", portion):
                self._headers[entry.blob] = header = read_header(texts[entry.blob], entry.name)
                if isinstance(header, Header):
                    fresh[entry.blob] = json.dumps(header, separators=(",", ":")).encode()
            if self.repository is not None:
                self.repository.store.put_many(HEADERS, fresh)

    def _is_closed(self, entry: Entry, sizes: dict[str, int]) -> bool:
        """Give a file that is too big its finding, so that nobody opens it."""
        size = sizes.get(entry.blob, 0)
        if self.limits is None or size <= self.limits.file:
            return False
        self.too_big.add(entry.blob)
        self._headers[entry.blob] = messages.too_big(size)
        return True

    def _fitting(self, files: Sequence[F], sizes: dict[str, int]) -> Iterator[Sequence[F]]:
        room = most = self.limits.at_once if self.limits is not None else 0
        portion: list[F] = []
        for file in files:
            size = sizes.get(file.blob, 0)
            if portion and size > room:
                yield portion
                portion, room = [], most
            portion.append(file)
            room -= size
        if portion:
            yield portion

    def _sizes(self, files: Iterable[F], at: str) -> dict[str, int]:
        """Return the sizes of files by blob; what is not there is left out."""
        if self.repository is not None and at != WORKTREE:
            from lback.vcs.lookups import blob_sizes

            return blob_sizes(self.repository, (file.blob for file in files))
        paths = {file.path: file.blob for file in files}
        return {paths[path]: size for path, size in self._sizes_on_disk(paths).items()}

    def _sizes_of_paths(self, paths: Sequence[str], at: str) -> dict[str, int]:
        if self.repository is None or at in (WORKTREE, INDEX):
            return self._sizes_on_disk(paths)
        from lback.vcs.lookups import blob_sizes, path_ids

        blobs = path_ids(self.repository, [at], paths)[at]
        sizes = blob_sizes(self.repository, [blob for blob in blobs if blob])
        return {path: sizes.get(blob, 0) for path, blob in zip(paths, blobs, strict=True)}

    def _sizes_on_disk(self, paths: Iterable[str]) -> dict[str, int]:
        places = {path: self.root / path for path in paths}
        return {path: place.stat().st_size for path, place in places.items() if place.is_file()}


def header_from(row: list[Any]) -> Header:
    """Return a header from the list that JSON makes of it."""
    revision, parents, depends_on, labels, doc, date, line, uncertain, replaces = row
    return Header(
        revision,
        tuple(parents),
        tuple(depends_on),
        tuple(labels),
        doc,
        date,
        line,
        tuple((variable, at) for variable, at in uncertain),
        tuple(replaces),
    )
