"""Random programs are run with an `op` that records; what is read contains what was recorded.

The short form reads a few hundred programs; the long one (`pytest -m soak`) as many as
LBACK_SOAK_PROGRAMS says, 50,000 by default. A seed names its program: `Program(seed).text()`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from unittest import mock

import pytest

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects
from lback.core.interpreter.reading import FAULT, read_effects
from tests.core.fuzz.programs import Program
from tests.core.recording import Deed, run

# Where a program is run: on which dialect, with what in its environment.
PLACES = (("postgresql", ""), ("postgresql", "xx"), ("sqlite", "xxxx"))


def faults(text: str) -> Iterator[str]:
    """Yield what a reading says wrongly of a program."""
    read = read_effects(text.encode())
    yield from (one.reason for one in read.unknown if one.reason.startswith(FAULT))
    for dialect, environ in PLACES:
        deeds, error = _ran(text, dialect, environ)
        there = [one for one in read.upgrade if _runs_on(one, dialect)]
        said = {_deed(one) for one in there}
        for deed in deeds:
            if deed not in said and not _warned(read, deed):
                yield f"silent about {deed} on {dialect}"
        if error:
            continue  # what stands behind an error did not happen, and nobody claims it would
        for effect in there:
            if effect.certain and not _inside(effect) and _deed(effect) not in deeds:
                yield f"claims {_deed(effect)} on {dialect} with {environ!r}"


def _ran(text: str, dialect: str, environ: str) -> tuple[list[Deed], bool]:
    """Return what a program did, a table by its name alone, and whether it ended by an error."""
    with mock.patch.dict(os.environ, FUZZ=environ):
        ran = run(text, dialect=dialect)
    deeds = [(kind, what, table, _name(what, name)) for kind, what, table, name in ran.deeds]
    return deeds, ran.error is not None


def _runs_on(effect: Effect, dialect: str) -> bool:
    only = Dialects(frozenset({dialect}), but=False)
    return not (Dialects.of(effect.dialect) & only).empty


def _deed(effect: Effect) -> Deed:
    return effect.kind, effect.object, effect.table, _name(effect.object, effect.name)


def _name(what: str, name: str | None) -> str | None:
    return None if what in ("table", "data") else name


def _inside(effect: Effect) -> bool:
    """Tell whether an effect is a part of a CREATE TABLE, which the recorder takes as a whole."""
    return effect.object == "column" and effect.kind == "create" and effect.name == "id"


def _warned(read: Effects, deed: Deed) -> bool:
    return any(not one.tables or deed[2] in one.tables for one in read.unknowns("upgrade"))


def _check(seeds: range) -> None:
    for seed in seeds:
        text = Program(seed).text()
        found = list(dict.fromkeys(faults(text)))
        assert not found, f"program {seed}: {found}\n{text}"


@pytest.mark.untraced
@pytest.mark.parametrize("start", range(0, 600, 150))
def test_what_runs_was_read(start: int) -> None:
    _check(range(start, start + 150))


@pytest.mark.soak
@pytest.mark.parametrize("part", range(10))
def test_what_runs_was_read_at_length(part: int) -> None:
    size = int(os.environ.get("LBACK_SOAK_PROGRAMS", "50000")) // 10
    _check(range(10_000 + part * size, 10_000 + (part + 1) * size))


@pytest.mark.untraced
def test_some_programs_are_read_for_certain() -> None:
    """The fuzz would prove nothing if the reader declared everything unknown."""
    read = [read_effects(Program(seed).text().encode()) for seed in range(200)]
    known = [one for one in read if not one.unknown]
    sure = [effect for one in read for effect in one.upgrade if effect.certain]
    assert (len(known) >= 60, len(sure) >= 200) == (True, True), (len(known), len(sure))
