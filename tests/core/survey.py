"""Pairs of kinds of change in both orders on three databases, beside the verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.core.kinds import KINDS
from tests.core.merging.pairs import JOINED, Pair, verdict
from tests.core.truth import Bench, both_orders
from tests.servers import KINDS as DATABASES
from tests.servers import fresh_database


@dataclass
class Survey:
    """What the databases did with pairs: by pair and database, the two orders."""

    verdicts: dict[Pair, str] = field(default_factory=dict)
    did: dict[Pair, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def alike(self, pair: Pair) -> bool:
        """Tell whether both orders came out alike wherever both kinds do something."""
        return bool(self.did[pair]) and all(one == ("", "") for one in self.did[pair].values())

    def wrong(self) -> list[Pair]:
        """Return the pairs that are joined, and failed or differed somewhere."""
        seen = [one for one in self.did if self.did[one] and self.verdicts[one] in JOINED]
        return [one for one in seen if not self.alike(one)]

    def commuting(self) -> list[Pair]:
        """Return the pairs that came out alike everywhere."""
        return [one for one in self.did if self.alike(one)]

    def false(self) -> list[Pair]:
        """Return the pairs that came out alike, and are not joined."""
        return [one for one in self.commuting() if self.verdicts[one] not in JOINED]


def survey(
    pairs: Iterable[Pair],
    databases: Iterable[str] = DATABASES,
    kinds: Mapping[str, str] = KINDS,
    *,
    whole: Collection[Pair] = (),
) -> Survey:
    """Run pairs on databases, one after the other.

    A pair is looked at on a database where both kinds do something by themselves. Once it
    failed or differed it is run no more, except those of which the `whole` story is wanted.
    """
    found = Survey()
    for left, right in pairs:
        found.verdicts[left, right] = verdict(kinds[left], kinds[right])
        found.did[left, right] = {}
    for name in databases:
        with tempfile.TemporaryDirectory() as folder, fresh_database(name, Path(folder)) as url:
            bench = Bench(url)
            try:
                for pair, did in found.did.items():
                    known = pair in whole
                    if known or all(one == ("", "") for one in did.values()):
                        left, right = kinds[pair[0]], kinds[pair[1]]
                        said = both_orders(bench, left, right, whole=known)
                        if said is not None:
                            did[name] = said
            finally:
                bench.close()
    return found
