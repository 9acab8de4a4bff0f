"""What is said of the codes of findings."""

from __future__ import annotations

from difflib import get_close_matches

from lback.core.checks.findings import CODES
from lback.errors import UsageError


def no_such_code(code: str) -> UsageError:
    """Say that there is no such code, and which ones are near."""
    near = get_close_matches(code.upper(), CODES, n=3)
    return UsageError(
        f"There is no code {code}.", f"Did you mean {', '.join(near) or ', '.join(CODES)}?"
    )
