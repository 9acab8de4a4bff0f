"""Where the folders of migrations are: behind a link, in a submodule, or out of git's reach.

A name is relative to the root of the repository. Where git does not reach, it is a whole path, and
the files are read from disk, whichever commit is asked for.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lback.core.source import Entry
from lback.errors import LbackError
from lback.files import is_plain
from lback.system import IS_POSIX
from lback.vcs.git import Git, text
from lback.vcs.noted import INPUTS
from lback.vcs.objects import read_blobs, read_trees
from lback.vcs.worktree import blob_id

_LINK, _MODULE = "120000", "160000"
_MOST_FOLDERS = 1_000
_MOST_FILES = 20_000
_LARGEST = 64 * 1024 * 1024
_MOST_LINKS = 40
_SKIPPED = frozenset((".git", "__pycache__"))
_PACKAGES = frozenset(("site-packages", "dist-packages"))


class Reached(NamedTuple):
    """A folder with its links followed, and the submodule's commit that it is in, if any."""

    folder: str
    module: str = ""
    commit: str = ""


def is_outside(name: str) -> bool:
    """Tell whether a folder or a file is one that git does not reach."""
    # Asked for each of thousands of names.
    return name.startswith("/") or (not IS_POSIX and os.path.isabs(name))  # noqa: PTH117


def name_on_disk(place: str, root: Path) -> str:
    """Return what a folder on disk is called once links are followed."""
    real = os.path.realpath(place)
    if real != place:
        INPUTS.way(place)
    tops = (root, Path(os.path.realpath(root)))
    names = (name_below(Path(real), top) for top in tops)
    return next((name for name in names if name is not None), Path(real).as_posix())


def name_below(place: Path, root: Path) -> str | None:
    """Return what a folder is called from the root, None where git does not reach it.

    It does not reach an installed package, nor a repository of its own, wherever they lie.
    """
    if not place.is_relative_to(root):
        return None
    inner = place.relative_to(root)
    name = "" if inner == Path() else inner.as_posix()
    around = repository_around(root, name)
    foreign = around and not _is_submodule(root, around)
    return None if foreign or not _PACKAGES.isdisjoint(inner.parts) else name


def repository_around(root: Path, folder: str) -> str:
    """Return the folder below the root that is a repository of its own around a folder, or ""."""
    for prefix in prefixes(folder):
        if os.path.lexists(f"{root}/{prefix}/.git"):
            INPUTS.doubt()
            return prefix
    return ""


def _is_submodule(root: Path, prefix: str) -> bool:
    try:
        lines = (root / ".gitmodules").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    settings = (line.partition("=") for line in lines)
    return any(key.strip() == "path" and said.strip() == prefix for key, _, said in settings)


def objects_of(root: Path | None, common_dir: Path, prefix: str) -> Path | None:
    """Return where a submodule keeps its objects, None where they are not here."""
    places = [common_dir / "modules" / prefix]
    if root is not None:
        link = root / prefix / ".git"
        try:
            said = link.read_text("utf-8", "surrogateescape") if is_plain(link) else ""
        except OSError:
            said = ""
        inner = said.removeprefix("gitdir:").strip()
        places.insert(0, link.parent / inner if inner else link)
    for place in places:
        if (place / "objects").is_dir():
            return place / "objects"
    return None


def reached(
    git: Git, wanted: Iterable[tuple[str, str]], root: Path | None, size: int
) -> dict[tuple[str, str], Reached]:
    """Follow the links on the way to folders, each in a commit or (where that is "") in the index.

    `size` is that of an object's id in bytes. Children: two for each link behind another.
    """
    found: dict[tuple[str, str], Reached] = {}
    moving = {pair: pair[1] for pair in wanted}
    for _ in range(_MOST_LINKS):
        stops = _stops(git, [(at, folder) for (at, _), folder in moving.items()], size)
        links = [item for _, mode, item in stops.values() if mode == _LINK]
        texts = read_blobs(git, links, hint="Fetch the missing objects.")
        for pair, folder in tuple(moving.items()):
            prefix, mode, item = stops.get((pair[0], folder), ("", "", ""))
            if mode == _LINK:
                end = _end(prefix, text(texts[item]), folder)
                if not end.startswith(("../", "/")):
                    moving[pair] = end
                    continue
                found[pair] = Reached(name_on_disk(f"{root / end}", root) if root else folder)
            elif mode == _MODULE:
                found[pair] = Reached(folder, prefix, item)
            else:
                found[pair] = Reached(folder)
            del moving[pair]
        if not moving:
            break
    found.update((pair, Reached(folder)) for pair, folder in moving.items())
    return found


def _end(link: str, target: str, folder: str) -> str:
    """Return where a folder is whose way leads over a link."""
    there = posixpath.join(posixpath.dirname(link), target)
    end = posixpath.normpath(posixpath.join(there, folder[len(link) + 1 :]))
    return {".": "", "..": "../"}.get(end, end)


def _stops(
    git: Git, wanted: list[tuple[str, str]], size: int
) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return the first link or submodule on the way to each folder: its path, mode and id."""
    names = [(at, prefix) for at, folder in wanted if at for prefix in prefixes(folder)]
    trees = read_trees(git, (_tree_above(*name) for name in names), size)
    items = {
        (at, path): trees.get(_tree_above(at, path), {}).get(posixpath.basename(path))
        for at, path in names
    }
    for _, folder in (pair for pair in wanted if not pair[0]):
        items.update((("", path), item) for path, item in _staged(git, prefixes(folder)).items())
    found = {}
    for at, folder in wanted:
        for prefix in prefixes(folder):
            mode, item = items.get((at, prefix)) or ("", "")
            if mode in (_LINK, _MODULE):
                found[at, folder] = (prefix, mode, item)
                break
    return found


def _tree_above(at: str, path: str) -> str:
    above = posixpath.dirname(path)
    return f"{at}:{above}" if above else f"{at}^{{tree}}"


def _staged(git: Git, paths: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return mode and id of those of these paths that the index has."""
    out = git.run("ls-files", "--stage", "-z", "--full-name", "--", *paths)
    found = {}
    for line in text(out).split("\0"):
        meta, _, path = line.partition("\t")
        if path in paths:
            found[path] = (meta.split(" ")[0], meta.split(" ")[1])
    return found


def prefixes(folder: str) -> list[str]:
    """Return a folder with all folders above it, the highest first."""
    parts = folder.split("/") if folder else []
    return ["/".join(parts[: at + 1]) for at in range(len(parts))]


def outside_entries(
    folders: Iterable[str], suffixes: tuple[str, ...], *, recursive: bool, algorithm: str = "sha1"
) -> tuple[Entry, ...]:
    """Return the files below folders that git does not reach, by their whole paths."""
    paths: dict[str, None] = {}
    for folder in folders:
        INPUTS.doubt()
        for path in _files(folder, suffixes, recursive=recursive):
            paths[path] = None
            if len(paths) > _MOST_FILES:
                raise _too_much(folder, f"{_MOST_FILES:,} files")
    return tuple(
        Entry(path, blob_id(data, algorithm))
        for path in sorted(paths)
        if (data := _bytes(path)) is not None
    )


def _files(folder: str, suffixes: tuple[str, ...], *, recursive: bool) -> Iterator[str]:
    for number, (here, below, names) in enumerate(os.walk(folder)):
        if number == _MOST_FOLDERS:
            raise _too_much(folder, f"{_MOST_FOLDERS:,} folders")
        below[:] = [name for name in below if name not in _SKIPPED] if recursive else []
        yield from (f"{here}/{name}" for name in names if name.endswith(suffixes))


def _too_much(folder: str, most: str) -> LbackError:
    """Say that a folder that a branch may have named is not searched to its end."""
    return LbackError(
        f"There are more than {most} below {folder}, which is not in the repository.",
        "Name the folder of the migrations itself in `version_locations`.",
    )


def outside_texts(entries: Sequence[Entry], algorithm: str = "sha1") -> dict[str, bytes]:
    """Return the contents of files that git does not reach, by blob id."""
    texts: dict[str, bytes] = {}
    for entry in entries:
        data = _bytes(entry.path)
        if data is None or blob_id(data, algorithm) != entry.blob:
            raise LbackError(
                f"{entry.path} changed while it was being read", "Run the command again."
            )
        texts[entry.blob] = data
    return texts


def _bytes(path: str) -> bytes | None:
    try:
        if not is_plain(path):
            return None
        if Path(path).stat().st_size > _LARGEST:
            raise LbackError(f"{path} is larger than 64 MB.", "Is it the right file?")
        return Path(path).read_bytes()
    except OSError as err:
        raise LbackError(
            f"{path} cannot be read: {err.strerror or err}",
            "Give yourself the right to read it, or take it out of the migration folders.",
        ) from err


def compiled_files(root: Path, folders: Iterable[str], *, recursive: bool) -> Iterator[str]:
    """Yield the bytecode on disk that Alembic's `sourceless` loads: what has no source beside."""
    for folder in folders:
        INPUTS.doubt()
        for here, below, names in os.walk(root / folder):
            cached = Path(here, "__pycache__").iterdir() if "__pycache__" in below else ()
            below[:] = [name for name in below if name not in _SKIPPED] if recursive else []
            stems = {name.split(".")[0] for name in names}
            found = [name for name in names if is_compiled(name) and name[:-1] not in names]
            found += [
                f"__pycache__/{place.name}"
                for place in cached
                if is_compiled(place.name) and place.name.split(".")[0] not in stems
            ]
            for name in sorted(found):
                place = Path(here, name)
                inside = place.is_relative_to(root)
                yield (place.relative_to(root) if inside else place).as_posix()


def is_compiled(name: str) -> bool:
    """Tell whether Alembic's `sourceless` takes a file of this name for a compiled revision."""
    return name.endswith((".pyc", ".pyo")) and not name.startswith((".#", "__init__"))
