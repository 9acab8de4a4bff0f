"""Which version of a revision's file the database has run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.app.reading import Reader
from lback.core.decoding import Undecodable, decode_text
from lback.core.graph import Graph
from lback.core.shell import command, pathspec
from lback.core.source import Commit
from lback.errors import LbackError

if TYPE_CHECKING:
    from lback.db.view import View

_HEADER = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


@dataclass(frozen=True, slots=True)
class Edited:
    """A file that says something else than it once did, and no record says which one ran."""

    revision: str
    path: str
    part: str
    commit: Commit | None

    @property
    def message(self) -> str:
        """Say what is known."""
        by = "in this work tree"
        if self.commit is not None:
            by = f"by {self.commit.author} in commit {self.commit.sha[:7]}"
        return (
            f"{self.path}: {self.part} of {self.revision} was edited later ({by}), and which "
            "version this database has run is not known"
        )


@dataclass(slots=True)
class Ran:
    """The texts to run instead of the files, and what cannot be told.

    `recorded` is what the database said when it was `asked`.
    """

    texts: dict[str, bytes] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    recorded: dict[str, bytes] = field(default_factory=dict)
    unknown: list[Edited] = field(default_factory=list)


def what_ran(reader: Reader, graph: Graph, revisions: Iterable[str], view: View) -> Ran:
    """Compare the files with the database's record, else with every version that git has."""
    wanted = [one for one in revisions if one in graph]
    present = reader.texts([graph[one] for one in wanted])
    ran = Ran()
    if reader.project.settings.lback.ledger:
        ran.asked = tuple(wanted)
        ran.recorded = view.texts(wanted)
    asked = []
    for revision in wanted:
        text = ran.recorded.get(revision)
        if text is None:
            asked.append(revision)
        elif code_of(text) != code_of(present[graph[revision].blob]):
            ran.texts[revision] = text
    ran.unknown = _edited(reader, graph, asked, present)
    return ran


def _edited(
    reader: Reader, graph: Graph, revisions: list[str], present: dict[str, bytes]
) -> list[Edited]:
    repository = reader.repository
    if repository is None or repository.head().commit is None:
        return []
    from lback.vcs.log import histories

    pasts = histories(repository, [graph[one].path for one in revisions])
    found = []
    for revision in revisions:
        node = graph[revision]
        past = pasts.get(node.path)
        if past is None:
            continue
        now = code_of(present[node.blob])
        names = (*past.names, node.path)
        newest: Commit | None = None  # of the version that the loop has come from
        for commit in (None, *past.edits, past.brought):
            at = "HEAD" if commit is None else commit.sha
            text = next(iter(repository.files(at, names).values()), None)
            if text is not None and code_of(text) != now:
                part = _part(code_of(text), now)
                found.append(Edited(revision, node.path, part, newest))
                break
            newest = commit if commit is not None else newest
    return found


def code_of(source: bytes) -> dict[str, str]:
    """Return what a revision's file does, by name: without docstring, header and comments."""
    try:
        tree = ast.parse(decode_text(source))
    except (Undecodable, SyntaxError, ValueError):
        return {"": source.decode("utf-8", "replace")}
    found: dict[str, str] = {}
    for one in tree.body:
        if isinstance(one, ast.FunctionDef):
            found[one.name] = found.get(one.name, "") + ast.dump(_plain(one))
        elif not _is_header(one):
            found[""] = found.get("", "") + ast.dump(one)
    return found


def _plain(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return a function without what it does not do: docstring and annotations."""
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        function.body = function.body[1:]
    function.returns = None
    return function


def _is_header(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return all(isinstance(one, ast.Name) and one.id in _HEADER for one in targets)


def _part(before: dict[str, str], now: dict[str, str]) -> str:
    changed = [name for name in before.keys() | now.keys() if before.get(name) != now.get(name)]
    return " and ".join(f"{name}()" if name else "code" for name in sorted(changed))


def refuse_other_record(ran: Ran, view: View) -> None:
    """Raise LbackError when the database says something else by now of what it has run."""
    if view.texts(ran.asked) != ran.recorded:
        raise LbackError(
            "Somebody else moved the database while this was being planned: its record says "
            f"something else of {', '.join(ran.asked)} now.",
            "Nothing was changed. Run the same command again.",
        )


def refuse_edited(ran: Ran) -> None:
    """Raise LbackError where it is not known what ran."""
    for one in ran.unknown:
        raise LbackError(
            f"{one.message}.",
            f"Compare the versions ({command('git log -p --', pathspec(one.path))}) and put the "
            "one that ran back; or say with `--strategy downgrade` or `--strategy revert` that the "
            "file as it is now is right.",
        )
