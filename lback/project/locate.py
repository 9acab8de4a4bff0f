"""Finds the Alembic project: the configuration on disk, or as it is at another commit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lback.core.configuration import parse_toml
from lback.core.messages import projects as messages
from lback.core.settings import Settings, is_resource, read_settings
from lback.errors import UsageError
from lback.files import BY_HAND, read_by_hand
from lback.vcs.noted import INPUTS
from lback.vcs.reach import is_outside, name_below, name_on_disk, prefixes

if TYPE_CHECKING:
    from lback.project.options import Options
    from lback.vcs.repository import Repository

# What configures a folder where nothing is named; the last is where Flask-Migrate keeps its ini.
CONFIGS = ("alembic.ini", "pyproject.toml", "migrations/alembic.ini")


class Project(NamedTuple):
    """One Alembic project.

    `folder` is where Alembic would be started; `root` is what paths of revisions are
    relative to: the repository's root, or `folder` where there is no git.
    """

    settings: Settings
    folder: Path
    root: Path

    def folders(self) -> tuple[str, ...]:
        """Return the version locations as they are on disk, links followed.

        They are relative to `root`; one that git does not reach is a whole path.
        """
        places = [name_on_disk(os.fspath(place), self.root) for place in self._locations()]
        return tuple(dict.fromkeys(places))

    def written(self) -> tuple[str, ...]:
        """Return the version locations as they are written, links on the way not followed."""
        places = self._locations()
        names = [(name_below(place, self.root), os.fspath(place)) for place in places]
        both = (name if name is not None else name_on_disk(at, self.root) for name, at in names)
        return tuple(dict.fromkeys(both))

    def ways(self) -> tuple[str, ...]:
        """Return the links and the submodules on the way to the version locations."""
        names = [name for name in (*self.written(), *self.folders()) if not is_outside(name)]
        places = dict.fromkeys(prefix for name in names for prefix in prefixes(name))
        return tuple(
            name
            for name in places
            if (self.root / name).is_symlink() or (self.root / name / ".git").exists()
        )

    def location_of(self, path: str) -> str:
        """Return the version location that a file is in, or is to be written to.

        Nothing is written where git does not reach, unless there is no other place.
        """
        folders = self.folders()
        inner = [folder for folder in folders if not is_outside(folder)]
        for folder in sorted(inner, key=len, reverse=True):
            if path.startswith(f"{folder}/" if folder else ""):
                return folder
        return inner[0] if inner and is_outside(path) else path.rpartition("/")[0]

    def name_of(self, path: Path) -> str:
        """Return what a file on disk is called here, the links above it followed."""
        folder = name_on_disk(os.fspath(path.parent), self.root)
        return f"{folder}/{path.name}" if folder else path.name

    def import_roots(self, module: str) -> tuple[str, ...]:
        """Return the folders, relative to `root`, that a module may be imported from.

        A package that the migrations themselves lie in is found wherever it is.
        """
        wanted = [self.folder, self.folder / "src"]
        wanted += [self.folder / entry for entry in self.settings.prepend_sys_path]
        places = [_relative(place, self.root) for place in wanted]
        top = module.partition(".")[0]
        for folder in self.folders():
            if is_outside(folder):
                continue
            parts = folder.split("/")
            places += ["/".join(parts[:at]) for at, part in enumerate(parts) if part == top]
        return tuple(dict.fromkeys(place for place in places if place is not None))

    def config_files(self) -> tuple[str, ...]:
        """Return the configuration files inside `root` that are on disk, relative to it."""
        return tuple(name for name in self.config_names() if (self.root / name).is_file())

    def config_names(self) -> tuple[str, ...]:
        """Return the files inside `root` that may configure the project, relative to it."""
        toml = self.folder / "pyproject.toml"
        names = [toml]
        if self.settings.config_path is not None:
            path = self.folder / self.settings.config_path
            names += [path, path.with_name("alembic.ini")]
        inner = [_relative(name, self.root) for name in names]
        return tuple(dict.fromkeys(name for name in inner if name))

    def env_path(self) -> str | None:
        """Return the path of env.py relative to `root`, None where it is outside."""
        env = os.path.normpath(Path(self.settings.script_location, "env.py"))
        return _relative(Path(env), self.root)

    @property
    def is_nowhere(self) -> bool:
        """Tell whether there is no folder on disk where `script_location` says."""
        location = self.settings.script_location or self.settings.version_locations[0]
        try:
            return not self._place(location).is_dir()
        except UsageError:
            return True

    def _locations(self) -> list[Path]:
        return [self._place(place) for place in self.settings.folders]

    def _place(self, location: str) -> Path:
        if is_resource(location):
            return self._package_place(location)
        return Path(os.path.normpath(self.folder / location))

    def _package_place(self, location: str) -> Path:
        """Find `package:folder` without importing the package, which would run it."""
        INPUTS.doubt()
        package, _, inner = location.partition(":")
        tops = [self.folder / entry for entry in (*self.settings.prepend_sys_path, ".", "src")]
        first, *rest = package.split(".")
        places = [top / first for top in (*tops, *(Path(entry) for entry in sys.path if entry))]
        for found in (*places, *_installed(first)):
            place = found.joinpath(*rest)
            if place.is_dir():
                return Path(os.path.normpath(place.joinpath(*inner.split(":"))))
        raise messages.no_package(package, location)


def _installed(package: str) -> Iterator[Path]:
    """Yield the folders of a package that an import hook finds, as it does an editable one."""
    for finder in sys.meta_path:
        spec = finder.find_spec(package, None)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            yield Path(folder)


class Texts:
    """Reads configuration files from disk, or has them from one commit by their paths.

    Files outside of `root` are read from disk, and so are those in `on_disk` that it lacks.
    """

    def __init__(
        self,
        root: Path,
        found: Mapping[str, bytes] | None = None,
        on_disk: frozenset[str] = frozenset(),
    ) -> None:
        self.root = root
        self.found = found
        self.on_disk = on_disk

    def get(self, path: Path) -> str | None:
        """Return a file's text, or None where there is none."""
        data = self._bytes(path)
        if data is None:
            return None
        if len(data) > BY_HAND:
            raise messages.too_large(path)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as err:
            raise messages.not_utf8(path) from err

    def _bytes(self, path: Path) -> bytes | None:
        name = _relative(path, self.root)
        if self.found is not None and name is not None:
            there = self.found.get(name)
            if there is not None or name not in self.on_disk:
                return there
        INPUTS.file(path)
        return read_by_hand(path)


def find_project(options: Options, cwd: Path, repository: Repository | None) -> Project:
    """Find the project that a command is about; UsageError when there is none."""
    top = repository.root if repository and repository.root else None
    if options.script_location is not None:
        root = top or cwd
        place = str(root / options.script_location)
        return Project(Settings(None, version_locations=(place,), recursive=True), cwd, root)
    named = named_config(options)
    project = search_project(options, cwd, Texts(top or cwd), top)
    if project is None and repository is not None and not named:
        project = _around_submodule(options, repository)
    if project is not None:
        home = cwd if named else project.folder
        return project if top else project._replace(root=_root_without_git(project, home))
    if named:
        raise messages.not_configured_by(cwd / named)
    raise messages.no_configuration(cwd)


def _around_submodule(options: Options, repository: Repository) -> Project | None:
    """Find the project that has its migrations in the submodule where one stands."""
    top, outer = repository.root, repository.superproject()
    if top is None or outer is None:
        return None
    project = search_project(options, top.parent, Texts(top), outer, top)
    if project is None or all(map(is_outside, project.folders())):
        return None
    return project


def _root_without_git(project: Project, folder: Path) -> Path:
    """Return the folder that holds a project and its migrations; its own where that is all."""
    locations = [place for place in project.settings.folders if not is_resource(place)]
    places = [os.path.normpath(project.folder / place) for place in locations]
    shared = Path(os.path.commonpath([folder, *places]))
    return folder if shared == Path(shared.anchor) else shared


def search_project(
    options: Options, cwd: Path, texts: Texts, last: Path | None, root: Path | None = None
) -> Project | None:
    """Search the texts of one place from `cwd` up to `last`; None where nothing configures."""
    section = options.name or "alembic"
    for folder, path in _places(options, cwd, last):
        settings = read_project(path, folder, section, texts)
        if settings is not None:
            return Project(settings, folder, root or last or folder)
    return None


def config_places(options: Options, cwd: Path, last: Path | None, root: Path) -> tuple[str, ...]:
    """Return the files inside `root` that `search_project` may read, relative to it."""
    places = list(_places(options, cwd, last))
    both = [path for _, path in places]
    both += [folder / "pyproject.toml" for folder, _ in places]
    both += [path.with_name("alembic.ini") for _, path in places]
    names = [_relative(path, root) for path in both]
    return tuple(dict.fromkeys(name for name in names if name))


def named_config(options: Options) -> str | None:
    """Return the configuration file that was named; "" and None for none."""
    return os.environ.get("ALEMBIC_CONFIG") if options.config is None else options.config


def default_config(folder: Path, texts: Texts | None = None) -> Path | None:
    """Return the file that configures a folder where none is named."""
    texts = texts or Texts(folder)
    for _, path in _candidates(folder, folder):
        try:
            if read_project(path, folder, "alembic", texts) is not None:
                return path
        except UsageError:
            return path  # it is that file, and something is wrong with it
    return None


def _places(options: Options, cwd: Path, last: Path | None) -> Iterator[tuple[Path, Path]]:
    named = named_config(options)
    if named:
        yield cwd, cwd / named
    else:
        yield from _candidates(cwd, last)


def _candidates(cwd: Path, top: Path | None) -> Iterator[tuple[Path, Path]]:
    """Yield folders from here up to the repository's root, with the files that may configure."""
    for folder in (cwd, *cwd.parents):
        for name in CONFIGS:
            yield folder, folder / name
        if folder == top:
            return


def read_project(path: Path, folder: Path, section: str, texts: Texts) -> Settings | None:
    """Read the settings that a file begins; None when it is absent or about something else."""
    text = texts.get(path)
    if text is None:
        return None
    if path.suffix == ".toml":
        if not parse_toml(text, str(path)).alembic:
            return None
        beside = path.parent / "alembic.ini"
        ini = texts.get(beside)
        return read_settings(
            ini=(str(beside), ini) if ini is not None else None,
            pyproject=(str(path), text),
            section=section,
            cwd=str(folder) if ini is not None else None,
        )
    toml = folder / "pyproject.toml"
    more = texts.get(toml)
    settings = read_settings(
        ini=(str(path), text),
        pyproject=(str(toml), more) if more is not None else None,
        section=section,
        cwd=str(folder),
    )
    inside, started_in = os.fspath(path.parent), os.path.normpath(folder)
    if settings.script_location != started_in or (folder / "env.py").is_file():
        return settings
    # Flask-Migrate goes by the folder of its ini, from wherever `flask` is called.
    return settings._replace(script_location=os.path.normpath(inside))


def _relative(path: Path, root: Path) -> str | None:
    """Return a POSIX path relative to the root ("" for the root itself), None outside of it."""
    for place in (path, Path(os.path.realpath(path))):
        try:
            inner = place.relative_to(root).as_posix()
        except ValueError:
            continue
        return "" if inner == "." else inner
    return None
