"""What a check reports: the keys of its JSON, and what the text and the formats show besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from lback.core.checks.silencing import FailOn, LeftOut
from lback.core.merging.overlap_rows import OverlapRow
from lback.core.results import Result, text_only
from lback.core.rows import EffectsRow

# Of a branch's revisions a report shows what so many do.
MOST_NEW = 60


@dataclass(frozen=True)
class ComparedRow:
    """What becomes of the checked tree with one branch that it is compared with."""

    against: str
    commit: str | None
    merge_base: str
    would_be_heads: tuple[str, ...]
    replaced: bool
    conflicts: tuple[str, ...]


@dataclass(frozen=True)
class SiblingRow:
    """Another open branch, or several with the same revisions, beside the checked tree."""

    branches: tuple[str, ...]
    commit: str
    author: str
    date: str
    new_revisions: tuple[str, ...]
    forks: tuple[tuple[str, ...], ...]
    overlaps: tuple[OverlapRow, ...]


@dataclass(frozen=True)
class AskRow:
    """One thing that `migrate` will ask the rows before it runs a revision.

    `why` says why it cannot, "" where it can.
    """

    kind: str
    revision: str
    path: str
    line: int
    statement: str
    why: str


@dataclass(frozen=True)
class ModelsRow:
    """What was run on a scratch database; `dialect` is None where nothing could be run.

    `asks` are what the revisions tried need of the rows of a database that is in use.
    """

    dialect: str | None = None
    tried: tuple[str, ...] = ()
    rows_in: tuple[str, ...] = ()
    no_rows_in: tuple[str, ...] = ()
    differences: tuple[str, ...] | None = None
    asks: tuple[AskRow, ...] = ()


@dataclass(frozen=True)
class LeftOutCounts:
    """How many findings are left out, by what leaves them out."""

    settings: int = 0
    command_line: int = 0
    comments: int = 0
    baseline: int = 0

    @classmethod
    def of(cls, left_out: Iterable[LeftOut]) -> LeftOutCounts:
        """Count findings by what leaves them out."""
        return cls(**Counter(row.by.replace(" ", "_") for row in left_out))


@dataclass(frozen=True)
class DrawnRevision:
    """A revision in the picture of both sides, and the side that has it."""

    revision: str
    doc: str
    parents: tuple[str, ...]
    side: Literal["here", "there", "both"]


@dataclass(frozen=True)
class NewRevisionRow:
    """A revision that no other side has, and what it does."""

    revision: str
    doc: str
    effects: EffectsRow


@dataclass(frozen=True, kw_only=True)
class CheckResult(Result):
    """What a tree is, what it becomes once merged, and the findings about both."""

    command: ClassVar[str] = "check"

    at: str
    against: str | None = None
    merge_base: str | None = None
    heads: tuple[str, ...] = ()
    would_be_heads: tuple[str, ...] = ()
    new_revisions: tuple[str, ...] = ()
    overlaps: tuple[OverlapRow, ...] = ()
    siblings: tuple[SiblingRow, ...] = ()
    models: ModelsRow | None = None
    merges: tuple[ComparedRow, ...] = ()
    left_out: LeftOutCounts = LeftOutCounts()
    count: int = text_only(default=0)  # of revisions
    left_out_findings: tuple[LeftOut, ...] = text_only(default=())
    anchor: str = text_only(default="")  # the file that a finding without a place is about
    fail_on: FailOn = text_only(default="error")
    codes: tuple[str, ...] = text_only(default=())  # that were looked for
    picture: tuple[DrawnRevision, ...] = text_only(default=())
    new: tuple[NewRevisionRow, ...] = text_only(default=())


_ADDED = (
    *("heads", "would_be_heads", "new_revisions", "overlaps", "siblings", "merges"),
    *("findings", "left_out_findings", "count", "picture", "new"),
)


def together(results: Sequence[CheckResult]) -> CheckResult:
    """Return one report of several environments, for a format that knows one only."""
    whole, *others = results
    for other in others:
        sums = {name: getattr(whole, name) + getattr(other, name) for name in _ADDED}
        whole = replace(
            whole,
            **sums,
            status="findings" if sums["findings"] else "ok",
            exit_code=max(whole.exit_code, other.exit_code),
            codes=tuple(dict.fromkeys((*whole.codes, *other.codes))),
            left_out=LeftOutCounts.of(sums["left_out_findings"]),
        )
    return whole
