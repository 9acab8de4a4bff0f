"""What a picture is made of: revisions, their changes, the schema, and what meets in a fork."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lback.core.effects import Unknown
from lback.core.merging.overlap_rows import OverlapRow
from lback.core.pictures.comparing import ComparedTable
from lback.core.pictures.folding import FoldedSchema
from lback.core.source import Commit

Place = Literal["published", "pushed", "local", ""]


# An effect as people read it, its line, and whether it surely happens.
Said = tuple[str, int, bool]


@dataclass(frozen=True, slots=True)
class PageRevision:
    """One revision; `place` is "" where git cannot tell, `applied` None where no database does.

    `branches` are those of git that have it as a head. `side` is "" for what is here, the name of
    the one branch that has it otherwise; `mine` says that the other side lacks it. `does` and
    `undoes` are the effects of both directions; `gap` says why there is no way down.
    """

    revision: str
    doc: str
    path: str
    parents: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    branches: tuple[str, ...]
    place: Place
    applied: bool | None
    commit: Commit | None
    side: str
    mine: bool
    tables: tuple[str, ...]
    does: tuple[Said, ...]
    undoes: tuple[Said, ...]
    gap: str
    unread: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True)
class PageFork:
    """A fork with another branch, and what a merge would do about it."""

    branch: str
    heads: tuple[str, ...]
    action: Literal["merge", "refused"]
    reason: str
    revision: str | None
    overlaps: tuple[OverlapRow, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page; revisions come newest first.

    `view` is what is seen first. `focus` are the tables that were asked for, () for all. `heads`
    are those of the revisions that are here, without another branch's. `compared` are the tables
    to draw; `differs` where they are compared with those of `against`.
    """

    title: str
    at: str
    branch: str
    against: str
    heads: tuple[str, ...]
    view: Literal["revisions", "tables", "schema"]
    focus: tuple[str, ...]
    revisions: tuple[PageRevision, ...]
    folded: FoldedSchema
    forks: tuple[PageFork, ...]
    compared: tuple[ComparedTable, ...]
    differs: bool
    databases: tuple[str, ...]
    notes: tuple[str, ...]
