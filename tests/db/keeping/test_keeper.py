"""What a way down takes lies in the database itself, and comes back with the way up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lback.core.databases import DatabaseName
from lback.core.plans import Downgrade, Restamp, Step, Upgrade
from lback.core.rollback.stakes import Stakes
from lback.db.events import Stamp
from lback.db.keeping.keeper import Keeper
from lback.db.keeping.putting_back import Restored
from lback.db.keeping.saved import SavedRows, Saving
from lback.db.view import View

HERE = DatabaseName("the url")
BLOBS = {"a": "blob a", "b": "blob b", "c": "blob c"}
Place = tuple[str, str | None]
PARTS = "CREATE TABLE parts (id INTEGER PRIMARY KEY, name VARCHAR(20), inside INTEGER)"
USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL)"
SAID = "CREATE TABLE said (what VARCHAR(20), times INTEGER)"


@pytest.fixture
def connection(any_url: str) -> Iterator[Connection]:
    """Connect to a database with three tables: with a key, with a column that goes, and without."""
    engine = sa.create_engine(any_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        do(
            connection,
            *(PARTS, USERS, SAID, "ALTER TABLE users ADD COLUMN extra VARCHAR(20) DEFAULT 'new'"),
            "INSERT INTO parts VALUES (1, 'one', NULL), (2, NULL, 1)",
            "INSERT INTO users VALUES (1, 'Ada', 'x'), (2, 'Grace', NULL), (3, 'Edsger', 'new')",
            "INSERT INTO said VALUES ('yes', 1), ('yes', 1), ('no', NULL)",
        )
        yield connection


ALL: tuple[Place, ...] = (("parts", None), ("users", "extra"), ("said", None))
GO = ("DROP TABLE parts", "ALTER TABLE users DROP COLUMN extra", "DROP TABLE said")
COME = (PARTS, "ALTER TABLE users ADD COLUMN extra VARCHAR(20) DEFAULT 'new'", SAID)
PARTS_ROWS = [(1, "one", None), (2, None, 1)]
USERS_ROWS = [(1, "Ada", "x"), (2, "Grace", None), (3, "Edsger", "new")]
SAID_ROWS = [("no", None), ("yes", 1), ("yes", 1)]


def do(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.commit()


def rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")]


def everything(connection: Connection) -> list[list[tuple[Any, ...]]]:
    return [rows(connection, table) for table in ("parts", "users", "said")]


def own(connection: Connection) -> list[str]:
    """Return the names of lback's own tables."""
    names = sa.inspect(connection).get_table_names()
    return sorted(name for name in names if name.startswith("lback"))


def savings(connection: Connection, name: DatabaseName = HERE) -> list[Saving]:
    return SavedRows(connection, name).all()


def keeper_of(
    kept: Sequence[Place] = ALL,
    lost: Sequence[Place] | None = None,
    *,
    applied: Sequence[str] = (),
    keeps: bool = True,
    blobs: dict[str, str] = BLOBS,
) -> Keeper:
    told = Stakes(tuple(kept if lost is None else lost), tuple(kept))
    none: Any = lambda _view, _revisions: ()  # noqa: E731
    return Keeper(lambda _view, _going: told, none, blobs, lambda _stamp: applied, keeps=keeps)


def view_of(connection: Connection) -> View:
    stamp = Stamp((), HERE.url, connection.dialect.name, HERE)
    return View(stamp, connection, commit=connection.commit)


def travel(
    connection: Connection, keeper: Keeper, *steps: tuple[Step, Sequence[str]]
) -> tuple[tuple[str, Restored], ...]:
    """Take steps as a run does, each with the statements of its code; return what came back."""
    view, plan = view_of(connection), [step for step, _ in steps]
    keeper.begin(view, plan)
    turned = False
    for number, (step, statements) in enumerate(steps, 1):
        if isinstance(step, Upgrade) and not turned:
            keeper.turn(view, plan[number - 1 :])
            turned = True
        do(connection, *statements)
        keeper.stepped(view, step, plan[number:])
        keeper.tidy(view)
    if not turned:
        keeper.turn(view, ())
    connection.commit()
    returned = keeper.kept[HERE.key].returned
    return tuple((f"{saving.number}", row) for saving, done in returned for row in done)


def told(came: Sequence[tuple[str, Restored]]) -> dict[str, tuple[int, ...]]:
    """Return what came of each table: back, present, missing, newer, blocked."""
    return {
        row.table: (row.rows, row.present, row.missing, row.other, row.blocked) for _, row in came
    }


def test_down_and_up_again(connection: Connection) -> None:
    keeper = keeper_of()
    assert travel(connection, keeper, (Downgrade("b"), GO)) == ()
    (saving,) = savings(connection)
    assert keeper.kept[HERE.key].saved == saving
    assert (saving.number, saving.revisions, saving.state) == (1, {"b": "blob b"}, "saved")
    assert len(saving.created) == 20 and saving.created.endswith("Z")
    assert saving.rows == 8
    assert [(table.kept.table, table.rows, table.lost) for table in saving.tables] == [
        ("parts", 2, None),
        ("users", 3, ("extra",)),
        ("said", 3, None),
    ]
    assert [table.source for table in saving.tables] == [f"lback_saved_1_{n}" for n in range(3)]
    assert {name for name in own(connection) if not name.endswith("_after")} == {
        *("lback_saved", "lback_saved_1_0", "lback_saved_1_1", "lback_saved_1_2")
    }
    came = travel(connection, keeper_of(), (Upgrade("b"), COME))
    assert told(came) == {
        "parts": (2, 0, 0, 0, 0),
        "users": (2, 1, 0, 0, 0),
        "said": (3, 0, 0, 0, 0),
    }
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]
    assert own(connection) == ["lback_saved"] and savings(connection) == []


def test_there_and_back_in_one_run(connection: Connection) -> None:
    keeper = keeper_of()
    came = travel(connection, keeper, (Downgrade("b"), GO), (Upgrade("b"), COME))
    assert {number for number, _ in came} == {"1"} and len(came) == 3
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]
    assert savings(connection) == [] and own(connection) == ["lback_saved"]


@pytest.mark.parametrize(
    "up", [Upgrade("a"), Upgrade("b", fake=True), Restamp(("b",)), Upgrade("c")]
)
def test_other_steps_bring_nothing(connection: Connection, up: Step) -> None:
    travel(connection, keeper_of(), (Downgrade("b"), GO))
    assert travel(connection, keeper_of(), (up, COME)) == ()
    (saving,) = savings(connection)
    assert saving.state == "saved" and saving.rows == 8
    assert rows(connection, "parts") == []


def test_nothing_is_kept_of_what_stays(connection: Connection) -> None:
    keeper = keeper_of((("parts", None), ("users", None)), ())
    travel(connection, keeper, (Downgrade("b"), ("UPDATE users SET name = 'A' WHERE id = 1",)))
    (saving,) = savings(connection)
    ((table, number),) = [(table.kept.table, table.rows) for table in saving.tables]
    assert (table, number, saving.tables[0].lost) == ("users", 1, ())
    assert own(connection) == ["lback_saved", "lback_saved_1_1", "lback_saved_1_1_after"]


def test_where_nothing_goes_nothing_is_kept(connection: Connection) -> None:
    keeper = keeper_of((("parts", None),), ())
    travel(connection, keeper, (Downgrade("b"), ()))
    assert savings(connection) == [] and keeper.kept[HERE.key].saved is None
    assert own(connection) == ["lback_saved"]


@pytest.mark.parametrize("places", [(), (("nowhere", None),), (("users", "nowhere"),)])
def test_what_is_not_there_is_not_kept(connection: Connection, places: Sequence[Place]) -> None:
    keeper = keeper_of(places)
    travel(connection, keeper, (Downgrade("b"), ()))
    assert keeper.kept[HERE.key].saved is None and own(connection) == []


def test_empty_tables_are_not_kept(connection: Connection) -> None:
    do(connection, "DELETE FROM parts")
    keeper = keeper_of((("parts", None),))
    travel(connection, keeper, (Downgrade("b"), ("DROP TABLE parts",)))
    assert keeper.kept[HERE.key].saved is None and own(connection) == []


def test_a_keeper_that_keeps_nothing(connection: Connection) -> None:
    keeper = keeper_of(keeps=False)
    travel(connection, keeper, (Downgrade("b"), GO))
    assert keeper.kept[HERE.key].saved is None and own(connection) == []


def test_the_way_up_keeps_nothing(connection: Connection) -> None:
    travel(connection, keeper_of(), (Upgrade("b"), GO))
    assert own(connection) == []


def test_each_version_table_has_its_own(connection: Connection) -> None:
    travel(connection, keeper_of(), (Downgrade("b"), GO))
    assert savings(connection, DatabaseName("the url", table="other")) == []
    assert len(savings(connection, DatabaseName("another url"))) == 1


def test_several_savings(connection: Connection) -> None:
    travel(connection, keeper_of((("parts", None),)), (Downgrade("c"), ("DROP TABLE parts",)))
    travel(connection, keeper_of((("said", None),)), (Downgrade("b"), ("DROP TABLE said",)))
    assert [(saving.number, dict(saving.revisions)) for saving in savings(connection)] == [
        (2, {"b": "blob b"}),
        (1, {"c": "blob c"}),
    ]
    came = travel(connection, keeper_of(), (Upgrade("b"), (SAID,)), (Upgrade("c"), (PARTS,)))
    assert [number for number, _ in came] == ["2", "1"]
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]


def test_a_saving_waits_for_the_last_of_its_revisions(connection: Connection) -> None:
    down: tuple[tuple[Step, Sequence[str]], ...] = (
        (Downgrade("c"), GO[:1]),
        (Downgrade("b"), GO[1:]),
    )
    travel(connection, keeper_of(), *down)
    (saving,) = savings(connection)
    assert saving.revisions == {"c": "blob c", "b": "blob b"}
    keeper = keeper_of()
    came = travel(connection, keeper, (Upgrade("b"), COME[1:]), (Upgrade("c"), COME[:1]))
    assert len(came) == 3 and len(keeper.kept[HERE.key].returned) == 1
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]


def test_what_is_not_there_yet_goes_on_waiting(connection: Connection) -> None:
    travel(connection, keeper_of(), (Downgrade("c"), GO[:1]), (Downgrade("b"), GO[1:]))
    travel(connection, keeper_of(), (Upgrade("b"), COME[1:]))
    assert everything_but_parts(connection) == [USERS_ROWS, SAID_ROWS]
    (saving,) = savings(connection)
    assert (saving.revisions, saving.state) == ({"c": "blob c"}, "saved")
    assert [table.kept.table for table in saving.tables] == ["parts"]
    assert own(connection) == ["lback_saved", "lback_saved_1_0"]
    travel(connection, keeper_of(), (Upgrade("c"), COME[:1]))
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]
    assert own(connection) == ["lback_saved"]


def everything_but_parts(connection: Connection) -> list[list[tuple[Any, ...]]]:
    return [rows(connection, table) for table in ("users", "said")]


def test_columns_that_are_not_there_yet_go_on_waiting(connection: Connection) -> None:
    do(connection, "ALTER TABLE users ADD COLUMN more INTEGER", "UPDATE users SET more = id")
    keeper = keeper_of((("users", "extra"), ("users", "more")))
    gone = ("ALTER TABLE users DROP COLUMN extra", "ALTER TABLE users DROP COLUMN more")
    travel(connection, keeper, (Downgrade("c"), gone[1:]), (Downgrade("b"), gone[:1]))
    travel(connection, keeper_of(), (Upgrade("b"), COME[1:2]))
    assert rows(connection, "users") == USERS_ROWS
    (saving,) = savings(connection)
    (table,) = saving.tables
    assert (table.kept.columns, table.lost, saving.revisions) == (
        ("more",),
        ("more",),
        {"c": "blob c"},
    )
    assert not table.kept.whole and not table.after
    up = ("ALTER TABLE users ADD COLUMN more INTEGER",)
    travel(connection, keeper_of(), (Upgrade("c"), up))
    assert rows(connection, "users") == [(*row, row[0]) for row in USERS_ROWS]
    assert own(connection) == ["lback_saved"]


# -- what somebody did meanwhile ------------------------------------------------------------


def test_newer_rows_stay_and_wait_for_a_person(connection: Connection) -> None:
    keeper = keeper_of((("users", None),), ())
    travel(connection, keeper, (Downgrade("b"), ("UPDATE users SET extra = 'down'",)))
    do(connection, "UPDATE users SET extra = 'mine' WHERE id = 1")
    came = travel(connection, keeper_of(), (Upgrade("b"), ()))
    assert told(came) == {"users": (2, 0, 0, 1, 0)}
    ((_, result),) = came
    assert result.examples == ("1",) and result.leaves_rows
    assert rows(connection, "users") == [(1, "Ada", "mine"), *USERS_ROWS[1:]]
    (saving,) = savings(connection)
    assert (saving.state, [table.kept.table for table in saving.tables]) == ("left", ["users"])
    assert travel(connection, keeper_of(), (Upgrade("b"), ())) == ()


def test_a_row_that_somebody_deleted_meanwhile_stays_away(connection: Connection) -> None:
    keeper = keeper_of((("users", None),), ())
    travel(connection, keeper, (Downgrade("b"), ("UPDATE users SET extra = 'down'",)))
    do(connection, "DELETE FROM users WHERE id = 3")
    came = travel(connection, keeper_of(), (Upgrade("b"), ()))
    assert told(came)["users"][0] == 2
    assert rows(connection, "users") == USERS_ROWS[:2]


def test_values_whose_row_has_another_key_by_now_stay_saved(connection: Connection) -> None:
    keeper = keeper_of((("users", "extra"),))
    travel(connection, keeper, (Downgrade("b"), GO[1:2]))
    do(connection, "UPDATE users SET id = 10 WHERE id = 1", "DELETE FROM users WHERE id = 2")
    came = travel(connection, keeper_of(), (Upgrade("b"), COME[1:2]))
    ((_, result),) = came
    assert (result.missing, result.unsure, result.away) == (2, 2, ("1", "2"))
    (saving,) = savings(connection)
    assert (saving.state, saving.rows) == ("left", 2)  # without the one that is there
    assert rows(connection, "lback_saved_1_0") == [(1, "x"), (2, None)]


def test_values_of_deleted_rows_go_with_them(connection: Connection) -> None:
    keeper = keeper_of((("users", "extra"),))
    travel(connection, keeper, (Downgrade("b"), GO[1:2]))
    do(connection, "DELETE FROM users WHERE id = 1")
    came = travel(connection, keeper_of(), (Upgrade("b"), COME[1:2]))
    ((_, result),) = came
    assert (result.missing, result.unsure, result.away) == (1, 0, ("1",))
    assert savings(connection) == [] and own(connection) == ["lback_saved"]


def test_values_of_some_revisions_whose_row_has_another_key_stay_saved(
    connection: Connection,
) -> None:
    do(connection, "ALTER TABLE users ADD COLUMN more INTEGER", "UPDATE users SET more = id")
    keeper = keeper_of((("users", "extra"), ("users", "more")))
    gone = ("ALTER TABLE users DROP COLUMN extra", "ALTER TABLE users DROP COLUMN more")
    travel(connection, keeper, (Downgrade("c"), gone[1:]), (Downgrade("b"), gone[:1]))
    do(connection, "UPDATE users SET id = 10 WHERE id = 1")
    travel(connection, keeper_of(), (Upgrade("b"), COME[1:2]))
    left, waiting = savings(connection)
    assert (left.state, waiting.state, waiting.tables[0].kept.columns) == (
        "left",
        "saved",
        ("more",),
    )
    (table,) = left.tables
    values = connection.exec_driver_sql(f"SELECT extra FROM {table.source} WHERE id = 1").scalars()
    assert list(values) == ["x"]


def test_a_row_that_the_way_down_deleted_comes_back(connection: Connection) -> None:
    keeper = keeper_of((("users", None),), ())
    travel(connection, keeper, (Downgrade("b"), ("DELETE FROM users WHERE id = 3",)))
    came = travel(connection, keeper_of(), (Upgrade("b"), ()))
    assert told(came) == {"users": (1, 0, 0, 0, 0)}
    assert rows(connection, "users") == USERS_ROWS and savings(connection) == []


def test_what_the_same_steps_make_again_gives_way(connection: Connection) -> None:
    travel(connection, keeper_of((("parts", None),)), (Downgrade("b"), ("DROP TABLE parts",)))
    seed = "INSERT INTO parts VALUES (1, 'seed', 9), (5, 'was deleted', NULL)"
    travel(connection, keeper_of(), (Upgrade("b"), (PARTS, seed)))
    assert rows(connection, "parts") == PARTS_ROWS


@pytest.mark.parametrize(
    ("blobs", "ups"),
    [({**BLOBS, "b": "edited"}, ["b"]), (BLOBS, ["a", "b"]), ({"a": "blob a"}, ["b"])],
)
def test_what_other_steps_make_stays(
    connection: Connection, blobs: dict[str, str], ups: list[str]
) -> None:
    travel(connection, keeper_of((("parts", None),)), (Downgrade("b"), ("DROP TABLE parts",)))
    made = [PARTS, "INSERT INTO parts VALUES (1, 'seed', 9), (5, 'new', NULL)"]
    steps: list[tuple[Step, Sequence[str]]] = [
        (Upgrade(name), made if name == "b" else ()) for name in ups
    ]
    travel(connection, keeper_of(blobs=blobs), *steps)
    assert rows(connection, "parts") == [*PARTS_ROWS, (5, "new", None)]


def test_a_statement_that_fails_is_told_and_takes_all_back(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    travel(connection, keeper_of(), (Downgrade("b"), GO))
    less = PARTS.replace("VARCHAR(20)", "VARCHAR(20) CHECK (name <> 'one')")
    came = travel(connection, keeper_of(), (Upgrade("b"), (less, *COME[1:])))
    assert all(row.problem and "\n" not in row.problem for _, row in came) and len(came) == 3
    assert [row.columns for _, row in came] == [("name", "inside"), ("extra",), ("what", "times")]
    assert rows(connection, "parts") == [] == rows(connection, "said")
    (saving,) = savings(connection)
    assert saving.state == "left" and len(saving.tables) == 3


# -- what a kill has cut off ----------------------------------------------------------------


def begun(connection: Connection, *statements: str, kept: Sequence[Place] = ALL) -> None:
    """Leave a way down where a kill has cut it off."""
    keeper_of(kept).begin(view_of(connection), [Downgrade("b")])
    do(connection, *statements)
    (saving,) = savings(connection)
    assert saving.state == "begun"


def test_a_way_down_that_never_began(connection: Connection) -> None:
    begun(connection)
    assert keeper_of(applied=("b",)).settle(view_of(connection))
    assert savings(connection) == [] and own(connection) == ["lback_saved"]
    assert not keeper_of(applied=("b",)).settle(view_of(connection))


def test_a_way_down_that_was_gone_all_the_way(connection: Connection) -> None:
    begun(connection, *GO)
    assert keeper_of(applied=("a",)).settle(view_of(connection))
    (saving,) = savings(connection)
    assert (saving.state, len(saving.tables), saving.revisions) == ("saved", 3, {"b": "blob b"})
    assert not keeper_of(applied=("a",)).settle(view_of(connection))
    travel(connection, keeper_of(), (Upgrade("b"), COME))
    assert everything(connection) == [PARTS_ROWS, USERS_ROWS, SAID_ROWS]


def test_a_way_down_that_was_cut_off_half_way(connection: Connection) -> None:
    begun(connection, *GO[:2])
    assert keeper_of(applied=("b",)).settle(view_of(connection))
    (saving,) = savings(connection)
    assert (saving.state, saving.revisions) == ("begun", {"b": "blob b"})
    assert [table.kept.table for table in saving.tables] == ["parts", "users"]
    assert own(connection) == ["lback_saved", "lback_saved_1_0", "lback_saved_1_1"]


def test_what_was_only_written_over_waits_for_a_person(connection: Connection) -> None:
    keeper_of((("users", None),), ()).begin(view_of(connection), [Downgrade("b")])
    do(connection, "UPDATE users SET extra = 'down' WHERE id = 1")
    assert keeper_of(applied=("b",)).settle(view_of(connection))
    (saving,) = savings(connection)
    assert (saving.state, saving.rows) == ("left", 1)
    assert not keeper_of(applied=("b",)).settle(view_of(connection))


def test_a_way_up_that_was_cut_off_before_the_rows_came(connection: Connection) -> None:
    travel(connection, keeper_of(), (Downgrade("b"), GO))
    do(connection, *COME)
    keeper = keeper_of(applied=("a", "b"))
    assert keeper.settle(view_of(connection))
    ((saving, done),) = keeper.kept[HERE.key].returned
    assert (saving.number, len(done)) == (1, 3)
    assert rows(connection, "users") == USERS_ROWS and rows(connection, "said") == SAID_ROWS
    # Rows of a table may have been deleted on purpose since: a person is asked.
    assert rows(connection, "parts") == PARTS_ROWS


def test_the_next_run_settles_first(connection: Connection) -> None:
    begun(connection)
    keeper = keeper_of(applied=("b",))
    travel(connection, keeper, (Downgrade("b"), GO))
    (saving,) = savings(connection)
    assert saving.state == "saved" and saving.rows == 8


def test_what_no_list_names_is_dropped_by_the_next_saving(connection: Connection) -> None:
    do(
        connection,
        "CREATE TABLE lback_saved_7_0 (x INTEGER)",
        "CREATE TABLE lback_other (x INTEGER)",
    )
    travel(connection, keeper_of((("parts", None),)), (Downgrade("b"), ("DROP TABLE parts",)))
    assert own(connection) == ["lback_other", "lback_saved", "lback_saved_1_0"]
    do(connection, "CREATE TABLE lback_saved_8_0 (x INTEGER)")
    travel(connection, keeper_of((("said", None),)), (Downgrade("a"), ("DROP TABLE said",)))
    assert own(connection) == [
        *("lback_other", "lback_saved", "lback_saved_1_0", "lback_saved_2_0")
    ]


def test_what_a_step_had_filled_in_when_the_next_was_killed_gives_way(
    connection: Connection,
) -> None:
    more = "ALTER TABLE users ADD COLUMN more INTEGER"
    do(connection, more, "UPDATE users SET more = id")
    gone = ("ALTER TABLE users DROP COLUMN more",), ("ALTER TABLE users DROP COLUMN extra",)
    keeper = keeper_of((("users", "extra"), ("users", "more")))
    travel(connection, keeper, (Downgrade("c"), gone[0]), (Downgrade("b"), gone[1]))
    keeper, view, steps = keeper_of(), view_of(connection), (Upgrade("b"), Upgrade("c"))
    keeper.begin(view, steps)
    keeper.turn(view, steps)
    do(connection, COME[1], "UPDATE users SET extra = 'filled'")
    keeper.stepped(view, steps[0], steps[1:])
    do(connection, "UPDATE users SET extra = 'mine' WHERE id = 2")
    came = travel(connection, keeper_of(applied=("b",)), (steps[1], (more,)))
    assert rows(connection, "users") == [
        *((1, "Ada", "x", 1), (2, "Grace", "mine", 2), (3, "Edsger", "new", 3))
    ]
    assert told(came) == {"users": (2, 0, 0, 1, 0)}
