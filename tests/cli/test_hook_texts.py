"""What a person reads of hooks, and of forks that were closed, from results made by hand."""

from __future__ import annotations

import pytest

from lback.app.hook import HookResult
from lback.app.merge import MergeResult
from lback.app.rebase import RebaseResult
from lback.app.resolve import ResolveResult
from lback.cli.terminal import render
from lback.core import hook_facts as facts
from lback.core.graph.revision import Problem
from lback.core.merging.merge_file import merge_file
from lback.core.merging.merge_plan import MergePlan
from lback.core.merging.rebase_plan import RebasePlan, Rewrite
from lback.core.merging.results import DatabaseRow, MergeRow, RemovedRow, RewriteRow
from lback.core.results import Result
from lback.core.source import Commit
from lback.formats.style import Style

ADA = Commit("a" * 40, "Ada", "ada@example.com", "2026-01-05T10:00:00+00:00", "Add")
GRACE = Commit("b" * 40, "Grace", "grace@example.com", "2026-01-06T10:00:00+00:00", "Move")
MERGE = MergePlan(("a", "b"), "merge", "they commute", (), merge_file(["a", "b"], {}), "v/m.py")
MOVED = RebasePlan("rebase", "a moves", (Rewrite("a", "v/a.py", ("s",), ("t",)),))


def text(result: Result) -> list[str]:
    return list(render(result, Style()))


def hook(*told: facts.HookFact) -> list[str]:
    return text(HookResult(facts=told))


def known(count: int) -> tuple[facts.KnownRevision, ...]:
    return tuple(facts.KnownRevision(f"r{n}", f"do {n}") for n in range(count))


def test_what_arrived_is_told_with_its_author() -> None:
    revisions = (facts.KnownRevision("a", "add", ADA), facts.KnownRevision("b", "", None))
    assert hook(facts.Arrived(revisions, ready=True)) == [
        "lback: 2 revisions arrived",
        "  a  “add”  Ada, 2026-01-05",
        "  b  “”",
        "next: `lback migrate`",
    ]
    assert len(hook(facts.Arrived(revisions, ready=False))) == 3


def test_a_problem_is_told_with_its_way_out() -> None:
    problem = Problem("LB103", "a stands on x, which is missing", "fetch it", "v/a.py")
    assert hook(problem) == [
        "lback: v/a.py: a stands on x, which is missing",
        "next: fetch it",
    ]
    assert hook(problem._replace(hint="", path="")) == [
        "lback: migrations: a stands on x, which is missing"
    ]


def test_a_cycle_names_who_made_it_and_what_to_undo() -> None:
    first = facts.Reparenting("a", "v/a.py", ("b",), ("s", "t"), ADA)
    last = facts.Reparenting("b", "v/b.py", ("a",), (), GRACE)
    assert hook(facts.Cycle((first, last))) == [
        "  a was put on b by Ada, 2026-01-05, commit aaaaaaa; before, it was on s and t",
        "  b was put on a by Grace, 2026-01-06, commit bbbbbbb; before, it was on nothing",
        "  undo the later change: Grace's of b",
        "next: `git checkout 'bbbbbbbbbbbb~' -- :/v/b.py`, commit it, and `lback resolve`",
    ]


def test_a_fork_names_both_sides() -> None:
    sides = (facts.KnownRevision("a", "add", ADA), facts.KnownRevision("b", "", None))
    assert hook(facts.Fork((), ("a", "b"), sides)) == [
        "lback: the migrations fork after the beginning: 2 heads",
        "  a  “add”  by Ada, 2026-01-05, commit aaaaaaa",
        "  b  “no message”  yours, not committed yet",
    ]


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (facts.ForkMerge(MERGE), ["next: `lback merge`"]),
        (
            facts.ForkMerge(MERGE, "staged", "other changes are staged, too"),
            [
                "lback: wrote and staged v/m.py",
                "  not committed: other changes are staged, too",
                'next: git commit -m "Merge migrations", then `lback migrate`',
            ],
        ),
        (
            facts.ForkMerge(MERGE, "committed"),
            ["lback: wrote v/m.py and committed it", "next: `lback migrate`"],
        ),
        (
            facts.ForkMerge(MERGE, "amended"),
            ["lback: wrote v/m.py and put it into the merge commit", "next: `lback migrate`"],
        ),
    ],
)
def test_a_merge_says_where_its_revision_is(fact: facts.ForkMerge, told: list[str]) -> None:
    assert hook(fact) == ["lback: they can be merged: they commute", *told]


def test_a_side_that_contradicts_itself_is_told_by_its_reason() -> None:
    plan = MergePlan(("a", "b"), "refused", "a would add x, and x is there already")
    assert hook(facts.ForkMerge(plan)) == [
        "lback: they cannot be merged automatically:",
        "  a would add x, and x is there already",
        "next: edit that revision, then `lback merge`",
    ]


def test_a_rebase_says_whether_it_was_done() -> None:
    assert hook(facts.ForkRebase(MOVED, done=True)) == [
        "lback: rebased: a moves",
        "lback: rewrote v/a.py and staged it",
        'next: git commit -m "Rebase migrations", then `lback migrate`',
    ]
    assert hook(facts.ForkRebase(MOVED, done=False, note="the database has run what moves")) == [
        "lback: the local revisions can be rebased: a moves",
        "  not done by the hook: the database has run what moves",
        "next: `lback rebase`, which moves the database too",
    ]


def test_a_checkout_tells_what_the_database_lacks_and_has() -> None:
    gone = (*known(8), facts.KnownRevision("lost", None))
    told = hook(facts.Lacks(gone, ran=True, followed=False))
    assert told[0] == "lback: the database has run 9 revisions that this branch lacks"
    assert told[-2:] == [
        "  and 1 more",
        "next: `lback switch` undoes them; or go back to the branch that has them",
    ]
    assert hook(facts.Lacks((gone[-1],), ran=False, followed=True)) == [
        "lback: this branch lacks 1 revision of the branch before",
        "  lost  (on neither branch)",
    ]
    assert hook(facts.Adds(known(1), followed=False)) == [
        "lback: this branch adds 1 revision",
        "  r0  “do 0”",
        "next: `lback migrate`",
    ]


def test_a_followed_checkout_tells_what_the_database_did() -> None:
    assert hook(facts.Switched(("a",), ("b", "c"))) == [
        "lback: the database has undone a",
        "lback: the database has run b, c",
    ]
    assert hook(facts.Switched(("a",), ("b",), "Aborted.")) == [
        "lback: the database stays where it is: Aborted."
    ]
    (said,) = hook(facts.NoConsent("on_checkout"))
    assert said.endswith("to let hooks move the database: git config lback.onCheckout switch")


def test_a_stopped_push_tells_how_to_skip_the_check() -> None:
    result = HookResult(facts=(facts.Pushed("main", "origin", shared=True),), stopped="push")
    assert text(result) == [
        "lback: main on origin is the shared branch",
        "lback: this push is stopped (`git push --no-verify` skips this check)",
    ]


def test_the_names_of_revisions_mark_no_line() -> None:
    odd = facts.KnownRevision("next: x", "  lback: y")
    assert hook(facts.Adds((odd,), followed=True))[1] == "  next: x  “  lback: y”"
    assert hook(Problem("LB106", "m", "", "next: a.py")) == ["lback: next: a.py: m"]


# -- merge, rebase, resolve --------------------------------------------------------

PUBLISHED = RewriteRow("s", "v/s.py", ("a",), (), published=True)
RESTAMPED = "the database has run all of it; only its stamp changes"
SILENT = "the database does not answer: no server"
LOCAL = RewriteRow("a", "v/a.py", ("s",), ("t", "u"), published=False)


def test_a_merge_that_was_written() -> None:
    rows = (MergeRow(("a", "b"), "m", "v/m.py"),)
    result = MergeResult(
        heads=("a", "b"), action="merge", reason="they commute", merges=rows, staged=("v/m.py",)
    )
    assert text(result) == [
        "wrote and staged v/m.py, which merges a and b",
        "why: they commute",
        "next: commit it, then `lback migrate`",
    ]
    none = MergeResult(heads=("a",), action="none", reason="there is one head")
    assert text(none) == ["nothing to merge: there is one head"]


def test_a_rebase_that_was_done_tells_what_the_database_did() -> None:
    result = RebaseResult(
        heads=("a",),
        action="rebase",
        reason="a moves",
        rewrites=(PUBLISHED, LOCAL),
        removes=(RemovedRow("m", "v/m.py"),),
        onto="origin/main",
        database=DatabaseRow("moved", ("a",), ("t", "a")),
        databases=(DatabaseRow("moved", ("a",), ("t", "a")),),
        staged=("v/a.py",),
    )
    assert text(result) == [
        "gave s its published parent the base back",
        "    v/s.py",
        "moved a from s onto t and u",
        "    v/a.py",
        "removed v/m.py: the merge has nothing left to merge",
        "the database has undone a, and then run t, a",
        "next: commit them",
    ]


@pytest.mark.parametrize(
    ("database", "told"),
    [
        (DatabaseRow("untouched"), []),
        (DatabaseRow("moved", restamped=True), [RESTAMPED]),
        (DatabaseRow("unreachable", message="no server"), [SILENT]),
        (DatabaseRow("moved", ("a",)), ["the database would undo a, and then run nothing"]),
    ],
)
def test_a_plan_of_a_rebase(database: DatabaseRow, told: list[str]) -> None:
    result = ResolveResult(
        heads=("a", "t"),
        action="rebase",
        reason="a is local only",
        rewrites=(LOCAL,),
        database=database,
        databases=(database,),
        planned=True,
    )
    assert text(result) == [
        "would move a from s onto t and u",
        "    v/a.py",
        *told,
        "why: a is local only",
        "nothing was done",
    ]


def test_what_cannot_run_where_it_stands_now_comes_first() -> None:
    result = RebaseResult(
        heads=("a",), action="rebase", reason="a moves", held=("a", "b"), onto="main"
    )
    assert text(result) == [
        "next: edit a and b, which cannot run as they are; then `git add` and commit and "
        "`lback migrate`"
    ]
