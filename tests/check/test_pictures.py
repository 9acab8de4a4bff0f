"""Graphs for Mermaid and Graphviz, read back by these programs: the names are all that is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lback.app.graph import GraphResult
from lback.core.checks.report import CheckResult, DrawnRevision
from lback.core.display import visible
from lback.core.rows import RevisionRow
from lback.formats.render import render
from tests.check.team import Team
from tests.cli.inside import lback
from tests.worlds.texts import VERSIONS

NAMES = (
    "a1", 'x"]\n r0 --> r5', "b;c", "`q`", "<b>&amp;</b>", "a --> b", "#35;", "end", "1. x", "- x",
    "%% c", "\x1b[31m", "\u202eevil", "back\\", "subgraph", "$(touch x)", "it's", "|a|", "::x",
    'a\\N"', "r3", "é 漢", "a\u2028b", "**b**", "x\r\ny", "click r0 call x()", "%", "\\",
)  # fmt: skip
NODE = os.environ.get("LBACK_TEST_NODE", "")


def graph(names: tuple[str, ...] = NAMES) -> GraphResult:
    rows = [
        RevisionRow(
            revision=name,
            down_revisions=(names[at - 1],) if at else (),
            depends_on=(names[at - 3],) if at > 4 else (),
            branch_labels=(),
            path="",
            doc=f"about {name}",
            is_head=False,
            is_base=not at,
            is_merge=False,
            tables=(),
        )
        for at, name in enumerate(names)
    ]
    return GraphResult(at="worktree", revisions=tuple(rows))


def meant() -> tuple[list[str], set[tuple[str, str]]]:
    """Return what every node shows, and the edges between them by what they show."""
    shown = [f"{visible(one)}\nabout {visible(' '.join(one.split()))}" for one in NAMES]
    edges = set(pairwise(shown))
    return shown, edges | {(shown[at - 3], shown[at]) for at in range(5, len(shown))}


@pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
def test_graphviz_draws_the_names_and_no_edge_more() -> None:
    drawn = subprocess.run(
        ("dot", "-Tsvg"), input=render(graph(), "dot").encode(), capture_output=True, check=True
    )
    assert drawn.stderr == b""
    names, edges = {}, set()
    for group in ElementTree.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}g"):
        texts = [one.text or "" for one in group.findall("{http://www.w3.org/2000/svg}text")]
        title = group.findtext("{http://www.w3.org/2000/svg}title") or ""
        if group.get("class") == "node":
            names[title] = "\n".join(texts).replace("\xa0", " ")
    for group in ElementTree.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}g"):
        if group.get("class") == "edge":
            title = group.findtext("{http://www.w3.org/2000/svg}title") or ""
            pairs = [(a, b) for a in names for b in names if f"{a}->{b}" == title]
            assert len(pairs) == 1, title
            edges.add((names[pairs[0][0]], names[pairs[0][1]]))
    assert (sorted(names.values()), edges) == (sorted(meant()[0]), meant()[1])


@pytest.mark.skipif(
    not NODE, reason="LBACK_TEST_NODE names no folder with mermaid and jsdom (see .ci/run)"
)
def test_mermaid_draws_the_names_and_no_edge_more() -> None:
    picture = tuple(
        DrawnRevision(one, f"about {one}", NAMES[:at][-1:], "here") for at, one in enumerate(NAMES)
    )
    comment = render(CheckResult(at="worktree", picture=picture), "markdown")
    fenced = comment.split("```mermaid\n")[1].split("\n```")[0]
    reader = Path(__file__).with_name("mermaid.mjs")
    read = subprocess.run(
        ("node", str(reader), NODE),
        input=json.dumps([render(graph(), "mermaid"), fenced]).encode(),
        capture_output=True, check=True,
    )  # fmt: skip
    drawn, commented = json.loads(read.stdout)
    shown = dict(drawn["nodes"])
    assert list(shown.values()) == meant()[0]
    assert {(shown[a], shown[b]) for a, b in drawn["edges"]} == meant()[1]
    labels = [label for _, label in commented["nodes"]]
    assert labels == [visible(f"{one}: about {one}").strip()[:80] for one in NAMES]
    assert len(commented["edges"]) == len(NAMES) - 1


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_findings_are_told_beside_the_picture(team: Team, form: str) -> None:
    team.write(f"{VERSIONS}/x.py", 'revision = "x9"\ndown_revision = "nowhere"\n')
    done = lback(team.path, "graph", "--format", form)
    assert done.code == 1
    assert "LB103" in done.err and "LB103" not in done.out
    assert done.out.split("\n")[0] in ("flowchart TD", "digraph revisions {")
