"""`python -m bench.page`: how long a page takes until it can be used, in a real Chromium.

Writes pages of invented projects, opens each several times, and prints the middle of the times
from the call until the page answers, then searches, scrolls and chooses. Needs chromium, node and
LBACK_TEST_NODE with playwright-core. Ends with 1 where a page is slower than promised.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.revisions import revision_files
from tests.pictures.browser import MISSING, visited

# Revisions and the most milliseconds.
PROMISED = {1_000: 1_000, 10_000: 3_000}
TIMES = 5
STEPS = [
    ["press", "/"],
    ["type", "field_7 table_00"],
    ["wait", 200],
    ["text", "#hits"],
    ["press", "Escape"],
    ["press", "G"],
    ["text", "#detail h2"],
    ["press", "2"],
    ["press", "1"],
]


def written(folder: Path, count: int) -> Path:
    """Write a project of so many revisions, committed, and its page."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    for file in revision_files(count):
        (versions / file.name).write_text(file.text)
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-qm", "All of it")):
        subprocess.run(
            ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *words),
            cwd=folder, check=True,
        )  # fmt: skip
    page = folder / "page.html"
    line = (sys.executable, "-m", "lback", "graph", "--format", "html", "-o", str(page))
    start = time.monotonic()
    subprocess.run(line, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    size = page.stat().st_size / 1e6
    print(f"{count:>6} revisions: written in {time.monotonic() - start:.1f} s, {size:.1f} MB")
    return page


def main() -> int:
    argparse.ArgumentParser(prog="python -m bench.page", description=__doc__).parse_args()
    if MISSING:
        print(MISSING)
        return 2
    slow = 0
    for count, most in PROMISED.items():
        with tempfile.TemporaryDirectory() as folder:
            page = written(Path(folder), count)
            seen = visited([{"url": page.as_uri(), "steps": STEPS} for _ in range(TIMES)])
        wrong = [line for visit in seen for line in visit["wrong"]]
        middle = statistics.median(visit["ready"] for visit in seen)
        slow += middle > most or bool(wrong)
        print(f"{count:>6} revisions: ready in {middle:.0f} ms (promised {most}) {wrong or ''}")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
