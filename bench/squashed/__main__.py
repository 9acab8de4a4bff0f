"""`python -m bench.squashed`: real trees squashed, and databases from everywhere brought to head.

Each tree is squashed to some revisions below its head and to its head, in a repository with an
author for each revision. Then databases that stand at random old revisions go on by lback, those
above by plain Alembic, new ones by plain Alembic; all have to end with the schema and the rows
that the old files give, and `blame` has to name the same people. What strangers wrote runs in
virtual environments of their own, on throw-away databases.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.accuracy.running import SERVERS
from bench.accuracy.sites import SITES, Ready, prepared
from bench.timing import environment
from bench.trees import INI, WORK, Absent

ROOT = Path(__file__).resolve().parents[2]

# What does not run as it is: file -> a line of it, and what stands there instead.
_ENGINE = "    engine_name = engine.name.lower()\n"
MENDED = {
    "zenml": {
        "728c6369cfaa_add_name_column_to_input_artifact_pk.py": (
            _ENGINE,
            f'{_ENGINE}    if engine_name == "sqlite":\n        return\n',
        ),
    },
    # Written for asyncpg, which reads no % in a statement; psycopg2 does.
    "prefect (postgresql)": {
        "2026_09_04_000000_c8d5f2a71b3e_rebuild_invalid_event_resources_occurred_index.py": (
            "format('%I.%I'",
            "format('%%I.%%I'",
        ),
        "2026_09_15_000000_d4a7e1c93f52_add_flow_run_state_type_coalesce_start_time_index.py": (
            "format('%I.%I'",
            "format('%%I.%%I'",
        ),
    },
}


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    env = environment(options.work.resolve())
    for site in SITES:
        if options.only and site.name not in options.only:
            continue
        ready = prepared(site, options.work.resolve(), env)
        if isinstance(ready, Absent):
            print(f"not to be had: {ready.name}: {ready.reason}", file=sys.stderr)
            continue
        with_lback(ready)
        for kind in site.kinds:
            if kind in options.on:
                for line in _lines(_driven(ready, kind, options, env)):
                    print(f"{site.name:22} {kind:10} {line}", flush=True)
    return 0


def with_lback(ready: Ready) -> None:
    done = ready.python.parents[1] / "lback"
    if not done.exists():
        command = [str(ready.python), "-m", "pip", "install", "-q", "-e", str(ROOT)]
        subprocess.run(command, check=True)
        done.touch()


def job_of(ready: Ready, root: Path) -> dict[str, Any]:
    """Return what every job is told of its tree: where it lies, and where to put it."""
    site = ready.site
    return {
        "root": str(root),
        "source": str(ready.root),
        "parent": site.parent,
        "folder": site.folder,
        "ini": INI.format(parent=site.parent, folder=site.folder),
        "start": site.start,
        "mended": MENDED.get(site.name, {}),
    }


def _driven(
    ready: Ready, kind: str, options: argparse.Namespace, env: dict[str, str]
) -> list[dict[str, Any]]:
    site = ready.site
    word = "".join(filter(str.isalnum, site.name))
    with tempfile.TemporaryDirectory(prefix=f"{word}-", dir=options.scratch) as folder:
        place = Path(folder)
        job = {
            **job_of(ready, place / "tree"),
            "server": f"sqlite:///{place}" if kind == "sqlite" else SERVERS[kind],
            "name": f"sq_{word}_{os.getpid()}",
            "stand_ins": site.stand_ins,
            "rows": site.rows,
            "package": site.package,
            "out": str(place / "out"),
            "above": options.above,
            "stops": options.stops,
            "seed": options.seed,
            "answer": options.answer,
            "answers": options.data,
            "options": {"freeze": options.freeze} if options.freeze else {},
            "runs": options.runs,
        }
        (place / "job").write_text(json.dumps(job))
        command = [str(ready.python), "-m", "bench.squashed.drive", str(place / "job")]
        with (options.work / f"squashed-{word}-{kind}.log").open("w") as log:
            done = subprocess.run(
                command,
                cwd=place,
                env={**env, **site.settings, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                check=False,
            )
        out = place / "out"
        told = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        if done.returncode:
            lines = (options.work / f"squashed-{word}-{kind}.log").read_text().splitlines()
            told.append({"failed": lines[-1] if lines else str(done.returncode)})
        return told


def _lines(told: Iterable[dict[str, Any]]) -> Iterable[str]:
    number = bad = 0
    for one in told:
        if "inside" in one:
            number, bad = number + 1, bad + bool(one["bad"])
            if one["bad"]:
                yield json.dumps(one)
            continue
        if "counted only" in one:
            yield f"{number} databases inside, {bad} bad; {json.dumps(one)}"
            number = bad = 0
            continue
        yield json.dumps(one)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.squashed", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="TREE")
    parser.add_argument("--on", action="append", default=[], choices=("sqlite", *SERVERS))
    parser.add_argument("--above", type=int, nargs="+", default=[5, 0], metavar="N")
    parser.add_argument("--stops", type=int, default=20, metavar="N", help="databases inside")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2, help="new databases of each kind")
    parser.add_argument("--answer", default="rows", choices=("rows", "keep", "drop"))
    parser.add_argument("--data", action="append", default=[], metavar="REV=ANSWER")
    parser.add_argument("--freeze", action="append", default=[], metavar="TABLE.COLUMN")
    parser.add_argument("--scratch", type=Path, default=None, help="where databases are made")
    parser.add_argument("--work", type=Path, default=WORK)
    options = parser.parse_args(argv)
    options.on = options.on or ["sqlite", *SERVERS]
    return options


if __name__ == "__main__":
    sys.exit(main())
