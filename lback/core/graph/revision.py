"""What is wrong with a set of revision files, before it is a finding."""

from __future__ import annotations

from typing import NamedTuple

LABELS = "branch_labels"
"""The variable that a revision file gives its labels in."""


class Problem(NamedTuple):
    """One thing that is wrong: a code of the contract, a place and the way out."""

    code: str
    message: str
    hint: str
    path: str = ""
    line: int = 0
    revisions: tuple[str, ...] = ()


def unreadable(path: str, header: Unreadable) -> Problem:
    """Return the problem of a file that has no header."""
    hint = {
        "LB109": "resolve the conflict in this file, then `git add` it",
    }.get(header.code, "write `revision` and `down_revision` as plain strings")
    return Problem(header.code, header.message, hint, path=path, line=header.line)


class Header(NamedTuple):
    """What a revision file says about its place in the graph.

    `down_revisions` keeps the order of the file; None, '' and () are all ().
    `doc` is Alembic's `Script.doc`, `line` that of the `revision` assignment, and
    `uncertain` are the variables whose value is not literal (they are empty here, but for the
    labels that are), with the line.
    `replaces` are the revisions that were squashed into this one, in the order in which they ran.
    """

    revision: str
    down_revisions: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    doc: str = ""
    create_date: str = ""
    line: int = 1
    uncertain: tuple[tuple[str, int], ...] = ()
    replaces: tuple[str, ...] = ()

    def with_labels(self, labels: tuple[str, ...]) -> Header:
        """Return it with the labels that other files were found to give it."""
        rest = tuple(entry for entry in self.uncertain if entry[0] != LABELS)
        return self._replace(branch_labels=labels, uncertain=rest)

    @property
    def computed_labels(self) -> int:
        """Return the line where labels are computed, 0 where the text names all."""
        return next((line for variable, line in self.uncertain if variable == LABELS), 0)


class Unreadable(NamedTuple):
    """Why a file has no header: LB106, or LB109 for conflict markers.

    `foreign` says that the file assigns neither `revision` nor `down_revision`: it
    may be a helper that merely lies in the folder, although Alembic stumbles over it.
    """

    code: str
    message: str
    line: int = 1
    foreign: bool = False


class Revision(NamedTuple):
    """A header in its place: `path` is POSIX and relative, `blob` is git's id of the content."""

    header: Header
    path: str = ""
    blob: str = ""

    @property
    def id(self) -> str:
        """Return the revision id."""
        return self.header.revision

    @property
    def parents(self) -> tuple[str, ...]:
        """Return the `down_revision` ids in the order of the file."""
        return self.header.down_revisions

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Return the `depends_on` names as written: ids or branch labels."""
        return self.header.depends_on

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the branch labels that this file itself declares."""
        return self.header.branch_labels

    @property
    def replaces(self) -> tuple[str, ...]:
        """Return the revisions that were squashed into this one."""
        return self.header.replaces

    @property
    def doc(self) -> str:
        """Return the first paragraph of the docstring."""
        return self.header.doc

    @property
    def is_merge(self) -> bool:
        """Tell whether it has more than one parent."""
        return len(self.header.down_revisions) > 1


def is_revision_file(name: str) -> bool:
    """Tell whether Alembic would load a file of this name as a revision."""
    return name.endswith(".py") and not name.startswith((".#", "__init__")) and "\n" not in name
