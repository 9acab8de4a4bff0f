"""Files and schemas by the hundred, some behind, some failing, one locked: two runs."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.many.fleet import Fleet, fleet
from tests.many.test_all import locked
from tests.servers import fresh_database
from tests.worlds.databases import query

pytestmark = pytest.mark.counted

_FILES, _SCHEMAS = (int(os.environ.get(f"LBACK_SOAK_{name}", most))
                    for name, most in (("FILES", "500"), ("SCHEMAS", "100")))  # fmt: skip
_KINDS = ("new", "new", "new", "behind", "behind", "current", "failing")


def files(tmp_path: Path, number: int) -> None:
    made = fleet(tmp_path, " ".join(f"t{one:03}" for one in range(number)), revisions=3)
    kinds = _prepared(made, number)
    for name in (one for one, kind in kinds.items() if kind == "failing"):
        made.sql(f"{name}.db", "CREATE TABLE t3 (mine TEXT)")
    with locked(tmp_path / "t000.db"):
        _first(made, kinds, "--lock-timeout", "0.2")
    for name in (one for one, kind in kinds.items() if kind == "failing"):
        made.sql(f"{name}.db", "DROP TABLE t3")
    _second(made, kinds)
    for name in kinds:
        assert made.tables(f"{name}.db") == ["t1", "t2", "t3"]


def schemas(tmp_path: Path, number: int) -> None:
    with fresh_database("postgresql", tmp_path) as url:
        names = [f"t{one:03}" for one in range(number)]
        query(url, *(f"CREATE SCHEMA {name}" for name in names))
        made = fleet(tmp_path, revisions=3)
        made.list(f'urls = ["{url}"]\nschemas = "t*"')
        kinds = _prepared(made, number)
        kinds = {name: "new" if kind == "locked" else kind for name, kind in kinds.items()}
        broken = [name for name, kind in kinds.items() if kind == "failing"]
        query(url, "SELECT 1", *(f"CREATE TABLE {name}.t3 (mine TEXT)" for name in broken))
        _first(made, kinds)
        query(url, "SELECT 1", *(f"DROP TABLE {name}.t3" for name in broken))
        _second(made, kinds)
        rows = query(url, "SELECT schemaname FROM pg_tables WHERE tablename IN ('t1', 't2', 't3')")
        assert Counter(row[0] for row in rows) == dict.fromkeys(names, 3)


def _prepared(made: Fleet, number: int) -> dict[str, str]:
    """Bring some to a revision below, some to the head; return the kind of each."""
    chance = random.Random(number)
    kinds = {f"t{one:03}": chance.choice(_KINDS) for one in range(number)}
    kinds["t000"] = "locked"
    kinds["t001"], kinds["t002"] = "failing", "behind"
    text = (made.folder / "pyproject.toml").read_text()
    if "schemas" in text:
        for one, kind in kinds.items():
            if kind in ("behind", "failing", "current"):
                made.lback("migrate", *(["r2"] if kind != "current" else []), "--db", one)
        return kinds
    for target, those in (("r2", ("behind", "failing")), ("r3", ("current",))):
        some = [one for one, kind in kinds.items() if kind in those]
        if some:
            made.list("urls = {" + ", ".join(f'{one} = "sqlite:///{one}.db"' for one in some) + "}")
            made.lback("migrate", target, "--all", "--jobs", "2")
    made.write("pyproject.toml", text)
    return kinds


def _first(made: Fleet, kinds: dict[str, str], *more: str) -> None:
    said = {"new": "done", "behind": "done", "failing": "failed"}
    states = made.states("--jobs", "2", *more, code=3)
    assert states == {name: said.get(kind, kind) for name, kind in kinds.items()}


def _second(made: Fleet, kinds: dict[str, str]) -> None:
    states = made.states("--jobs", "2")
    left = {name for name, kind in kinds.items() if kind in ("failing", "locked")}
    assert states == {name: "done" if name in left else "current" for name in kinds}
    assert made.ask("status", "--all")["summary"] == {"current": len(kinds)}


def test_a_dozen_files(tmp_path: Path) -> None:
    files(tmp_path, 12)


@pytest.mark.postgresql
def test_six_schemas(tmp_path: Path) -> None:
    schemas(tmp_path, 6)


@pytest.mark.soak
def test_hundreds_of_files(tmp_path: Path) -> None:
    files(tmp_path, _FILES)


@pytest.mark.soak
@pytest.mark.postgresql
def test_a_hundred_schemas(tmp_path: Path) -> None:
    schemas(tmp_path, _SCHEMAS)
