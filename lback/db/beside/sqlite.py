"""SQLite: databases are files in one folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy.engine import URL

from lback.core.copies.names import is_made, is_template
from lback.db.beside.base import Databases, MadeDatabase
from lback.errors import LbackError
from lback.files import FileLock

_SUFFIX = ".sqlite3"
_BESIDE = ("-wal", "-shm", "-journal")


class SqliteFiles(Databases):
    """Files of a folder."""

    def __init__(self, url: URL, folder: Path, home: Path) -> None:
        super().__init__(url)
        self.folder = folder
        self.home = home
        """Where the relative path of a URL begins."""

    def named(self, name: str) -> URL:
        """Return the URL of a file of the folder, with the driver of ours."""
        return URL.create(self.url.drivername, database=str(self._path(name)))

    def about(self) -> Sequence[str]:
        """Return the version."""
        return ("sqlite", sqlite3.sqlite_version)

    def exists(self, url: URL) -> bool:
        """Tell whether there is a file."""
        path = file_of(url, self.home)
        return path is not None and path.is_file()

    def create(self, name: str, source: URL | None = None) -> None:
        """Make a file; a source that may be in use is read as SQLite reads it, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.copy_to(self._path(name), source)

    def copy_to(self, target: Path, source: URL | None) -> None:
        """Make a file anywhere, where none may be."""
        draft = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
        try:
            if source is None:
                draft.touch()
            else:
                self._copy(source, draft)
            os.link(draft, target)  # raises where another one was quicker
        except FileExistsError as err:
            raise LbackError(f"{target} is there already.", "Give another name.") from err
        finally:
            draft.unlink(missing_ok=True)

    def _copy(self, source: URL, draft: Path) -> None:
        path = file_of(source, self.home)
        if path is None or not path.is_file():
            raise LbackError(f"There is no database {path or source.database}.")
        if is_template(path.stem):
            shutil.copyfile(path, draft)  # nobody writes to it
            return
        try:
            with closing(_opened(path, "ro")) as old, closing(sqlite3.connect(draft)) as new:
                old.backup(new)
        except sqlite3.Error as err:
            raise LbackError(
                f"{path} cannot be copied: {err}", "Stop what writes to it, and try again."
            ) from err

    def drop(self, name: str) -> None:
        """Remove a file, and what SQLite keeps beside it."""
        remove(self._path(name))

    def templates(self) -> Mapping[str, MadeDatabase]:
        """Return the templates by name; a file's time says when it was last used."""
        return {made.name: made for made in self._files() if is_template(made.name)}

    def seal(self, half: str, name: str, note: str) -> None:
        """Let the file take the template's place, when all of it is in it."""
        draft = self._path(half)
        with closing(_opened(draft, "rw")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if any(draft.with_name(draft.name + end).exists() for end in ("-wal", "-journal")):
            raise LbackError(f"{draft} is still in use.", "Close the connections of env.py.")
        draft.replace(self._path(name))

    def use(self, name: str) -> None:
        """Set the time of the file."""
        with suppress(OSError):
            os.utime(self._path(name))

    def leftovers(self) -> Sequence[MadeDatabase]:
        """Return the files that are no templates."""
        return [made for made in self._files() if is_made(made.name)]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Wait for who builds the same; the lock goes with the process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{name}.lock")
        lock.attempt(wait=True)
        try:
            yield
        finally:
            lock.release()

    def _files(self) -> Iterator[MadeDatabase]:
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            with suppress(OSError):
                yield MadeDatabase(path.name[: -len(_SUFFIX)], path.stat().st_mtime)
        for left in self.folder.glob(f".*{_SUFFIX}.*"):  # a copy that was cut off
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > 3600:
                    left.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}{_SUFFIX}"


def file_of(url: URL, home: Path) -> Path | None:
    """Return the file of a URL; None for a database in memory."""
    path = (url.database or "").removeprefix("file:").partition("?")[0]
    return None if path in ("", ":memory:") else Path(os.path.normpath(home / path))


def remove(path: Path) -> None:
    """Remove a database and what SQLite keeps beside it."""
    for end in ("", *_BESIDE):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
