"""Where a program is: never in a folder that depends on where one stands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lback.vcs.repository import Repository

_ENDINGS = (".exe", "") if sys.platform == "win32" else ("",)


def git_program(environ: Mapping[str, str]) -> str | None:
    """Return the path of git, None where there is none."""
    return _first("git", environ.get("PATH", os.defpath))


def own_program(name: str, repository: Repository | None) -> Path | None:
    """Find a program beside this Python, else on PATH; none that a branch has brought.

    `node_modules/.bin` on PATH, or an environment below the root: a checkout puts tracked
    files over ignored ones there.
    """
    beside = Path(sys.executable).parent
    for ending in _ENDINGS:
        place = beside / f"{name}{ending}"
        if _is_program(place) and not _is_brought(place, repository):
            return place
    places = _places(name, os.environ.get("PATH", os.defpath))
    return next((one for one in places if not _is_brought(one, repository)), None)


@lru_cache(maxsize=8)
def _first(name: str, path: str) -> str | None:
    return next((os.fspath(place) for place in _places(name, path)), None)


def _places(name: str, path: str) -> Iterator[Path]:
    """Yield the programs of a name; an empty or relative entry of PATH means the tree."""
    for entry in path.split(os.pathsep):
        if os.path.isabs(entry):  # noqa: PTH117 - most entries are only looked at
            for ending in _ENDINGS:
                place = Path(entry, f"{name}{ending}")
                if _is_program(place):
                    yield place


def _is_program(place: Path) -> bool:
    return place.is_file() and os.access(place, os.X_OK)


def _is_brought(place: Path, repository: Repository | None) -> bool:
    """Tell whether git tracks a program, or what a link to it leads to."""
    if repository is None or repository.root is None:
        return False
    root = os.path.realpath(repository.root)
    real = Path(os.path.realpath(place.parent), place.name)
    names = (real, Path(os.path.realpath(place)))
    inside = [os.path.relpath(one, root) for one in names if one.is_relative_to(root)]
    return bool(inside) and bool(repository.git.ask("ls-files", "-z", "--", *inside).out)
