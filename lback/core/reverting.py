"""The reverting revision: what it does, taken from the text of what it undoes."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lback.core.effects import Effect, Unknown
from lback.core.extraction import Extract, Extractor, InTheWay, Read, bound
from lback.core.inverse import Earlier, inverse
from lback.core.pieces import indent
from lback.core.source import Commit


@dataclass(frozen=True, slots=True)
class Part:
    """One revision whose change of the own tables is undone.

    `own` are the names of these tables in it; `effects` what its upgrade() does to them;
    `earlier` the revisions below, newest first, for an inverse that has to be computed.
    """

    revision: str
    path: str
    source: bytes
    own: tuple[str, ...]
    commit: Commit | None = None
    doc: str = ""
    earlier: tuple[Earlier, ...] = ()
    compute: bool = False


@dataclass(slots=True)
class Draft:
    """The content of a reverting revision, before the project's template has shaped it."""

    message: str
    story: str
    upgrade: str
    downgrade: str
    imports: list[str] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    undoing: tuple[Effect, ...] | None = None
    redoing: tuple[Effect, ...] = ()
    unknown: tuple[tuple[str, Unknown], ...] = ()
    computed: bool = False


def draft_revert(parts: Sequence[Part], table: str | None, read: Read) -> Draft:
    """Compose what undoes all the parts, given newest first.

    Raises InTheWay, its message naming file and line, for what stands in the way.
    """
    draft = Draft(_message(parts, table), _story(parts, table), "", "", undoing=())
    ups, downs = [], []
    for part in parts:
        try:
            extractor = Extractor(part.source, part.path, part.own, read)
            forward = extractor.extract("upgrade")
            back = _back(part, extractor, forward, draft)
            _take_context(draft, extractor, forward, back)
        except InTheWay as err:
            raise InTheWay(
                err.line, f"{part.path}:{err.line}: {err.message}", err.hint or ""
            ) from None
        ups.append(back.code)
        downs.append(forward.code)
        draft.redoing = (*forward.effects, *draft.redoing)
        unknown = [(part.path, one) for one in (*back.unknown, *forward.unknown)]
        draft.unknown = (*draft.unknown, *unknown)
    draft.upgrade = "\n".join(one for one in ups if one)
    draft.downgrade = "\n".join(one for one in reversed(downs) if one)
    if not draft.upgrade:
        raise InTheWay(1, f"{parts[0].path}: its downgrade() does nothing about {table or 'it'}")
    return draft


def _back(part: Part, extractor: Extractor, forward: Extract, draft: Draft) -> Extract:
    if not part.compute:
        back = extractor.extract("downgrade")
        if draft.undoing is not None:
            draft.undoing = (*draft.undoing, *back.effects)
        return back
    for one in forward.unknown:
        raise InTheWay(one.line, f"it cannot be read ({one.reason}), so it has no inverse")
    draft.computed = True
    draft.undoing = None  # read again from what was composed
    code = inverse(extractor, forward.effects, part.earlier)
    if "sa." in code:
        draft.imports.append("import sqlalchemy as sa")
    return Extract(code, (), (), frozenset(), True)


def _take_context(draft: Draft, extractor: Extractor, *extracts: Extract) -> None:
    names = frozenset(name for one in extracts for name in one.names)
    imports, helpers = extractor.context(names)
    draft.imports += [one for one in imports if one not in draft.imports]
    known = {name: one for one in draft.helpers for name in _binds(one)}
    for helper in helpers:
        for name in _binds(helper):
            if known.get(name, helper) != helper:
                raise InTheWay(1, f"two of the revisions have a `{name}` of their own")
        if helper not in draft.helpers:
            draft.helpers.append(helper)


def _binds(code: str) -> list[str]:
    return [name for one in ast.parse(code).body for name in bound(one)]


# -- the file ----------------------------------------------------------------------


def complete(rendered: str, draft: Draft) -> str:
    """Put the story, the imports and the helpers into what the template has given."""
    newline = "\r\n" if "\r\n" in rendered else "\n"
    text = rendered.replace("\r\n", "\n")
    tree = ast.parse(text)
    lines = text.split("\n")
    first = next(one for one in tree.body if isinstance(one, ast.FunctionDef))
    inserts: list[tuple[int, list[str]]] = []
    if draft.helpers:
        blocks = "\n\n".join(draft.helpers).split("\n")
        top = min([first.lineno, *(one.lineno for one in first.decorator_list)])
        inserts.append((top - 1, [*blocks, "", ""]))
    present = {
        ast.unparse(one) for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)
    }
    imports = [one for one in draft.imports if one not in present]
    if imports:
        inserts.append((_after_imports(tree), imports))
    inserts.append(_story_place(tree, lines, draft.story))
    for at, block in sorted(inserts, key=lambda one: -one[0]):
        lines[at:at] = block
    return newline.join(lines)


def body_for(code: str) -> str:
    """Return code as a template wants it: indented, but for its first line."""
    return indent(code).lstrip()


def verify(source: bytes, draft: Draft, read: Read) -> None:
    """Raise InTheWay unless the file does what was meant, as far as can be read."""
    found = read(source)
    pairs = [("downgrade", draft.redoing, found.downgrade)]
    if draft.undoing is not None:
        pairs.append(("upgrade", draft.undoing, found.upgrade))
    for name, meant, got in pairs:
        if [_key(one) for one in meant] != [_key(one) for one in got]:
            raise InTheWay(
                1,
                f"the reverting revision's {name}() would not do what was meant",
                "The project's script.py.mako may lack `${upgrades}` or `${downgrades}`.",
            )
    more = len(found.unknown) - len(draft.unknown)
    if more > 0:
        one = found.unknown[-1]
        raise InTheWay(one.line, f"the reverting revision could not be read: {one.reason}")


def _key(effect: Effect) -> tuple[object, ...]:
    return (effect.kind, effect.object, effect.table, effect.name, effect.to, effect.detail)


def _after_imports(tree: ast.Module) -> int:
    last = 0
    for one in tree.body:
        if isinstance(one, ast.Import | ast.ImportFrom) or (
            isinstance(one, ast.Expr) and one is tree.body[0]
        ):
            last = one.end_lineno or one.lineno
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
    return first.end_lineno or 1, [f"# {one}" if one else "#" for one in block]


def _message(parts: Sequence[Part], table: str | None) -> str:
    about = f" of {table}" if table else ""
    if len(parts) == 1:
        doc = " ".join(parts[0].doc.split()) or parts[0].revision
        return f"revert{about}: {_harmless(doc)}"
    return f"revert{about}: {', '.join(part.revision for part in parts)}"


def _story(parts: Sequence[Part], table: str | None) -> str:
    lines = []
    for part in parts:
        what = f" did to {table}" if table else " did"
        lines.append(f"Undoes what revision {part.revision}{what}; downgrade() does it again.")
        if part.commit is not None:
            one = part.commit
            lines.append(f"That came with commit {one.sha[:12]} of {one.author}, {one.date[:10]}:")
            lines.append(f"{one.subject}")
        else:
            lines.append("That revision was not committed to git.")
    return "\n".join(_harmless(line) for line in lines)


def _harmless(text: str) -> str:
    """Return text that may stand in a docstring as it is."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return re.sub(r'"{2,}', "''", shown.replace("\\", "/")).rstrip('"')
