"""What a comparison of models and schema cannot know; asked, or answered beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lback.core.shell import command
from lback.errors import LbackError, UsageError


class Questioner(Protocol):
    """Knows what was meant. Table names are "schema.table" where a schema is given."""

    def rename_table(self, old: str, new: str) -> bool:
        """Tell whether `new` is `old` under another name."""

    def rename_column(self, table: str, old: str, new: str, type_: str) -> bool:
        """Tell whether column `new` is `old` under another name."""

    def default_for_not_null(self, table: str, column: str, type_: str) -> str | None:
        """Return the value that existing rows get; None writes the change without one.

        A literal as people write it (`0`, `active`, `2024-01-01`), or `sql:` and an
        expression (`sql:now()`).
        """


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """Answers from the command line; what they leave open goes to `ask`, or is refused."""

    renames: frozenset[tuple[str, str]] = frozenset()
    no_rename: bool = False
    defaults: dict[str, str] = field(default_factory=dict)
    ask: Questioner | None = None

    @classmethod
    def from_options(
        cls,
        renames: Sequence[str] = (),
        no_rename: bool = False,
        defaults: Sequence[str] = (),
        ask: Questioner | None = None,
    ) -> GivenAnswers:
        """Read `--rename OLD:NEW` and `--default TABLE.COLUMN=VALUE`; UsageError if malformed."""
        return cls(
            frozenset(_pair(text) for text in renames),
            no_rename,
            dict(_value(text) for text in defaults),
            ask,
        )

    def rename_table(self, old: str, new: str) -> bool:
        """Asked from the options; LbackError names the option that is missing."""
        answer = self._given(old, new)
        if answer is not None:
            return answer
        if self.ask is not None:
            return self.ask.rename_table(old, new)
        raise LbackError(
            f"Table {old} is gone from the models and {new} has the same columns: "
            "a rename, or a drop that loses the rows?",
            f"Say {command('--rename', f'{old}:{new}')}, or `--no-rename`.",
        )

    def rename_column(self, table: str, old: str, new: str, type_: str) -> bool:
        """Asked from the options; LbackError names the option that is missing."""
        answer = self._given(f"{table}.{old}", f"{table}.{new}")
        if answer is not None:
            return answer
        if self.ask is not None:
            return self.ask.rename_column(table, old, new, type_)
        raise LbackError(
            f"Column {table}.{old} is gone from the models and {table}.{new} ({type_}) is new: "
            "a rename, or a drop that loses the values?",
            f"Say {command('--rename', f'{table}.{old}:{table}.{new}')}, or `--no-rename`.",
        )

    def default_for_not_null(self, table: str, column: str, type_: str) -> str | None:
        """Asked from the options; LbackError names the option that is missing."""
        name = f"{table}.{column}"
        if name in self.defaults:
            return self.defaults[name]
        if self.ask is not None:
            return self.ask.default_for_not_null(table, column, type_)
        raise LbackError(
            f"{name} ({type_}) is NOT NULL and has no default: what do existing rows get?",
            f"Say {command('--default', f'{name}=VALUE')}, or give the column a "
            "server_default in the model.",
        )

    def _given(self, old: str, new: str) -> bool | None:
        if (old, new) in self.renames:
            return True
        if self.no_rename or any(old == before or new == after for before, after in self.renames):
            return False
        return None


def _pair(text: str) -> tuple[str, str]:
    old, colon, new = text.partition(":")
    if not colon or not old or not new:
        raise UsageError(f"--rename {text}: write OLD:NEW, as users.name:users.full_name")
    if "." in old and "." not in new:  # users.name:full_name
        new = f"{old.rpartition('.')[0]}.{new}"
    return old, new


def _value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise UsageError(f"--default {text}: write TABLE.COLUMN=VALUE, as users.age=0")
    return name, value
