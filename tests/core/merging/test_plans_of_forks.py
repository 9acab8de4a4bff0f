"""What is done about a fork, as small graphs: joined, rebased, or left to people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lback.core.effects import Effects
from lback.core.graph.forks import fork_sides
from lback.core.graph.graph import Graph
from lback.core.merging.database_move import plan_move
from lback.core.merging.merge_plan import (
    apart,
    fork_overlaps,
    fork_revisions,
    nothing_to_merge,
    overlap_row,
    plan_merge,
)
from lback.core.merging.nearness import Index, Meeting, Neighbour, touched
from lback.core.merging.rebase_plan import RebaseFacts, RebasePlan, Rewrite, plan_rebase, rebased
from lback.core.merging.resolve_plan import plan_resolve
from lback.core.merging.results import (
    DatabaseRow,
    ForkResult,
    MergeRow,
    merge_rows,
    most_moved,
    moved_row,
)
from lback.core.merging.surroundings import NOTHING_AROUND, Surroundings, surroundings
from lback.core.plans import Restamp
from lback.core.source import Commit
from lback.errors import LbackError
from tests.approved import approved
from tests.core.graphs import graph
from tests.core.merging.pairs import effects

HERE = Path(__file__).parent
NOTHING = Effects()


def adds(table: str, column: str = "c") -> Effects:
    return effects(f'op.add_column("{table}", sa.Column("{column}", sa.Integer()))')


def makes(table: str) -> Effects:
    return effects(f'op.create_table("{table}", sa.Column("id", sa.Integer(), primary_key=True))')


UPDATES = effects("op.execute('UPDATE t SET c = 1')")
DELETES = effects("op.execute('DELETE FROM t')")
UNREAD = effects("import x\nx.y(op)")

FORK = "a; b<a; c<a"
JOINS: dict[str, tuple[str, dict[str, Effects]]] = {
    "different tables": (FORK, {"b": adds("t"), "c": adds("u")}),
    "one table": (FORK, {"b": adds("t"), "c": adds("t", "d")}),
    "five tables": (
        FORK,
        {"b": effects("\n".join(f'op.drop_table("{one}")' for one in "pqrst")), "c": adds("x")},
    ),
    "four tables": (
        FORK,
        {"b": effects("\n".join(f'op.drop_table("{one}")' for one in "pqrs")), "c": adds("x")},
    ),
    "one side does nothing": (FORK, {"b": NOTHING, "c": adds("u")}),
    "no side does anything": (FORK, {"b": NOTHING, "c": NOTHING}),
    "a conflict": (FORK, {"b": adds("t"), "c": adds("t")}),
    "three conflicts": (
        FORK,
        dict.fromkeys(
            "bc", effects("\n".join(f'op.drop_table("{one}")' for one in ("p", "q", "r")))
        ),
    ),
    "a conflict two above": (
        "a; b<a; d<b; c<a", {"b": adds("t"), "d": adds("u"), "c": adds("t")}
    ),
    "order matters": (FORK, {"b": UPDATES, "c": DELETES}),
    "unread": (FORK, {"b": UNREAD, "c": adds("t")}),
    "the same": (FORK, dict.fromkeys("bc", effects('op.alter_column("t", "c", nullable=True)'))),
    "a contradiction": ("a; b<a; d<b; c<a", {"b": makes("t"), "d": makes("t"), "c": adds("u")}),
    "below the fork": (
        FORK,
        {
            "a": effects('op.create_index("ix", "t", ["c"])'),
            "b": effects('op.execute("DROP INDEX ix")'),
            "c": effects('op.drop_table("t")'),
        },
    ),
    "three heads": ("a; b<a; c<a; d<a", {"b": adds("t"), "c": adds("u"), "d": adds("t")}),
    "three heads of which two share one": (
        "a; s<a; b<s; c<s; d<a", {"s": adds("t"), "b": NOTHING, "c": NOTHING, "d": adds("t")}
    ),
    "nothing in common": ("a; z", {"a": adds("t"), "z": adds("u")}),
}  # fmt: skip


def test_how_forks_are_joined() -> None:
    lines = []
    for name, (text, known) in JOINS.items():
        drawn = graph(text)
        does = dict.fromkeys(drawn.ids, NOTHING) | known
        lines.append(f"== {name}")
        for force in (False, True):
            join = plan_merge(drawn, drawn.heads[::-1], does, force=force)
            assert join.heads == drawn.heads
            assert (join.file is not None) is (join.action == "merge")
            if join.file is not None:
                assert join.file.parents == drawn.heads
                newest = max(drawn[one].header.create_date for one in drawn.heads)
                assert newest.encode() in join.file.content
            found = "".join(f"\n    {one.verdict}: {one.message}" for one in join.overlaps)
            lines.append(f"{'forced: ' if force else ''}{join.action}: {join.reason}{found}")
    approved(HERE / "joins.txt", "\n".join(lines) + "\n")


def test_what_each_head_has_of_its_own() -> None:
    drawn = graph("a; s<a; b<s; c<s; d<a; e<d")
    assert fork_sides(drawn, ("b", "c", "e")) == {"b": ("b",), "c": ("c",), "e": ("d", "e")}
    assert apart(drawn, ["b", "c"], ["e"]) == (("s", "b", "c"), ("d", "e"))
    assert apart(drawn, ["e"], ["b"]) == (("d", "e"), ("s", "b"))
    assert fork_revisions(drawn, ("b", "c")) == ("b", "c")
    assert fork_revisions(drawn, ("b", "e")) == ("d", "e", "s", "b")


def test_overlaps_of_three_heads_are_told_once() -> None:
    drawn = graph("a; s<a; b<s; c<s; d<a")
    does = {"a": NOTHING, "s": adds("t"), "b": NOTHING, "c": NOTHING, "d": adds("t")}
    assert len(fork_overlaps(drawn, ("b", "c", "d"), does)) == 1


def test_an_overlap_as_a_row() -> None:
    drawn = graph(FORK)
    (overlap,) = fork_overlaps(drawn, ("b", "c"), {"b": adds("t"), "c": UNREAD})
    commit = Commit("1" * 40, "Ada", "a@b", "2026-01-01", "x")
    row = overlap_row(overlap, {"c": commit})
    assert (row.left.revision, row.right.revision) == ("b", "c")
    assert (row.left.commit, row.right.commit) == (None, commit)
    assert row.left.operation == "add column t.c (Integer())"
    assert row.right.operation.startswith("line 9: x.y() is handed")
    assert (row.object, row.verdict) == ("anything", "unknown")
    assert (row.message, row.brief) == (overlap.message, overlap.brief)


def test_which_way_closes_a_fork() -> None:
    def rebase(*names: str) -> RebasePlan:
        rewrites = tuple(Rewrite(one, f"{one}.py", ("a",), ("z",)) for one in names)
        return RebasePlan("rebase", "they move", rewrites)

    still = RebasePlan("refused", "c is published and never moves")
    empty = RebasePlan("rebase", "m goes", (), ("m",))
    lines = []
    for name in (
        "different tables",
        "a conflict",
        "order matters",
        "unread",
        "a contradiction",
        "the same",
    ):
        text, known = JOINS[name]
        drawn = graph(text)
        join = plan_merge(drawn, drawn.heads, dict.fromkeys(drawn.ids, NOTHING) | known)
        first = 0 if name == "a conflict" else 2  # what moves is named in the same words
        for wish in ("merge", "rebase"):
            for plan in (rebase("c"), rebase("c", "d"), empty, still)[first:]:
                choice = plan_resolve([join], plan, wish)
                lines.append(
                    f"{name}, {wish} is set, {len(plan.rewrites)} may move, {plan.action}\n"
                    f"    {choice.action}: {choice.reason}"
                    + f"\n    -> {choice.hint}"
                    * bool(choice.hint)
                )
    both = [
        plan_merge(graph(FORK), ("b", "c"), {"a": NOTHING, **JOINS[name][1]})
        for name in ("different tables", "order matters", "one table", "a conflict")
    ]
    for some in (both[:1] * 2, both[:2], both[1::-1], both, [both[0], both[2]]):
        choice = plan_resolve(some, rebase("c"), "merge")
        lines.append(f"{len(some)} forks\n    {choice.action}: {choice.reason}")
    approved(HERE / "choices.txt", "\n".join(lines) + "\n")


def test_why_something_moves_or_does_not() -> None:
    def plan(text: str, force: bool = False, **standing: object) -> str:
        drawn = graph(text)
        shared = frozenset(one for one in drawn.ids if one.startswith("s"))
        done = plan_rebase(drawn, RebaseFacts(shared, **standing), force=force)  # type: ignore[arg-type]
        moved = "".join(f"\n    {one.path}: {one.old} to {one.new}" for one in done.rewrites)
        moved += "".join(f"\n    {one} gives back" for one in sorted(done.restored))
        return f"{done.action}: {done.reason}{moved}" + f"\n    -> {done.hint}" * bool(done.hint)

    line, idle = "s1; s2<s1; a<s1; b<a", frozenset({"m"})
    cases = {
        "a line": plan(line),
        "a root": plan("s1; a"),
        "there already": plan("s1; a<s1"),
        "nothing local": plan("s1; s2<s1"),
        "a merge goes": plan("s1; s2<s1; a<s1; m<s2,a", idle=idle),
        "a merge that does something": plan("s1; s2<s1; a<s1; m<s2,a"),
        "published": plan(line, published=frozenset({"a", "b"})),
        "published, forced": plan(line, True, published=frozenset({"b"})),
        "pushed": plan(line, pushed=frozenset({"a", "b"})),
        "pushed, forced": plan(line, True, pushed=frozenset({"a"})),
        "the shared branch forks": plan("s1; s2<s1; s3<s1; a<s2"),
        "a cycle": plan("s1; s2<s1; a<s1 !b; b<s1"),
        "under a shared one": plan("s1; a<s1; s2<a"),
        "given back": plan("s1; a<s1; s2<a", parents={"s2": ("s1",)}),
        "given back, and published": plan(
            "s1; a<s1; s2<a", parents={"s2": ("s1",)}, published=frozenset({"a"})
        ),
    }
    approved(HERE / "rebases.txt", "".join(f"== {name}\n{said}\n" for name, said in cases.items()))


# -- a database between two graphs ---------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "held", "down", "between", "up", "lacking"),
    [
        ("s1", "", [], "s1", [], ""),
        ("a", "", ["a"], "s1", ["s2", "a"], "s2"),
        ("b", "", ["b", "a"], "s1", ["s2", "a", "b"], "s2"),
        ("b", "a", ["b", "a"], "s1", ["s2"], "s2"),
        ("b", "s2", ["b", "a"], "s1", [], "s2"),
        ("b,s2", "", [], "b,s2", [Restamp(("b",))], ""),
    ],
)
def test_the_way_of_a_database(
    stamp: str, held: str, down: list[str], between: str, up: list[object], lacking: str
) -> None:
    old = graph("s1; s2<s1; a<s1; b<a")
    new = graph("s1; s2<s1; a<s2; b<a")
    move = plan_move(old, new, {"a"}, tuple(stamp.split(",")), held.split(","))
    assert move.before == tuple(stamp.split(","))
    assert [step.revision for step in move.down] == down
    assert move.between == tuple(between.split(","))
    assert [getattr(step, "revision", step) for step in move.up] == up
    assert move.lacking == tuple(filter(None, lacking.split(",")))
    assert move.idle is (not down and not up)


@pytest.mark.parametrize(("stamp", "down"), [("b", ["b", "a"]), ("a", ["a"]), ("s1", [])])
def test_what_a_move_was_cut_off_at_runs_again(stamp: str, down: list[str]) -> None:
    old, new = graph("s1; s2<s1; a<s1; b<a"), graph("s1; s2<s1; a<s2; b<a")
    move = plan_move(old, new, {"a"}, (stamp,), cut_off=("s2", "a", "b"))
    assert [step.revision for step in move.down] == down
    assert [getattr(step, "revision", step) for step in move.up] == ["s2", "a", "b"]
    assert plan_move(old, new, {"a"}, ("s1",)).idle


def test_a_stamp_that_stays_is_not_written() -> None:
    old, new = graph("s1; s2<s1; a<s2; b<a"), graph("s1; s2<s1; b<s2; a<b")
    assert plan_move(old, new, {"a"}, ("b",)).up == (Restamp(("a",)),)
    same = graph("s1; s2<s1; a<s1,s2")
    assert plan_move(graph("s1; s2<s1; a<s2"), same, {"a"}, ("a",)).idle
    gone = plan_move(old, graph("s1; s2<s1; b<s2"), {"a"}, ("b",))
    assert (gone.down, gone.up) == ((), ())
    with pytest.raises(LbackError):
        plan_move(old, new, {"a"}, ("lost",))


def test_the_way_of_a_database_as_results_tell_it() -> None:
    old, new = graph("s1; s2<s1; a<s1; b<a"), graph("s1; s2<s1; a<s2; b<a")
    still, restamped, both = (
        moved_row(plan_move(old, new, {"a"}, stamp), "main")
        for stamp in (("s1",), ("b", "s2"), ("b",))
    )
    assert still == DatabaseRow("untouched", name="main")
    assert restamped == DatabaseRow("moved", restamped=True, name="main")
    assert both == DatabaseRow("moved", ("b", "a"), ("s2", "a", "b"), name="main")
    away = DatabaseRow("unreachable", message="it does not answer")
    assert most_moved([still, both, away, restamped]) is away
    assert most_moved([still, both, restamped]) is both
    assert most_moved([still]) is still
    assert most_moved([]) is None


def test_what_is_planned_for_each_fork_as_rows() -> None:
    drawn = graph(FORK)
    joined, refused = (
        plan_merge(drawn, ("b", "c"), {"a": NOTHING, **JOINS[name][1]})
        for name in ("different tables", "a conflict")
    )
    assert joined.file is not None
    written = replace(joined, path="versions/m.py")
    assert merge_rows([written, refused]) == (
        MergeRow(("b", "c"), joined.file.revision, "versions/m.py"),
        MergeRow(("b", "c"), None, None),
    )
    done = ForkResult(heads=("b",), action="none", reason="there is one head")
    assert not done.planned
    assert (done.renumbered, done.rewrites, done.overlaps, done.staged) == ((), (), (), ())
    assert (done.revision, done.path) == (None, None)


def test_rebased_is_the_graph_afterwards() -> None:
    drawn = graph("s1; s2<s1; a<s1; m<a,s2; b<m")
    plan = plan_rebase(drawn, RebaseFacts(frozenset({"s1", "s2"}), idle=frozenset({"m"})))
    after = rebased(drawn, plan)
    assert {one.id: one.parents for one in after} == {
        "s1": (),
        "s2": ("s1",),
        "a": ("s2",),
        "b": ("a",),
    }
    assert plan.touched == {"a", "m", "b"}


# -- many branches ---------------------------------------------------------------------------


def meetings(mine: str, added: str, declared: tuple[str, ...] = (), **labels: str) -> list[Meeting]:
    theirs = list(graph(added, **labels)) if added else []
    together = Graph([*graph(mine), *theirs])
    commit = Commit("c" * 40, "Ada", "ada@example.com", "2026-01-05", "Add")
    beside = Neighbour(("x",), commit, together, frozenset(one.id for one in theirs))
    return list(beside.meetings(declared))


def test_a_branch_meets_mine_in_each_fork_of_its_heads() -> None:
    mine = "a; b<a; c<b"
    assert meetings(mine, "x<a; y<x") == [Meeting(("c", "y"), ("b", "c"), ("x", "y"))]
    assert meetings(mine, "x<a; y<b") == [Meeting(("c", "x", "y"), ("c",), ("x", "y"))]
    assert meetings(mine, "x<c") == []
    assert meetings(mine, "") == []
    assert meetings(mine, "x<a", ("x",)) == []
    assert meetings(mine, "x<a", x="apart") == []
    assert meetings("a; b<a; c<a", "x<b") == [Meeting(("c", "x"), ("c",), ("x",))]
    assert meetings("a; b<a; c<a", "") == []


def test_only_what_may_meet_is_compared() -> None:
    does = {
        "t": adds("t"),
        "u": adds("u"),
        "unread": UNREAD,
        "unread t": effects('op.create_table("t", *columns)')._replace(
            upgrade=(), unknown=(effects("x.y(op)").unknown or UNREAD.unknown)[:1]
        ),
        "nothing": NOTHING,
        "deletes": DELETES,
    }
    some = UNREAD.unknown[0]._replace(tables=("T",))
    does["unread t"] = Effects(unknown=(some,))
    index = Index(NOTHING_AROUND)

    def near(*theirs: str) -> list[str]:
        return list(index.near(does, does, [does[one] for one in theirs]))

    everything = list(does)
    assert near("unread") == everything
    assert near("unread", "t") == everything
    assert near("nothing") == ["unread"]
    assert near() == ["unread"]
    assert near("u") == ["u", "unread"]
    assert near("t") == ["t", "unread", "unread t"]
    assert near("unread t") == ["t", "unread", "unread t", "deletes"]
    assert touched(UNREAD) is None
    assert touched(NOTHING) == frozenset()
    assert ("unread", "t", "") in (touched(does["unread t"]) or ())


# -- the schema around a fork ------------------------------------------------------------------

AROUND = {
    "nothing": "pass",
    "keys": """
        op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True),
                        sa.Column("Code", sa.Text(), unique=True), sa.Column("x", sa.Text()))
        op.create_unique_constraint("uq", "t", ["x"])
        op.create_unique_constraint("uq", "elsewhere", ["x"])
        op.create_check_constraint("ck", "t", "x > 1")
    """,
    "indexes": """
        op.create_index("plain", "t", ["A"])
        op.create_index("unique", "t", ["a", "b"], unique=True)
        op.create_index("expression", "t", [sa.text("lower(a)")])
        op.create_index("other", "t", ["a"], schema="s")
        op.execute("CREATE INDEX ON t (a)")
    """,
    "an index that is perhaps there": """
        if sa.inspect(op.get_bind()).has_table("q"):
            op.create_index("perhaps", "t", ["a"])
    """,
    "foreign keys": """
        op.create_foreign_key("fk", "child", "Parent", ["p"], ["id"])
        op.create_foreign_key(None, "child", "parent", ["q"], ["id"])
        op.create_table("leaf", sa.Column("c", sa.Integer(), sa.ForeignKey("child.id")))
    """,
    "triggers and functions": """
        op.execute("CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
        op.execute("CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g()")
        op.execute("CREATE RULE three AS ON INSERT TO u DO ALSO DELETE FROM t")
        op.execute("CREATE FUNCTION f() RETURNS INT AS 'SELECT 1' LANGUAGE sql")
    """,
    "columns": """
        op.add_column("t", sa.Column("A", sa.Integer(), server_default="1", nullable=False))
        op.add_column("t", sa.Column("b", sa.Integer()))
        op.add_column("t", sa.Column("c", sa.Integer()))
        op.alter_column("t", "b", nullable=False)
        op.drop_column("t", "c")
        if sa.inspect(op.get_bind()).has_table("q"):
            op.add_column("t", sa.Column("d", sa.Integer()))
    """,
    "a table gets another name": """
        op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True),
                        sa.Column("p", sa.Integer(), sa.ForeignKey("u.id")))
        op.create_index("it", "t", ["p"])
        op.create_index("iu", "u", ["p"])
        op.create_unique_constraint("qt", "t", ["p"])
        op.create_unique_constraint("qu", "u", ["p"])
        op.create_foreign_key("fk", "leaf", "t", ["t"], ["id"])
        op.add_column("u", sa.Column("x", sa.Integer()))
        op.execute("CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
        op.rename_table("t", "new")
    """,
    "a column gets another name": """
        op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True),
                        sa.Column("p", sa.Integer(), sa.ForeignKey("u.id")))
        op.create_index("it", "t", ["P", "x"])
        op.create_index("iu", "u", ["p"])
        op.create_unique_constraint("qt", "t", ["p", "id"])
        op.create_unique_constraint("qu", "u", ["p"])
        op.create_foreign_key("fk", "u", "v", ["p"], ["id"])
        op.alter_column("t", "P", new_column_name="Q")
        op.alter_column("t", "id", new_column_name="key")
        op.alter_column("w", "id", new_column_name="key")
    """,
    "an index gets another name": """
        op.create_index("old", "t", ["p"])
        op.execute("ALTER INDEX old RENAME TO new")
        op.execute("ALTER INDEX unheard RENAME TO of")
        op.execute("ALTER INDEX s.old RENAME TO x")
    """,
}


def facts(known: Surroundings) -> list[str]:
    lines = [f"index {name} on {table}" for name, table in known.indexes.items()]
    lines += [f"{name!r} of {table!r} spans {', '.join(names)}"
              for (table, name), names in known.spans.items()]  # fmt: skip
    lines += [f"{one.child} ({', '.join(one.columns)}) refers to {one.parent} by {one.name}"
              for one in known.links]  # fmt: skip
    lines += [f"{table} fires {', '.join(str(one.name) for one in found)}"
              for table, found in known.triggers.items()]  # fmt: skip
    lines += [f"function {name} uses {len(uses)}" for name, uses in known.functions.items()]
    lines += [f"keys of {table}: {', '.join(sorted(names))}" for table, names in known.keys.items()]
    lines += [f"plain {name}" for name in sorted(known.plain)]
    lines += [f"{table}.{name}: {dict(said)}" for (table, name), said in known.columns.items()]
    return lines


def test_what_is_known_of_the_schema_around() -> None:
    lines = []
    for name, body in AROUND.items():
        lines += [f"== {name}", *facts(surroundings([effects(body)]))]
    approved(HERE / "surroundings.txt", "\n".join(lines) + "\n")


def test_what_is_known_grows() -> None:
    before = surroundings([effects(AROUND["indexes"])])
    after = before.after([effects(AROUND["keys"]), effects(AROUND["foreign keys"])])
    assert [one for one in facts(before) if one not in facts(after)] == []
    assert facts(before) == facts(surroundings([effects(AROUND["indexes"])]))
    assert [one.child for one in after.children("parent")] == ["child", "child"]
    assert [one.parent for one in after.parents("leaf")] == ["child"]
    own = surroundings([effects('op.create_foreign_key("fk", "t", "t", ["p"], ["id"])')])
    assert own.children("t") == own.parents("t") == ()
    assert isinstance(graph("a"), Graph)


def test_why_there_is_nothing_to_merge() -> None:
    assert [nothing_to_merge(heads) for heads in ((), ("b",), ("b", "c"))] == [
        "there are no revisions yet",
        "there is one head",
        "the heads are apart by design",
    ]


def test_heads_that_a_computed_label_may_keep_apart_are_not_rebased() -> None:
    drawn = graph("s1; s2<s1; a<s1")
    drawn = Graph(
        one._replace(header=one.header._replace(uncertain=(("branch_labels", 7),)))
        if one.id == "a"
        else one
        for one in drawn
    )
    plan = plan_rebase(drawn, RebaseFacts(frozenset({"s1", "s2"})))
    assert (plan.action, plan.hint) == ("refused", "Write the label of a as a plain string.")
    assert "`branch_labels` of a is computed (versions/a.py:7)" in plan.reason
    assert plan.rewrites == ()
