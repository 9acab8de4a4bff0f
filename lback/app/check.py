"""The use case of `check`: what a branch is, and what it becomes once merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lback.core.checks.findings import CODES, Finding, doubted, told_once
from lback.core.checks.graph import no_history
from lback.core.checks.report import (
    MOST_NEW,
    CheckResult,
    ComparedRow,
    DrawnRevision,
    LeftOutCounts,
    NewRevisionRow,
)
from lback.core.checks.silencing import (
    CodeChoice,
    FailOn,
    LeftOut,
    arranged,
    fails,
    not_silenced,
    read_choice,
    shortened,
)
from lback.core.graph.forks import forks
from lback.core.merging.merge_plan import overlap_row
from lback.core.merging.overlap_rows import OverlapRow
from lback.core.messages import checks as messages
from lback.core.rows import effects_row
from lback.core.source import WORKTREE
from lback.errors import HistoryMissing
from lback.project.checking.deepen import deepen_for
from lback.project.checking.gather import (
    CheckFacts,
    gather_forks,
    gather_others,
    gather_siblings,
)
from lback.project.checking.judge import judge, models_checked
from lback.project.checking.policy import project_of_base, settle_policy
from lback.project.checking.rules_changed import (
    comments_that_count,
    doubted_labels,
    rules_changed,
    sorted_out,
    with_places_of_base,
)
from lback.project.contents import Limits
from lback.project.context import Context
from lback.project.places import bare_project
from lback.project.sides import Comparison, read_side, tip_of

# Known only where the migrations were run.
_RUN = frozenset({"LB501", "LB502", "LB503", "LB504", "LB505"})


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to check: `against` REFs (none: the shared branch), siblings, what counts.

    `describe` asks for what each new revision does, which few reports show.
    """

    at: str = WORKTREE
    against: tuple[str, ...] = ()
    siblings: bool = False
    refs: str | None = None
    fail_on: FailOn = "error"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    baseline: str | None = None
    write_baseline: bool = False
    deepen: bool = False
    models: str | None = None
    replace: bool = False
    describe: bool = False
    policy: str | None = None

    @property
    def base(self) -> str | None:
        """Return the name of the branch whose settings count, None where none was given."""
        return self.policy or next(iter(self.against), None)


def check(ctx: Context, options: CheckOptions) -> CheckResult:
    """Check a tree as it is and as it would be once merged; runs nothing of it."""
    ctx.limits = Limits()
    if options.models:
        _require_files(ctx, options.at)
    if options.deepen:
        options = replace(options, against=deepen_for(ctx, options.at, options.against))
    choice = CodeChoice(said=read_choice(options.select, options.ignore, {}))
    try:
        facts = _mine(ctx, options)
        own = facts.revisions.project_at(facts.mine.at).settings.lback
        choice = read_choice(own.select, own.ignore, own.severity, choice.said)
    except HistoryMissing as err:
        return _report(None, options, choice, [no_history(err)])
    own_places, facts = facts, with_places_of_base(facts)
    facts = _gathered(facts, options, siblings=bool(options.siblings or options.refs))
    findings = [*facts.findings, *_or_missing(judge(facts))]
    if own_places.revisions is not facts.revisions:
        # What the branch's own configuration leaves of it, once it is merged.
        alone = _gathered(own_places, options, siblings=False)
        findings += [*alone.findings, *_or_missing(judge(alone))]
    models = None
    if options.models:
        of_models, models = models_checked(ctx, facts, options.models, findings)
        findings += of_models
    findings = [*doubted(findings), *_or_missing(rules_changed(facts))]
    try:
        return replace(_report(facts, options, choice, findings), models=models)
    except HistoryMissing as err:
        return _report(None, options, choice, [*findings, no_history(err)])


def _mine(ctx: Context, options: CheckOptions) -> CheckFacts:
    """Read the tree to check, by the settings of the branch that it will be merged into."""
    at, base = ctx.place(options.at), options.base
    bare = ctx.repository is not None and ctx.repository.is_bare
    if ctx.repository is not None and bare and ctx.options.script_location is None:
        ctx.project = bare_project(ctx.options, ctx.repository, at, base)
    broken = project_of_base(ctx, base, runs=options.models is not None)
    policy = settle_policy(ctx, base, at, broken, replaced=options.replace)
    revisions = ctx.revisions
    return CheckFacts(revisions, read_side(revisions, at, at, tip_of(revisions, at)), policy=policy)


def _gathered(facts: CheckFacts, options: CheckOptions, *, siblings: bool) -> CheckFacts:
    """Add the other branches, and the forks that they open."""
    facts = gather_others(facts, options.against, push=options.replace)
    if siblings:
        facts = gather_siblings(facts, options.refs)
    return gather_forks(replace(facts, doubted=doubted_labels(facts)))


def _or_missing(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings; a content that this clone lacks is one as well, whoever asks for it."""
    try:
        yield from findings
    except HistoryMissing as err:
        yield no_history(err)


def _require_files(ctx: Context, at: str) -> None:
    """Raise UsageError where the code to run is not the files as they are."""
    if at != WORKTREE or (ctx.repository is not None and ctx.repository.is_bare):
        raise messages.models_need_files()
    if ctx.options.script_location is not None:
        raise messages.models_need_configuration()


def _report(
    facts: CheckFacts | None,
    options: CheckOptions,
    choice: CodeChoice,
    findings: Iterable[Finding],
) -> CheckResult:
    """Return the result: chosen, graded, silenced and old findings taken care of."""
    left_out: list[LeftOut] = []
    wanted = []
    for finding in dict.fromkeys(findings):
        by = choice.left_out_by(finding.code)
        if by is None:
            wanted.append(choice.graded(finding))
        else:
            left_out.append(LeftOut(finding, by))
    if facts is not None:
        paths = [finding.path for finding in wanted if finding.path]
        wanted, silenced = not_silenced(wanted, comments_that_count(facts, paths))
        left_out += silenced
    kept = arranged(told_once(wanted))
    if options.baseline:
        kept, old = sorted_out(facts, options.baseline, choice, kept, write=options.write_baseline)
        left_out += [LeftOut(finding, "baseline") for finding in old]
    shown = CheckResult(
        at=facts.mine.name if facts else options.at,
        findings=tuple(shortened(kept)),
        status="findings" if kept else "ok",
        exit_code=1 if fails(kept, options.fail_on) else 0,
        left_out=LeftOutCounts.of(left_out),
        left_out_findings=tuple(left_out),
        fail_on=options.fail_on,
        codes=_codes(options, choice),
    )
    if facts is None:
        return shown
    new = tuple(_new_rows(facts)) if options.describe and facts.others else ()
    return replace(_with_trees(shown, facts), new=new)


def _anchor(facts: CheckFacts) -> str:
    """Return the file that a finding without a place is about: what configures the project."""
    names = facts.revisions.project.config_names()
    own = facts.revisions.project.settings.config_path or ""
    return next((name for name in names if own.endswith(name)), names[0] if names else "")


def _codes(options: CheckOptions, choice: CodeChoice) -> tuple[str, ...]:
    """Return the codes that were looked for."""
    left_out = frozenset[str]() if options.models else _RUN
    return tuple(code for code in CODES if choice.wants(code) and code not in left_out)


def _with_trees(result: CheckResult, facts: CheckFacts) -> CheckResult:
    """Add what was gathered of the trees."""
    graph, merges = facts.mine.graph, tuple(_merge_row(other) for other in facts.others)
    first = merges[0] if merges else None
    return replace(
        result,
        against=first.against if first else None,
        merge_base=first.merge_base if first else None,
        heads=graph.heads,
        would_be_heads=first.would_be_heads if first else graph.heads,
        new_revisions=facts.new if facts.others else (),
        overlaps=_overlap_rows(facts),
        siblings=facts.siblings,
        merges=merges,
        count=len(graph),
        anchor=_anchor(facts),
        picture=tuple(_picture(facts)),
    )


def _new_rows(facts: CheckFacts) -> Iterator[NewRevisionRow]:
    """Yield what the revisions of this branch do, as far as a report has room for them."""
    for revision, effects in facts.sources.effects(facts.new[:MOST_NEW]).items():
        yield NewRevisionRow(revision, facts.mine.graph[revision].doc, effects_row(effects))


def _merge_row(other: Comparison) -> ComparedRow:
    return ComparedRow(
        other.theirs.name,
        other.theirs.tip,
        other.base_commit,
        other.merge.merged.heads,
        other.replaces,
        other.conflicts,
    )


def _overlap_rows(facts: CheckFacts) -> tuple[OverlapRow, ...]:
    overlaps = [overlap for fork in facts.forks for overlap in fork.overlaps]
    ids = {each for pair in overlaps for each in (pair.left_revision, pair.right_revision)}
    commits = facts.sources.commits(sorted(ids))
    return tuple(overlap_row(overlap, commits) for overlap in overlaps)


def _picture(facts: CheckFacts) -> Iterator[DrawnRevision]:
    """Yield what both sides added since they parted, or where one tree forks, for a drawing."""
    if not facts.others:
        return
    other = facts.others[0]
    merged, base = other.merge.merged, other.base
    forked = {
        revision
        for fork in forks(merged, facts.declared, facts.doubted)
        for side in merged.sides(fork).values()
        for revision in side
    }
    shown = [revision for revision in merged.order() if revision not in base or revision in forked]
    new = frozenset(shown)
    parents = {up for revision in shown for up in merged[revision].parents if up in merged} - new
    for revision in (*sorted(parents), *shown):
        yield DrawnRevision(
            revision, merged[revision].doc, merged[revision].parents, _side(facts, other, revision)
        )


def _side(facts: CheckFacts, other: Comparison, revision: str) -> Literal["here", "there", "both"]:
    if revision in other.base:
        return "both"
    if revision not in facts.mine.graph:
        return "there"
    return "both" if revision in other.theirs.graph else "here"
