"""lback reads text where Alembic imports: on every sample the two must say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.comparing import Place, compare
from bench.revisions import revision_files
from tests.oracle.samples import INI, SAMPLES, revision, versions
from tests.worlds.processes import programs

REFUSED = {"missing parent", "cycle", "forbidden id", "not Python", "conflict markers"}


def warm(env: dict[str, str]) -> list[str]:
    """Return the program as a fork, which is asked some eighty times."""
    return [str(programs(env) / "lback")]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, place: Callable[..., Place]) -> list[Place]:
    return [
        place(tmp_path_factory.mktemp("sample"), name, ini, files)
        for name, (ini, files) in SAMPLES.items()
    ]


@pytest.mark.parametrize("at", [None, "HEAD"])
def test_every_sample_is_read_alike(
    places: list[Place], env: dict[str, str], at: str | None
) -> None:
    compared = list(compare([replace(one, at=at) for one in places], env, warm(env)))
    assert {one.place for one in compared if one.refused} == REFUSED
    # Where Alembic gives up, lback's silence would be the difference.
    assert [found for one in compared for found in one.differences] == []


def test_a_made_up_project_is_read_alike(
    tmp_path: Path, place: Callable[..., Place], env: dict[str, str]
) -> None:
    files = versions(**{file.name[:-3]: file.text.encode() for file in revision_files(200)})
    (one,) = compare([place(tmp_path, "made up", INI, files)], env, warm(env))
    assert (one.revisions, one.heads, one.differences) == (200, 1, ())


def test_a_difference_would_be_seen(
    tmp_path_factory: pytest.TempPathFactory, place: Callable[..., Place], env: dict[str, str]
) -> None:
    left = place(
        tmp_path_factory.mktemp("left"),
        "left",
        INI,
        versions(a1=revision("a1"), b2=revision("b2", "'a1'", labels="'x'")),
    )
    right = place(
        tmp_path_factory.mktemp("right"),
        "right",
        INI,
        versions(a1=revision("a1", doc="another"), c3=revision("c3", "'a1'")),
    )
    (one,) = compare([replace(left, arguments=right.arguments)], env, warm(env))
    seen = {(found.revision, found.field) for found in one.differences}
    assert {("", "heads"), ("a1", "doc"), ("b2", "revision"), ("c3", "revision")} <= seen
