"""What a check tells: findings that count, the keys of the contract, a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from lback.app.checking.look import Look
from lback.app.checking.options import CheckOptions
from lback.app.checking.rules_changed import comments_that_count
from lback.app.checking.sides import Together
from lback.core.findings import CODES, Finding
from lback.core.lanes import forks
from lback.core.rows import OverlapRow
from lback.core.rules.report import CheckResult, ComparedRow, DrawnRevision, LeftOutCounts
from lback.core.rules.silencing import (
    CodeChoice,
    LeftOut,
    arranged,
    fails,
    not_silenced,
    shortened,
)

# The hooks look for these.
_ELSEWHERE = frozenset({"LB306"})
# Known only where the migrations were run.
_RUN = frozenset({"LB305", "LB501", "LB502", "LB503", "LB504", "LB505"})


def finish(
    look: Look | None, request: CheckOptions, choice: CodeChoice, findings: Iterable[Finding]
) -> CheckResult:
    """Return the result: chosen, graded, silenced and old findings taken care of."""
    left_out: list[LeftOut] = []
    wanted = []
    for one in dict.fromkeys(findings):
        by = choice.left_out_by(one.code)
        if by is None:
            wanted.append(choice.graded(one))
        else:
            left_out.append(LeftOut(one, by))
    if look is not None:
        paths = [one.path for one in wanted if one.path]
        wanted, silenced = not_silenced(wanted, comments_that_count(look, paths))
        left_out += silenced
    found = arranged(wanted)
    if request.baseline:
        from lback.app.checking.baseline import sorted_out

        found, old = sorted_out(look, request, choice, found)
        left_out += [LeftOut(one, "baseline") for one in old]
    shown = CheckResult(
        at=look.mine.name if look else request.at,
        findings=tuple(shortened(found)),
        status="findings" if found else "ok",
        exit_code=1 if fails(found, request.fail_on) else 0,
        left_out=LeftOutCounts.of(left_out),
        left_out_findings=tuple(left_out),
        fail_on=request.fail_on,
        codes=_codes(request, choice),
    )
    return shown if look is None else _with_trees(shown, look)


def _anchor(look: Look) -> str:
    """Return the file that a finding without a place is about: what configures the project."""
    names = look.reader.project.config_names()
    own = look.reader.project.settings.config_path or ""
    return next((one for one in names if own.endswith(one)), names[0] if names else "")


def _codes(request: CheckOptions, choice: CodeChoice) -> tuple[str, ...]:
    """Return the codes that were looked for."""
    left_out = _ELSEWHERE if request.models else _ELSEWHERE | _RUN
    return tuple(code for code in CODES if choice.wants(code) and code not in left_out)


def _with_trees(result: CheckResult, look: Look) -> CheckResult:
    """Add what was gathered of the trees."""
    graph, merges = look.mine.graph, tuple(_merge_row(other) for other in look.others)
    first = merges[0] if merges else None
    return replace(
        result,
        against=first.against if first else None,
        merge_base=first.merge_base if first else None,
        heads=graph.heads,
        would_be_heads=first.would_be_heads if first else graph.heads,
        new_revisions=look.new if look.others else (),
        overlaps=_overlap_rows(look),
        siblings=tuple(look.siblings),
        models=look.models,
        merges=merges,
        count=len(graph),
        anchor=_anchor(look),
        picture=tuple(_picture(look)),
    )


def _merge_row(other: Together) -> ComparedRow:
    return ComparedRow(
        other.theirs.name,
        other.theirs.tip,
        other.base_commit,
        other.merge.merged.heads,
        other.replaces,
        other.conflicts,
    )


def _overlap_rows(look: Look) -> tuple[OverlapRow, ...]:
    if not look.overlaps:
        return ()
    from lback.core.forks.joining import overlap_row

    ids = {one for o in look.overlaps for one in (o.left_revision, o.right_revision)}
    commits = look.facts.commits(sorted(ids))
    return tuple(overlap_row(one, commits) for one in look.overlaps)


def _picture(look: Look) -> Iterator[DrawnRevision]:
    """Yield what both sides added since they parted, or where one tree forks, for a drawing."""
    if not look.others:
        return
    other = look.others[0]
    merged, base = other.merge.merged, other.base
    forked = {
        one
        for fork in forks(merged, look.declared, look.doubted)
        for side in merged.sides(fork).values()
        for one in side
    }
    shown = [one for one in merged.order() if one not in base or one in forked]
    new = frozenset(shown)
    parents = {up for one in shown for up in merged[one].parents if up in merged} - new
    for one in (*sorted(parents), *shown):
        yield DrawnRevision(one, merged[one].doc, merged[one].parents, _side(look, other, one))


def _side(look: Look, other: Together, revision: str) -> Literal["here", "there", "both"]:
    if revision in other.base:
        return "both"
    if revision not in look.mine.graph:
        return "there"
    return "both" if revision in other.theirs.graph else "here"
