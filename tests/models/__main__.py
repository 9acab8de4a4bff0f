"""`python -m tests.models KIND ROUNDS SEED [lback|alembic]`: the figures, and the reasons."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.models.playing import play_all
from tests.servers import fresh_database

kind, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tools = tuple(sys.argv[4:]) or ("lback", "alembic")
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (folder / "1").mkdir()
    (folder / "2").mkdir()
    with fresh_database(kind, folder / "1") as one, fresh_database(kind, folder / "2") as two:
        start = time.time()
        for tool, score in play_all(
            kind, range(seed, seed + rounds), folder, (one, two), tools
        ).items():
            print(f"{kind} {tool}: {score}\n{score.why()}\n")
        print(f"{time.time() - start:.0f} s")
