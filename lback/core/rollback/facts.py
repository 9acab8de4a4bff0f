"""What a rollback is planned from: the request, and what the database, git and the files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from lback.core.effects import Effects
from lback.core.graph.view import GraphView
from lback.core.rollback.extraction import Read
from lback.core.source import Commit

Wanted = Literal["downgrade", "revert"]


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """What is to be undone: one of a table's latest change, a revision, or the last steps."""

    table: str | None = None
    revision: str | None = None
    steps: int | None = None
    strategy: Wanted | None = None


@dataclass(frozen=True, slots=True)
class EditedRevision:
    """A file whose code was changed later, while no record says which version has run.

    `part` is what was changed; `commit` did it, None where that was in the work tree. Where the
    change was an amend, a rebase or a reset, `before` is the commit with the other text.
    """

    revision: str
    path: str
    part: str
    commit: Commit | None
    before: Commit | None = None


@dataclass(frozen=True, slots=True)
class RollbackFacts:
    """All that a rollback is decided by.

    `graph`, `effects` and `texts` cover every applied revision, those of `only_in_git`, too,
    which no file of the checkout defines; `squashed` are those of them that a file here stands for.
    `recorded` are the texts that by the database's own
    record have run, of the revisions `asked` about. `separate_heads` is what `[tool.lback] heads`
    declares. `no_git` is why it is not known what is published. `commits` and `modified` are by
    path. `read` tells what a text does in this project.
    """

    request: RollbackRequest
    stamp: tuple[str, ...]
    dialect: str
    graph: GraphView
    effects: Mapping[str, Effects]
    texts: Mapping[str, bytes]
    read: Read
    applied: frozenset[str]
    only_in_git: frozenset[str] = frozenset()
    squashed: frozenset[str] = frozenset()
    asked: tuple[str, ...] = ()
    recorded: Mapping[str, bytes] = field(default_factory=dict)
    edited: tuple[EditedRevision, ...] = ()
    published: frozenset[str] = frozenset()
    no_git: str = ""
    separate_heads: tuple[str, ...] = ()
    commits: Mapping[str, Commit] = field(default_factory=dict)
    modified: Mapping[str, datetime] = field(default_factory=dict)
