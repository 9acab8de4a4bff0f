"""Revisions as texts, and what a rollback writes to undo them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import dedent, indent

from lback.core.effects import described
from lback.core.interpreter.reading import read_effects
from lback.core.rollback.draft import RevertDraft, UndoneRevision, draft_revert
from lback.core.rollback.inverse import EarlierRevision
from lback.core.source import Commit
from lback.errors import LbackError

COMMIT = Commit("0123456789abcdef", "Ada", "ada@example.com", "2026-03-04T05:06:07Z", "Add it")
HEAD = '''"""{name} does it"""
from alembic import op
import sqlalchemy as sa
{top}
revision = "{name}"
down_revision = None


def upgrade() -> None:
{upgrade}
'''


def body(code: str) -> str:
    return indent(dedent(code).strip("\n") or "pass", "    ")


def text(upgrade: str, downgrade: str | None = "", top: str = "", name: str = "a1") -> bytes:
    """Return a revision file; without a downgrade() where that is None."""
    source = HEAD.format(name=name, top=dedent(top).strip("\n"), upgrade=body(upgrade))
    if downgrade is not None:
        source += f"\n\ndef downgrade() -> None:\n{body(downgrade)}\n"
    return source.encode()


@dataclass(frozen=True)
class Case:
    """One or more revisions, newest first, of which the change of some tables is undone."""

    upgrade: str
    downgrade: str | None = ""
    own: tuple[str, ...] = ("t",)
    top: str = ""
    earlier: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    source: bytes | None = None

    def part(self, name: str = "a1") -> UndoneRevision:
        source = self.source or text(self.upgrade, self.downgrade, self.top, name)
        before = [text(one, name=f"e{n}") for n, one in enumerate(self.earlier)]
        return UndoneRevision(
            name,
            f"{name}.py",
            source,
            self.own,
            COMMIT,
            f"{name} does it",
            tuple(EarlierRevision(read_effects(one), ast.parse(one)) for one in before),
            self.downgrade is None,
        )

    def shown(self) -> str:
        return drafted([self.part()], self.own[0], self.shared)


def drafted(
    parts: Sequence[UndoneRevision], table: str | None = "t", shared: Sequence[str] = ()
) -> str:
    """Return what is written to undo some parts, or the refusal, as a page shows it."""
    try:
        return shown(draft_revert(parts, table, read_effects, shared))
    except LbackError as err:
        return f"refused: {err.message}\n{err.hint or ''}".strip()


def shown(draft: RevertDraft) -> str:
    told = {
        "imports": "\n".join(draft.imports),
        "helpers": "\n\n".join(draft.helpers),
        "upgrade": draft.upgrade,
        "downgrade": draft.downgrade,
        "undoing": None if draft.undoing is None else effects(draft.undoing),
        "redoing": effects(draft.redoing),
        "unknown": "\n".join(f"{path}:{one.line} {one.reason}" for path, one in draft.unknown),
        "computed": "yes" if draft.computed else "",
    }
    return "\n".join(f"{key}:\n{indent(value, '    ')}" for key, value in told.items() if value)


def effects(found: Sequence[object]) -> str:
    return "\n".join(described(one) for one in found)  # type: ignore[arg-type]


def moved(part: UndoneRevision, **other: object) -> UndoneRevision:
    return replace(part, **other)  # type: ignore[arg-type]
