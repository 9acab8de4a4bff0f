"""All that a check gathers: my tree, the others, the merged ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.app.checking.options import CheckOptions
from lback.app.checking.sides import Facts, Together, Tree, merge_sides, read_side, replaced
from lback.app.reading import Reader
from lback.core.findings import Finding
from lback.core.messages import checks as messages
from lback.core.rules.graph import no_history, no_refs
from lback.core.rules.report import ModelsRow, SiblingRow
from lback.errors import HistoryMissing

if TYPE_CHECKING:
    from lback.app.checking.policy import Policy
    from lback.core.forks.overlap import Overlap


@dataclass(slots=True)
class Look:
    """Everything gathered and found so far."""

    reader: Reader
    mine: Tree
    others: list[Together] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    siblings: list[SiblingRow] = field(default_factory=list)
    models: ModelsRow | None = None
    policy: Policy | None = None
    # Labels that only this tree has, on a line that the branch to judge by has as well.
    doubted: frozenset[str] = frozenset()
    _facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """Return what reads effects and commits of either side."""
        others = [one.theirs for one in self.others]
        if self._facts is None or len(self._facts.sides) != len(others) + 1:
            self._facts = Facts(self.reader, self.mine, others)
        return self._facts

    @property
    def declared(self) -> tuple[str, ...]:
        """Return the heads that the project keeps apart."""
        return self.reader.project_at(self.mine.at).settings.lback.heads

    @property
    def new(self) -> tuple[str, ...]:
        """Return the revisions that none of the other sides has, in graph order."""
        graph = self.mine.graph
        fresh = graph.ids.difference(*(other.theirs.graph.ids for other in self.others))
        return tuple(one for one in graph.order() if one in fresh) if fresh else ()


def gather_others(look: Look, request: CheckOptions) -> None:
    """Merge mine with each REF; what cannot be looked at is a finding and never a pass."""
    for wish in request.against or (None,):
        try:
            shared = _shared(look.reader, wish)
            if shared is None:
                continue
            name, commit, publishes = shared
            look.reader.places.look_ahead([commit])
            theirs = read_side(look.reader, name, commit, commit)
            if look.mine.tip is None:
                continue
            join = replaced if request.replace else merge_sides
            look.others.append(join(look.reader, look.mine, theirs, publishes=publishes))
        except HistoryMissing as err:
            look.findings.append(no_history(err))


def _shared(reader: Reader, wish: str | None) -> tuple[str, str, bool] | None:
    """Return name and commit of the branch to merge with, and whether it publishes."""
    repository = reader.repository
    if repository is None:
        if wish:
            raise messages.no_repository(reader.places.cwd, wish)
        return None
    shared = repository.upstream(wish) if wish else reader.shared
    if shared is not None:
        return shared.name, shared.commit, shared.publishes
    from lback.vcs.lookups import remotes

    names = remotes(repository)
    if not names and not repository.is_shallow:
        return None
    raise messages.no_shared_branch(names[0] if names else "origin")


def gather_siblings(look: Look, request: CheckOptions) -> None:
    """Compare mine with every other open branch."""
    if look.reader.repository is None:
        look.findings.append(no_history(messages.no_repository(look.reader.places.cwd)))
        return
    if look.mine.tip is None:
        return
    from lback.app.checking.siblings import meet_siblings

    try:
        met = meet_siblings(look, request.refs)
        look.siblings.extend(met.rows)
        if not met.branches and request.refs:
            look.findings.append(no_refs(request.refs))
        look.findings.extend(met.findings)
    except HistoryMissing as err:
        look.findings.append(no_history(err))
