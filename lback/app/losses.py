"""Counts the rows and values that going down would delete, and saves them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.app.context import Context
from lback.core.effects import Effect, Effects
from lback.core.undo.stakes import stakes
from lback.errors import LbackError
from lback.report.words import lost_rows

if TYPE_CHECKING:
    from lback.db.view import View


def count_losses(
    view: View, going: Iterable[str], effects: Mapping[str, Effects]
) -> list[dict[str, Any]]:
    """Return {named("table", "column", "rows")} for each table or column with data at stake.

    `going` are the revisions in the order in which they go down. `column` is None for a
    whole table; what is empty is left out.
    """
    return count_effects(
        view, [one for going_down in going for one in effects[going_down].downgrade]
    )


def count_effects(view: View, effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """Return what `count_losses` does, for effects in the order in which they happen."""
    wanted = stakes(effects).lost
    return [
        {"table": table, "column": column, "rows": rows}
        for (table, column), rows in view.rows(wanted).items()
        if rows
    ]


def refuse_more(view: View, effects: Iterable[Effect], agreed: Sequence[Mapping[str, Any]]) -> None:
    """Raise LbackError when under the lock more would go than was agreed to."""
    known = {(one["table"], one["column"]): one["rows"] for one in agreed}
    losses = count_effects(view, effects)
    more = [one for one in losses if one["rows"] > known.get((one["table"], one["column"]), 0)]
    if more:
        raise LbackError(
            "There is more to delete than you were asked about, "
            f"{'; '.join(lost_rows(one) for one in more)} now.",
            "Nothing was changed. Run the same command again.",
        )


def may_lose(
    ctx: Context, losses: Sequence[Mapping[str, Any]], also: str = "", *, saved: bool = False
) -> bool:
    """Ask before rows and values go; where nothing does, and nothing else, no question is asked.

    `also` says what else happens; `saved` whether the rows go to a file first.
    """
    parts = [also] if also else []
    if losses:
        parts.append(f"This deletes {'; '.join(lost_rows(loss) for loss in losses)}.")
        if saved:
            parts.append("What goes is saved to a file first.")
    if not parts:
        return True
    return ctx.console.confirm(" ".join([*parts, "Go on?"]), option="`--yes`")


def backup_path(ctx: Context, table: str | None, revision: str) -> Path:
    """Return where a backup goes: out of reach of `git add`, inside of git's own folder."""
    now = datetime.datetime.now(datetime.timezone.utc)
    name = re.sub(r"[^\w.-]+", "_", f"{now:%Y%m%dT%H%M%S}-{table or 'revision'}-{revision}")
    if ctx.repository is not None:
        folder = ctx.repository.common_dir / "lback" / "backups"
    else:
        folder = ctx.project.root / ".lback" / "backups"
    return folder / f"{name}.jsonl.gz"
