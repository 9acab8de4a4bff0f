"""The text of the git hooks: short lines that name their speaker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lback.core import hook_facts as facts
from lback.core.preferences import CONSENTS
from lback.core.problems import Problem
from lback.core.shell import command, named, pathspec
from lback.report.style import Style, safe
from lback.report.words import counted

if TYPE_CHECKING:
    from lback.app.hook import HookResult
    from lback.core.source import Commit

_MOST = 8
_NEXT = "next: "


def lines(result: HookResult, style: Style) -> Iterator[str]:
    """Yield the lines of a hook, the first ones of each matter marked with `lback:`."""
    for fact in result.facts:
        for line in _TEXTS[type(fact)](fact):
            if line.startswith("  "):
                yield safe(line)
            elif line.startswith(_NEXT):
                yield f"{style.cyan('next:')} {safe(line.removeprefix(_NEXT))}"
            else:
                yield f"{style.bold('lback:')} {safe(line)}"
    what = result.stopped
    if what:
        skips = command(f"git {what} --no-verify")  # `what` is ours: commit or push
        yield f"{style.bold('lback:')} this {what} is stopped ({skips} skips this check)"


def _arrived(fact: facts.Arrived) -> Iterator[str]:
    yield f"{counted(len(fact.revisions), 'revision')} arrived"
    for one in fact.revisions:
        by = f"  {one.commit.author}, {one.commit.date[:10]}" if one.commit else ""
        yield f"  {one.revision}  “{one.doc}”{by}"
    if fact.ready:
        yield f"{_NEXT}`lback migrate`"


def _problem(fact: Problem) -> Iterator[str]:
    yield f"{fact.path or 'migrations'}: {fact.message}"
    if fact.hint:
        yield f"{_NEXT}{fact.hint}"


def _cycle(fact: facts.Cycle) -> Iterator[str]:
    for one in fact.reparentings:
        yield (
            f"  {one.revision} was put on {_names(one.parents)} by {_by(one.commit)}; "
            f"before, it was on {_names(one.before)}"
        )
    last = fact.reparentings[-1]
    yield f"  undo the later change: {last.commit.author}'s of {last.revision}"
    back = command("git checkout", f"{last.commit.sha[:12]}~", "--", pathspec(last.path))
    yield f"{_NEXT}{back}, commit it, and `lback resolve`"


def _fork(fact: facts.Fork) -> Iterator[str]:
    after = ", ".join(fact.after) or "the beginning"
    yield f"the migrations fork after {after}: {len(fact.heads)} heads"
    for one in fact.revisions:
        by = f"by {_by(one.commit)}" if one.commit else "yours, not committed yet"
        yield f"  {one.revision}  “{one.doc or 'no message'}”  {by}"


def _merge(fact: facts.ForkMerge) -> Iterator[str]:
    plan = fact.plan
    if plan.action == "refused":
        yield from _not_merged(fact)
        return
    yield f"they can be merged: {plan.reason}"
    if fact.done == "none":
        yield f"{_NEXT}`lback merge`"
    elif fact.done == "staged":
        yield f"wrote and staged {plan.path}"
        if fact.note:
            yield f"  not committed: {fact.note}"
        yield f'{_NEXT}git commit -m "Merge migrations", then `lback migrate`'
    else:
        where = "put it into the merge commit" if fact.done == "amended" else "committed it"
        yield f"wrote {plan.path} and {where}"
        yield f"{_NEXT}`lback migrate`"


def _not_merged(fact: facts.ForkMerge) -> Iterator[str]:
    overlaps = fact.plan.overlaps
    yield "they cannot be merged automatically:"
    for overlap in overlaps:
        yield f"  {overlap.verdict}: {overlap.brief}"
        yield f"    {overlap.left_revision}  {overlap.left_operation}"
        yield f"    {overlap.right_revision}  {overlap.right_operation}"
    if all(overlap.verdict == "unknown" for overlap in overlaps):
        yield f"{_NEXT}`lback show` both; where they go together, `lback merge --force`"
    else:
        yield f"{_NEXT}`lback resolve`; or agree with the author and edit one side"


def _rebase(fact: facts.ForkRebase) -> Iterator[str]:
    plan = fact.plan
    if not fact.done:
        yield f"the local revisions can be rebased: {plan.reason}"
        if fact.note:
            yield f"  not done by the hook: {fact.note}"
        yield f"{_NEXT}`lback rebase`, which moves the database too"
        return
    yield f"rebased: {plan.reason}"
    paths = " and ".join(one.path for one in plan.rewrites)
    yield f"rewrote {paths}" + (" and staged it" if len(plan.rewrites) == 1 else ", all staged")
    yield f'{_NEXT}git commit -m "Rebase migrations", then `lback migrate`'


def _lacks(fact: facts.Lacks) -> Iterator[str]:
    count = counted(len(fact.revisions), "revision")
    if fact.ran:
        yield f"the database has run {count} that this branch lacks"
        step = "`lback switch` undoes them; or go back to the branch that has them"
    else:
        yield f"this branch lacks {count} of the one before"
        step = "if this database has run them: `lback switch`"
    yield from _rows(fact.revisions)
    if not fact.followed:
        yield f"{_NEXT}{step}"


def _adds(fact: facts.Adds) -> Iterator[str]:
    yield f"this branch adds {counted(len(fact.revisions), 'revision')}"
    yield from _rows(fact.revisions)
    if not fact.followed:
        yield f"{_NEXT}`lback migrate`"


def _switched(fact: facts.Switched) -> Iterator[str]:
    if fact.refused:
        yield f"the database stays where it is: {fact.refused}"
    elif fact.undone:
        yield f"the database has undone {', '.join(fact.undone)}"
    if fact.applied and not fact.refused:
        yield f"the database has run {', '.join(fact.applied)}"


def _no_consent(fact: facts.NoConsent) -> Iterator[str]:
    yield (
        f"note: {named(fact.setting)} of the project's file is not followed, for this branch "
        f"brought it; to let hooks move the database: {CONSENTS[fact.setting]}"
    )


def _pushed(fact: facts.Pushed) -> Iterator[str]:
    effect = "is the shared branch" if fact.shared else "is not the shared branch: only a warning"
    yield f"{fact.branch} on {fact.remote} {effect}"


_TEXTS: Mapping[type, Callable[[Any], Iterable[str]]] = {
    facts.Arrived: _arrived,
    Problem: _problem,
    facts.Cycle: _cycle,
    facts.Fork: _fork,
    facts.ForkMerge: _merge,
    facts.ForkRebase: _rebase,
    facts.Lacks: _lacks,
    facts.Adds: _adds,
    facts.Switched: _switched,
    facts.NoConsent: _no_consent,
    facts.Pushed: _pushed,
}


def _rows(revisions: Sequence[facts.KnownRevision]) -> Iterator[str]:
    for one in revisions[:_MOST]:
        doc = "(on neither branch)" if one.doc is None else f"“{one.doc}”"
        yield f"  {one.revision}  {doc}"
    if len(revisions) > _MOST:
        yield f"  and {len(revisions) - _MOST} more"


def _by(commit: Commit) -> str:
    return f"{commit.author}, {commit.date[:10]}, commit {commit.sha[:7]}"


def _names(ids: Sequence[str]) -> str:
    return " and ".join(ids) or "nothing"
