"""`lback hook NAME …`: what the installed shims call; not for people."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.core import hook_facts as facts
from lback.core import shell
from lback.core.graph.revision import Problem
from lback.core.preferences import CONSENTS
from lback.core.shell import named, pathspec
from lback.formats.style import Style, safe
from lback.formats.words import counted

if TYPE_CHECKING:
    from lback.app.hook import HookResult
    from lback.core.hook_facts import Switched
    from lback.core.source import Commit
    from lback.project.context import Context


@click.command("hook", cls=Command, hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("hook_name", metavar="NAME")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common
def command(hook_name: str, arguments: tuple[str, ...]) -> int:
    """Do what one git hook does; exit 1 only when a finding should stop git.

    Example: `lback hook post-merge 0`
    """
    from lback.app.hook import HookOptions, hook
    from lback.vcs.environment import framework_call

    # A script with Windows line ends that calls the shim adds one to the last argument, or as it.
    arguments = tuple(one for one in (each.rstrip("\r") for each in arguments) if one)
    # Only these two are given something to read; the others might wait for ever.
    reads = hook_name in ("pre-push", "post-rewrite")
    call = framework_call(hook_name, os.environ) if not arguments else None
    if call is not None:
        arguments, given = call
    else:
        given = sys.stdin.read() if reads and sys.stdin and not sys.stdin.isatty() else ""
    options = HookOptions(hook_name, arguments, given)
    return run(lambda ctx: hook(ctx, options, _switch))


def _switch(ctx: Context) -> Switched:
    """Take the database along; rows are never lost without a question."""
    from lback.app.switch import SwitchOptions, switch
    from lback.core.hook_facts import Switched

    done = switch(ctx, SwitchOptions())
    return Switched(
        tuple(row["revision"] for row in done.data["undoes"]),
        tuple(row["revision"] for row in done.data["applies"]),
        done.message,
    )


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
        skips = shell.command(f"git {what} --no-verify")  # `what` is ours: commit or push
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
    back = shell.command("git checkout", f"{last.commit.sha[:12]}~", "--", pathspec(last.path))
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
