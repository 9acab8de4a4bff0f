"""A revision graph as lines of text, newest first, the way `git log --graph` draws commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

Rails = list[str]


def draw(
    newest_first: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    label: Callable[[str], str],
) -> Iterator[str]:
    """Yield the drawing.

    A label may have several lines. `rails` holds, for each column, the revision that the
    line in it leads to.
    """
    rails: Rails = []
    for revision in newest_first:
        if revision not in rails:
            rails.append(revision)
        column = rails.index(revision)
        yield from _join(rails, revision, column)
        marks = " ".join("●" if at == column else "│" for at in range(len(rails)))
        first, *more = label(revision).split("\n")
        yield f"{marks} {first}"
        down = [p for p in parents.get(revision, ()) if p in parents]
        if more:
            rail = " ".join("│" if at != column or down else " " for at in range(len(rails)))
            yield from (f"{rail} {line}".rstrip() for line in more)
        yield from _branch(rails, column, down)


def _join(rails: Rails, revision: str, column: int) -> Iterator[str]:
    """Several rails that lead to one revision end in its column."""
    while rails.count(revision) > 1:
        last = len(rails) - 1 - rails[::-1].index(revision)
        yield _link(len(rails), column, last, "╯")
        del rails[last]


def _branch(rails: Rails, column: int, parents: list[str]) -> Iterator[str]:
    """After a revision its column leads to its first parent; more parents open more rails."""
    if not parents:
        # A base in the middle leaves a gap; close it, so that the picture stays narrow.
        if column < len(rails) - 1:
            yield _close(len(rails), column)
        del rails[column]
        return
    rails[column] = parents[0]
    for offset, parent in enumerate(parents[1:], 1):
        rails.insert(column + offset, parent)
        yield _link(len(rails), column, column + offset, "╮")


def _link(width: int, left: int, right: int, corner: str) -> str:
    cells = []
    for at in range(width):
        if at == left:
            cells.append("├─")
        elif at == right:
            cells.append(f"{corner} ")
        elif left < at < right:
            cells.append("──")
        else:
            cells.append("│ ")
    return "".join(cells).rstrip()


def _close(width: int, column: int) -> str:
    cells = ["│ " if at < column else "  " if at == column else "╱ " for at in range(width)]
    return "".join(cells).rstrip()
