"""The page of named pairs says what the code and three databases say today."""

from __future__ import annotations

import pytest

from tests.core import overlap_page
from tests.core.overlap_page import ALIKE, DIFFER, PAGE, page, table, verdict


@pytest.mark.postgresql
@pytest.mark.mysql
def test_the_page_is_what_the_databases_do() -> None:
    found = table()
    for (left, right), did in found.items():
        ran = {said for said in did.values() if said != "no enum types"}
        said = verdict(left, right)
        if said in ("joined", "same"):
            assert ran == {ALIKE}, (left, right)
        elif said == "conflict":
            assert ran - {ALIKE, DIFFER}, (left, right)
        elif said == "order matters":
            assert ran - {ALIKE}, (left, right)
        else:
            assert said == "unknown"
            assert right in overlap_page.OPAQUE
    assert PAGE.read_text(encoding="utf-8") == page(found), (
        "run `python -m tests.core.overlap_page` and look at what changed"
    )
