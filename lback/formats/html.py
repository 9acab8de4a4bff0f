"""The page of the graph: one file of HTML that loads nothing and runs its own script alone."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.core.display import visible
from lback.core.merging.overlap_rows import OverlapSide
from lback.core.pictures.comparing import ComparedTable
from lback.core.pictures.folding import Change, FoldedTable, KeyShape, TableShape
from lback.core.pictures.page import Page, PageFork, PageRevision
from lback.core.source import Commit
from lback.core.tables import Doubt
from lback.formats.words import message

if TYPE_CHECKING:
    from lback.app.picture import PictureResult

_PARTS = Path(__file__).parent / "page"
_SCRIPTS = ("data.js", "list.js", "detail.js", "schema.js", "page.js")
# What could end the element that the data stands in, and what older JavaScript takes for a line.
_INERT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def render(result: PictureResult) -> str:
    """Return the whole page; every name in it is data, which the script shows as text alone."""
    page = result.page
    script = "\n".join(["(() => {", '"use strict";', *map(_part, _SCRIPTS), "})();"])
    style = _part("page.css")
    policy = (
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
        f"script-src {_hash(script)}; style-src {_hash(style)}"
    )
    filled = {
        "policy": policy,
        "title": html.escape(visible(f"{page.title}: revisions")),
        "style": style,
        "data": _inert(_page(page)),
        "script": script,
    }
    text = _part("page.html")
    pieces = []
    for name, value in filled.items():  # in the order of the page, so that no value is searched
        before, _, text = text.partition(f"{{{{{name}}}}}")
        pieces += [before, value]
    return "".join([*pieces, text]).rstrip("\n")


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _inert(data: Any) -> str:
    text = json.dumps(_seen(data), ensure_ascii=False, separators=(",", ":"))
    return text.translate(_INERT)


def _seen(data: Any) -> Any:
    """Return data in which every text is visible: nothing hides and nothing turns a line."""
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, dict):
        return {name: _seen(value) for name, value in data.items()}
    return [_seen(value) for value in data] if isinstance(data, (list, tuple)) else data


def _page(page: Page) -> dict[str, Any]:
    changes = page.folded.changes
    return {
        "title": page.title,
        "at": page.at,
        "branch": page.branch,
        "against": page.against,
        "heads": page.heads,
        "view": page.view,
        "focus": page.focus,
        "notes": page.notes,
        "revisions": [_revision(row, changes.get(row.revision, ())) for row in page.revisions],
        "tables": [_table(row) for row in page.folded.tables],
        "doubts": _doubts(page.folded.doubts),
        "forks": [_fork(fork) for fork in page.forks],
        "differs": page.differs,
        "compared": [_compared(table) for table in page.compared],
    }


def _revision(row: PageRevision, changes: Sequence[Change]) -> dict[str, Any]:
    return {
        "id": row.revision,
        "doc": message(row.doc),
        "path": row.path,
        "parents": row.parents,
        "needs": row.depends_on,
        "labels": row.labels,
        "refs": row.branches,
        "place": row.place,
        "applied": row.applied,
        "commit": _commit(row.commit),
        "side": row.side,
        "mine": row.mine,
        "tables": row.tables,
        "does": row.does,
        "undoes": row.undoes,
        "gap": row.gap,
        "unread": [[one.direction, one.line, one.reason] for one in row.unread],
        "changes": [change._asdict() for change in changes],
    }


def _commit(commit: Commit | None) -> list[str] | None:
    return None if commit is None else [commit.sha, commit.author, commit.date, commit.subject]


def _table(row: FoldedTable) -> dict[str, Any]:
    shape = None if row.shape is None else _shape(row.shape)
    return {"names": row.names, "shape": shape, "doubts": _doubts(row.doubts)}


def _shape(shape: TableShape) -> dict[str, Any]:
    return {
        "name": shape.name,
        "columns": [column._asdict() for column in shape.columns],
        "keys": [_key(key) for key in shape.keys],
        "certain": shape.certain,
    }


def _key(key: KeyShape) -> dict[str, Any]:
    return {
        "kind": key.kind,
        "name": key.name,
        "columns": key.columns,
        "refers": key.refers_to,
        "target": key.target,
        "referred": key.referred,
        "unique": key.unique,
        "certain": key.certain,
    }


def _compared(table: ComparedTable) -> dict[str, Any]:
    return {
        "number": table.number,
        "name": table.shape.name,
        "state": table.state,
        "certain": table.shape.certain,
        "columns": [
            {**one.column._asdict(), "state": one.state, "past": one.past} for one in table.columns
        ],
        "keys": [{**_key(key), "state": state} for key, state in table.keys],
    }


def _doubts(doubts: Iterable[Doubt]) -> list[list[Any]]:
    return [[one.revision, one.unknown.line, one.unknown.reason] for one in doubts]


def _fork(fork: PageFork) -> dict[str, Any]:
    return {
        "branch": fork.branch,
        "heads": fork.heads,
        "action": fork.action,
        "reason": fork.reason,
        "revision": fork.revision,
        "overlaps": [
            {
                "object": overlap.object,
                "verdict": overlap.verdict,
                "message": overlap.message,
                "left": _side(overlap.left),
                "right": _side(overlap.right),
            }
            for overlap in fork.overlaps
        ],
    }


def _side(side: OverlapSide) -> dict[str, str]:
    return {"revision": side.revision, "operation": side.operation}
