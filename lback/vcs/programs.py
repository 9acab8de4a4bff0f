"""Where a program is: never in a folder that depends on where one stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lback.vcs.environment import ENDINGS, is_program, programs

if TYPE_CHECKING:
    from lback.vcs.repository import Repository


def own_program(name: str, repository: Repository | None) -> Path | None:
    """Find a program beside this Python, else on PATH; none that a branch has brought.

    `node_modules/.bin` on PATH, or an environment below the root: a checkout puts tracked
    files over ignored ones there.
    """
    beside = Path(sys.executable).parent
    for ending in ENDINGS:
        place = beside / f"{name}{ending}"
        if is_program(place) and not _is_brought(place, repository):
            return place
    places = map(Path, programs(name, os.environ.get("PATH", os.defpath)))
    return next((one for one in places if not _is_brought(one, repository)), None)


def _is_brought(place: Path, repository: Repository | None) -> bool:
    """Tell whether git tracks a program, or what a link to it leads to."""
    if repository is None or repository.root is None:
        return False
    root = os.path.realpath(repository.root)
    real = Path(os.path.realpath(place.parent), place.name)
    names = (real, Path(os.path.realpath(place)))
    inside = [os.path.relpath(one, root) for one in names if one.is_relative_to(root)]
    return bool(inside) and bool(repository.git.ask("ls-files", "-z", "--", *inside).out)
