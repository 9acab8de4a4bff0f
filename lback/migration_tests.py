"""Ready tests of a project's migrations: `from lback.migration_tests import *` in a test file.

They need the plugin `lback.testing`, and tell what `lback check --models=all` finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

__all__ = ["test_models_match", "test_rows_survive", "test_single_head", "test_up_down_up"]

_Findings = Sequence[Mapping[str, Any]]
_NOT_RUN = "LB505"


def test_single_head(lback_findings: _Findings) -> None:
    """There is one head, or those that the project keeps apart, and no hole in the graph."""
    _expect_none(lback_findings, "LB10")


def test_up_down_up(lback_findings: _Findings) -> None:
    """Each revision runs up, down and up again, and restores the schema each time."""
    _expect_none(lback_findings, "LB501", "LB502", "LB503", _NOT_RUN)


def test_models_match(lback_findings: _Findings) -> None:
    """The models are what all migrations lead to."""
    _expect_none(lback_findings, "LB305", _NOT_RUN)


def test_rows_survive(lback_findings: _Findings) -> None:
    """A row in each table is there after each revision, and after its way back."""
    _expect_none(lback_findings, "LB504", _NOT_RUN)


def _expect_none(findings: _Findings, *codes: str) -> None:
    told = [
        f"{finding['code']} {finding['message']}\n    {finding['hint']}"
        for finding in findings
        if finding["severity"] == "error" and finding["code"].startswith(codes)
    ]
    if told:
        pytest.fail("\n".join(told), pytrace=False)
