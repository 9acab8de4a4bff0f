"""Code that a new revision is made of, a statement at a time, with the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")


@dataclass
class Writer:
    """Takes statements in order, each with what takes back what it did."""

    up: list[str] = field(default_factory=list)
    down: list[str] = field(default_factory=list)

    def add(self, up: str, down: str | None = None) -> None:
        """Take a piece of code; the ways back come in the other order."""
        self.up.append(up)
        if down is not None:
            self.down.insert(0, down)

    def sql(self, up: str, down: str | None = None) -> None:
        """Take a statement in SQL."""
        self.add(_execute(up), None if down is None else _execute(down))


def _execute(statement: str) -> str:
    text = _BIND.sub(r"\\:", statement.strip().rstrip(";"))
    if '"""' in text or "\\" in text or text.endswith('"'):
        return f"op.execute({text!r})"
    if "\n" in text or len(text) > 80:
        return f'op.execute(\n    """\n{text}\n"""\n)'
    return f'op.execute("{text}")' if '"' not in text else f"op.execute({text!r})"
