"""Which tests are dear, and which of them a run takes.

A third of the tests costs four fifths of the time. CI runs all others, and of the dear ones a part
that the commit's id chooses: it takes some fifteen commits until each has run.
`LBACK_TEST_PART=2/12` runs the second of twelve parts, `0/12` none of them; without it everything
runs. Of a function with twelve cases or more some are in every part.

    pytest -n 2 --junitxml=times.xml && python -m tests.dear times.xml

measures anew and writes `dear.txt`. What keeps strangers out, and the house in order, always runs.
"""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

LIST = Path(__file__).with_suffix(".txt")
# In seconds, with two workers on two cores: the mean of all cases of a test function, and the sum
# of a function of many cases, which are alike.
DEAR_CASE = 0.6
DEAR_IN_ALL = 3.0
MANY = 4
ALWAYS = ("tests/house/", "tests/security/")
# Many quick cases of one function that all run: no other tests tell at once which line of the
# interpreter is wrong.
EACH_CASE = ("tests/core/interpreter/",)


def function(nodeid: str) -> str:
    """Return the name of the test function, without its case."""
    return nodeid.partition("[")[0]


def listed() -> frozenset[str]:
    """Return the names of the dear test functions."""
    return frozenset(LIST.read_text().splitlines())


def part_of(case: str, number: int, parts: int) -> int:
    """Return in which part, 1 to `parts`, the case with this number of its function runs."""
    return (zlib.crc32(function(case).encode()) + number) % parts + 1


def left_out(names: Sequence[str], part: str, dear: frozenset[str]) -> set[str]:
    """Return which of these cases a run of the part, such as `2/12`, leaves out."""
    chosen, _, parts = part.partition("/")
    seen: dict[str, int] = defaultdict(int)
    out = set()
    for name in sorted(names):
        if function(name) not in dear:
            continue
        if part_of(name, seen[function(name)], int(parts)) != int(chosen):
            out.add(name)
        seen[function(name)] += 1
    return out


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what another part runs."""
    part = os.environ.get("LBACK_TEST_PART")
    if not part:
        return
    # What only the long form runs takes no number from a case that CI runs.
    names = [item.nodeid for item in items if item.get_closest_marker("soak") is None]
    out = left_out(names, part, listed())
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in out])
    items[:] = [item for item in items if item.nodeid not in out]


def pytest_report_header() -> list[str]:
    part = os.environ.get("LBACK_TEST_PART")
    return [f"dear tests: part {part} of them"] if part else []


def measured(files: Iterable[Path]) -> dict[str, list[float]]:
    """Return the seconds of each case by test function, as JUnit files have them."""
    times: dict[str, list[float]] = defaultdict(list)
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            place = case.get("classname", "").replace(".", "/")
            name = function(f"{place}.py::{case.get('name', '')}")
            times[name].append(float(case.get("time", 0)))
    return times


def _is_dear(name: str, times: Sequence[float]) -> bool:
    if name.startswith(ALWAYS):
        return False
    in_all = sum(times)
    if in_all / len(times) > DEAR_CASE:
        return True
    return in_all > DEAR_IN_ALL and len(times) >= MANY and not name.startswith(EACH_CASE)


def main(files: Sequence[str]) -> None:
    """Write which test functions are dear by these JUnit files."""
    times = measured(map(Path, files))
    dear = sorted(name for name, all_times in times.items() if _is_dear(name, all_times))
    LIST.write_text("".join(f"{name}\n" for name in dear))
    cost = sum(sum(times[name]) for name in dear)
    total = sum(sum(all_times) for all_times in times.values())
    print(
        f"{len(dear)} of {len(times)} test functions take {cost:.0f} of {total:.0f} worker seconds"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
