"""Pages in Chromium, driven by Playwright: what a person does, and what is seen then."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NODE = os.environ.get("LBACK_TEST_NODE", "")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
MISSING = (
    ""
    if CHROMIUM and Path(NODE, "node_modules", "playwright-core").is_dir() and NODE
    else "no chromium, or LBACK_TEST_NODE names no folder with playwright-core (see .ci/run)"
)


def visited(visits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return for each visit what went wrong, milliseconds until it was ready, and answers."""
    reader = Path(__file__).with_name("browser.mjs")
    done = subprocess.run(
        ("node", str(reader), NODE, CHROMIUM, json.dumps(visits)),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told
