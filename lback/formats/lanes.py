"""Draws revisions as lanes, newest on top, as `git log --graph` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

Line = tuple[str, str]
"""A line in a column: from the revision above, to the one that it leads to."""
Paint = Callable[[str, int, str], str]
"""Colours what stands in a column: the revision that its line comes from, the column, the sign."""


def draw(
    newest_first: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    label: Callable[[str, int], str],
    paint: Paint = lambda _child, _column, sign: sign,
    mark: Callable[[str], str] = lambda _: "●",
) -> Iterator[str]:
    """Yield the drawing.

    A label is asked for with the columns that stand before it, and may have several lines.
    """
    lines: list[Line] = []
    for revision in newest_first:
        leads = [parent for _, parent in lines]
        column = leads.index(revision) if revision in leads else len(lines)
        for last in range(len(lines) - 1, column, -1):
            if leads[last] == revision:
                yield _joined(lines, column, last, paint)
        lines[column : column + 1] = [(revision, revision)]
        marks = _signs(lines, paint, {column: mark(revision)})
        first, *more = label(revision, 2 * len(lines)).split("\n")
        yield f"{marks} {first}".rstrip()
        down = [parent for parent in parents.get(revision, ()) if parent in parents]
        if more:
            beside = _signs(lines, paint, {} if down else {column: " "})
            yield from (f"{beside} {line}".rstrip() for line in more)
        yield from _go_on(lines, column, down, paint)


def _signs(lines: Sequence[Line], paint: Paint, other: Mapping[int, str]) -> str:
    return " ".join(paint(child, at, other.get(at, "│")) for at, (child, _) in enumerate(lines))


def _go_on(lines: list[Line], column: int, down: Sequence[str], paint: Paint) -> Iterator[str]:
    """After a revision its column leads to its first parent; more parents open more columns."""
    revision = lines[column][0]
    if not down:
        # A base in the middle leaves a gap; close it, so that the picture stays narrow.
        if column < len(lines) - 1:
            yield _closed(lines, column, paint)
        del lines[column]
        return
    lines[column] = (revision, down[0])
    for offset, parent in enumerate(down[1:], 1):
        lines.insert(column + offset, (revision, parent))
        yield _link(lines, column, column + offset, "╮", paint)
    for at in range(len(lines) - 1, 0, -1):
        if lines[at][1] == lines[at - 1][1]:
            yield _joined(lines, at - 1, at, paint)


def _joined(lines: list[Line], first: int, last: int, paint: Paint) -> str:
    """Let a column end in another one that leads to the same revision."""
    drawn = _link(lines, first, last, "╯", paint)
    del lines[last]
    return drawn


def _link(lines: Sequence[Line], left: int, right: int, corner: str, paint: Paint) -> str:
    signs = []
    linked = lines[right][0]
    for at, (child, _) in enumerate(lines):
        if at == left:
            signs.append(paint(child, at, "├") + paint(linked, right, "─"))
        elif at == right:
            signs.append(paint(linked, right, corner))
        elif left < at < right:
            signs.append(paint(child, at, "│") + paint(linked, right, "─"))
        else:
            signs.append(paint(child, at, "│"))
    # A corner and a line take one place, and a blank beside them where more follows.
    pads = [" " if at >= right or at < left else "" for at in range(len(lines))]
    return "".join(map("".join, zip(signs, pads, strict=True))).rstrip()


def _closed(lines: Sequence[Line], column: int, paint: Paint) -> str:
    return " ".join(
        paint(child, at, "│" if at < column else " " if at == column else "╱")
        for at, (child, _) in enumerate(lines)
    ).rstrip()
