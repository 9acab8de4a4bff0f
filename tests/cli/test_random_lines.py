"""Random command lines end as the contract says; wherever their results go."""

from __future__ import annotations

import os
from itertools import cycle

import pytest

from tests.cli.lines import DOORS, Theatre, allowed_through, in_process, lines, play, through, wrong

_MANY = int(os.environ.get("LBACK_SOAK_LINES", "2000"))
_SEED = int(os.environ.get("LBACK_SOAK_SEED", "8"))


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("lines"))


@pytest.mark.parametrize("seed", range(3))
def test_random_lines_end_as_documented(theatre: Theatre, seed: int) -> None:
    wrong_ends = [one for line in lines(seed, 45) for one in play(line, theatre, in_process)]
    assert not wrong_ends, "\n".join(wrong_ends)


@pytest.mark.parametrize("seed", [100])
def test_wherever_the_result_goes(theatre: Theatre, seed: int) -> None:
    assert not _through_doors(theatre, seed, 2 * len(DOORS))


@pytest.mark.soak
def test_many_random_lines(theatre: Theatre) -> None:
    wrong_ends = [one for line in lines(_SEED, _MANY) for one in play(line, theatre, in_process)]
    wrong_ends += _through_doors(theatre, _SEED + 1, _MANY // 5)
    assert not wrong_ends, "\n".join(wrong_ends)


def _through_doors(theatre: Theatre, seed: int, count: int) -> list[str]:
    found: list[str] = []
    for door, line in zip(cycle(DOORS), lines(seed, count), strict=False):
        stage = theatre.stage(line.place)
        ended = through(door)(stage, line.arguments)
        judge = wrong(line, ended) if door == "open" else allowed_through(door, line, ended)
        found += [f"{line!r} {door}: {one}" for one in judge]
        theatre.clear(stage)
    return found
