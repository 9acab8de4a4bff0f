"""Who put which revision on which, where revisions stand on each other, and who takes it back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lback.app.reading import Reader
from lback.core.graph import Graph
from lback.core.header import Header, read_header
from lback.core.shell import command, pathspec
from lback.core.source import Commit


@dataclass(frozen=True, slots=True)
class Turn:
    """The commit that gave a revision of a cycle the parents that it has now."""

    revision: str
    path: str
    parents: tuple[str, ...]
    before: tuple[str, ...]
    commit: Commit


def cycle_story(reader: Reader, graph: Graph) -> Iterator[str]:
    """Yield, for each cycle, who did what; the later change gives way, for everybody alike."""
    for problem in graph.problems:
        if problem.code != "LB105" or reader.repository is None:
            continue
        turns = sorted(_turns(reader, graph, problem.revisions), key=_age)
        if not turns:
            continue
        for turn in turns:
            yield (
                f"  {turn.revision} was put on {_names(turn.parents)} by {turn.commit.author}, "
                f"{turn.commit.date[:10]}, commit {turn.commit.sha[:7]}; before, it was on "
                f"{_names(turn.before)}"
            )
        last = turns[-1]
        yield f"  the later change gives way: {last.commit.author}'s of {last.revision}"
        back = command("git checkout", f"{last.commit.sha[:12]}~", "--", pathspec(last.path))
        yield f"next: {back}, commit it, and `lback resolve`"


def _turns(reader: Reader, graph: Graph, revisions: Sequence[str]) -> Iterator[Turn]:
    """Find the commit behind each edge of the cycle that was not there from the start."""
    from lback.vcs.log import histories

    assert reader.repository is not None
    paths = [graph[one].path for one in revisions]
    found = histories(reader.repository, paths)
    for one in revisions:
        node = graph[one]
        past = found.get(node.path)
        for commit in past.edits if past else ():
            now = _parents(reader, commit.sha, node.path)
            before = _parents(reader, f"{commit.sha}~", node.path)
            if now is not None and before is not None and set(now) != set(before):
                yield Turn(one, node.path, now, before, commit)
                break


def _parents(reader: Reader, at: str, path: str) -> tuple[str, ...] | None:
    assert reader.repository is not None
    text = reader.repository.file(at, path)
    header = read_header(text, path.rpartition("/")[2]) if text is not None else None
    return header.down_revisions if isinstance(header, Header) else None


def _age(turn: Turn) -> tuple[float, str]:
    from datetime import datetime

    try:
        moment = datetime.fromisoformat(turn.commit.date.replace("Z", "+00:00")).timestamp()
    except ValueError:
        moment = 0.0
    return moment, turn.commit.sha


def _names(ids: Sequence[str]) -> str:
    return " and ".join(ids) or "nothing"
