"""The names that people give revisions on the command line, with Alembic's meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lback.core.shell import named
from lback.errors import UsageError

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

_RELATIVE = re.compile(r"(?:(?P<label>.+?)@)?(?P<name>[^@]*?)(?P<steps>[+-]\d+)", re.DOTALL)


def near(name: str, names: Iterable[str]) -> str:
    """Return a hint with the names that look like this one."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(names), n=3)
    return f"did you mean {' or '.join(close)}?" if close else "see `lback graph`"


class Resolver:
    """Resolves names over one graph; `current` is what relative names are counted from."""

    def __init__(self, graph: GraphView, current: tuple[str, ...]) -> None:
        self.graph = graph
        self.current = current

    def resolve(self, token: str) -> tuple[str, ...]:
        """Return the revisions a name means; () for the base; UsageError when unclear."""
        if token in self.graph:
            return (token,)
        relative = _RELATIVE.fullmatch(token)
        if relative is None:
            return self._absolute(token)
        label, name, steps = relative.group("label", "name", "steps")
        start, branch = self._start(token, label, name, int(steps))
        end = self._walk(token, start, int(steps), branch)
        return () if end is None else (end,)

    # Absolute names

    def _absolute(self, token: str) -> tuple[str, ...]:
        label, at, name = token.partition("@")
        if not at:
            label, name = "", token
        if name == "base":
            return ()
        if name in ("head", "heads"):
            return self._heads(token, label, name)
        return (self._one(name, label),)

    def _heads(self, token: str, label: str, name: str) -> tuple[str, ...]:
        graph = self.graph
        if not label:
            revisions = graph.effective_heads if name == "heads" else graph.heads
        else:
            revisions = self._lineage(graph.heads, label)
        if name == "head" and len(revisions) > 1:
            raise UsageError(
                f"{named(token)} is not one revision: there are {len(revisions)} heads, "
                f"{', '.join(revisions)}.",
                "name one of them, `label@head`, or `heads` for all",
            )
        return revisions

    def _one(self, name: str, label: str = "") -> str:
        graph = self.graph
        branch = self._one(label) if label else None
        if name in graph:
            revision = name
        elif name in graph.label_owners:
            revision = graph.label_owners[name]
        else:
            revision = self._prefixed(name, label)
        if branch is not None and revision not in self._kin(branch):
            raise UsageError(
                f"Revision {revision} is not on the branch {label}.", "see `lback graph`"
            )
        return revision

    def _prefixed(self, prefix: str, label: str) -> str:
        graph = self.graph
        names = (*graph.ids, *graph.label_owners)
        # Alembic compares with names of four letters and more only.
        matches = sorted(name for name in names if len(name) > 3 and name.startswith(prefix))
        if label:
            kin = self._kin(self._one(label))
            matches = [name for name in matches if graph.label_owners.get(name, name) in kin]
        if not prefix or not matches:
            raise UsageError(
                f"There is no revision or branch {named(prefix)}.", near(prefix, names)
            )
        if len(matches) > 1:
            shown = ", ".join(matches[:5]) + (", …" if len(matches) > 5 else "")
            raise UsageError(
                f"{named(prefix)} is the beginning of {len(matches)} revisions: {shown}.",
                "give more letters of the one you mean",
            )
        return graph.label_owners.get(matches[0], matches[0])

    def _kin(self, revision: str) -> frozenset[str]:
        graph = self.graph
        return graph.ancestors([revision], dependencies=False) | graph.descendants(
            [revision], dependencies=False
        )

    def _lineage(self, revisions: Iterable[str], label: str) -> tuple[str, ...]:
        kin = self._kin(self._one(label))
        return tuple(revision for revision in revisions if revision in kin)

    # Relative names

    def _start(
        self, token: str, label: str | None, name: str, steps: int
    ) -> tuple[str | None, str | None]:
        """Return where to count from (None: the base), and the branch to keep to on the way up."""
        if name:
            if steps > 0 and name == "base":
                return None, label
            revisions = self._absolute(f"{label}@{name}" if label and steps < 0 else name)
            return self._single(token, revisions), label
        starts = tuple(dict.fromkeys(self.current))
        if label:
            starts = self._on_branch(starts, label, up=steps > 0)
        return self._single(token, starts), label

    def _on_branch(self, starts: tuple[str, ...], label: str, *, up: bool) -> tuple[str, ...]:
        """Return the applied revisions of one branch that nothing applied stands on.

        On the way up Alembic goes back to where the branch leaves what is applied; on
        the way down only a branch that is a dependency of the others can be meant.
        """
        graph = self.graph
        revisions = self._lineage(starts, label)
        if revisions or not starts:
            return revisions
        active = graph.ancestors(starts)
        if not up:
            tips = sorted(
                revision for revision in active if active.isdisjoint(graph.children(revision))
            )
            return self._lineage(tips, label)
        mine = set(self._lineage(active, label))
        below = {
            down
            for revision in mine
            for down in (*graph[revision].parents, *graph.dependencies(revision))
        }
        return tuple(sorted(mine - below))

    def _single(self, token: str, revisions: tuple[str, ...]) -> str | None:
        if len(revisions) > 1:
            steps = token.rpartition("@")[2]
            raise UsageError(
                f"{named(token)} can be counted from {' and from '.join(revisions)}.",
                f"name the revision to count from, as in {named(revisions[0] + steps)}",
            )
        return revisions[0] if revisions else None

    def _walk(self, token: str, start: str | None, steps: int, branch: str | None) -> str | None:
        graph = self.graph
        at = start
        below_base = start is None
        for _ in range(abs(steps)):
            if steps > 0:
                ways = graph.bases if at is None else graph.children(at)
                if branch:
                    ways = self._lineage(ways, branch)
            else:
                ways = () if at is None else graph[at].parents
                if not ways and not below_base:
                    at, below_base = None, True
                    continue
            if not ways:
                raise UsageError(
                    f"{named(token)} goes beyond the end of the graph.", "see `lback graph`"
                )
            if len(ways) > 1:
                raise UsageError(
                    f"{named(token)} is not clear: from {at or 'the base'} it goes to "
                    f"{' or to '.join(ways)}.",
                    "name the revision itself",
                )
            at = ways[0]
        return at
