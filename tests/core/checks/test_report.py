"""One report of several environments, and what a finding says in JSON and as an error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lback.core.checks.findings import CODES, Finding, finding, from_graph, refuse_first, told_once
from lback.core.checks.report import (
    CheckResult,
    ComparedRow,
    DrawnRevision,
    LeftOutCounts,
    NewRevisionRow,
    SiblingRow,
    together,
)
from lback.core.checks.silencing import LeftOut
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.merging.overlap_rows import OverlapRow, OverlapSide
from lback.core.rows import EffectsRow
from lback.errors import LbackError
from tests.core.checks.findings import ADA, codes
from tests.core.graphs import graph

# -- several environments ------------------------------------------------------------


def report(name: str, *found: Finding, **more: Any) -> CheckResult:
    """Return a report in which all that is a list has one thing of its own."""
    side = OverlapSide(name, "", None)
    return CheckResult(
        at="HEAD",
        heads=(f"{name} head",),
        would_be_heads=(f"{name} would be",),
        new_revisions=(f"{name} new",),
        overlaps=(OverlapRow(name, side, side, "same", "", ""),),
        siblings=(SiblingRow((name,), "", "", "", (), (), ()),),
        merges=(ComparedRow(name, None, "", (), False, ()),),
        findings=found,
        status="findings" if found else "ok",
        left_out_findings=(LeftOut(finding("LB401", name), "comments"),),
        left_out=LeftOutCounts(comments=1),
        count=2,
        picture=(DrawnRevision(name, "", (), "here"),),
        new=(NewRevisionRow(name, "", EffectsRow((), (), ())),),
        **more,
    )


def test_one_report_is_left_as_it_is() -> None:
    only = report("a")
    assert together([only]) is only


def test_reports_are_added_up() -> None:
    wrong = finding("LB101", "x")
    one = report("a", codes=("LB1", "LB2"), anchor="a.ini", fail_on="warning")
    two = report("b", wrong, codes=("LB2", "LB3"), exit_code=1, anchor="b.ini")
    third = report("c", exit_code=0)
    whole = together([one, two, third])
    lists = ("heads", "would_be_heads", "new_revisions", "overlaps", "siblings", "merges")
    for name in (*lists, "left_out_findings", "picture", "new"):
        parts = [getattr(each, name) for each in (one, two, third)]
        assert getattr(whole, name) == (*parts[0], *parts[1], *parts[2]), name
    assert whole.findings == (wrong,)
    assert (whole.count, whole.left_out) == (6, LeftOutCounts(comments=3))
    assert (whole.status, whole.exit_code) == ("findings", 1)
    assert whole.codes == ("LB1", "LB2", "LB3")
    assert (whole.anchor, whole.fail_on) == ("a.ini", "warning")


def test_reports_without_a_finding_are_fine_together() -> None:
    whole = together([report("a"), report("b")])
    assert (whole.status, whole.exit_code, whole.findings) == ("ok", 0, ())
    strange = together([replace(report("a"), exit_code=3), report("b")])
    assert strange.exit_code == 3


# -- a finding -----------------------------------------------------------------------


def test_what_json_says_of_a_finding() -> None:
    full = finding(
        "LB401", "m", "h", path="a.py", line=3, revisions=("a",), tables=("t",), commits=(ADA,)
    )
    assert full.as_dict() == {
        "code": "LB401",
        "severity": CODES["LB401"][0],
        "message": "m",
        "hint": "h",
        "path": "a.py",
        "line": 3,
        "revisions": ["a"],
        "tables": ["t"],
        "commits": [ADA.as_dict()],
    }
    empty = Finding("LB401", "m").as_dict()
    assert [empty[key] for key in ("hint", "path", "line")] == [None, None, None]
    assert [empty[key] for key in ("revisions", "tables", "commits")] == [[], [], []]


@pytest.mark.parametrize(
    ("place", "hint", "expected"),
    [
        ({"path": "a.py", "line": 3}, "do", ("a.py:3: m", "do")),
        ({"path": "a.py"}, "do", ("a.py: m", "do")),
        ({"line": 3}, "", ("m", "See `lback check`.")),
    ],
)
def test_the_first_finding_is_an_error(
    place: dict[str, Any], hint: str, expected: tuple[str, str]
) -> None:
    found = [finding("LB101", "m", hint, **place), finding("LB102", "n")]
    with pytest.raises(LbackError) as caught:
        refuse_first(found)
    assert (caught.value.message, caught.value.hint) == expected
    refuse_first([])


# -- the files of a graph ------------------------------------------------------------


def test_a_graph_tells_of_its_forks() -> None:
    (fork,) = from_graph(graph("a; b<a; c<a"), ())
    assert (fork.code, fork.revisions) == ("LB101", ("b", "c"))
    assert (fork.message, fork.hint) == ("2 heads: b, c", "close the fork with `lback resolve`")
    assert from_graph(graph("a; b<a; c<a"), ("b",)) == ()
    assert from_graph(graph("a; b<a"), ()) == ()
    assert codes(from_graph(graph("a; b<a; c<x"), ())) == ["LB103"]


def test_a_computed_label_may_keep_heads_apart() -> None:
    nodes = {one.id: one for one in graph("a; b<a; c<a")}
    header = nodes["b"].header._replace(uncertain=(("branch_labels", 6),))
    nodes["b"] = Revision(header, nodes["b"].path, "")
    (fork,) = from_graph(Graph(nodes.values()), ())
    assert fork.message == (
        "2 heads: b, c; b and c may be apart by design: `branch_labels` of b is computed "
        "(versions/b.py:6), and only running it would tell"
    )
    assert fork.hint == "Write the label of b as a plain string."


def test_the_file_of_a_squashed_revision_is_the_one_thing_that_is_told() -> None:
    old = Revision(Header("b", ("a",), line=2), "v/b it.py", "")
    squash = Revision(Header("c", ("a",), replaces=("b", "gone")), "v/c.py", "")
    (told,) = from_graph(Graph([*graph("a"), old, squash]), ())
    assert (told.code, told.path, told.line, told.revisions) == (
        "LB207", "v/b it.py", 2, ("b", "c"),
    )  # fmt: skip
    assert told.message == "b was squashed into c, and its file is still here"
    assert told.hint == ("Remove it: `git rm -- ':/v/b it.py'`; or bring the old file of c back")
    three = from_graph(Graph([*graph("a; d<a"), old, squash]), ())
    assert codes(three) == ["LB207", "LB101"]


def stays(**more: Any) -> Finding:
    return finding("LB207", "x", revisions=("b", "c"))._replace(**more)


@pytest.mark.parametrize(
    ("about", "rest"),
    [
        (finding("LB101", "x", revisions=("b", "c")), False),
        (finding("LB102", "x", revisions=("b", "d")), False),
        (finding("LB101", "x", revisions=("b", "d", "e")), True),
        (finding("LB101", "x", revisions=("c", "d")), True),
        (finding("LB301", "x", revisions=("d", "b")), False),
        (finding("LB301", "x", revisions=("d", "c")), True),
        (finding("LB204", "x", revisions=("b",)), True),
    ],
)
def test_what_a_squashed_file_explains_is_left_out(about: Finding, rest: bool) -> None:
    assert told_once([about, stays()]) == ([about, stays()] if rest else [stays()])
    assert told_once([about]) == [about]
    # Where it weighs less than what it explains, all stays; where it weighs the same, it does not.
    note = stays(severity="note")
    assert told_once([about, note]) == [about, note]
    alike = about._replace(severity="note")
    assert told_once([alike, note]) == ([alike, note] if rest else [note])
