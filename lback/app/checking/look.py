"""All that a check gathers: my tree, the others, the merged ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lback.app.checking.options import CheckOptions
from lback.app.checking.sides import Facts, Side, Together, merge_sides, read_side, replaced
from lback.app.reading import Reader
from lback.core.findings import Finding, finding
from lback.core.rules.report import ModelsRow, SiblingRow
from lback.core.shell import command
from lback.errors import HistoryMissing

if TYPE_CHECKING:
    from lback.app.checking.policy import Policy
    from lback.core.forks.overlap import Overlap


@dataclass(slots=True)
class Look:
    """Everything gathered and found so far."""

    reader: Reader
    mine: Side
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
            raise _without_git(reader, f"compared with {wish}")
        return None
    shared = repository.upstream(wish) if wish else reader.shared
    if shared is not None:
        return shared.name, shared.commit, shared.publishes
    from lback.vcs.lookups import remotes

    names = remotes(repository)
    if not names and not repository.is_shallow:
        return None
    remote = names[0] if names else "origin"
    raise HistoryMissing(
        "The branch that this one will be merged into is not in this clone",
        f"Fetch it and name it: {command('git fetch', remote, f'main:refs/remotes/{remote}/main')} "
        f"(in CI: fetch-depth: 0), then {command('lback check --against', f'{remote}/main')}",
    )


def gather_siblings(look: Look, request: CheckOptions) -> None:
    """Compare mine with every other open branch."""
    if look.reader.repository is None:
        look.findings.append(no_history(_without_git(look.reader, "compared with other branches")))
        return
    if look.mine.tip is None:
        return
    from lback.app.checking.siblings import meet_siblings

    try:
        met = meet_siblings(look, request.refs)
        look.siblings.extend(met.rows)
        if not met.branches and request.refs:
            look.findings.append(_no_refs(request.refs))
        look.findings.extend(met.findings)
    except HistoryMissing as err:
        look.findings.append(no_history(err))


def _no_refs(pattern: str) -> Finding:
    """Return LB108 as a warning: maybe nothing is open, maybe nothing was fetched."""
    one = finding(
        "LB108",
        f"no other branch matches {pattern} in this clone",
        f"{command('git fetch origin', f'+{pattern}:{pattern}')}, if there should be one",
    )
    return one._replace(severity="warning")


def _without_git(reader: Reader, wish: str) -> HistoryMissing:
    return HistoryMissing(
        f"{reader.places.cwd} is not in a git repository, so nothing can be {wish}",
        "Run it in a clone; an archive of the files has no history.",
    )


def no_history(err: HistoryMissing) -> Finding:
    """Return LB108: nothing is known, and the hint says how to get to know it."""
    return finding("LB108", err.message, err.hint or "")
