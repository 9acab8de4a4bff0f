"""`lback hook NAME …`: what the installed shims call; not for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from lback.cli.apart import call
from lback.cli.options import common
from lback.cli.running import run
from lback.cli.strict import Command
from lback.core import hook_facts as facts
from lback.core import shell
from lback.core.graph.revision import Problem
from lback.core.preferences import CONSENTS
from lback.core.shell import named, pathspec, placed
from lback.errors import LbackError
from lback.formats.style import Style, safe
from lback.formats.words import counted
from lback.project.githooks.guarded import guarded
from lback.project.options import Environment

if TYPE_CHECKING:
    from lback.app.hook import HookResult
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
    arguments = tuple(name for name in (each.rstrip("\r") for each in arguments) if name)
    # git writes to these two only; to read for another one might wait for ever.
    reads = hook_name in ("pre-push", "post-rewrite")
    call = framework_call(hook_name, os.environ) if not arguments else None
    if call is not None:
        arguments, stdin = call
    else:
        stdin = sys.stdin.read() if reads and sys.stdin and not sys.stdin.isatty() else ""
    prefix = os.environ.get("GIT_PREFIX", "")
    options = HookOptions(hook_name, arguments, stdin, prefix)
    return run(lambda ctx: hook(ctx, options, _switch))


def _switch(ctx: Context) -> facts.Switched:
    """Take the database along; rows are never lost without a question."""
    if ctx.environment is not None and len(guarded(ctx)) > 1:
        return _switch_apart(ctx.environment)
    from lback.app.switch import SwitchOptions, switch

    result = switch(ctx, SwitchOptions())
    undone = tuple(row.revision for row in result.undoes)
    applied = tuple(row.revision for row in result.applies)
    partly = (
        any(switched_database.message for switched_database in result.databases) and result.done
    )
    return facts.Switched(undone, applied, result.message, partly)


def _switch_apart(environment: Environment) -> facts.Switched:
    """Do it in a process of its own, for the next environment has an env.py, too."""
    _, text = call("lback", environment, ("switch", "--json"), shown=False)
    report = json.loads(text)
    data, error = report["data"], report["error"] or {"message": "", "hint": ""}
    if not data:
        raise LbackError(error["message"], error["hint"])
    undone, applied = ([row["revision"] for row in data[key]] for key in ("undoes", "applies"))
    failed = [value for value in data["databases"] if value["message"]]
    partly = 0 < len(failed) < len(data["databases"])
    return facts.Switched(tuple(undone), tuple(applied), error["message"], partly)


# What a line is: the first one of a matter, more about it, or what to do now.
_SAID, _MORE, _NEXT = "said", "more", "next"
_Lines = Iterator[tuple[str, str]]
_MOST = 8
_BREAK = "\n"


def lines(result: HookResult, style: Style) -> Iterator[str]:
    """Yield the lines of a hook, the first ones of each matter marked with `lback:`."""
    marks = {_SAID: f"{style.bold('lback:')} ", _MORE: "  ", _NEXT: f"{style.cyan('next:')} "}
    where, said = "", marks[_SAID]
    for fact in result.facts:
        if isinstance(fact, facts.About):
            where, marks[_SAID] = fact.where, f"{said}{style.bold(safe(fact.name))}: "
            continue
        for mark, text in _TEXTS[type(fact)](fact):
            yield marks[mark] + safe(placed(text, where))
    what = result.stopped
    if what:
        skips = shell.command(f"git {what} --no-verify")  # `what` is ours: commit or push
        yield f"{said}this {what} is stopped ({skips} skips this check)"


def _arrived(fact: facts.Arrived) -> _Lines:
    yield _SAID, f"{counted(len(fact.revisions), 'revision')} arrived"
    for known in fact.revisions:
        by = f"  {known.commit.author}, {known.commit.date[:10]}" if known.commit else ""
        yield _MORE, f"{known.revision}  “{known.doc}”{by}"
    if fact.ready:
        yield _NEXT, "`lback migrate`"


def _problem(fact: Problem) -> _Lines:
    yield _SAID, f"{fact.path or 'migrations'}: {fact.message}"
    if fact.hint:
        yield _NEXT, fact.hint


def _cycle(fact: facts.Cycle) -> _Lines:
    for change in fact.reparentings:
        told = f"{change.revision} was put on {_names(change.parents)} by {_by(change.commit)}"
        yield _MORE, f"{told}; before, it was on {_names(change.before)}"
    last = fact.reparentings[-1]
    yield _MORE, f"undo the later change: {last.commit.author}'s of {last.revision}"
    back = shell.command("git checkout", f"{last.commit.sha[:12]}~", "--", pathspec(last.path))
    yield _NEXT, f"{back}, commit it, and `lback resolve`"


def _fork(fact: facts.Fork) -> _Lines:
    after = ", ".join(fact.after) or "the beginning"
    yield _SAID, f"the migrations fork after {after}: {len(fact.heads)} heads"
    for known in fact.revisions:
        by = f"by {_by(known.commit)}" if known.commit else "yours, not committed yet"
        yield _MORE, f"{known.revision}  “{known.doc or 'no message'}”  {by}"


def _merge(fact: facts.ForkMerge) -> _Lines:
    plan = fact.plan
    if plan.action == "refused":
        yield from _not_merged(fact)
        return
    yield _SAID, f"they can be merged: {plan.reason}"
    if fact.done == "none":
        yield _NEXT, "`lback merge`"
    elif fact.done == "staged":
        yield _SAID, f"wrote and staged {plan.path}"
        if fact.note:
            yield _MORE, f"not committed: {fact.note}"
        title = "" if fact.squashed else ' -m "Merge migrations"'
        yield _NEXT, f"git commit{title}, then `lback migrate`"
    else:
        where = "put it into the merge commit" if fact.done == "amended" else "committed it"
        yield _SAID, f"wrote {plan.path} and {where}"
        yield _NEXT, "`lback migrate`"


def _not_merged(fact: facts.ForkMerge) -> _Lines:
    overlaps = fact.plan.overlaps
    yield _SAID, "they cannot be merged automatically:"
    if not overlaps:
        yield _MORE, fact.plan.reason
        yield _NEXT, "edit that revision, then `lback merge`"
        return
    for overlap in overlaps:
        yield _MORE, f"{overlap.verdict}: {overlap.brief}"
        yield _MORE, f"  {overlap.left_revision}  {overlap.left_operation}"
        yield _MORE, f"  {overlap.right_revision}  {overlap.right_operation}"
    if all(overlap.verdict == "unknown" for overlap in overlaps):
        yield _NEXT, "`lback show` both; where they go together, `lback merge --force`"
    else:
        yield _NEXT, "`lback resolve`; or agree with the author and edit one side"


def _rebase(fact: facts.ForkRebase) -> _Lines:
    plan = fact.plan
    if not fact.done:
        yield _SAID, f"the local revisions can be rebased: {plan.reason}"
        if fact.note:
            yield _MORE, f"not done by the hook: {fact.note}"
        yield _NEXT, "`lback rebase`, which moves the database too"
        return
    yield _SAID, f"rebased: {plan.reason}"
    paths = " and ".join(rewrite.path for rewrite in plan.rewrites)
    staged = " and staged it" if len(plan.rewrites) == 1 else ", all staged"
    yield _SAID, f"rewrote {paths}{staged}"
    yield _NEXT, 'git commit -m "Rebase migrations", then `lback migrate`'


def _stashed(fact: facts.Stashed) -> _Lines:
    yield _SAID, f"git brings back what it has stashed: {', '.join(fact.revisions)}"
    if fact.forks:
        yield _NEXT, "`lback resolve` closes the fork then"


def _lacks(fact: facts.Lacks) -> _Lines:
    count = counted(len(fact.revisions), "revision")
    if fact.ran:
        who = ", ".join(fact.databases) or "the database"
        has = "have" if len(fact.databases) > 1 else "has"
        yield _SAID, f"{who} {has} run {count} that this branch lacks"
        step = "`lback switch` undoes them; or go back to the branch that has them"
    else:
        yield _SAID, f"this branch lacks {count} of the branch before"
        step = "if this database has run them: `lback switch`"
    yield from _rows(fact.revisions)
    if not fact.followed:
        yield _NEXT, step


def _adds(fact: facts.Adds) -> _Lines:
    to = f" to {', '.join(fact.databases)}" if fact.databases else ""
    yield _SAID, f"this branch adds {counted(len(fact.revisions), 'revision')}{to}"
    yield from _rows(fact.revisions)
    if not fact.followed:
        yield _NEXT, "`lback migrate`"


def _beneath(fact: facts.Beneath) -> _Lines:
    who = ", ".join(fact.databases) or "your database"
    has = "have" if len(fact.databases) > 1 else "has"
    under = "which now lies" if len(fact.revisions) == 1 else "which now lie"
    names = _names([known.revision for known in fact.revisions[:_MOST]])
    above = _names(fact.above) or "what stands above"
    yield _SAID, f"{who} {has} {above} but not {names}, {under} under it:"
    yield from _rows(fact.revisions)
    if not fact.followed:
        yield _NEXT, "`lback status`; `lback migrate` runs it where the order makes no difference"


def _switched(fact: facts.Switched) -> _Lines:
    if fact.refused:
        stays = "not every database followed" if fact.partly else "the database stays where it is"
        yield _SAID, f"{stays}: {fact.refused}"
    elif fact.undone:
        yield _SAID, f"the database has undone {', '.join(fact.undone)}"
    if fact.applied and not fact.refused:
        yield _SAID, f"the database has run {', '.join(fact.applied)}"


def _no_consent(fact: facts.NoConsent) -> _Lines:
    yield (
        _SAID,
        f"note: {named(fact.setting)} of the project's file is not followed, for this branch "
        f"brought it; to let hooks move the database: {CONSENTS[fact.setting]}",
    )


def _pushed(fact: facts.Pushed) -> _Lines:
    effect = "is the shared branch" if fact.shared else "is not the shared branch: only a warning"
    yield _SAID, f"{fact.branch} on {fact.remote} {effect}"


def _failed(fact: facts.Failed) -> _Lines:
    yield _SAID, f"{fact.reason.partition(_BREAK)[0]} (hook skipped)"


def _gone(_: facts.Gone) -> _Lines:
    yield _SAID, "this commit takes its configuration away, so the hooks guard it no longer"
    yield _NEXT, "if it has moved: `lback -C FOLDER hooks install`"


_TEXTS: Mapping[type, Callable[[Any], _Lines]] = {
    facts.Failed: _failed,
    facts.Gone: _gone,
    facts.Arrived: _arrived,
    Problem: _problem,
    facts.Cycle: _cycle,
    facts.Fork: _fork,
    facts.ForkMerge: _merge,
    facts.ForkRebase: _rebase,
    facts.Stashed: _stashed,
    facts.Lacks: _lacks,
    facts.Adds: _adds,
    facts.Beneath: _beneath,
    facts.Switched: _switched,
    facts.NoConsent: _no_consent,
    facts.Pushed: _pushed,
}


def _rows(revisions: Sequence[facts.KnownRevision]) -> _Lines:
    for known in revisions[:_MOST]:
        doc = "(on neither branch)" if known.doc is None else f"“{known.doc}”"
        yield _MORE, f"{known.revision}  {doc}"
    if len(revisions) > _MOST:
        yield _MORE, f"and {len(revisions) - _MOST} more"


def _by(commit: Commit) -> str:
    return f"{commit.author}, {commit.date[:10]}, commit {commit.sha[:7]}"


def _names(ids: Sequence[str]) -> str:
    return " and ".join(ids) or "nothing"
