"""Which of many cases CI runs: the others are the long form, `pytest -m soak`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], short: Iterable[int]) -> list[Any]:
    """Return the cases; those whose place is not in `short` are long ones."""
    chosen = list(short)
    return [case if number in chosen else long(case) for number, case in enumerate(cases)]


def long(case: Any) -> Any:
    """Return a case that CI leaves out; a tuple is several arguments, as pytest has it."""
    if isinstance(case, tuple) and hasattr(case, "marks"):
        return pytest.param(*case.values, id=case.id, marks=(*case.marks, pytest.mark.soak))
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.soak)
