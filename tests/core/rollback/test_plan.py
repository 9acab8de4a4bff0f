"""The whole plan of a rollback, from facts made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Revision
from lback.core.interpreter.reading import read_effects
from lback.core.plans import Downgrade, Upgrade
from lback.core.rollback.facts import EditedRevision, RollbackFacts
from lback.core.rollback.plan import RollbackPlan, plan_rollback
from lback.core.rollback.proof import RollbackProof
from lback.core.rollback.reverting import body_for
from lback.core.rollback.stakes import DataLoss
from lback.core.source import Commit
from lback.errors import LbackError, UsageError
from tests.core.rollback.facts import HEAD, text_of, written

USERS = ('op.create_table("users", sa.Column("id", sa.Integer()))', 'op.drop_table("users")')
NOTE = (
    'op.add_column("users", sa.Column("note", sa.String(20)))',
    'op.drop_column("users", "note")',
)
POSTS = ('op.create_table("posts", sa.Column("id", sa.Integer()))', 'op.drop_table("posts")')
UNREAD = ("elsewhere(op)", "pass")
LINE = {"a": USERS, "b": NOTE, "c": POSTS}


def users(**wanted: object) -> RollbackFacts:
    return written("a; b<a", LINE, table="users", **wanted)


def below_posts(**wanted: object) -> RollbackFacts:
    return written("a; b<a; c<b", LINE, table="users", **wanted)


def filled(plan: RollbackPlan) -> RollbackPlan:
    """Let a plain template shape the reverting revision."""
    assert plan.draft is not None
    parents = plan.decision.parents
    header = f'revision = "{plan.draft.revision}"\ndown_revision = {parents[0]!r}\n\n\n'
    code = f"def upgrade():\n    {body_for(plan.draft.upgrade)}\n\n\n"
    code += f"def downgrade():\n    {body_for(plan.draft.downgrade)}\n"
    return plan.with_revert("versions/new.py", (HEAD + header + code).encode())


# -- what is undone ----------------------------------------------------------------


def test_the_latest_change_of_a_table_goes_down() -> None:
    plan = plan_rollback(users())
    assert (plan.decision.strategy, plan.decision.undoes) == ("downgrade", ("b",))
    assert plan.steps == (Downgrade("b"),)
    assert plan.target == ("a",)
    assert plan.sources == {}
    assert plan.stakes.lost == (("users", "note"),)
    assert plan.run.down == (Downgrade("b"),)
    assert plan.doer == "downgrade() of b (versions/b.py)"


def test_a_revision_or_steps_are_undone_whole() -> None:
    by_id = plan_rollback(written("a; b<a; c<b", LINE, revision="c"))
    assert (by_id.table, by_id.decision.undoes) == (None, ("c",))
    steps = plan_rollback(written("a; b<a; c<b", LINE, steps=2, strategy="downgrade"))
    assert steps.decision.undoes == ("c", "b")
    assert steps.steps == (Downgrade("c"), Downgrade("b"))
    assert plan_rollback(written("a; b<a; c<b", LINE, steps=1)).decision.undoes == ("c",)
    with pytest.raises(UsageError, match=r"^4 revisions are to be undone, and 3 are applied\.$"):
        plan_rollback(written("a; b<a; c<b", LINE, steps=4, strategy="downgrade"))
    assert plan_rollback(written("a; b<a; c<b", LINE)).decision.undoes == ("c",)


@pytest.mark.parametrize(
    ("wanted", "kind", "words"),
    [
        ({"table": "users", "stamp": ""}, LbackError, "Nothing is applied"),
        ({"steps": 1, "stamp": ""}, LbackError, "Nothing is applied"),
        ({"table": "user"}, UsageError, "No applied revision changes a table called user"),
        ({"revision": "base"}, UsageError, "--revision base is no revision"),
        ({"revision": "b", "stamp": "a"}, LbackError, "Revision b is not applied"),
    ],
)
def test_what_cannot_be_meant_is_an_error(
    wanted: dict[str, str], kind: type[LbackError], words: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_rollback(written("a; b<a; c<b", LINE, **wanted))
    assert type(caught.value) is kind
    assert caught.value.message.startswith(words)


def test_a_table_of_a_similar_name_is_proposed() -> None:
    with pytest.raises(UsageError) as caught:
        plan_rollback(written("a; b<a", LINE, table="user"))
    assert (caught.value.hint or "").startswith("Did you mean users? ")


def test_something_unread_above_refuses_a_table() -> None:
    plan = plan_rollback(written("a; b<a; c<b", {**LINE, "c": UNREAD}, table="users"))
    assert plan.refused
    assert plan.decision.undoes == ("b",)
    assert plan.decision.reason.startswith("versions/c.py:6: c does something that cannot be read")
    assert plan.decision.hint.endswith("`lback rollback --revision b`.")
    below = plan_rollback(written("a; b<a; c<b", {**LINE, "a": UNREAD}, table="users"))
    assert not below.refused


# -- what has run ------------------------------------------------------------------


def test_the_text_that_the_record_has_is_undone() -> None:
    ran = text_of(
        'op.add_column("users", sa.Column("memo", sa.Text()))', 'op.drop_column("users", "memo")'
    )
    plan = plan_rollback(users(asked=("b",), recorded={"b": ran}))
    assert plan.stakes.lost == (("users", "memo"),)
    assert plan.sources == {"b": ran}
    assert plan.recorded_otherwise == ("b",)
    only = plan_rollback(users(asked=("b",), recorded={"b": ran}, only_in_git=frozenset({"b"})))
    assert only.recorded_otherwise == ()
    same = b"# a comment\n" + users().texts["b"]
    plan = plan_rollback(users(asked=("b",), recorded={"b": same}))
    assert plan.stakes.lost == (("users", "note"),)
    assert plan.sources == {}
    assert plan.recorded_otherwise == ()


def test_a_record_of_what_is_not_applied_says_nothing() -> None:
    with pytest.raises(LbackError, match="Revision b is not applied"):
        plan_rollback(
            written("a; b<a", LINE, revision="b", stamp="a", recorded={"b": text_of("x()", "y()")})
        )


def test_an_edited_file_without_a_record_needs_a_strategy() -> None:
    commit = Commit("0123456789", "Ada", "", "2026-01-01", "Edit")
    edited = EditedRevision("b", "versions/b.py", "upgrade()", commit)
    with pytest.raises(LbackError) as caught:
        plan_rollback(users(edited=(edited,)))
    assert "upgrade() of b was edited later (by Ada in commit 0123456)" in caught.value.message
    with pytest.raises(LbackError, match="edited later \\(in this work tree\\)"):
        plan_rollback(users(edited=(replace(edited, commit=None),)))
    assert not plan_rollback(users(edited=(edited,), strategy="downgrade")).refused


def test_a_revision_that_only_git_has_runs_from_there() -> None:
    plan = plan_rollback(users(only_in_git=frozenset({"b"})))
    assert plan.sources == {"b": plan.facts.texts["b"]}
    assert plan.steps == (Downgrade("b"),)
    above = plan_rollback(below_posts(only_in_git=frozenset({"c"})))
    assert above.refused
    assert "cannot go on top of c, which no file of this checkout defines" in above.decision.reason
    assert above.decision.undoes == ("b",)


# -- what stands in the way --------------------------------------------------------


def test_an_incomplete_downgrade_needs_consent() -> None:
    left = {
        "a": (
            'op.create_table("t", sa.Column("m", sa.Enum("x", name="mood")))',
            'op.drop_table("t")',
        )
    }
    plan = plan_rollback(written("a", left, table="t"))
    assert plan.refused
    assert plan.decision.reason == (
        "versions/a.py:6: upgrade() of a would create enum mood (x) [postgresql only], and its "
        "downgrade() leaves it there"
    )
    assert plan.decision.hint.startswith("Add `sa.Enum(name='mood').drop(op.get_bind())` to")
    assert not plan_rollback(written("a", left, table="t", strategy="downgrade")).refused
    assert not plan_rollback(written("a", left, table="t", dialect="sqlite")).refused
    more = {"a": USERS, "b": (f"{NOTE[0]}\n{NOTE[0].replace('note', 'memo')}", NOTE[1])}
    hint = plan_rollback(written("a; b<a", more, table="users")).decision.hint
    assert hint.startswith("Complete the downgrade() of b, or take it as it is")


def test_what_a_later_revision_needs_stays() -> None:
    refers = (
        'op.create_foreign_key("fk", "posts", "users", ["id"], ["note"])',
        'op.drop_constraint("fk", "posts")',
    )
    codes = {**LINE, "d": refers}
    plan = plan_rollback(written("a; b<a; c<b; d<c", codes, table="users", strategy="revert"))
    assert plan.refused
    assert plan.decision.reason.startswith("versions/d.py:6: d needs what would go: ")
    assert plan.decision.hint.endswith("`lback rollback --revision d`.")
    assert (plan.effects, plan.losses) == ((), ())
    along = plan_rollback(written("a; b<a; c<b; d<c", codes, table="users", strategy="downgrade"))
    assert along.decision.collateral == ("d", "c")
    assert [step.revision for step in along.steps if isinstance(step, Downgrade)] == ["d", "c", "b"]


def test_what_many_tables_share_is_split() -> None:
    both = (f"{NOTE[0]}\n{POSTS[0]}", f"{POSTS[1]}\n{NOTE[1]}")
    plan = plan_rollback(written("a; b<a", {"a": USERS, "b": both}, table="users"))
    assert plan.decision.strategy == "revert"
    assert plan.draft is not None
    assert "posts" not in plan.draft.upgrade
    reads = 'op.execute("CREATE VIEW v AS SELECT note FROM users")'
    viewed = (f"{both[0]}\n{reads}", f'op.execute("DROP VIEW v")\n{both[1]}')
    plan = plan_rollback(written("a; b<a", {"a": USERS, "b": viewed}, table="users"))
    assert plan.refused


# -- the reverting revision --------------------------------------------------------


def test_a_reverting_revision_goes_on_top() -> None:
    draft = plan_rollback(below_posts())
    assert draft.decision.parents == ("c",)
    assert draft.stakes.lost == (("users", "note"),)
    plan = filled(draft)
    assert plan.revert is not None and plan.draft is not None
    assert plan.draft.created == datetime(2026, 1, 2)
    new = plan.revert.id
    assert plan.steps == (Upgrade(new),)
    assert plan.target == (new,)
    assert plan.graph[new].parents == ("c",)
    assert plan.sources == {new: plan.revert.text}
    run = plan.run
    assert (run.revert, run.undoes, run.own) == (new, ("b",), ("users",))
    assert (run.touched_later, run.renames) == (("posts",), False)
    assert plan.doer == f"upgrade() of the reverting revision {new}"


def test_a_reverting_revision_is_written_once() -> None:
    plan = plan_rollback(below_posts())
    assert plan.draft is not None
    new = plan.draft.revision
    again = written(f"a; b<a; c<b; {new}<c", LINE, table="users")
    with pytest.raises(LbackError) as caught:
        plan_rollback(again)
    assert caught.value.message == f"versions/{new}.py undoes b already."


def test_a_template_that_leaves_something_out_is_refused() -> None:
    plan = plan_rollback(below_posts())
    empty = HEAD + 'revision = "x"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n'
    refused = plan.with_revert("versions/x.py", empty.encode())
    assert refused.refused
    assert "would not do what was meant" in refused.decision.reason
    assert "script.py.mako" in refused.decision.hint


def test_a_template_without_a_header_is_refused() -> None:
    plan = plan_rollback(below_posts())
    assert plan.draft is not None
    code = f"def upgrade():\n    {body_for(plan.draft.upgrade)}\n\n\n"
    code += f"def downgrade():\n    {body_for(plan.draft.downgrade)}\n"
    refused = plan.with_revert("versions/new.py", (HEAD + code).encode())
    assert refused.refused
    assert refused.revert is None
    assert refused.decision.reason == (
        "the reverting revision could not be read: `revision` is not assigned in this file, so "
        "Alembic cannot load it."
    )


def test_what_hooks_format_may_look_another_way_only() -> None:
    plan = filled(plan_rollback(below_posts()))
    assert plan.revert is not None
    other = plan.with_formatted(b"# formatted\n" + plan.revert.text)
    assert other is not None and other.revert is not None
    assert other.revert.text.startswith(b"# formatted")
    assert other.steps == plan.steps
    changed = plan.revert.text.replace(b'"note"', b'"nope"')
    assert plan.with_formatted(changed) is None


def test_a_computed_inverse_needs_a_readable_upgrade() -> None:
    alone = {"a": USERS, "b": (NOTE[0], None)}
    plan = plan_rollback(written("a; b<a", alone, table="users"))
    assert plan.decision.strategy == "revert"
    assert plan.stakes.lost == (("users", "note"),)
    gone = {"a": USERS, "b": ('op.drop_column("users", "id")', None)}
    refused = plan_rollback(written("a; b<a", gone, table="users"))
    assert refused.refused
    assert refused.decision.hint.startswith("Write the reverse as a new migration")


@pytest.mark.parametrize(
    "inside", ["+".join("1" * 20_000), "not " * 100_000 + "a"], ids=["long", "deep"]
)
def test_an_old_file_that_is_nested_too_deep_tells_nothing(inside: str) -> None:
    codes = {"a": (f"a = {inside}", "pass"), "b": USERS, "c": (NOTE[0], None)}
    plan = plan_rollback(written("a; b<a; c<b", codes, table="users"))
    assert plan.decision.strategy == "revert"
    of_itself = {"a": USERS, "b": (f"{NOTE[0]}\na = {inside}", NOTE[1])}
    plan = plan_rollback(written("a; b<a", of_itself, revision="b", strategy="revert"))
    assert plan.refused
    ran = f"a = {inside}".encode()
    plan = plan_rollback(users(asked=("b",), recorded={"b": ran}))
    assert plan.sources == {"b": ran}


MOOD = "ALTER TYPE mood ADD VALUE 'c'"
BOTH = (f"{NOTE[0]}\nop.execute({MOOD!r})\n{POSTS[0]}", f"{POSTS[1]}\n{NOTE[1]}")


@pytest.mark.parametrize(
    ("line", "table", "works"),
    [
        ("a; b<a", "users", "`lback rollback --steps 1` undoes all of b. Or: write the reverse"),
        ("a; b<a; c", "users", "`lback rollback --revision b` undoes all of b. Or: write"),
        ("a; b<a; c<b", "users", "Write the reverse as a new migration"),
    ],
)
def test_what_cannot_be_had_for_one_table_may_be_undone_whole(
    line: str, table: str, works: str
) -> None:
    mood = "sa.Enum('a', 'b', name='mood')"
    users = (USERS[0].replace("sa.Integer()", mood), USERS[1])
    codes = {"a": users, "b": BOTH, "c": ("pass", "pass")}
    facts = written(line, codes, table=table, separate_heads=((),))
    refused = plan_rollback(facts)
    assert refused.refused, refused.decision
    assert refused.decision.hint.startswith(works), refused.decision
    if "--steps" in works:
        again = plan_rollback(written(line, codes, steps=1))
        assert again.decision.strategy == "downgrade", again.decision


def test_a_reverting_revision_is_as_old_as_what_it_undoes() -> None:
    facts = below_posts()
    undated = Graph(
        Revision(one.header._replace(create_date=""), one.path, one.blob) for one in facts.graph
    )
    commit = Commit("0123456789", "Ada", "", "2026-02-03T04:05:06Z", "Add it")
    brought, file = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc), datetime(2026, 3, 4)
    for known, date in (
        ({}, datetime.fromtimestamp(0)),
        ({"modified": {"versions/b.py": file}}, file),
        ({"commits": {"versions/b.py": commit}}, brought),
    ):
        plan = plan_rollback(replace(facts, graph=undated, **known))
        assert plan.draft is not None
        assert plan.draft.created == date


# -- what becomes known afterwards -------------------------------------------------


def test_only_rows_that_are_there_are_lost() -> None:
    plan = plan_rollback(users()).with_rows({("users", "note"): 2, ("users", None): 0})
    assert plan.losses == (DataLoss("users", "note", 2),)


def test_a_proof_refuses_what_is_wrong() -> None:
    counted = plan_rollback(users()).with_rows({("users", "note"): 2})
    wrong = RollbackProof("wrong", "table users is gone")
    refused = counted.with_proof(wrong)
    assert refused.refused
    assert refused.proof == wrong
    assert refused.losses == counted.losses
    assert refused.decision.reason == "the rollback would not be right: table users is gone"
    assert refused.decision.hint == (
        "Correct the downgrade() of b (versions/b.py); or take it as it is with "
        "`--strategy downgrade`."
    )
    asked_for = plan_rollback(users(strategy="downgrade")).with_proof(wrong)
    assert not asked_for.refused
    reverted = filled(plan_rollback(below_posts(strategy="revert"))).with_proof(wrong)
    assert reverted.decision.hint == "Correct the downgrade() of b (versions/b.py)."


@pytest.mark.parametrize("state", ["proved", "unproved"])
def test_what_was_read_needs_no_proof(state: str) -> None:
    plan = plan_rollback(users()).with_proof(RollbackProof(state, "so"))  # type: ignore[arg-type]
    assert not plan.refused
    assert plan.proof is not None


def test_what_was_not_read_needs_a_proof() -> None:
    unread = ("op.execute(elsewhere)", "op.execute(elsewhere)\n" + NOTE[1])
    codes = {"a": USERS, "b": (NOTE[0] + "\n" + unread[0], unread[1])}
    plan = plan_rollback(written("a; b<a", codes, revision="b", strategy="revert"))
    assert plan.draft is not None and plan.draft.unknown
    refused = plan.with_proof(RollbackProof("unproved", "nothing at hand"))
    assert refused.refused
    assert refused.decision.reason.endswith("could not be proved either: nothing at hand")
    assert not plan.with_proof(RollbackProof("proved", "so")).refused


def test_effects_are_those_of_the_texts() -> None:
    facts = users()
    assert facts.effects == {one: read_effects(text) for one, text in facts.texts.items()}
    assert isinstance(facts.effects["a"], Effects)


def test_what_is_proved_or_asked_for_as_it_is_promises_nothing_of_its_tables() -> None:
    plan = plan_rollback(users())
    assert [(fate.before, fate.after) for fate in plan.promise.fates] == [("users", "users")]
    assert plan.with_proof(RollbackProof("proved", "so")).promise.fates == ()
    assert len(plan.with_proof(RollbackProof("unproved", "so")).promise.fates) == 1
    assert plan_rollback(users(strategy="downgrade")).promise.fates == ()
    assert filled(plan_rollback(below_posts(strategy="revert"))).promise.fates != ()
