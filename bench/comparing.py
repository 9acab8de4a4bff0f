"""lback's answer about a project beside Alembic's own, field by field."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

FIELDS = (
    "down_revisions",
    "depends_on",
    "branch_labels",
    "doc",
    "path",
    "is_head",
    "is_base",
    "is_merge",
)
HEAD_FIELDS = ("path", "doc", "branch_labels")


@dataclass(frozen=True, slots=True)
class Place:
    """A project to ask about: `config` and `folder` for Alembic, `arguments` for lback.

    `folder` is where the revision files lie: missing imports of files below it get stand-ins.
    """

    name: str
    config: Path
    folder: Path
    arguments: tuple[str, ...]
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two do not say alike."""

    place: str
    revision: str
    field: str
    alembic: Any
    lback: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared at one place.

    `refused` is why Alembic could not load it, `mended` what it had to be lent to do so.
    """

    place: str
    revisions: int
    heads: int
    differences: tuple[Difference, ...]
    refused: str | None = None
    mended: tuple[str, ...] = ()


LBACK = (sys.executable, "-m", "lback")


def compare(
    places: Sequence[Place], env: Mapping[str, str], program: Sequence[str] = LBACK
) -> Iterator[Comparison]:
    """Ask both about every place, Alembic in one child process for all."""
    for place, theirs in zip(places, alembic_answers(places, env), strict=True):
        yield _compared(place, theirs, env, program)


def alembic_answers(places: Sequence[Place], env: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return Alembic's answer for each place; it imports the revision files, elsewhere."""
    jobs = [{"config": str(place.config), "folder": str(place.folder)} for place in places]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "answers"
        subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "bench.alembic_answer", str(output)],
            input="".join(json.dumps(job) + "\n" for job in jobs),
            text=True,
            env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=ROOT,
            check=True,
        )
        return [json.loads(line) for line in output.read_text("utf-8").splitlines()]


def lback_answer(
    command: str, place: Place, env: Mapping[str, str], program: Sequence[str] = LBACK
) -> dict[str, Any]:
    """Return the whole JSON object of `lback heads` or `lback graph`."""
    at = ("--at", place.at) if place.at else ()
    done = subprocess.run(
        [*program, command, *at, *place.arguments, "--json"],
        capture_output=True,
        env=env,
        cwd=ROOT,
        check=False,
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return {"data": None, "error": {"message": said[-1] if said else "nothing said"}}
    return found


def _compared(
    place: Place, theirs: dict[str, Any], env: Mapping[str, str], program: Sequence[str]
) -> Comparison:
    graph = lback_answer("graph", place, env, program)
    heads = lback_answer("heads", place, env, program)
    refused = theirs.get("refused")
    if refused:
        # Where Alembic has no answer, lback has to say what is wrong too.
        said = graph["error"] or graph["findings"]
        silent = () if said else (Difference(place.name, "", "findings", refused, None),)
        return Comparison(place.name, 0, 0, silent, refused)
    for one in (graph, heads):
        if one["data"] is None or one["error"]:
            wrong = Difference(place.name, "", "error", None, (one["error"] or {}).get("message"))
            return Comparison(place.name, len(theirs["revisions"]), 0, (wrong,))
    found = (*_graph(place, theirs, graph["data"]), *_heads(place, theirs, heads["data"]))
    counts = len(theirs["revisions"]), len(theirs["heads"])
    return Comparison(place.name, *counts, found, mended=tuple(theirs["mended"]))


def _graph(place: Place, theirs: dict[str, Any], data: dict[str, Any]) -> Iterator[Difference]:
    ours = {row["revision"]: row for row in data["revisions"]}
    if len(ours) != len(data["revisions"]):
        yield Difference(place.name, "", "rows", len(ours), len(data["revisions"]))
    bases = sorted(revision for revision, row in ours.items() if row["is_base"])
    if bases != theirs["bases"]:
        yield Difference(place.name, "", "bases", theirs["bases"], bases)
    for revision in sorted(theirs["revisions"].keys() | ours.keys()):
        yield from _row(
            place, revision, FIELDS, theirs["revisions"].get(revision), ours.get(revision)
        )


def _heads(place: Place, theirs: dict[str, Any], data: dict[str, Any]) -> Iterator[Difference]:
    wanted = {row["revision"]: row for row in theirs["heads"]}
    ours = {row["revision"]: row for row in data["heads"]}
    if sorted(wanted) != sorted(ours):
        yield Difference(place.name, "", "heads", sorted(wanted), sorted(ours))
    for revision in sorted(wanted.keys() & ours.keys()):
        yield from _row(place, revision, HEAD_FIELDS, wanted[revision], ours[revision])


def _row(
    place: Place,
    revision: str,
    fields: Sequence[str],
    theirs: dict[str, Any] | None,
    ours: dict[str, Any] | None,
) -> Iterator[Difference]:
    if theirs is None or ours is None:
        told = [row["path"] if row else None for row in (theirs, ours)]
        yield Difference(place.name, revision, "revision", *told)
        return
    for field in fields:
        left, right = theirs[field], ours[field]
        if field == "path":
            left, right = Path(left).name, Path(right).name
        elif field == "branch_labels" and fields is HEAD_FIELDS:
            left, right = sorted(left), sorted(right)
        if left != right:
            yield Difference(place.name, revision, field, left, right)
