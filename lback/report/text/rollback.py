"""The text of `lback rollback`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lback.core.messages.data_loss import loss
from lback.core.shell import command
from lback.report.style import Script, Style, safe
from lback.report.words import listing

if TYPE_CHECKING:
    from lback.app.rollback import RollbackResult


def lines(result: RollbackResult, style: Style) -> Iterator[str]:
    """Yield what is undone, how and why, what goes along and what is lost."""
    if result.sql:
        yield Script("\n".join(result.sql))
        return
    if result.failed:
        return
    done = result.done
    yield from _undone(result, style)
    yield style.dim(f"how: {result.strategy}, because {safe(result.reason)}")
    for row in result.collateral:
        tables = f" ({listing(row.tables)})" if row.tables else ""
        yield f"also undone: {style.yellow(safe(row.revision))}{tables}"
    if result.writes:
        yield f"{'wrote' if done else 'would write'} {style.cyan(safe(result.writes))}"
        if not done:
            yield from (f"    {safe(line)}" for line in result.upgrade)
    for lost in result.losses:
        yield style.red(f"{'deleted' if done else 'deletes'}: {loss(lost)}")
    if result.backup:
        yield f"saved to {safe(result.backup)}"
    yield from _proof(result, style)
    target = listing(result.target) or "its base: nothing is applied"
    yield f"the database {'is' if done else 'would be'} at {target}"
    if done:
        yield f"{style.cyan('next:')} {_next(result)}"


def _undone(result: RollbackResult, style: Style) -> Iterator[str]:
    what = f" of {safe(result.table)}" if result.table else ""
    verb = "undid" if result.done else "would undo"
    about = f"the latest change{what}: " if result.table else ""
    for revision, doc in zip(result.undoes, result.docs, strict=True):
        title = safe(" ".join(doc.split()))
        yield f"{verb} {about}{style.yellow(safe(revision))}  {title}".rstrip()


def _proof(result: RollbackResult, style: Style) -> Iterator[str]:
    proof = result.proof
    if proof is None:
        return
    paint = style.green if proof.state == "proved" else style.yellow
    words = {"proved": "proved", "unproved": "not proved", "wrong": "not right"}
    yield f"{paint(words[proof.state])}: {safe(proof.message)}"


def _next(result: RollbackResult) -> str:
    saved = result.backup
    back = f"; {command('lback restore', saved)} puts the values back" if saved else ""
    if result.writes:
        return f"take the change out of the models, then commit both{back}"
    return f"`lback migrate` does it again; or change or delete the file{back}"
