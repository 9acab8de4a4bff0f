"""What a person reads of results that are made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lback.app.init import InitResult
from lback.app.makemigrations import MakemigrationsResult
from lback.app.restore import RestoredTable, RestoreResult
from lback.app.status import (
    CheckoutStatus,
    DatabaseStatus,
    OneOfDatabases,
    StatusResult,
    UnreachableDatabase,
    UpstreamStatus,
)
from lback.cli.terminal import render
from lback.core.checks.findings import finding
from lback.core.record.gaps import UnrecordedMove
from lback.core.results import Result
from lback.core.revision_code import ChangedSince
from lback.core.schema_diff import SchemaChange
from lback.core.source import Commit
from lback.formats.style import Style

CURRENT = StatusResult(
    database=DatabaseStatus("sqlite:///x", ("a1",), "current"),
    databases=(
        OneOfDatabases(
            name=None,
            url="sqlite:///x",
            schema=None,
            title="sqlite:///x",
            current=("a1",),
            state="current",
        ),
    ),
    checkout=CheckoutStatus("main", ("a1",)),
    upstream=UpstreamStatus("origin/main", ("a1",), 0, 0),
    pending=(),
    lost=(),
    places={},
    docs={},
    fix="",
)


def text(result: Result) -> list[str]:
    return list(render(result, Style()))


def test_status_on_one_screen() -> None:
    assert text(CURRENT) == [
        "up to date",
        "next: Nothing to do.",
        "database  sqlite:///x: current at a1",
        "checkout  main, head a1",
        "upstream  origin/main, head a1; only here 0 revisions, only there 0 revisions",
    ]


def test_status_without_git_and_without_a_database() -> None:
    alone = replace(
        CURRENT, database=None, databases=(), checkout=CheckoutStatus(None, ()), upstream=None
    )
    assert text(alone)[1:] == [
        "database  not asked",
        "checkout  no git, no revisions",
        "upstream  none",
    ]


def test_status_never_says_that_nothing_is_to_do_where_something_is() -> None:
    """Drift has a command, and a database that was not asked is no reason to be content."""
    change = SchemaChange("added", "column", "users", "nick", None, "TEXT")
    drifted = text(replace(CURRENT, drift=(change,)))
    assert "1 difference: users" in drifted[-1]
    assert drifted[0] == "drift: 1 difference"
    assert drifted[1].startswith("next: `lback diff` shows what is not as promised, `lback diff -R")
    assert text(replace(CURRENT, drift=()))[1] == "next: Nothing to do."
    behind = replace(CURRENT, drift=(change,), pending=("b2",), docs={"b2": "more"})
    assert text(behind)[:2] == ["pending: 1 revision", "next: Run `lback migrate`."]
    alone = text(replace(CURRENT, database=None, databases=()))
    assert "Nothing to do in this checkout; `lback status` asks" in alone[0]


def test_status_lists_what_is_lost_and_pending() -> None:
    many = tuple(f"b{number:02}" for number in range(40))
    docs = {one: f"does {one}" for one in many}
    stands = replace(CURRENT, lost=("z9", "z8"), places={"z9": "on topic"}, pending=many, docs=docs)
    lines = text(stands)
    assert lines[0] == "lost: 2 revisions of the database"
    assert "lost      z9: applied, not in this checkout, on topic" in lines
    assert "lost      z8: applied, not in this checkout, found nowhere" in lines
    assert "pending   40 revisions" in lines
    assert "          b09  does b09" in lines
    assert lines[-1] == "          … and 27 more; see `lback migrate --plan`"
    assert len(text(replace(stands, whole=True))) == 48


def _all_at_once(number: int) -> StatusResult:
    """Return a status of everything that there may be, and much of each."""
    long = "a name that is rather long, as people write them who like to say what they do " * 3
    names = tuple(f"r{one:03}_{long[:40].replace(' ', '_')}" for one in range(number))
    commit = Commit("abcdef0123", "A person " * 9, "a@b", "2026-01-01T00:00:00Z", long)
    rows = tuple(
        OneOfDatabases(
            name=f"tenant_{one}",
            url=f"postgresql://host/{long[:60]}{one}",
            schema=None,
            title=f"tenant_{one} (postgresql://host/{long[:60]}{one})",
            current=names[:9],
            state="unreachable" if one % 3 else "behind",
            pending=names,
            message=long,
            hint=long,
            moved=UnrecordedMove(1, names[:9], names[9:], "2026-01-01", None),
        )
        for one in range(number)
    )
    return replace(
        CURRENT,
        database=DatabaseStatus("x", names, "behind"),
        databases=rows,
        checkout=CheckoutStatus(long, names),
        upstream=UpstreamStatus(long, names, number, number),
        pending=names, lost=names, redundant=names, skipped=names, unknown=names,
        brought=dict.fromkeys(names, commit), docs=dict.fromkeys(names, long),
        changed=tuple(
            ChangedSince(name, name, "upgrade()", long, "2026-01-01", long) for name in names
        ),
        drift=tuple(SchemaChange("added", "column", long, "n", None, "T") for _ in names),
        findings=tuple(
            finding("LB103", long, hint=long, path=f"{long[:30]}.py", line=3) for _ in names
        ),
        fix=long, urgent=tuple(names),
    )  # fmt: skip


@pytest.mark.parametrize("number", [1, 2, 12, 40])
@pytest.mark.parametrize("width", [60, 80])
def test_status_fits_one_screen_whatever_there_is(number: int, width: int) -> None:
    every = _all_at_once(number)
    states = [every, replace(every, summary={"behind": 400, "unreachable": 90, "current": 3})]
    for field in ("findings", "pending", "databases", "changed", "skipped", "lost"):
        states.append(replace(CURRENT, docs=every.docs, **{field: getattr(every, field)}))
    for state in states:
        lines = [*render(state, Style(width=width))]
        assert sum(-(-len(line) // width) for line in lines) <= 24, "\n".join(lines)
        step = next(at for at, line in enumerate(lines) if line.startswith("next:"))
        assert step <= 3
        whole = "\n".join(render(replace(state, whole=True), Style(width=width)))
        assert all(name in whole for name in (*state.pending, *state.lost, *state.skipped))
    many = len(every.findings) > 3
    shown = "\n".join(render(replace(CURRENT, findings=every.findings), Style(width=width)))
    assert ("more; see `lback check`" in shown) is many


@pytest.mark.parametrize(
    ("what", "step"),
    [
        ({"upstream": UpstreamStatus("origin/main", ("b2",), 0, 1)}, "Run `git pull`"),
        ({"pending": ("b2",), "docs": {"b2": ""}}, "Run `lback migrate`."),
        ({"lost": ("z9",)}, "`lback switch` undoes"),
        ({"findings": (finding("LB101", "2 heads"),)}, "Fix what is listed below"),
        ({"fix": "Take the files back."}, "Take the files back."),
        ({"database": UnreachableDatabase("No.", "Start it.")}, "Start it."),
        ({"database": UnreachableDatabase("No.", None)}, "Start the database"),
    ],
    ids=str,
)
def test_status_names_one_next_step(what: dict[str, object], step: str) -> None:
    """What stands further down is in the way of all that stands above it."""
    (line,) = (one for one in text(replace(CURRENT, **what)) if one.startswith("next: "))
    assert line.startswith(f"next: {step}")


def test_init_says_where_the_models_are() -> None:
    new = InitResult(
        folder="/x", written=("manage.py",), models="a:B",
        models_found=True, models_there=True, hooks="none",
    )  # fmt: skip
    assert text(new)[:2] == ["wrote manage.py", "the models are a:B, found by reading the files"]
    assert text(replace(new, models_found=False))[1] == "the models are a:B"
    nowhere = replace(new, models_found=False, models_there=False)
    assert text(nowhere)[1].startswith("the models are expected at a:B: write them there")
    assert text(new)[-1] == "next: `lback makemigrations first_tables`, then `lback migrate`"


def test_init_adopts_and_offers_the_hooks() -> None:
    adopted = InitResult(folder="/x", adopted=("alembic.ini",), written=(), hooks="offered")
    assert text(adopted) == [
        "found an Alembic project: alembic.ini; no file of it was changed",
        "next: `lback status`",
        "next: `lback hooks install` lets git tell you of forks",
    ]


def test_restore_tells_what_it_holds_and_what_came_back() -> None:
    table = RestoredTable("users", ("email",), False, 3, restored=1, present=0, missing=2)
    result = RestoreResult(file="x", undoes=(), tables=(table,), done=True)
    assert text(replace(result, done=False)) == ["users: 3 rows (column email)"]
    assert text(result) == [
        "users: 1 row put back (column email)",
        "    2 rows not put back: deleted since",
    ]
    unsure = replace(table, unsure=1, missing_keys=("7",))
    assert text(replace(result, tables=(unsure,)))[1] == (
        "    2 rows not put back: deleted since, or under another key by now (key 7, …)"
    )
    there = replace(table, whole=True, present=3, missing=0, restored=0)
    assert text(replace(result, tables=(there,))) == [
        "users: 0 rows put back (whole rows)",
        "    3 rows there already, as they were saved",
    ]


def test_makemigrations_tells_what_it_wrote() -> None:
    assert text(MakemigrationsResult()) == ["no changes: the models and the schema agree"]
    wrote = MakemigrationsResult(paths=("v/a.py",), changes=("add users",), sql=("CREATE", "x;"))
    assert text(wrote) == [
        "wrote v/a.py", "  add users", "", "CREATE\nx;", "next: read it, then `lback migrate`",
    ]  # fmt: skip
    assert text(replace(wrote, sql=(), empty=True))[-1] == "next: fill it in, then `lback migrate`"
    pending = MakemigrationsResult(changes=("add users",), status="findings", exit_code=1)
    assert text(pending) == [
        "the models and the migrations do not agree:",
        "  add users",
        "next: `lback makemigrations NAME`",
    ]
