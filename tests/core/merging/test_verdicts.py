"""The verdict on every pair of kinds of change, as approved; databases prove them elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.merging.footprint import footprint
from lback.core.merging.matrix import MATRIX, PARTNERS, SEVERITY
from tests.approved import approved
from tests.core.kinds import KINDS
from tests.core.merging.pairs import AROUND, all_pairs, effects, found

HERE = Path(__file__).parent


@pytest.mark.untraced
def test_every_pair_has_the_verdict_that_the_databases_gave() -> None:
    """The pairs that are not joined, by what the gravest overlap is about; and each reason once."""
    rows: dict[str, dict[str, list[str]]] = {kind: {} for kind in KINDS}
    reasons: dict[tuple[str, str, str], str] = {}
    for left, right in all_pairs():
        said = found(KINDS[left], KINDS[right])
        for one in said[:1]:
            rows[left].setdefault(f"{one.verdict}, {one.object}", []).append(right)
        for one in said:
            reason = one.brief.removeprefix(f"{one.object}: ")
            reasons.setdefault((one.verdict, one.object.partition(" ")[0], reason), one.message)
    lines = []
    for kind, verdicts in rows.items():
        lines += [kind, *(f"  {one}: {', '.join(others)}" for one, others in verdicts.items())]
    approved(HERE / "verdicts.txt", "\n".join(lines) + "\n")
    order = sorted(reasons.items(), key=lambda one: (-SEVERITY[one[0][0]], one[0]))
    approved(HERE / "reasons.txt", "".join(f"{key[0]}: {text}\n" for key, text in order))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read(kind: str) -> None:
    assert effects(KINDS[kind]).upgrade
    touched = [touch for one in effects(KINDS[kind]).upgrade for touch in footprint(one, AROUND)]
    assert touched
    assert {touch.kind for touch in touched} <= set(MATRIX)


def test_the_matrix_is_the_same_from_both_sides() -> None:
    for kind, modes in MATRIX.items():
        assert {(right, left) for left, right in modes} == set(modes), kind
        assert set(PARTNERS[kind]) == {left for left, _ in modes}
