"""Reads branches of strangers: big files stay closed, and configurations are read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lback.app.locate import Project, Texts, config_places, read_project, search_project
from lback.app.reading import HEADERS, INDEX, WORKTREE, Reader, wanted
from lback.core.header import Header, Unreadable
from lback.core.preferences import LbackSettings
from lback.core.settings import Settings, read_own
from lback.core.source import Entry
from lback.errors import HistoryMissing, LbackError, UsageError

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

    def __init__(self, ctx: Context, broken: str = "") -> None:
        super().__init__(ctx)
        self.broken = broken  # why the configuration on disk cannot be read
        self.too_big: set[str] = set()
        self._projects: dict[tuple[str, ...], Project] = {}
        self._by_commit: dict[str, Project] = {}
        self._folders: dict[int, tuple[Project, tuple[tuple[str, ...], bool]]] = {}
        self._wider: dict[str, tuple[tuple[str, ...], bool]] = {}
        self._settings: LbackSettings | None = None
        self._home = ctx.project

    # Configuration

    def judge_by(self, settings: LbackSettings) -> None:
        """Use these settings of lback's own for every place."""
        self._settings = settings
        self.ctx.project = self._judged(self._home)

    def _judged(self, project: Project) -> Project:
        if self._settings is None:
            return project
        return project._replace(settings=project.settings._replace(lback=self._settings))

    def search(self, commit: str) -> Project | None:
        """Search the project in the tree of a commit, from the same folder up; None without one.

        Where a commit lacks a file that git does not track here either, that is the caller's
        own, and is read from disk. UsageError where a file cannot be read.
        """
        repository, home = self.repository, self._home
        assert repository is not None
        if home.settings.config_path is None:
            return home
        if repository.is_bare:
            return search_bare(self.ctx, commit)
        paths = self._config_paths
        texts = Texts(home.root, repository.files(commit, paths), self._callers_own)
        ctx = self.ctx
        return search_project(ctx.options, ctx.cwd, texts, home.folder, home.root)

    def search_own(self, commit: str) -> LbackSettings:
        """Read lback's own settings of a commit where nothing configures the migrations."""
        repository, home = self.repository, self._home
        assert repository is not None
        texts = Texts(home.root, repository.files(commit, home.config_names()), self._callers_own)
        toml = home.folder / "pyproject.toml"
        ini = home.folder / (home.settings.config_path or "alembic.ini")
        both = [(str(path), texts.get(path)) for path in (ini, toml)]
        pair = [(path, text) if text is not None else None for path, text in both]
        ini_text = pair[0] if ini.suffix != ".toml" else None
        return read_own(ini_text, pair[1], home.settings.section)

    @cached_property
    def _config_paths(self) -> tuple[str, ...]:
        home, ctx = self._home, self.ctx
        found = config_places(ctx.options, ctx.cwd, home.folder, home.root)
        return tuple(dict.fromkeys((*found, *home.config_names())))

    @cached_property
    def _callers_own(self) -> frozenset[str]:
        """Return the configuration files on disk that git does not track."""
        repository = self.repository
        if repository is None or repository.root is None:
            return frozenset()
        tracked = repository.files("index", self._config_paths)
        head = repository.head().commit
        if head is not None:
            tracked |= repository.files(head, self._config_paths)
        return frozenset(self._config_paths) - tracked.keys()

    def look_ahead(self, commits: Sequence[str]) -> None:
        """Learn the configurations of many commits in one look; equal ones are read once."""
        from lback.vcs.lookups import path_ids

        repository, project = self.repository, self.ctx.project
        if repository is None or project.settings.config_path is None:
            return
        wanted = [one for one in commits if one not in self._by_commit]
        paths = project.config_names() if repository.is_bare else self._config_paths
        if not self._projects and repository.root is not None:
            self._projects[_ids_on_disk(repository, repository.root, paths)] = project
        for commit, key in path_ids(repository, wanted, paths).items():
            if key not in self._projects:
                self._projects[key] = self._at(commit)
            self._by_commit[commit] = self._projects[key]

    def project_at(self, at: str) -> Project:
        """Return the project with the settings that hold at a place."""
        if at not in self._by_commit:
            self._by_commit[at] = self._at(at)
        return self._by_commit[at]

    def _at(self, at: str) -> Project:
        if self.repository is None or at in (WORKTREE, INDEX):
            return self.ctx.project
        try:
            found = self.search(at)
        except HistoryMissing:
            raise
        except LbackError:
            # The configuration there may be younger or broken; the one here is what is known.
            found = None
        return self._judged(found) if found is not None else self.ctx.project

    def widen(self, at: str, folders: tuple[tuple[str, ...], bool]) -> None:
        """Look into these folders too at a place, whatever its own configuration says."""
        names, recursive = self.folders(at)
        both = tuple(dict.fromkeys((*folders[0], *names)))
        self._wider[at] = (both, recursive or folders[1])

    def folders(self, at: str = WORKTREE) -> tuple[tuple[str, ...], bool]:
        """Return the version locations at a place, and whether their subfolders count."""
        if at in self._wider:
            return self._wider[at]
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
        return self.without_copies(self.entries_in(at, folders, recursive), at)

    def without_copies(self, entries: tuple[Entry, ...], at: str) -> tuple[Entry, ...]:
        """Leave out what is the same in two places, where a place was widened."""
        return _without_copies(entries, self._wider[at][0]) if at in self._wider else entries

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


def bare_project(ctx: Context, at: str, base: str | None) -> Project:
    """Find the project of a bare repository in one commit's tree; UsageError without one.

    Where that tree has none that can be read, the one of `base` is what is known.
    """
    repository = ctx.repository
    assert repository is not None
    broken: LbackError | None = None
    for place in (at, base):
        try:
            found = search_bare(ctx, place) if place is not None else None
        except UsageError as err:
            broken, found = broken or err, None
        if found is not None and found.folders():
            return found
    if broken is not None:
        raise broken
    raise UsageError(
        f"There is no Alembic configuration at the top of {at} in {repository.git_dir}",
        "Name the file with `--config` (from the top of the tree), or the folder of the "
        "migrations with `--script-location`.",
    )


def search_bare(ctx: Context, at: str) -> Project | None:
    """Search the project in one commit's tree; UsageError where a file cannot be read."""
    repository = ctx.repository
    assert repository is not None
    root = repository.git_dir
    names = (ctx.options.config,) if ctx.options.config else _BARE_CONFIGS
    for name in names:
        path = root / name
        # Flask-Migrate's ini lies in the script location; any other one in the project's folder.
        folder = root if name == _BARE_CONFIGS[2] else path.parent
        empty = Project(Settings(str(path), ctx.options.name or "alembic"), folder, root)
        texts = Texts(root, repository.files(at, empty.config_names()))
        settings = read_project(path, folder, empty.settings.section, texts)
        if settings is not None:
            return empty._replace(settings=settings)
    return None


def _without_copies(entries: Iterable[Entry], folders: Sequence[str]) -> tuple[Entry, ...]:
    """Leave out the same content in a later one of several folders."""
    places = {folder: at for at, folder in enumerate(folders)}

    def rank(entry: Entry) -> int:
        above = [at for name, at in places.items() if not name or entry.path.startswith(f"{name}/")]
        return min(above, default=len(places))

    found = list(entries)
    kept: dict[tuple[str, str], Entry] = {}
    for entry in sorted(found, key=rank):
        kept.setdefault((entry.name, entry.blob), entry)
    chosen = {entry.path for entry in kept.values()}
    return tuple(entry for entry in found if entry.path in chosen)


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
