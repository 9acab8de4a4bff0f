"""What a git hook has to tell, as facts; the text says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from lback.core.checks.findings import Finding
from lback.core.graph.revision import Problem
from lback.core.source import Commit

if TYPE_CHECKING:
    from lback.core.merging.merge_plan import MergePlan
    from lback.core.merging.rebase_plan import RebasePlan


@dataclass(frozen=True, slots=True)
class KnownRevision:
    """A revision and the commit that brought it; `doc` is None where no file defines it."""

    revision: str
    doc: str | None
    commit: Commit | None = None


@dataclass(frozen=True, slots=True)
class About:
    """The environment that the facts after this one are about; a command needs `where` for it."""

    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The next commit takes the environment's configuration away."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why nothing is known of one of several environments."""

    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Revisions that the other side brought; `ready` where they can be applied as they are."""

    revisions: tuple[KnownRevision, ...]
    ready: bool


@dataclass(frozen=True, slots=True)
class Reparenting:
    """The commit that gave a revision of a cycle the parents that it has now."""

    revision: str
    path: str
    parents: tuple[str, ...]
    before: tuple[str, ...]
    commit: Commit


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a cycle came about, the oldest commit first: the last one is to be undone."""

    reparentings: tuple[Reparenting, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a fork begins, and what each side has added, side after side."""

    after: tuple[str, ...]
    heads: tuple[str, ...]
    revisions: tuple[KnownRevision, ...]


@dataclass(frozen=True, slots=True)
class ForkMerge:
    """What was done about a fork: nothing yet, or where its merge revision is.

    `note` says why it was not committed although it should have been; `squashed` that git has a
    message ready.
    """

    plan: MergePlan
    done: Literal["none", "staged", "committed", "amended"] = "none"
    note: str = ""
    squashed: bool = False


@dataclass(frozen=True, slots=True)
class Stashed:
    """Revisions that git brings back once its hooks have run."""

    revisions: tuple[str, ...]
    forks: bool


@dataclass(frozen=True, slots=True)
class ForkRebase:
    """The rebase that closes the forks; `note` says why the hook did not do it."""

    plan: RebasePlan
    done: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lacks:
    """Revisions that a branch does not have; `ran` where the database is known to have run them.

    `followed`: the database is taken along now. `databases` names those of several that it is
    about.
    """

    revisions: tuple[KnownRevision, ...]
    ran: bool
    followed: bool
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adds:
    """Revisions of a branch that the database has not run, or those of several `databases`."""

    revisions: tuple[KnownRevision, ...]
    followed: bool
    databases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beneath:
    """Revisions that lie under what a database had run before they did, and what is `above`."""

    revisions: tuple[KnownRevision, ...]
    above: tuple[str, ...]
    databases: tuple[str, ...] = ()
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Switched:
    """How the database followed a checkout; `refused` says why it did not.

    `partly` is set where some of several databases did.
    """

    undone: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    refused: str = ""
    partly: bool = False


@dataclass(frozen=True, slots=True)
class NoConsent:
    """A setting that counts in git's configuration only, and was found in a file."""

    setting: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """A branch that is about to be pushed with findings; `shared` if it is the shared one."""

    branch: str
    remote: str
    shared: bool


HookFact: TypeAlias = (
    About
    | Failed
    | Gone
    | Arrived
    | Problem
    | Cycle
    | Fork
    | ForkMerge
    | ForkRebase
    | Stashed
    | Lacks
    | Adds
    | Beneath
    | Switched
    | NoConsent
    | Pushed
)


@dataclass(frozen=True, kw_only=True)
class HookReport:
    """What a hook found out about one environment, and whether that stops git.

    `models` are the files of models that it looked at.
    """

    heads: tuple[str, ...] = ()
    merges: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    facts: tuple[HookFact, ...] = ()
    findings: tuple[Finding, ...] = ()
    models: tuple[str, ...] = ()
    stops: bool = False
