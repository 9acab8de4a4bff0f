"""Reads branches of strangers: big files stay closed, and configurations are read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lback.app.locate import Project
from lback.app.reading import HEADERS, WORKTREE, Reader, wanted
from lback.core.header import Header, Unreadable, read_header
from lback.core.settings import Settings
from lback.core.source import Entry
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from lback.app.context import Context
    from lback.core.effects import Effects
    from lback.core.graph import Graph
    from lback.vcs.repository import Repository

# No person writes a revision of this size; whoever does wants to see a checker fall over.
MOST_BYTES = 2_000_000
_AT_ONCE = 32_000_000
_FEW = 50
T = TypeVar("T")
_BARE_CONFIGS = ("alembic.ini", "pyproject.toml", "migrations/alembic.ini")


class CheckReader(Reader):
    """A reader that holds out against hostile trees and is quick over many commits."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.too_big: set[str] = set()
        self._projects: dict[tuple[str, ...], Project] = {}
        self._by_commit: dict[str, Project] = {}
        self._folders: dict[int, tuple[Project, tuple[tuple[str, ...], bool]]] = {}

    # Configuration

    def look_ahead(self, commits: Sequence[str]) -> None:
        """Learn the configurations of many commits in one look; equal ones are read once."""
        from lback.vcs.lookups import path_ids

        repository, project = self.repository, self.ctx.project
        if repository is None or project.settings.config_path is None:
            return
        wanted = [one for one in commits if one not in self._by_commit]
        paths = project.config_names()
        if not self._projects and repository.root is not None:
            self._projects[_ids_on_disk(repository, repository.root, paths)] = project
        for commit, key in path_ids(repository, wanted, paths).items():
            if key not in self._projects:
                self._projects[key] = project.at(repository, commit)
            self._by_commit[commit] = self._projects[key]

    def project_at(self, at: str) -> Project:
        """Return the project with the settings that hold at a place."""
        if at not in self._by_commit:
            self._by_commit[at] = self.ctx.project.at(self.repository, at)
        return self._by_commit[at]

    def folders(self, at: str = WORKTREE) -> tuple[tuple[str, ...], bool]:
        """Return the version locations at a place, and whether their subfolders count."""
        project = self.project_at(at)
        if id(project) not in self._folders:
            # The project is kept as well, so that no other one gets its number.
            places = (project.folders(), project.settings.recursive)
            self._folders[id(project)] = (project, places)
        return self._folders[id(project)][1]

    # Files

    def entries_in(self, at: str, folders: Sequence[str], recursive: bool) -> tuple[Entry, ...]:
        """Return the revision files below given folders, without those in ignored folders."""
        if self.repository is None:
            found = self._without_git(at, tuple(folders), recursive)
        else:
            found = self.repository.entries(at, folders, recursive=recursive)
        return self.wanted(found, at)

    def entries(self, at: str = WORKTREE) -> tuple[Entry, ...]:
        """Return the revision files at a place, without those in ignored folders."""
        folders, recursive = self.folders(at)
        return self.entries_in(at, folders, recursive)

    def wanted(self, entries: Iterable[Entry], at: str) -> tuple[Entry, ...]:
        """Leave out what other commands do, and the other sides of a conflict in the index."""
        mine = (entry for entry in entries if entry.stage in (0, 2))
        return wanted(mine, self.project_at(at))

    def _headers_of(self, entries: Sequence[Entry], at: str) -> dict[str, Header | Unreadable]:
        known = super()._headers_of([], at)
        unknown = {entry.blob: entry for entry in entries if entry.blob not in known}
        for blob in self._cached(unknown):
            del unknown[blob]
        if unknown:
            sizes = self._sizes(unknown, at)
            self._close_big_ones(sizes)
            rest = [entry for blob, entry in unknown.items() if blob not in known]
            for some in _slices(rest, sizes):
                super()._headers_of(some, at)
        return super()._headers_of(entries, at)

    def learn(self, entries: Sequence[Entry], at: str) -> None:
        """Read the headers of files at a place, so that graphs can be made of them."""
        self._headers_of(entries, at)

    def scan(self, entries: Sequence[Entry], at: str, look: Callable[[bytes], T]) -> dict[str, T]:
        """Return what a function says of each file, by blob; never holds all of them at once."""
        wanted = {one.blob: one for one in entries if one.blob not in self.too_big}
        sizes = self._sizes(wanted, at) if len(wanted) > _FEW else {}
        found: dict[str, T] = {}
        for some in _slices(list(wanted.values()), sizes):
            texts = self._texts(some, at)
            found.update((blob, look(text)) for blob, text in texts.items())
        return found

    def learn_text(self, entry: Entry, text: bytes) -> None:
        """Read the header of a file that is in no tree yet."""
        self._headers[entry.blob] = read_header(text, entry.name)

    def _cached(self, unknown: dict[str, Entry]) -> Iterable[str]:
        store = self.repository.store if self.repository else None
        return store.get_many(HEADERS, unknown) if store and unknown else ()

    def _close_big_ones(self, sizes: dict[str, int]) -> None:
        """Give every file that is too big its finding now, so that nobody opens it."""
        for blob, size in sizes.items():
            if size > MOST_BYTES:
                self.too_big.add(blob)
                self._headers[blob] = Unreadable(
                    "LB106", f"The file has {size:,} bytes; a revision file has less than 2 MB."
                )

    def _sizes(self, unknown: dict[str, Entry], at: str) -> dict[str, int]:
        if self.repository is not None and at != WORKTREE:
            from lback.vcs.lookups import blob_sizes

            return blob_sizes(self.repository, unknown)
        root = self.ctx.project.root
        found = {}
        for blob, entry in unknown.items():
            try:
                found[blob] = (root / entry.path).stat().st_size
            except OSError:
                continue
        return found

    # Effects

    def effects(
        self,
        graph: Graph,
        ids: Iterable[str] | None = None,
        at: str = WORKTREE,
        *,
        upgrade_only: bool = False,
    ) -> dict[str, Effects]:
        """Return what the given revisions do; helper modules that are too big stay closed."""
        wanted = list(graph.order() if ids is None else ids)
        from lback.app.checking.effects import SmallFiles

        files = SmallFiles(self, at)
        if len(wanted) <= _FEW:
            return files.read(graph, wanted, upgrade_only=upgrade_only)
        entries = {graph[one].blob: Entry(graph[one].path, graph[one].blob) for one in wanted}
        by_blob: dict[str, list[str]] = {}
        for one in wanted:
            by_blob.setdefault(graph[one].blob, []).append(one)
        found: dict[str, Effects] = {}
        for some in _slices(list(entries.values()), self._sizes(entries, at)):
            ours = [one for e in some for one in by_blob[e.blob]]
            found.update(files.read(graph, ours, upgrade_only=upgrade_only))
        return found


def bare_project(ctx: Context, at: str) -> Project:
    """Find the project of a bare repository in one commit's tree; UsageError without one."""
    repository = ctx.repository
    assert repository is not None
    root = repository.git_dir
    names = (ctx.options.config,) if ctx.options.config else _BARE_CONFIGS
    for name in names:
        found = _configured(repository, name, ctx.options.name or "alembic", at)
        if found is not None:
            return found
    raise UsageError(
        f"There is no Alembic configuration at the top of {at} in {root}",
        "Name the file with `--config` (from the top of the tree), or the folder of the "
        "migrations with `--script-location`.",
    )


def _configured(repository: Repository, name: str, section: str, at: str) -> Project | None:
    root = repository.git_dir
    path = root / name
    # Flask-Migrate's ini lies in the script location; any other one in the project's folder.
    folder = root if name == _BARE_CONFIGS[2] else path.parent
    empty = Project(Settings(str(path), section), folder, root)
    found = empty.at(repository, at)
    try:
        return found if found.settings.script_location and found.folders() else None
    except LbackError:
        return None


def _ids_on_disk(repository: Repository, root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the blob ids of files as they are now, "" where there is none."""
    from lback.vcs.worktree import blob_id

    found = []
    for path in paths:
        place = root / path
        there = place.is_file() and not place.is_symlink()
        found.append(blob_id(place.read_bytes(), repository.algorithm) if there else "")
    return tuple(found)


def _slices(entries: Sequence[Entry], sizes: dict[str, int]) -> Iterator[Sequence[Entry]]:
    """Yield entries in portions whose contents fit into memory together."""
    portion: list[Entry] = []
    room = _AT_ONCE
    for entry in entries:
        size = sizes.get(entry.blob, 0)
        if portion and size > room:
            yield portion
            portion, room = [], _AT_ONCE
        portion.append(entry)
        room -= size
    if portion:
        yield portion
