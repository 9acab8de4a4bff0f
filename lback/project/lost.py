"""Finds applied revisions that no file of this checkout defines: in the record, then in git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lback.core.baseline import baseline, names_in, unexplained
from lback.core.graph.graph import Graph
from lback.core.graph.revision import Header, Revision
from lback.core.graph.view import GraphView
from lback.core.header import read_header
from lback.core.messages import lost as messages
from lback.core.naming import key
from lback.core.record.steps import RecordedStep
from lback.core.source import Commit, Entry
from lback.errors import HistoryMissing, LbackError
from lback.project.places import inside
from lback.project.revisions import Revisions
from lback.vcs.strays import find_stray
from lback.vcs.worktree import blob_id

if TYPE_CHECKING:
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class LostRevision:
    """A revision that no file of this checkout defines, its text, and where that was found.

    `commit` is None where no commit has it. `stands`: a file of that name can be written again.
    """

    revision: Revision
    text: bytes
    commit: Commit | None
    place: str


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What the record says of an applied revision: its step, and the text that ran."""

    step: RecordedStep
    text: bytes | None


Runs = Mapping[str, RecordedRun]
"""By revision."""


def recorded_runs(view: View, graph: GraphView) -> dict[str, RecordedRun]:
    """Return what the record knows of applied revisions that no file here defines."""
    if all(revision in graph for revision in view.stamp.revisions):
        return {}
    steps: dict[str, RecordedStep] = {}
    for step in view.record.steps():
        if step.revision in graph or step.outcome != "done":
            continue
        if step.direction.endswith("downgrade"):
            steps.pop(step.revision, None)
        elif step.revision:
            steps[step.revision] = step
    texts = view.texts(list(steps))
    return {revision: RecordedRun(step, texts.get(revision)) for revision, step in steps.items()}


def forgotten(
    revisions: Revisions, graph: GraphView, view: View, ids: Collection[str]
) -> tuple[LostRevision, ...]:
    """Return those of some revisions that stand on this graph, and that no commit ever had.

    Their files are gone; the record still has what they said.
    """
    wanted = [revision for revision in ids if revision not in graph]
    texts = view.record.last_texts(wanted) if wanted else {}
    found: dict[str, LostRevision] = {}
    while True:
        more = [
            name
            for name, (step, _) in texts.items()
            if name not in found and all(up in graph or up in found for up in step.parents)
        ]
        if not more:
            return tuple(found.values())
        for name in more:
            step, text = texts.pop(name)
            lost = _from_record(revisions, name, RecordedRun(step, text), text)
            if lost is not None and find_one(revisions, name) is None:
                found[name] = lost


def find_lost(
    revisions: Revisions, graph: GraphView, ids: Iterable[str], runs: Runs | None = None
) -> dict[str, LostRevision]:
    """Find revisions and the ancestors that the graph lacks, too, in the record and all of git.

    What is nowhere to be found is left out. What ran goes before what a commit has.
    """
    by_id: dict[str, LostRevision] = {}
    wanted = [revision for revision in ids if revision not in graph]
    while wanted:
        revision = wanted.pop()
        if revision in by_id:
            continue
        lost = _find(revisions, revision, (runs or {}).get(revision))
        if lost is None:
            continue
        by_id[revision] = lost
        above = (*lost.revision.parents, *lost.revision.depends_on)
        wanted += [parent for parent in above if parent not in graph and parent not in by_id]
    return by_id


def with_lost(graph: GraphView, lost: Collection[LostRevision]) -> GraphView:
    """Return the graph with the found revisions added."""
    return Graph([*graph, *(revision.revision for revision in lost)]) if lost else graph


def of_half(revisions: Revisions, graph: GraphView, view: View) -> dict[str, LostRevision]:
    """Return the text that a step ran from which was cut off, and what it stands on.

    Nothing is returned where the file is here, and stands where it stood.
    """
    half = view.half
    if half is None:
        return {}
    step = half.step
    if step.revision in graph and set(graph[step.revision].parents) == set(step.parents):
        return {}
    others = Graph(node for node in graph if node.id != step.revision)
    ran = {step.revision: RecordedRun(step, view.record.text(step.id))}
    known = recorded_runs(view, others) | ran
    return find_lost(revisions, others, (step.revision, *view.stamp.revisions), known)


def _find(revisions: Revisions, revision: str, run: RecordedRun | None) -> LostRevision | None:
    in_git = find_one(revisions, revision)
    if run is not None and run.text is not None and (in_git is None or in_git.text != run.text):
        ran = _from_record(revisions, revision, run, run.text)
        if ran is not None:
            commit = in_git.commit if in_git is not None else None
            return replace(ran, commit=commit)
    return in_git or _stray(revisions, revision)


def _from_record(
    revisions: Revisions, revision: str, run: RecordedRun, text: bytes
) -> LostRevision | None:
    path = run.step.path
    if not path or ".." in path.split("/") or not inside(path, revisions.folders()):
        path = _made_up(revisions, revision)
    place = messages.in_record(run.step.who, run.step.started_at)
    return _lost(revisions, revision, path, text, None, place)


def find_one(revisions: Revisions, revision: str) -> LostRevision | None:
    """Return the newest version of a revision that a commit has, without what it stands on."""
    if revisions.repository is None:
        return None
    from lback.vcs.walk import find_in_history

    folders, _ = revisions.folders()
    try:
        versions = find_in_history(revisions.repository, revision, _Defines(revision), folders)
    except HistoryMissing:
        return None
    if not versions:
        return None
    newest = versions[0]
    place = messages.in_git(newest.refs, newest.commit.sha)
    return _lost(revisions, revision, newest.path, newest.text, newest.commit, place)


def _stray(revisions: Revisions, revision: str) -> LostRevision | None:
    """Return a revision that no commit has, and git or a worktree all the same."""
    if revisions.repository is None:
        return None
    folders, _ = revisions.folders()
    try:
        stray = find_stray(revisions.repository, revision, _Defines(revision), folders)
    except HistoryMissing:
        return None
    if stray is None:
        return None
    path = stray.path or _made_up(revisions, revision)
    place = messages.stray(stray.kind, stray.where, stray.path, stray.blob)
    return _lost(revisions, revision, path, stray.text, None, place)


class _Defines:
    """Tells whether a file defines one revision."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    def __call__(self, path: str, text: bytes) -> bool:
        header = read_header(text, path.rpartition("/")[2])
        return isinstance(header, Header) and header.revision == self.revision


def _lost(
    revisions: Revisions,
    revision: str,
    path: str,
    text: bytes,
    commit: Commit | None,
    place: str,
) -> LostRevision | None:
    blob = blob_id(text)
    header = revisions.contents.learn(Entry(path, blob), text)
    if not isinstance(header, Header) or header.revision != revision:
        return None
    return LostRevision(Revision(header, path, blob), text, commit, place)


def _made_up(revisions: Revisions, revision: str) -> str:
    """Return a path for a text whose name nobody knows."""
    folder = next(iter(revisions.folders()[0]), "")
    return f"{folder}/{revision}.py" if folder else f"{revision}.py"


def dead_end(
    revisions: Revisions, graph: GraphView, view: View, gone: Sequence[str], runs: Runs
) -> LbackError:
    """Make the error for a stamp that nothing anywhere defines: what is known, and the way out."""
    dialect = view.stamp.dialect
    effects = {} if graph.problems else revisions.effects(graph, upgrade_only=True)
    columns = view.columns(names_in(effects.values()))
    there = {key(name, dialect): found for name, found in columns.items()}
    known = [run.step for name, run in runs.items() if name in gone]
    below = tuple(parent for step in known for parent in step.parents if parent in graph)
    fits = below
    if not fits and effects:
        found = baseline(graph, effects, there, dialect)
        fits = found.fits if found is not None else ()
    rest = [name for name in view.stamp.revisions if name in graph]
    more = unexplained(effects.values(), there, view.table_names(), dialect)
    told = (gone, known, more, (*rest, *fits))
    in_git = revisions.places.repository is not None
    return messages.dead_end(*told, recorded=view.record.exists, in_git=in_git)
