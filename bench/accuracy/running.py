"""Has a child process migrate a site, and takes what it wrote down."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accuracy.judging import Truth
from bench.accuracy.picture import Picture, changed
from bench.accuracy.sites import Ready

ROOT = Path(__file__).resolve().parents[2]
DIALECTS = {"sqlite": "sqlite", "postgresql": "postgresql", "mariadb": "mysql"}
SERVERS = {
    "postgresql": os.environ.get(
        "LBACK_TEST_POSTGRES_URL", "postgresql+psycopg2://postgres@127.0.0.1:5432/postgres"
    ),
    "mariadb": os.environ.get("LBACK_TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306"),
}


@dataclass(frozen=True, slots=True)
class Failed:
    """A direction of a revision that did not run, and its error."""

    revision: str
    direction: str
    error: str


def run(
    ready: Ready,
    kind: str,
    work: Path,
    env: Mapping[str, str],
    *,
    down: bool = True,
    seed: bool = True,
    reuse: bool = False,
) -> Iterator[Truth | Failed]:
    """Migrate in a child process; yield what each direction of each revision really did.

    With `seed` each upgrade also runs on a copy of the database that has rows.

    With `reuse` an earlier run's answer will do: it depends on the tree alone, not on lback.
    """
    folder = work / "runs" / f"{ready.root.name}-{kind}"
    folder.mkdir(parents=True, exist_ok=True)
    answer = folder / "truth.jsonl"
    if not (reuse and answer.exists()):
        problem = _migrate(ready, kind, folder, env, down=down, seed=seed)
        if problem:
            yield Failed("-", "start", problem)
            return
    with answer.open() as lines:
        yield from truths(json.loads(line) for line in lines)


def _migrate(
    ready: Ready, kind: str, folder: Path, env: Mapping[str, str], *, down: bool, seed: bool
) -> str:
    """Run the child; return why it did not end well, or nothing."""
    answer = folder / "truth.jsonl"
    part = folder / f"truth.{os.getpid()}.part"
    job = {
        "folder": str(ready.folder),
        "parent": str(ready.root / ready.site.parent),
        "server": SERVERS.get(kind, f"sqlite:///{folder}"),
        "name": f"lback_accuracy_{os.getpid()}",
        "down": down,
        "seed": seed,
        "stand_ins": ready.site.needs is not None and ready.site.stand_ins,
        "start": ready.site.start,
        "rows": {revision: list(rows) for revision, rows in ready.site.rows.items()},
        "out": str(part),
    }
    job_file = folder / f"job.{os.getpid()}.json"
    job_file.write_text(json.dumps(job))
    command = [str(ready.python), "-m", "bench.accuracy.drive", str(job_file)]
    home = {"HOME": str(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    home |= ready.site.settings
    with (folder / "log").open("w") as log:
        done = subprocess.run(
            command, env={**env, **home}, cwd=folder, stderr=log, stdout=log, check=False
        )
    if done.returncode:
        lines = (folder / "log").read_text().strip().splitlines()
        return lines[-1] if lines else f"ended with {done.returncode}"
    part.replace(answer)
    return ""


def truths(lines: Iterator[dict[str, Any]]) -> Iterator[Truth | Failed]:
    """Put the differences that the child wrote together again."""
    now: Picture = {}
    for line in lines:
        if "start" in line:
            now = line["start"]
            continue
        after = changed(now, line.get("changes", {}))
        if "error" in line:
            yield Failed(line["revision"], line["direction"], line["error"])
        else:
            yield Truth(
                line["revision"],
                line["direction"],
                now,
                after,
                line["statements"],
                line.get("rows", {}),
            )
        if line.get("kept", line["direction"] == "upgrade"):
            now = after
