"""No text takes all time or all memory, and the next file is read as if nothing had been."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

from tests.core.interpreter.hostile import TEXTS

MOST_MEGABYTES = 300
# Of the processor, for all of them: a bound that no single text may come near.
MOST_SECONDS = 240


def _bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


def test_hostile_texts_are_read_in_bounded_time_and_memory() -> None:
    assert len(TEXTS) >= 88
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.interpreter.hostile"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=_bounded,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(TEXTS)
    for name, _, peak, said, next_is_fine in rows:
        assert peak < MOST_MEGABYTES, (name, peak)
        # A file that goes beyond is unknown, never nothing.
        assert said, name
        assert next_is_fine, name
