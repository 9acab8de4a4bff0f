"""How control gets to a place: on which dialects, and in which share of all cases.

A condition that nobody can know splits a path in two halves, one on the dialect splits it by
dialect; where paths meet again their shares are added. What a path with the whole share does
is certain. All shares are sums of halves of halves down to a limit, which floats hold exactly;
below it a share is nothing that could ever be whole again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from lback.core.dialects import EVERY_DIALECT, Dialects
from lback.core.interpreter.values import Test

# Disjoint sets of dialects, each with the share of the cases that come along here.
Path: TypeAlias = tuple[tuple[Dialects, float], ...]

START: Path = ((EVERY_DIALECT, 1.0),)
DEAD: Path = ()
_SMALLEST = 2.0**-50


def half(path: Path) -> Path:
    """Return the half of the cases."""
    return tuple((on, share / 2 if share > _SMALLEST else math.nan) for on, share in path)


def double(path: Path) -> Path:
    """Return the path again whose other half never goes on."""
    return tuple((on, share * 2) for on, share in path)


def limited(path: Path, to: Dialects) -> Path:
    """Return the part of a path that is on some dialects."""
    if to.every:
        return path
    parts = ((on & to, share) for on, share in path)
    return tuple((on, share) for on, share in parts if not on.empty)


def split(path: Path, test: Test) -> tuple[Path, Path]:
    """Return the cases in which a test is true, and those in which it is not."""
    if test.must.every:
        return path, DEAD
    if test.may.empty:
        return DEAD, path
    sure_yes, sure_no = limited(path, test.must), limited(path, ~test.may)
    open_ = half(limited(path, test.may & ~test.must))
    return join([sure_yes, open_]), join([sure_no, open_])


def join(paths: Iterable[Path]) -> Path:
    """Return the path that disjoint cases take together."""
    found: Path = DEAD
    for path in paths:
        found = _joined(found, path) if found and path else found or path
    return found


def _joined(left: Path, right: Path) -> Path:
    parts: list[tuple[Dialects, float]] = []
    rest = left
    for on, share in right:
        alone = on
        following: list[tuple[Dialects, float]] = []
        for other, other_share in rest:
            both = on & other
            if both.empty:
                following.append((other, other_share))
                continue
            parts.append((both, share + other_share))
            alone = alone & ~other
            remaining = other & ~on
            if not remaining.empty:
                following.append((remaining, other_share))
        if not alone.empty:
            parts.append((alone, share))
        rest = tuple(following)
    return _tidied([*parts, *rest])


def _tidied(parts: list[tuple[Dialects, float]]) -> Path:
    if len(parts) == 1:
        return tuple(parts)
    by_share: dict[float, Dialects] = {}
    broken: Dialects | None = None
    for on, share in parts:
        if math.isnan(share):
            broken = on if broken is None else broken | on
        else:
            by_share[share] = by_share[share] | on if share in by_share else on
    found = tuple((on, share) for share, on in by_share.items())
    return found if broken is None else (*found, (broken, math.nan))


def certain(path: Path) -> bool:
    """Tell whether control surely comes along, on the dialects that are meant."""
    return all(share == 1.0 for _, share in path)


def dialects(path: Path) -> Dialects:
    """Return the dialects that are meant."""
    found = ~EVERY_DIALECT
    for on, _ in path:
        found = found | on
    return found
