"""What a check tells: findings that count, the keys of the contract, a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lback.app.checking.look import Look, Request
from lback.app.checking.rules_changed import comments_that_count
from lback.core.findings import CODES, Finding
from lback.core.lanes import forks
from lback.core.result import Result
from lback.core.results import plain
from lback.core.rules.silencing import (
    Choice,
    LeftOut,
    arranged,
    counted_by,
    fails,
    not_silenced,
    shortened,
)

# The hooks look for these.
_ELSEWHERE = frozenset({"LB306"})
# Known only where the migrations were run.
_RUN = frozenset({"LB305", "LB501", "LB502", "LB503", "LB504", "LB505"})


def finish(
    look: Look | None, request: Request, choice: Choice, findings: Iterable[Finding]
) -> Result:
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
    failed = fails(found, request.fail_on)
    counts = counted_by(left_out)
    return Result(
        "check",
        {**(_data(look) if look is not None else _no_data()), "left_out": counts},
        shortened(found),
        status="findings" if found else "ok",
        exit_code=1 if failed else 0,
        view={
            "at": look.mine.name if look else request.at,
            "count": len(look.mine.graph) if look else 0,
            "left_out": left_out,
            "anchor": _anchor(look) if look else "",
            "fail_on": request.fail_on,
            "codes": _codes(request, choice),
            "picture": _picture(look) if look else [],
        },
    )


def _anchor(look: Look) -> str:
    """Return the file that a finding without a place is about: what configures the project."""
    names = look.reader.ctx.project.config_names()
    own = look.reader.ctx.project.settings.config_path or ""
    return next((one for one in names if own.endswith(one)), names[0] if names else "")


def _codes(request: Request, choice: Choice) -> list[str]:
    """Return the codes that were looked for."""
    left_out = _ELSEWHERE if request.models else _ELSEWHERE | _RUN
    return [code for code in CODES if choice.wants(code) and code not in left_out]


def _no_data() -> dict[str, Any]:
    return {
        "against": None,
        "merge_base": None,
        "heads": [],
        "would_be_heads": [],
        "new_revisions": [],
        "overlaps": [],
        "siblings": [],
        "models": None,
        "merges": [],
    }


def _data(look: Look) -> dict[str, Any]:
    merges = [
        {
            "against": other.theirs.name,
            "commit": other.theirs.tip,
            "merge_base": other.base_commit,
            "would_be_heads": list(other.merge.merged.heads),
            "replaced": other.replaces,
            "conflicts": list(other.conflicts),
        }
        for other in look.others
    ]
    first = merges[0] if merges else {}
    return {
        "at": look.mine.name,
        "against": first.get("against"),
        "merge_base": first.get("merge_base"),
        "heads": list(look.mine.graph.heads),
        "would_be_heads": first.get("would_be_heads", list(look.mine.graph.heads)),
        "new_revisions": list(look.new) if look.others else [],
        "overlaps": _overlap_rows(look),
        "siblings": look.siblings,
        "models": look.models,
        "merges": merges,
    }


def _overlap_rows(look: Look) -> list[dict[str, Any]]:
    if not look.overlaps:
        return []
    from lback.core.forks.joining import overlap_row

    ids = {one for o in look.overlaps for one in (o.left_revision, o.right_revision)}
    commits = look.facts.commits(sorted(ids))
    return [plain(overlap_row(one, commits)) for one in look.overlaps]


def _picture(look: Look) -> list[dict[str, Any]]:
    """Return what both sides added since they parted, or where one tree forks, for a drawing."""
    if not look.others:
        return []
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
    rows = []
    for one in (*sorted(parents), *shown):
        side = "both" if one in base else "here" if one in look.mine.graph else "there"
        if side == "here" and one in other.theirs.graph:
            side = "both"
        node = merged[one]
        rows.append({"revision": one, "doc": node.doc, "parents": list(node.parents), "side": side})
    return rows
