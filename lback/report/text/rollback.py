"""The text of `lback rollback`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.core.shell import command
from lback.report.style import Script, Style, safe
from lback.report.words import listing, lost_rows


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what is undone, how and why, what goes along and what is lost."""
    data = result.data
    if data["sql"]:
        yield Script("\n".join(data["sql"]))
        return
    if data["strategy"] == "refused" or result.status == "refused":
        return
    done = result.view["done"]
    yield from _undone(result, style)
    yield style.dim(f"how: {data['strategy']}, because {safe(data['reason'])}")
    for row in data["collateral"]:
        tables = f" ({listing(row['tables'])})" if row["tables"] else ""
        yield f"also undone: {style.yellow(safe(row['revision']))}{tables}"
    if data["writes"]:
        yield f"{'wrote' if done else 'would write'} {style.cyan(safe(data['writes']))}"
        if not done:
            yield from (f"    {safe(line)}" for line in result.view["upgrade"])
    for loss in data["losses"]:
        yield style.red(f"{'deleted' if done else 'deletes'}: {lost_rows(loss)}")
    if data["backup"]:
        yield f"saved to {safe(data['backup'])}"
    yield from _proof(result, style)
    target = listing(data["target"]) or "its base: nothing is applied"
    yield f"the database {'is' if done else 'would be'} at {target}"
    if done:
        yield f"{style.cyan('next:')} {_next(result)}"


def _undone(result: Result, style: Style) -> Iterator[str]:
    data = result.data
    for revision in data["undoes"]:
        what = f" of {safe(data['table'])}" if data["table"] else ""
        verb = "undid" if result.view["done"] else "would undo"
        about = f"the latest change{what}: " if data["table"] else ""
        doc = " ".join(result.view["docs"][revision].split())
        yield f"{verb} {about}{style.yellow(safe(revision))}  {safe(doc)}".rstrip()


def _proof(result: Result, style: Style) -> Iterator[str]:
    proof = result.data["proof"]
    if proof is None:
        return
    paint = style.green if proof["state"] == "proved" else style.yellow
    words = {"proved": "proved", "unproved": "not proved", "wrong": "not right"}
    yield f"{paint(words[proof['state']])}: {safe(proof['message'])}"


def _next(result: Result) -> str:
    data = result.data
    saved = data["backup"]
    back = f"; {command('lback restore', saved)} puts the values back" if saved else ""
    if data["writes"]:
        return f"take the change out of the models, then commit both{back}"
    return f"`lback migrate` does it again; or change or delete the file{back}"
