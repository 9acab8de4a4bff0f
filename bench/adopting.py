"""`python -m bench.adopting FOLDER…`: adopt each clone from its root, and say what was found.

One row a clone for `docs/adopting.md`. Each is copied by `git clone` first and stays as it is.
A row is what `lback init` and `lback heads`, `check` and `graph --effects` say as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, run
from typing import Any, NamedTuple

TITLES = ("application", "at", "configured by", "revisions", "heads", "findings", "not read")


class Row(NamedTuple):
    """What lback finds in one environment of a clone."""

    application: str
    at: str
    configured_by: str
    revisions: int
    heads: str
    findings: str
    not_read: int


def main(folders: Sequence[str]) -> int:
    """Print the table."""
    print(_line(TITLES), _line(["---"] * len(TITLES)), sep="\n")
    for folder in map(Path, folders):
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, folder.name)
            run(["git", "clone", "-qn", "--shared", folder.resolve(), copy], check=True)
            # A mirror may lack its largest files: nobody migrates those.
            for words in (["read-tree", "HEAD"], ["checkout-index", "-afq"]):
                run(["git", *words], cwd=copy, stderr=PIPE, check=False)
            for row in rows(copy):
                print(_line(row), flush=True)
    return 0


def rows(root: Path) -> Iterator[Row]:
    """Adopt what is in a folder, and yield what is found in each environment."""
    told = lback(root, "init", "--no-hooks")
    data = told["data"]
    if told["error"]:
        yield Row(root.name, _commit(root), str(told["error"]), 0, "", "", 0)
        return
    parts = [
        environments(lback(root, *words))
        for words in (("graph", "--effects"), ("heads",), ("check",))
    ]
    for graph, heads, check in zip(*parts, strict=True):
        revisions = graph["data"]["revisions"]
        unknown = [one for one in revisions if one["effects"]["unknown"]]
        found = sorted({f"{each['code']}" for each in check["findings"]})
        yield Row(
            root.name,
            _commit(root),
            graph.get("environment") or _relative(data["adopted"], root) or "what init wrote",
            len(revisions),
            ", ".join(head["revision"] for head in heads["data"]["heads"]),
            ", ".join(found) or "none",
            len(unknown),
        )


def environments(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the answers for each environment, which is one where there are not more."""
    return told["data"].get("environments") or [told]


def lback(root: Path, *words: str) -> Mapping[str, Any]:
    """Return what a command says as JSON."""
    command = [sys.executable, "-m", "lback", "--quiet", "--json", *words]
    answer: Mapping[str, Any] = json.loads(run(command, cwd=root, stdout=PIPE, check=False).stdout)
    return answer


def _relative(names: Sequence[str], root: Path) -> str:
    return ", ".join(str(Path(name).relative_to(root.resolve())) for name in names)


def _commit(root: Path) -> str:
    done = run(["git", "rev-parse", "--short=9", "HEAD"], cwd=root, stdout=PIPE, check=True)
    return done.stdout.decode().strip()


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
