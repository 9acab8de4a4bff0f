"""The house as it was meant: rooms of a size, no circles, and no module for one other alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.house import ROOT, House, report

# A room by itself: one of a family, of which each is named and imported by itself.
FAMILIES = (
    "lback.app.",
    "lback.cli.commands.",
    "lback.formats.",
    "lback.core.messages.",
    "lback.project.githooks.",
)
# A room by itself, for a reason.
ROOMS: dict[str, str] = {}


@pytest.fixture(scope="module")
def house() -> House:
    return House()


def test_no_circles(house: House) -> None:
    assert house.circles() == []


def test_every_module_serves_two_or_is_a_room(house: House) -> None:
    alone = {
        name
        for name, importers in house.importers.items()
        if len(importers) < 2 and not name.startswith(FAMILIES)
    }
    assert alone == set(ROOMS)


def test_no_folder_is_a_heap() -> None:
    sizes = Counter(path.parent for path in (ROOT / "lback").rglob("*.py"))
    assert {
        str(folder.relative_to(ROOT)): size for folder, size in sizes.items() if size > 31
    } == {}


def test_packages_are_empty(house: House) -> None:
    """A submodule is not to pay for its siblings."""
    for name, path in house.paths.items():
        if path.name == "__init__.py":
            assert path.read_text() == "", name


def test_figures(house: House, tmp_path: Path) -> None:
    shop = tmp_path / "lback"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "a.py").write_text("from lback import b\n\n\ndef f():\n    return b\n")
    (shop / "b.py").write_text("def g():\n    from lback.a import f\n    return f\n")
    assert list(report(House(tmp_path))) == [
        "modules                   2",
        "lines                     8",
        "lines of a module         median 5, p90 5, most 5",
        "lines of a function       median 3, p90 3, most 3",
        "imported by one module    2",
        "imports inside functions  1",
        "import circles            1",
    ]
