"""The drawing of the terminal: lanes of a colour each, and the same picture without any."""

from __future__ import annotations

from lback.formats.lanes import draw

PARENTS = {"m": ("c", "d", "e"), "c": ("b",), "d": ("b",), "e": ("a",), "b": ("a",), "a": ()}
ORDER = ("m", "c", "d", "e", "b", "a")


def name(revision: str, _used: int) -> str:
    return revision


def test_colours_change_nothing_but_the_colour() -> None:
    plain = list(draw(ORDER, PARENTS, name))
    seen: set[int] = set()

    def paint(_child: str, column: int, sign: str) -> str:
        seen.add(column)
        return f"<{sign}>"

    painted = list(draw(ORDER, PARENTS, name, paint))
    assert [line.replace("<", "").replace(">", "") for line in painted] == plain
    assert seen == {0, 1, 2}
    assert all("<" in line for line in painted)
    assert plain[:2] == ["● m", "├─╮"]


def test_a_lane_ends_as_soon_as_the_one_beside_it_leads_to_the_same() -> None:
    parents = {"x": ("a",), "y": ("a",), "z": ("a",), "a": ()}
    assert list(draw(tuple(parents), parents, name)) == [
        "● x", "│ ● y", "├─╯", "│ ● z", "├─╯", "● a"
    ]  # fmt: skip


def test_a_label_of_several_lines_stands_beside_the_lanes() -> None:
    parents = {"x": ("a",), "y": (), "a": ()}
    used: list[int] = []

    def label(revision: str, columns: int) -> str:
        used.append(columns)
        return f"{revision}\nmore"

    assert list(draw(("x", "y", "a"), parents, label)) == [
        "● x", "│ more", "│ ● y", "│   more", "● a", "  more"
    ]  # fmt: skip
    assert used == [2, 4, 2]
