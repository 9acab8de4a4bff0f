"""The end of a chain of cases: mypy refuses it where a case has been forgotten."""

from __future__ import annotations

from typing import NoReturn


def assert_never(value: NoReturn) -> NoReturn:
    """Say that no value is left over (typing.assert_never, which Python 3.10 lacks)."""
    raise AssertionError(f"a value of type {type(value).__name__} was not thought of")
