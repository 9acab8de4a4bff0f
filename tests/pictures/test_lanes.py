"""The drawing of the terminal: lanes of a colour each, and the same picture without any."""

from __future__ import annotations

from lback.cli.commands.graph import draw

PARENTS = {"m": ("c", "d", "e"), "c": ("b",), "d": ("b",), "e": ("a",), "b": ("a",), "a": ()}
ORDER = ("m", "c", "d", "e", "b", "a")


def test_colours_change_nothing_but_the_colour() -> None:
    plain = list(draw(ORDER, PARENTS, str))
    seen: set[int] = set()

    def paint(column: int, cell: str) -> str:
        seen.add(column)
        return f"<{cell}>"

    painted = list(draw(ORDER, PARENTS, str, paint))
    assert [line.replace("<", "").replace(">", "") for line in painted] == plain
    assert seen == {0, 1, 2}
    assert all("<" in line for line in painted)
    assert plain[:2] == ["● m", "├─╮"]
