"""Verdicts against what databases do: pairs of kinds of change, each in both orders."""

from __future__ import annotations

import pytest

from lback.core.merging.footprint import footprint
from tests.core import overlap_page
from tests.core.kinds import KINDS
from tests.core.merging.pairs import AROUND, JOINED, Pair, all_pairs, effects, verdict
from tests.core.overlap_page import PAGE, ROWS, figures, figures_now, page
from tests.core.survey import survey

servers = [pytest.mark.postgresql, pytest.mark.mysql]


def joined() -> list[Pair]:
    """Return the pairs that are joined."""
    return [one for one in all_pairs() if verdict(KINDS[one[0]], KINDS[one[1]]) in JOINED]


def tables(kind: str) -> set[str]:
    """Return the tables and names that a kind of change is about."""
    found = (touch for one in effects(KINDS[kind]).upgrade for touch in footprint(one, AROUND))
    return {touch.of for touch in found if touch.kind in ("name", "column", "rows")}


@pytest.mark.untraced
def test_some_of_what_is_joined_comes_out_alike_on_sqlite() -> None:
    near = [one for one in joined() if tables(one[0]) & tables(one[1])]
    assert survey(near[1::4], ["sqlite"]).wrong() == []


@pytest.mark.untraced
@pytest.mark.postgresql
def test_some_of_what_is_joined_comes_out_alike_on_postgresql() -> None:
    assert survey(joined()[7::120], ["postgresql"]).wrong() == []


@pytest.mark.untraced
@pytest.mark.mysql
def test_some_of_what_is_joined_comes_out_alike_on_mariadb() -> None:
    assert survey(joined()[3::300], ["mariadb"]).wrong() == []


@pytest.mark.untraced
@pytest.mark.postgresql
@pytest.mark.mysql
def test_the_named_pairs_are_as_the_page_says() -> None:
    found = overlap_page.run(ROWS)
    for pair in ROWS:
        ran, said = set(found.did[pair].values()), overlap_page.verdict(pair)
        if said in JOINED:
            assert ran == {("", "")}, pair
        elif said == "conflict":
            assert any("error" in " ".join(one) for one in ran), pair
        elif said == "order-matters":
            assert ran - {("", "")}, pair
        else:
            assert overlap_page.OPAQUE in pair
    assert PAGE.read_text(encoding="utf-8") == page(found, figures_now()), (
        "run `python -m tests.core.overlap_page --rows` and look at what changed"
    )


@pytest.mark.soak
@pytest.mark.postgresql
@pytest.mark.mysql
def test_all_pairs_are_judged_right() -> None:
    found = survey(all_pairs())
    assert found.wrong() == []
    assert len(found.false()) <= 0.08 * len(found.commuting())
    assert figures(found) == figures_now()
