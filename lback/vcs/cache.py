"""What was worked out once about a file's content, kept beside git's own objects.

Two shapes, both in `<common_dir>/lback/`, both safe to lose:

* rows (`get`, `get_many`, `put`): by blob id, appended in checked segments, so that
  several processes may write at once and a torn write costs its own segment only;
* tables (`table`, `put_table`): one value under a name, replaced atomically.

Whatever is broken, foreign or from another version counts as absent and is rebuilt.
A folder that cannot be written means no cache, and nothing else.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lback.files import write_whole

_MAGIC = b"lback-rows-1 "
_TABLE = b"lback-table-1 "
_LIMIT = 24 * 1024 * 1024  # a row file above this is compacted to its newer half
_SEGMENTS = 64  # so is one written in many small pieces
_FEW = 8  # so many rows are looked for without reading all the others
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


class Store:
    """Keeps one-line values by blob id; every failure of the disk means "not known"."""

    def __init__(self, folder: Path, *, limit: int = _LIMIT) -> None:
        self._folder = folder
        self._limit = limit
        self._rows: dict[str, dict[str, bytes]] = {}
        self._segments: dict[str, int] = {}
        self._asked: set[str] = set()

    def get(self, kind: str, blob: str) -> bytes | None:
        """Return what was put for this blob, or None."""
        return self.get_many(kind, (blob,)).get(blob)

    def get_many(self, kind: str, blobs: Iterable[str]) -> dict[str, bytes]:
        """Return what is known of these blobs; a blob that is not known is left out.

        Values that are JSON are read fastest in one go:
        `json.loads(b"[" + b",".join(found.values()) + b"]")`.
        """
        wanted = tuple(blobs)
        if kind not in self._rows and len(wanted) <= _FEW and kind not in self._asked:
            self._asked.add(kind)  # whoever comes back will come again: then all are read
            values: dict[str, bytes] = {}
            _read_segments(_read(self._path(kind, ".rows")) or b"", values, wanted)
            return values
        rows = self._loaded(kind)
        return {blob: rows[blob] for blob in wanted if blob in rows} if rows else {}

    def put(self, kind: str, blob: str, value: bytes) -> None:
        """Remember one line for a blob; ValueError if the value has a line break in it."""
        self.put_many(kind, {blob: value})

    def put_many(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Remember one line for each blob, in one write."""
        if not values:
            return
        if any(b"\n" in value for value in values.values()):
            raise ValueError("a cached value has to be a single line")
        rows = self._loaded(kind)
        rows.update(values)
        if self._segments.get(kind, _SEGMENTS) >= _SEGMENTS or self._is_big(kind):
            self._compact(kind)
        else:
            self._append(kind, _segment(values))

    def table(self, name: str) -> bytes | None:
        """Return the value last put under this name, or None."""
        data = _read(self._path(name, ".table"))
        if data is None or not data.startswith(_TABLE):
            return None
        head, _, body = data.partition(b"\n")
        return body if head == _TABLE + b"%08x" % zlib.crc32(body) else None

    def put_table(self, name: str, value: bytes) -> None:
        """Replace the value under this name, atomically."""
        _replace(self._path(name, ".table"), _checked_table(value))

    def slate(self, name: str) -> Slate:
        """Return the table of this name as one to be written again and again."""
        return Slate(self._path(name, ".table"))

    def _path(self, name: str, ending: str) -> Path:
        if not name or not _NAME.issuperset(name) or name.startswith("."):
            raise ValueError(f"not a name for a cache: {name!r}")
        return self._folder / (name + ending)

    def _loaded(self, kind: str) -> dict[str, bytes]:
        rows = self._rows.get(kind)
        if rows is None:
            rows = {}
            data = _read(self._path(kind, ".rows"))
            if data is not None:
                segments = _read_segments(data, rows)
                if segments or not data:
                    self._segments[kind] = segments
            self._rows[kind] = rows
        return rows

    def _is_big(self, kind: str) -> bool:
        try:
            return self._path(kind, ".rows").stat().st_size > self._limit
        except OSError:
            return True

    def _append(self, kind: str, segment: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(self._path(kind, ".rows"), flags)
        except OSError:
            self._segments.pop(kind, None)
            return
        try:
            os.write(handle, segment)
            self._segments[kind] += 1
        except OSError:
            self._segments.pop(kind, None)
        finally:
            os.close(handle)

    def _compact(self, kind: str) -> None:
        """Write all rows that are known as one segment; the newest ones where they are many."""
        path = self._path(kind, ".rows")
        now: dict[str, bytes] = {}
        data = _read(path)  # another process may have added rows since we read it
        if data is not None:
            _read_segments(data, now)
        now.update(self._rows[kind])
        if _replace(path, _segment(_newest(now, self._limit))):
            self._segments[kind] = 1


class Slate:
    """One table that is written in place: a sixtieth of what replacing the file costs.

    A kill between two values leaves one of them or none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def write(self, value: bytes) -> bool:
        """Put a value in the place of the one before; False for a disk that keeps none."""
        data = _checked_table(value)
        try:
            if self._handle is None:
                self._path.parent.mkdir(exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
                self._handle = os.open(self._path, flags, 0o666)
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, data)
            os.ftruncate(self._handle, len(data))
        except OSError:
            return False
        return True

    def wipe(self) -> None:
        """Leave an empty value, if this one has written any, and close the file."""
        if self._handle is not None:
            self.write(b"")
            os.close(self._handle)
            self._handle = None


def _checked_table(value: bytes) -> bytes:
    return _TABLE + b"%08x\n%s" % (zlib.crc32(value), value)


def _segment(rows: Mapping[str, bytes]) -> bytes:
    """Return rows as one piece: a checked head, a line of keys, a line for each value.

    Keys of their own make reading a matter of two `split` and one `zip`.
    """
    body = b"\n".join([" ".join(rows).encode("ascii"), *rows.values()])
    return b"\n%s%d %08x\n%s\n" % (_MAGIC, len(body), zlib.crc32(body), body)


def _read_segments(data: bytes, rows: dict[str, bytes], wanted: Sequence[str] | None = None) -> int:
    """Add the rows (or only those `wanted`) of every whole segment; return how many were."""
    whole, mark = 0, b"\n" + _MAGIC
    at = data.find(mark)
    while at >= 0:
        start = data.find(b"\n", at + 1) + 1
        body = _checked(data, data[at + len(mark) : start - 1], start)
        if body is None:
            at = data.find(mark, at + len(mark))
            continue
        if wanted is not None:
            _pick(body, rows, wanted)
        else:
            keys, *values = body.split(b"\n")
            rows.update(zip(keys.decode("ascii").split(" "), values, strict=False))
        whole += 1
        at = data.find(mark, start + len(body))
    return whole


def _pick(body: bytes, rows: dict[str, bytes], wanted: Sequence[str]) -> None:
    """Add a few rows of one segment: a tenth of the work where it is one of ten thousand."""
    keys, _, values = body.partition(b"\n")
    padded = b" %s " % keys
    for key in wanted:
        at = padded.find(b" %s " % key.encode("ascii"))
        if at >= 0:
            number = padded.count(b" ", 0, at)
            rows[key] = values.split(b"\n", number + 1)[number]


def _checked(data: bytes, head: bytes, start: int) -> bytes | None:
    try:
        size, check = head.split(b" ")
        body = data[start : start + int(size)]
        fine = start > 0 and len(body) == int(size) and zlib.crc32(body) == int(check, 16)
    except ValueError:
        return None
    return body if fine else None


def _newest(rows: dict[str, bytes], limit: int) -> dict[str, bytes]:
    """Return the rows, or the newest half of what is allowed where they are too many."""
    size = sum(map(len, rows.values())) + 42 * len(rows)
    if size <= limit:
        return rows
    kept: list[str] = []
    size = 0
    for key in reversed(rows):
        size += len(rows[key]) + 42
        if size > limit // 2:
            break
        kept.append(key)
    return {key: rows[key] for key in reversed(kept)}


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - Path.open costs twice as much
            return file.read()
    except OSError:
        return None


def _replace(path: Path, data: bytes) -> bool:
    """Put `data` in the place of a file, whole or not at all; tell whether it worked."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, data, durable=False)
    except OSError:
        return False
    return True


def _discard(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return
