"""Changes several files as one: a crash in the middle is finished by the next command.

What is to be done is written down first, in one file that comes into being at once.
From then on it will be done, by this process or by the next one that looks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from lback.core.messages import file_changes as messages
from lback.files import DRAFT, FileLock, is_plain, leads_out, put_with_mode, write_new
from lback.project.context import Context

_FORMAT = 1
_DRAFT = "preparing.json"
_PLAN = "pending.json"
_LOCK = "lock"
_OUTSIDE_GIT = ".lback"


class FileChange(NamedTuple):
    """One file's content before and after; None where there is none. `path` is absolute."""

    path: Path
    before: bytes | None
    after: bytes | None


def change_files(ctx: Context, contents: Mapping[str, bytes | None]) -> None:
    """Give files (by their path below the project's root) new contents: all of them or none.

    None removes a file. LbackError when the folder cannot be written; then nothing was.
    """
    root = ctx.project.root
    changes = []
    for path, after in contents.items():
        place = root / path
        if leads_out(place, root):
            raise messages.outside(path, root)
        before = place.read_bytes() if place.exists() else None
        if before != after:
            changes.append(FileChange(place, before, after))
    if not changes:
        return
    with _held(_folder(ctx)) as folder:
        _finish(folder, root)
        try:
            _prepare(folder, changes)
        except OSError as err:
            _discard(folder, changes)
            raise messages.cannot_write(err.filename or folder, err) from err
        _perform(folder, changes)


def recover(ctx: Context) -> tuple[str, ...]:
    """Finish what a killed command began; return the paths that were written now.

    Where somebody has changed one of the files since then, nothing is touched: LbackError.
    """
    folder = _folder(ctx)
    names = (_PLAN, _DRAFT) if folder.name != _OUTSIDE_GIT else ("",)
    if not any((folder / name).exists() for name in names):
        return ()
    with _held(folder):
        done = _finish(folder, ctx.project.root)
    if done:
        ctx.console.warn(messages.finished(done))
    return done


def _folder(ctx: Context) -> Path:
    """Return where this work tree's plan would be; work trees of one repository differ."""
    root = ctx.project.root
    if ctx.repository is None:
        folder = root / _OUTSIDE_GIT
        if leads_out(folder / _LOCK, root):
            raise messages.folder_is_outside(folder, root)
        return folder
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    return ctx.repository.common_dir / "lback" / f"files-{name}"


@contextmanager
def _held(folder: Path) -> Iterator[Path]:
    """Hold the folder, so that nobody takes a command at work for a killed one."""
    lock = _taken(folder)
    try:
        yield folder
    finally:
        lock.release()
        if folder.name == _OUTSIDE_GIT:
            # Outside of git nothing should be left among the project's files.
            with suppress(OSError):
                folder.rmdir()


def _taken(folder: Path) -> FileLock:
    """Take the folder's lock; wait while another process holds it."""
    lock = FileLock(folder / _LOCK)
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.attempt(wait=True)
        except FileNotFoundError:  # its last holder has just removed the folder
            continue
        except OSError as err:
            raise messages.cannot_write(folder, err) from err
        return lock


def _prepare(folder: Path, changes: list[FileChange]) -> None:
    """Write all new contents beside the files, then turn the draft into the plan."""
    rows = [
        [str(change.path), _encoded(change.before), _encoded(change.after)] for change in changes
    ]
    text = json.dumps({"format": _FORMAT, "changes": rows}).encode()
    # A half of it is no plan, and says no more than that nothing was prepared.
    write_new(folder / _DRAFT, text)
    for change in changes:
        if change.after is not None:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            write_new(_temporary(change.path), change.after)
    (folder / _DRAFT).replace(folder / _PLAN)


def _discard(folder: Path, changes: list[FileChange]) -> None:
    """Take back what was only prepared."""
    for place in (*(_temporary(change.path) for change in changes), folder / _DRAFT):
        with suppress(OSError):
            place.unlink(missing_ok=True)


def _finish(folder: Path, root: Path) -> tuple[str, ...]:
    """Do the rest of a plan that is there, and sweep up."""
    _discard(folder, _read(folder / _DRAFT, root))
    changes = _read(folder / _PLAN, root)
    if not changes:
        (folder / _PLAN).unlink(missing_ok=True)
        return ()
    left = [change for change in changes if _now(change.path) != change.after]
    if len(left) == len(changes) and all(_now(value.path) == value.before for value in left):
        # Not begun, or taken back by git since: as it was is as good as done.
        _sweep(folder, changes)
        return ()
    foreign = [value for value in left if _now(value.path) != value.before]
    if foreign:
        paths = [str(value.path) for value in foreign]
        raise messages.edited_since(paths, str(folder / _PLAN))
    _perform(folder, changes)
    return tuple(str(value.path) for value in left)


def _perform(folder: Path, changes: list[FileChange]) -> None:
    for change in changes:
        _put(change)
        remove_bytecode(change.path)
    _sweep(folder, changes)


def _put(change: FileChange) -> None:
    path = change.path
    if change.after is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    write_new(temporary, change.after)
    put_with_mode(temporary, path)


def _sweep(folder: Path, changes: list[FileChange]) -> None:
    for change in changes:
        _temporary(change.path).unlink(missing_ok=True)
    (folder / _PLAN).unlink(missing_ok=True)


def remove_bytecode(path: Path) -> None:
    """Remove what Python has compiled of a file: it may be of the same size and second."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        with suppress(OSError):
            compiled.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}{DRAFT}")


def _now(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b85encode(data).decode("ascii")


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b85decode(text)


def _read(path: Path, root: Path) -> list[FileChange]:
    """Return what a plan would change; LbackError where it reaches out of the project.

    Outside of git the plan lies among the project's files, and anybody can bring those.
    """
    try:
        data = json.loads(path.read_bytes() if is_plain(path) else b"")
        rows = [(Path(place), before, after) for place, before, after in data["changes"]]
        version = data["format"]
    except (ValueError, KeyError, TypeError):
        return []
    for place, _, _ in rows:
        if not place.is_absolute() or leads_out(place, root):
            raise messages.foreign_plan(path, place, root)
    if version != _FORMAT:
        raise messages.other_version(path)
    return [FileChange(place, _decoded(before), _decoded(after)) for place, before, after in rows]
