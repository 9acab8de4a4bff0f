"""A test is skipped for what a machine lacks, never for the kind of database it was made for."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
_SKIPS = re.compile(
    r"""^ +if [^\n]*["'](?:sqlite|postgresql|mysql|mariadb)\b[^\n]*:\n +pytest\.skip\(""",
    re.MULTILINE,
)


def skips(text: str) -> bool:
    """Say whether a test looks at the kind of its database, and skips then."""
    return _SKIPS.search(text) is not None


def test_no_case_is_made_to_be_skipped() -> None:
    """`on()` of tests/servers.py makes the cases that there are."""
    texts = {path: path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
    assert [str(path.relative_to(TESTS)) for path, text in texts.items() if skips(text)] == []


def test_such_a_skip_is_seen() -> None:
    assert skips('    if "mysql" in any_url and waits:\n        pytest.skip("not there")\n')
    assert not skips('    if program is None:\n        pytest.skip("not installed")\n')
