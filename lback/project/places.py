"""Which folders and settings a project has at each place: the work tree, the index, any commit."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.messages import projects as messages
from lback.core.settings import Settings, read_own
from lback.core.source import INDEX, WORKTREE, Entry
from lback.errors import GitUnavailable, HistoryMissing, LbackError, UsageError
from lback.project.locate import (
    CONFIGS,
    Project,
    Texts,
    config_places,
    read_project,
    search_project,
)
from lback.vcs.worktree import blob_id

if TYPE_CHECKING:
    from lback.core.dialects import Dialects
    from lback.core.preferences import LbackSettings
    from lback.project.options import Options
    from lback.vcs.repository import Repository

Folders = tuple[tuple[str, ...], bool]


class Places:
    """The project as it is configured at each place; equal configurations are read once.

    `own` is the project that the command is about, by its configuration; `here` is that with
    the settings that it is judged by. With `untracked`, configuration files that git does not
    track are the caller's own: they are read from disk for every commit.
    """

    def __init__(
        self,
        options: Options,
        cwd: Path,
        repository: Repository | None,
        project: Project,
        *,
        untracked: bool = False,
        no_git: GitUnavailable | None = None,
    ) -> None:
        self.options = options
        self.cwd = cwd
        self.repository = repository
        self.no_git = no_git
        self.untracked = untracked
        self.own = project
        self.here = project
        self._judged_by: LbackSettings | None = None
        self._projects: dict[tuple[str, ...], Project] = {}
        self._by_commit: dict[str, Project] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        self._dialects: dict[tuple[str, ...], Dialects] = {}
        self._folders: dict[tuple[int, str], tuple[Project, Folders]] = {}
        self._led: dict[str, Folders] = {}
        self._wider: dict[str, Folders] = {}

    @property
    def hidden(self) -> str:
        """Say why git does not tell of a repository that may be here, "" where none is hidden."""
        return self.no_git.message if self.no_git is not None and not self.no_git.outside else ""

    @property
    def unconfigured(self) -> bool:
        """Tell whether `--script-location` names the folder: any file there may be no revision."""
        return self.options.script_location is not None

    def project_at(self, at: str) -> Project:
        """Return the project with the settings that hold at a place."""
        if self.repository is None or at in (WORKTREE, INDEX):
            return self.here
        if at not in self._by_commit:
            self._by_commit[at] = self._at(at)
        return self._by_commit[at]

    def folders(self, at: str = WORKTREE) -> Folders:
        """Return the version locations at a place, and whether their subfolders count."""
        if at in self._wider:
            return self._wider[at]
        project = self.project_at(at)
        if at == WORKTREE or self.repository is None:
            return self._known(project, project.folders)
        if at not in self._led:
            names, recursive = self._known(project, project.written)
            led = self.repository.led(at, names, recursive=recursive)
            self._led[at] = (led, recursive)
        return self._led[at]

    def of_base(self, project: Project, at: str) -> Folders:
        """Return the version locations of another configuration in the tree of a place."""
        names, recursive = project.written(), project.settings.recursive
        if self.repository is None or at == WORKTREE:
            return project.folders(), recursive
        return self.repository.led(at, names, recursive=recursive), recursive

    def _known(self, project: Project, ask: Callable[[], tuple[str, ...]]) -> Folders:
        """Return the answer of a project's method, which is asked once."""
        key = (id(project), ask.__name__)
        if key not in self._folders:
            # The project is kept as well, so that no other one gets its number.
            self._folders[key] = (project, (ask(), project.settings.recursive))
        return self._folders[key][1]

    def look_ahead(self, commits: Sequence[str]) -> None:
        """Learn the configurations and the folders of many commits, in one look each."""
        repository = self.repository
        if repository is None:
            return
        if self.here.settings.config_path is not None:
            self._configurations(repository, commits)
        written = (self._known(own, own.written)[0] for own in map(self.project_at, commits))
        repository.look_for(
            commits, tuple(dict.fromkeys(name for some in written for name in some))
        )

    def _configurations(self, repository: Repository, commits: Sequence[str]) -> None:
        from lback.vcs.lookups import path_ids

        project = self.here
        unknown = [commit for commit in commits if commit not in self._by_commit]
        paths = project.config_names() if repository.is_bare else self._config_paths
        env = project.env_path()
        if not self._projects and repository.root is not None:
            self._projects[_ids_on_disk(repository, repository.root, paths)] = project
        for commit, ids in path_ids(repository, unknown, (*paths, env or "")).items():
            key = ids[:-1]
            if key not in self._projects:
                self._projects[key] = self._at(commit)
            self._by_commit[commit] = found = self._projects[key]
            if found.env_path() == env:
                self._sources[commit] = ids

    def dialects_at(self, at: str, read: Callable[[], Dialects]) -> Dialects:
        """Return the dialects at a place; read once where configuration and env.py are equal."""
        ids = self._sources.get(at)
        if ids is None:
            return read()
        if ids not in self._dialects:
            self._dialects[ids] = read()
        return self._dialects[ids]

    def judge_by(self, settings: LbackSettings) -> Project:
        """Use these settings of lback's own for every place; return the project with them."""
        self._judged_by = settings
        self.here = self._judged(self.own)
        return self.here

    def wider(self, at: str, folders: Folders) -> Places:
        """Return the same with more folders at one place, whatever its configuration says."""
        names, recursive = self.folders(at)
        both = tuple(dict.fromkeys((*folders[0], *names)))
        other = copy(self)
        other._wider = {**self._wider, at: (both, recursive or folders[1])}
        return other

    def without_copies(self, entries: tuple[Entry, ...], at: str) -> tuple[Entry, ...]:
        """Leave out what is the same in two folders, at a place that was made wider."""
        return _without_copies(entries, self._wider[at][0]) if at in self._wider else entries

    def search(self, commit: str) -> Project | None:
        """Search the project in the tree of a commit, from the same folder up; None without one.

        UsageError where a file cannot be read.
        """
        own = self.own
        assert self.repository is not None
        if own.settings.config_path is None:
            return own
        if self.repository.is_bare:
            return _search_bare(self.options, self.repository, commit)
        texts = self._texts(commit, self._config_paths)
        return search_project(self.options, self.cwd, texts, own.folder, own.root)

    def search_own(self, commit: str) -> LbackSettings:
        """Read lback's own settings of a commit where nothing configures the migrations."""
        own = self.own
        texts = self._texts(commit, own.config_names())
        toml = own.folder / "pyproject.toml"
        ini = own.folder / (own.settings.config_path or "alembic.ini")
        both = [(str(path), texts.get(path)) for path in (ini, toml)]
        pair = [(path, text) if text is not None else None for path, text in both]
        ini_text = pair[0] if ini.suffix != ".toml" else None
        return read_own(ini_text, pair[1], own.settings.section)

    def _at(self, commit: str) -> Project:
        try:
            project = self.search(commit)
        except HistoryMissing:
            raise
        except LbackError:
            # The configuration there may be younger or broken; the one here is what is known.
            project = None
        return self._judged(project) if project is not None else self.here

    def _judged(self, project: Project) -> Project:
        if self._judged_by is None:
            return project
        return project._replace(settings=project.settings._replace(lback=self._judged_by))

    def _texts(self, commit: str, paths: Iterable[str]) -> Texts:
        assert self.repository is not None
        texts = self.repository.files(commit, paths)
        return Texts(self.own.root, texts, self._callers_own if self.untracked else frozenset())

    @cached_property
    def _config_paths(self) -> tuple[str, ...]:
        own = self.own
        names = config_places(self.options, self.cwd, own.folder, own.root)
        return tuple(dict.fromkeys((*names, *own.config_names())))

    @cached_property
    def _callers_own(self) -> frozenset[str]:
        """Return the configuration files on disk that git does not track."""
        repository = self.repository
        if repository is None or repository.root is None:
            return frozenset()
        tracked = repository.files(INDEX, self._config_paths)
        head = repository.head().commit
        if head is not None:
            tracked |= repository.files(head, self._config_paths)
        return frozenset(self._config_paths) - tracked.keys()


def inside(path: str, folders: Folders) -> bool:
    """Tell whether a file lies in one of the folders, or anywhere below when they recurse."""
    names, recursive = folders
    if recursive:
        return any(not name or path.startswith(f"{name}/") for name in names)
    return posixpath.dirname(path) in names


def bare_project(options: Options, repository: Repository, at: str, base: str | None) -> Project:
    """Find the project of a bare repository in one commit's tree; UsageError without one.

    Where that tree has none that can be read, the one of `base` is what is known.
    """
    broken: LbackError | None = None
    for place in (at, base):
        try:
            project = _search_bare(options, repository, place) if place is not None else None
        except UsageError as err:
            broken, project = broken or err, None
        if project is not None and project.written():
            return project
    if broken is not None:
        raise broken
    raise messages.no_configuration_at(at, repository.git_dir)


def _search_bare(options: Options, repository: Repository, at: str) -> Project | None:
    """Search the project in one commit's tree; UsageError where a file cannot be read."""
    root = repository.git_dir
    for name in (options.config,) if options.config else CONFIGS:
        path = root / name
        # Flask-Migrate's ini lies in the script location; any other one in the project's folder.
        folder = root if name == CONFIGS[2] else path.parent
        empty = Project(Settings(str(path), options.name or "alembic"), folder, root)
        texts = Texts(root, repository.files(at, empty.config_names()))
        settings = read_project(path, folder, empty.settings.section, texts)
        if settings is not None:
            return empty._replace(settings=settings)
    return None


def _without_copies(entries: Sequence[Entry], folders: Sequence[str]) -> tuple[Entry, ...]:
    """Leave out the same content in a later one of several folders."""
    places = {folder: at for at, folder in enumerate(folders)}

    def rank(entry: Entry) -> int:
        above = [at for name, at in places.items() if not name or entry.path.startswith(f"{name}/")]
        return min(above, default=len(places))

    kept: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=rank):
        kept.setdefault((entry.name, entry.blob), entry)
    chosen = {entry.path for entry in kept.values()}
    return tuple(entry for entry in entries if entry.path in chosen)


def _ids_on_disk(repository: Repository, root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return the blob ids of files as they are now, "" where there is none."""
    ids = []
    for path in paths:
        place = root / path
        there = place.is_file() and not place.is_symlink()
        ids.append(blob_id(place.read_bytes(), repository.algorithm) if there else "")
    return tuple(ids)
