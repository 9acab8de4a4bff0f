"""The file of a reverting revision: filled in, read back, and held against what was meant."""

from __future__ import annotations

import ast

from lback.core.effects import Effect
from lback.core.rollback.draft import RevertDraft
from lback.core.rollback.extraction import Read
from lback.core.rollback.picking import CannotUndo
from lback.core.rollback.pieces import indent


def complete(rendered: str, draft: RevertDraft) -> str:
    """Put the story, the imports and the helpers into what the template has given."""
    newline = "\r\n" if "\r\n" in rendered else "\n"
    text = rendered.replace("\r\n", "\n")
    tree = ast.parse(text)
    lines = text.split("\n")
    first = next(statement for statement in tree.body if isinstance(statement, ast.FunctionDef))
    inserts: list[tuple[int, list[str]]] = []
    if draft.helpers:
        blocks = "\n\n".join(draft.helpers).split("\n")
        top = min([first.lineno, *(decorator.lineno for decorator in first.decorator_list)])
        inserts.append((top - 1, [*blocks, "", ""]))
    present = {
        ast.unparse(statement)
        for statement in tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom)
    }
    imports = [name for name in draft.imports if name not in present]
    if imports:
        inserts.append((_after_imports(tree), imports))
    place = _story_place(tree, lines, draft.story)
    without, told = (_inserted(lines, more) for more in (inserts, [*inserts, place]))
    if _code_of(without) != _code_of(told):
        raise CannotUndo(1, "what the reverting revision tells of itself would be code")
    return newline.join(told)


def _inserted(lines: list[str], inserts: list[tuple[int, list[str]]]) -> list[str]:
    longer = [*lines]
    for at, block in sorted(inserts, key=lambda value: -value[0]):
        longer[at:at] = block
    return longer


def _code_of(lines: list[str]) -> list[str]:
    """Return what a file does, its docstring left out."""
    body = ast.parse("\n".join(lines)).body
    first = body[0] if body else None
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return [ast.dump(node) for node in (body[1:] if told else body)]


def body_for(code: str) -> str:
    """Return code as a template wants it: indented, but for its first line."""
    return indent(code).lstrip()


def sketch(draft: RevertDraft) -> bytes:
    """Return a draft's upgrade() as a file that can be read before any template is asked."""
    parts = ["from alembic import op\nimport sqlalchemy as sa", *draft.imports, *draft.helpers]
    return "\n".join([*parts, "def upgrade():", indent(draft.upgrade), ""]).encode()


def verify(source: bytes, draft: RevertDraft, read: Read) -> None:
    """Raise CannotUndo unless the file does what was meant, as far as can be read."""
    reading = read(source)
    pairs = [("downgrade", draft.redoing, reading.downgrade)]
    if draft.undoing is not None:
        pairs.append(("upgrade", draft.undoing, reading.upgrade))
    for name, meant, got in pairs:
        if [_key(effect) for effect in meant] != [_key(effect) for effect in got]:
            raise CannotUndo(
                1,
                f"the reverting revision's {name}() would not do what was meant",
                "The project's script.py.mako may lack `${upgrades}` or `${downgrades}`.",
            )
    more = len(reading.unknown) - len(draft.unknown)
    if more > 0:
        doubt = reading.unknown[-1]
        raise CannotUndo(doubt.line, f"the reverting revision could not be read: {doubt.reason}")


def _key(effect: Effect) -> tuple[object, ...]:
    return (effect.kind, effect.object, effect.table, effect.name, effect.to, effect.detail)


def _after_imports(tree: ast.Module) -> int:
    last = 0
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom) or (
            isinstance(statement, ast.Expr) and statement is tree.body[0]
        ):
            last = statement.end_lineno or statement.lineno
    return last


def _story_place(tree: ast.Module, lines: list[str], story: str) -> tuple[int, list[str]]:
    """Return where the story goes: behind the first paragraph of the docstring."""
    block = story.split("\n")
    first = tree.body[0] if tree.body else None
    if not (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return 0, ['"""' + block[0], *block[1:], '"""']
    for number in range(first.lineno, (first.end_lineno or first.lineno) + 1):
        if not lines[number - 1].strip():
            return number, [*block, ""]
    return first.end_lineno or 1, [f"# {name}" if name else "#" for name in block]
