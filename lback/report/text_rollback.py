"""The text of `lback rollback`."""

from __future__ import annotations

from collections.abc import Iterator

from lback.core.result import Result
from lback.report.style import Style, safe
from lback.report.words import listing


def lines(result: Result, style: Style) -> Iterator[str]:
    """Yield what is undone, how and why, what goes along and what is lost."""
    data = result.data
    if data["sql"]:
        yield from data["sql"]
        return
    if data["strategy"] == "refused":
        return
    done = result.view["done"]
    docs = result.view["docs"]
    for revision in data["undoes"]:
        what = f" of {safe(data['table'])}" if data["table"] else ""
        verb = "undid" if done else "would undo"
        doc = " ".join(docs[revision].split())
        yield f"{verb} the latest change{what}: {style.yellow(safe(revision))}  {safe(doc)}"
    yield style.dim(f"how: {data['strategy']}, because {safe(data['reason'])}")
    for row in data["collateral"]:
        tables = f" ({listing(row['tables'])})" if row["tables"] else ""
        yield f"also undone: {style.yellow(safe(row['revision']))}{tables}"
    for loss in data["losses"]:
        place = f"{loss['table']}.{loss['column']}" if loss["column"] else loss["table"]
        yield style.red(f"{'deleted' if done else 'deletes'}: {loss['rows']} rows of {safe(place)}")
    target = listing(data["target"]) or "nothing"
    yield f"the database {'is' if done else 'would be'} at {target}"
    if done:
        yield f"{style.cyan('next:')} `lback migrate` does it again; or change or delete the file"
