"""What a branch changes of the rules that it is judged by: places, comments, the baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding
from lback.core.checks.policy import comments_added, label_added, labels_added
from lback.core.checks.silencing import Comment, Comments, by_code, comments_in
from lback.errors import HistoryMissing
from lback.project.checking.gather import CheckFacts
from lback.project.places import inside
from lback.project.sides import Tree, read_side

if TYPE_CHECKING:
    from lback.core.source import Entry


import os
from pathlib import Path

from lback.core.checks.policy import baseline_changed
from lback.core.checks.silencing import (
    EMPTY,
    CodeChoice,
    arranged,
    baseline_text,
    read_baseline,
    without_old,
)
from lback.core.messages import checks as messages
from lback.core.source import INDEX, WORKTREE
from lback.errors import UsageError
from lback.files import is_plain, write_whole


def with_places_of_base(facts: CheckFacts) -> CheckFacts:
    """Return facts of what lies in the places of the base as well, where mine does not name them.

    The same facts where the branch left nothing behind there.
    """
    revisions, mine, policy = facts.revisions, facts.mine, facts.policy
    if policy is None or policy.project is None or policy.commit is None:
        return facts
    theirs = revisions.places.of_base(policy.project, mine.at)
    own = revisions.folders(mine.at)
    there = revisions.entries_in(mine.at, theirs) if theirs != own else ()
    if all(inside(entry.path, own) for entry in there):
        return facts
    wider = revisions.wider(mine.at, theirs)
    return CheckFacts(wider, read_side(wider, mine.name, mine.at, mine.tip), policy)


def rules_changed(facts: CheckFacts) -> Iterator[Finding]:
    """Yield LB112 for settings, places and comments that the branch changes."""
    policy = facts.policy
    if policy is None:
        return
    yield from policy.findings
    base = base_side(facts)
    if base is not None:
        for label, counts in labels_added(facts.mine.graph, base.graph).items():
            yield label_added(facts.mine.graph, label, policy.until, counts=counts)
    for entry, own, old in _fresh_comments(facts, base):
        yield from comments_added(entry.path, old, own, policy.until)


def doubted_labels(facts: CheckFacts) -> frozenset[str]:
    """Return the labels that keep no heads apart until the branch to judge by has them."""
    if not facts.mine.graph.label_owners:
        return frozenset()
    try:
        base = base_side(facts)
    except HistoryMissing:  # which is a finding, as soon as the rules are compared
        base = None
    if base is None:
        return frozenset()
    added = labels_added(facts.mine.graph, base.graph)
    return frozenset(label for label, counts in added.items() if not counts)


def base_side(facts: CheckFacts) -> Tree | None:
    """Return the tree of the branch whose word counts; None where it cannot be read."""
    policy = facts.policy
    if policy is None or policy.commit is None:
        return None
    for other in facts.others:
        if other.theirs.tip == policy.commit:
            return other.theirs
    return read_side(facts.revisions, policy.name, policy.commit, policy.commit)


def _fresh_comments(
    facts: CheckFacts, base: Tree | None
) -> Iterator[tuple[Entry, tuple[Comment, ...], tuple[Comment, ...] | None]]:
    """Yield the files that are not the base's, with their comments and those of the base."""
    known = {(entry.path, entry.blob) for entry in base.entries} if base else set()
    past = {revision.blob for other in facts.others for revision in other.base}
    changed = [
        entry
        for entry in facts.mine.entries
        if (entry.path, entry.blob) not in known and entry.blob not in past
    ]
    mine = facts.revisions.contents.scan(changed, facts.mine.at, comments_in)
    said = [entry for entry in changed if mine.get(entry.blob)]
    pairs = {entry.path: _same_file(facts, base, entry) for entry in said}
    there = [entry for entry in pairs.values() if entry is not None]
    old = facts.revisions.contents.scan(there, base.at, comments_in) if base and there else {}
    for entry in said:
        before = pairs[entry.path]
        yield entry, mine[entry.blob], None if before is None else old.get(before.blob, ())


def _same_file(facts: CheckFacts, base: Tree | None, entry: Entry) -> Entry | None:
    """Return the file of the base that has this path, or else this revision."""
    if base is None:
        return None
    by_path = {entry.path: entry for entry in base.entries}
    if entry.path in by_path:
        return by_path[entry.path]
    here = facts.mine.graph.by_path.get(entry.path)
    if here is None or here.id not in base.graph:
        return None
    return by_path.get(base.graph[here.id].path)


def comments_that_count(facts: CheckFacts, paths: Sequence[str]) -> dict[str, Comments]:
    """Return, by path, the comments of files with findings, and whose word they are."""
    wanted = frozenset(paths)
    comments: dict[str, Comments] = {}
    if facts.policy is not None:
        base = base_side(facts)
        for entry, own, old in _fresh_comments(facts, base):
            if entry.path in wanted:
                theirs = by_code(old or ())
                fresh = {code: why for code, why in by_code(own).items() if not theirs.get(code)}
                comments[entry.path] = Comments(theirs, fresh, is_new=old is None)
        _add(facts, base, wanted, comments)
        return comments
    _add(facts, facts.mine, wanted, comments)
    for other in facts.others:
        _add(facts, other.theirs, wanted, comments)
    return comments


def _add(
    facts: CheckFacts, side: Tree | None, wanted: frozenset[str], comments: dict[str, Comments]
) -> None:
    """Add what the files of a side say where nothing is known of them yet."""
    if side is None:
        return
    entries = [
        entry for entry in side.entries if entry.path in wanted and entry.path not in comments
    ]
    said = facts.revisions.contents.scan(entries, side.at, comments_in)
    comments.update((entry.path, Comments(by_code(said.get(entry.blob, ())))) for entry in entries)


def sorted_out(
    facts: CheckFacts | None, path: str, choice: CodeChoice, findings: list[Finding], *, write: bool
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that are new, and the old ones; LB112 where the branch changes the list.

    A list that git has counts as the branch has it that is merged into.
    """
    if write:
        _write(path, findings)
        return without_old(findings, read_baseline(path, Path(path).read_bytes()))
    theirs, ours = _both(facts, path)
    if ours is None and theirs is None:
        return without_old(findings, read_baseline(path, _on_disk(path)))
    try:
        old = read_baseline(path, theirs) if theirs is not None else frozenset()
    except UsageError:
        old = frozenset()  # nothing is old as long as nobody can say what
    mine = read_baseline(path, ours) if ours is not None else frozenset()
    if mine != old and facts is not None and facts.policy is not None:
        name = _relative(facts, path) or path
        change = baseline_changed(name, len(mine - old), len(old - mine), facts.policy.until)
        if choice.wants(change.code):
            findings = arranged([*findings, choice.graded(change)])
    return without_old(findings, old)


def _both(facts: CheckFacts | None, path: str) -> tuple[bytes | None, bytes | None]:
    """Return the list as the base has it, and as the branch does; None for one that git lacks."""
    if facts is None or facts.policy is None or facts.policy.commit is None:
        return None, None
    repository = facts.revisions.repository
    assert repository is not None
    at, base = facts.mine.at, facts.policy.commit
    written, meant = _relative(facts, path), _relative(facts, path, follow=True)
    name = written or meant
    if name is None:
        return None, None
    theirs = repository.files(base, [name]).get(name)
    if theirs is None and meant is not None:
        name = meant  # a link that the base has as well
        theirs = repository.files(base, [name]).get(name)
    ours = repository.files(at, [name]).get(name)
    if theirs is None and at == WORKTREE:
        if written not in (None, meant):
            return None, ours or EMPTY  # a link of the branch's, wherever it leads
        if not repository.files(INDEX, [name]):
            ours = None  # the caller's own: git knows nothing of it
    return theirs, ours


def _relative(facts: CheckFacts, path: str, *, follow: bool = False) -> str | None:
    """Return a path relative to the root, as it is written or as links lead; None outside."""
    root = facts.revisions.project.root
    bare = facts.revisions.repository is not None and facts.revisions.repository.is_bare
    place = Path(os.path.normpath((root if bare else Path.cwd()) / path))
    for top in (root, root.resolve()):
        end = place.resolve() if follow else place
        if end.is_relative_to(top):
            return end.relative_to(top).as_posix()
    return None


def _on_disk(path: str) -> bytes:
    if not os.path.lexists(path):
        raise messages.no_baseline(path)
    if not is_plain(path):  # the end of a pipe or a device may never come
        raise messages.baseline_is_no_file(path)
    return Path(path).read_bytes()


def _write(path: str, findings: list[Finding]) -> None:
    """Write a baseline; never in the place of anything but a file: a device, a folder, a link."""
    if Path(path).is_symlink():
        raise messages.baseline_is_a_link(path)
    if os.path.lexists(path) and not is_plain(path):
        raise messages.baseline_is_no_file(path)
    try:
        write_whole(Path(path), baseline_text(findings).encode())
    except OSError as err:
        raise messages.baseline_not_written(path, err.strerror) from err
