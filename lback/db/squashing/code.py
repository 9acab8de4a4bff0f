"""Code that a new revision is made of, a statement at a time, with the way back."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.sql.compiler import BIND_PARAMS, BIND_PARAMS_ESC


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
    """Return the call, with a backslash before whatever text() would change."""
    text = BIND_PARAMS_ESC.sub(r"\\\g<0>", statement.strip().rstrip(";"))
    text = BIND_PARAMS.sub(r"\\\g<0>", text)
    odd = any(letter < " " and letter != "\n" for letter in text)
    if odd or '"""' in text or "\\" in text or text.endswith('"'):
        return f"op.execute({text!r})"
    if "\n" in text or len(text) > 80:
        return f'op.execute(\n    """\n{text}\n"""\n)'
    return f'op.execute("{text}")' if '"' not in text else f"op.execute({text!r})"
