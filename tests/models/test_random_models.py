"""Random models change a little: makemigrations, up, down and up, beside `create_all`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.models.playing import Score, play_all
from tests.servers import KINDS, fresh_database

SHORT = 4
ROUNDS = int(os.environ.get("LBACK_SOAK_MODELS", "200"))
SEED = int(os.environ.get("LBACK_SOAK_SEED", "1000"))
CHOSEN = os.environ.get("LBACK_SOAK_DATABASE", "")


def play(kind: str, seeds: range, folder: Path, *tools: str) -> dict[str, Score]:
    for name in ("one", "two"):
        (folder / name).mkdir()
    with (
        fresh_database(kind, folder / "one") as one,
        fresh_database(kind, folder / "two") as two,
    ):
        return play_all(kind, seeds, folder, (one, two), tools)


@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mysql),
    ],
)
def test_nothing_is_lost(tmp_path: Path, kind: str) -> None:
    score = play(kind, range(SHORT), tmp_path, "lback")["lback"]
    assert not score.lost, score.why()


@pytest.mark.soak
@pytest.mark.parametrize("kind", [kind for kind in KINDS if CHOSEN in (kind, "")])
def test_nearly_all_are_right(tmp_path: Path, kind: str) -> None:
    scores = play(kind, range(SEED, SEED + ROUNDS), tmp_path, "lback", "alembic")
    for tool, score in scores.items():
        print(f"{kind} {tool}: {score}\n{score.why()}\n")
    assert not scores["lback"].lost, scores["lback"].why()
