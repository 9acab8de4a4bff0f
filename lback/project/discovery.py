"""Finds what may configure an environment, on disk or at a commit, and reads it as text."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from lback.core.configuration import parse_ini
from lback.core.settings import is_resource
from lback.errors import LbackError
from lback.project.locate import Texts, default_config
from lback.project.options import DEFAULT_SECTION, Environment
from lback.vcs.git import text
from lback.vcs.repository import Repository

_SKIPPED = frozenset({"node_modules", "site-packages", "venv", "__pycache__"})
_MOST_FOLDERS = 3000
_DEEPEST = 5


class FileTree:
    """Files and folders, on disk or at a commit."""

    def __init__(
        self, root: Path, configuration: Texts, folders: Collection[str] | None = None
    ) -> None:
        self.root = root
        self.configuration = configuration
        self._folders = folders

    def read(self, path: Path) -> str:
        """Return a text, "" where there is none that can be read."""
        try:
            return self.configuration.get(path) or ""
        except (LbackError, OSError):
            return ""

    def has(self, folder: Path) -> bool:
        """Tell whether there is such a folder."""
        if self._folders is None:
            return folder.is_dir()
        return relative(folder, self.root) in self._folders


def tree_at(repository: Repository, commit: str) -> FileTree:
    """Return the files of a commit, those alone that may configure an environment."""
    answer = repository.git.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    names = [name for name in text(answer).split("\0") if name]
    wanted = [word for word in names if _may_configure(word.rpartition("/")[2]) or _is_env(word)]
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    root = repository.root or repository.git_dir
    return FileTree(root, Texts(root, repository.files(commit, wanted)), folders)


def _is_env(name: str) -> bool:
    return name.rpartition("/")[2] == "env.py"


def is_looked_at(name: str) -> bool:
    """Tell whether a file of a commit, or of git's index, counts."""
    return not _is_env(name) and all(map(_is_open, name.split("/")))


def envs(start: Path) -> Iterator[Path]:
    """Yield the env.py below a folder, the nearest first."""
    return _walk(start, _is_env)


def walked(start: Path) -> Iterator[Path]:
    """Yield the files below a folder that may configure something, the nearest first."""
    return _walk(start, _may_configure)


def _walk(start: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
    pending, seen = deque([(start, 0)]), 0
    while pending and seen < _MOST_FOLDERS:
        folder, depth = pending.popleft()
        seen += 1
        try:
            with os.scandir(folder) as listing:
                items = sorted(listing, key=lambda item: item.name)
        except OSError:
            continue
        if any(item.name == "pyvenv.cfg" for item in items):
            continue
        for item in items:
            if wanted(item.name):
                yield Path(item.path)
            elif depth < _DEEPEST and _is_open(item.name) and item.is_dir(follow_symlinks=False):
                pending.append((Path(item.path), depth + 1))


def tracked(repository: Repository | None) -> Iterator[Path]:
    """Yield those that git knows, however deep."""
    if repository is None or repository.root is None:
        return
    root = repository.root
    globs = (":(top,glob)**/*.ini", ":(top,glob)**/pyproject.toml")
    answer = repository.git.ask("ls-files", "-z", "--", *globs, globs=True)
    for name in text(answer.out).split("\0"):
        if name and is_looked_at(name):
            yield root / name


def _may_configure(name: str) -> bool:
    return name.endswith(".ini") or name == "pyproject.toml"


def _is_open(name: str) -> bool:
    return not name.startswith(".") and name not in _SKIPPED


def in_file(path: Path, tree: FileTree) -> Iterator[Environment]:
    """Yield the environments that a file configures, read as text."""
    content = tree.read(path)
    if path.suffix == ".toml":
        if "tool.alembic" in content and "script_location" in content:
            beside = path.with_name("alembic.ini")  # Alembic reads both, and names the ini
            first = beside if tree.read(beside) else path
            yield _environment(tree, path.parent, first, DEFAULT_SECTION)
        return
    for section, location in _sections(content, path, tree):
        yield _environment(tree, _home(tree, path, location), path, section)


def _sections(content: str, path: Path, tree: FileTree) -> Iterator[tuple[str, str | None]]:
    """Yield the sections of an ini that say, or leave to the folder, where migrations are."""
    if "alembic" not in content and "script_location" not in content:
        return
    try:
        ini = parse_ini(content, os.fspath(path), DEFAULT_SECTION)
    except LbackError:
        if path.name == "alembic.ini":  # the command says what is wrong with it
            yield DEFAULT_SECTION, None
        return
    for section in ini.parser.sections():
        location = ini.section_options(section).get("script_location")
        usual = section == DEFAULT_SECTION
        own = usual or "script_location" not in ini.parser.defaults()
        if (location and own) or (usual and tree.read(path.parent / "env.py")):
            yield section, location


def _home(tree: FileTree, path: Path, location: str | None) -> Path:
    """Return the folder that Alembic is started in, as far as the files show it."""
    folder, root = path.parent, tree.root
    if folder == root or not folder.is_relative_to(root):
        return folder
    if location is None or os.path.normpath(location) == ".":
        is_flask = "current_app" in tree.read(folder / "env.py")
        return folder.parent if is_flask else folder
    inner = location.partition(":")[0].replace(".", "/") if is_resource(location) else location
    above = [parent for parent in folder.parents if parent.is_relative_to(root)]
    return next((item for item in (folder, *above) if tree.has(item / inner)), folder)


def _environment(tree: FileTree, folder: Path, path: Path, section: str) -> Environment:
    usual = default_config(folder, tree.configuration)
    config = None if path == usual else relative(path, folder)
    return Environment(relative(folder, tree.root), config, section)


def relative(path: Path, start: Path) -> str:
    """Return a path from a folder, as git spells it."""
    return Path(os.path.relpath(path, start)).as_posix()
