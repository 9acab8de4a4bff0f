"""Chooses which revisions a rollback undoes and how, from what is applied, published and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lback.app.context import Context
from lback.app.ran import Ran, refuse_edited, what_ran
from lback.app.reverting import Reverter
from lback.core.effects import Effects
from lback.core.graph import Graph
from lback.core.plans import applied
from lback.core.shell import code, command
from lback.core.tables import Doubt, TableLife, latest_change, life
from lback.core.undo.leftovers import Leftover, leftovers
from lback.core.undo.undoing import Situation, Undo, decide_undo, newer_doubt
from lback.errors import LbackError, UsageError

if TYPE_CHECKING:
    from lback.db.view import View


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks of `rollback`; exactly one of the first three is given."""

    table: str | None = None
    revision: str | None = None
    steps: int | None = None
    plan: bool = False
    sql: bool = False
    strategy: Literal["downgrade", "revert"] | None = None
    yes: bool = False
    lock_timeout: float | None = None
    no_backup: bool = False


@dataclass(slots=True)
class Choice:
    """A decision, and all that it was made from.

    `done` are the applied revisions, `effects` what they do, `told` the table's life where
    one table is meant, `ran` the versions that ran where the files say something else, and
    `lost` the texts of revisions that only git's history has; `options` what env.py
    configures, where it does no more than that.
    """

    ctx: Context
    wish: Wish
    stamp: tuple[str, ...]
    dialect: str
    graph: Graph
    undo: Undo = field(default_factory=lambda: Undo("refused", ""))
    done: frozenset[str] = frozenset()
    effects: dict[str, Effects] = field(default_factory=dict)
    told: TableLife | None = None
    ran: Ran = field(default_factory=Ran)
    lost: dict[str, bytes] = field(default_factory=dict)
    options: dict[str, Any] | None = None

    def reverter(self) -> Reverter:
        """Return what composes a reverting revision, with the texts that ran."""
        return Reverter(self.ctx, self.graph, self.effects, self.ran.texts)


def choose(ctx: Context, wish: Wish, view: View) -> Choice:
    """Decide on a rollback from the stamp and the record of the database; changes nothing."""
    stamp = view.stamp
    choice = Choice(
        ctx, wish, stamp.revisions, stamp.dialect, ctx.revisions.graph(), options=view.options
    )
    _find_lost(choice)
    choice.undo = _decide(choice, view)
    return choice


def _find_lost(choice: Choice) -> None:
    """Take revisions out of git's history that the database has and the checkout lacks."""
    missing = [one for one in choice.stamp if one not in choice.graph]
    if not missing:
        return
    from lback.app.lost import find_lost, with_lost

    found = find_lost(choice.ctx.revisions, choice.graph, missing)
    choice.lost = {one: lost.text for one, lost in found.items()}
    choice.graph = with_lost(choice.graph, found.values())


def _decide(choice: Choice, view: View) -> Undo:
    graph, wish = choice.graph, choice.wish
    choice.done = applied(graph, choice.stamp)
    if not choice.done:
        raise LbackError(
            "Nothing is applied to this database, so there is nothing to undo.",
            "`lback status` shows where the database is.",
        )
    choice.effects = choice.ctx.revisions.effects(graph, choice.done)
    if wish.table is None:
        undo = _revisions(choice)
    else:
        choice.told = _life(choice, wish.table)
        undo = latest_change(choice.told, graph)
        doubt = newer_doubt(graph, choice.told, undo)
        if doubt is not None:
            return _doubtful(choice, doubt, undo)
    _take_what_ran(choice, undo, view)
    lback = choice.ctx.revisions.project.settings.lback
    own = choice.told.names if choice.told else ()
    published = choice.ctx.revisions.published
    at = Situation(graph, choice.stamp, choice.effects, published, own, lback.heads)
    decided = decide_undo(at, undo, wish.strategy)
    if decided.strategy == "downgrade" and wish.strategy is None:
        decided = _complete(choice, decided)
    if decided.strategy == "revert" and choice.lost:
        return decided.refused(
            f"{decided.reason}; and a reverting revision cannot go on top of "
            f"{', '.join(choice.lost)}, which no file of this checkout defines",
            "Check the branch out that has them; or bring the database to this checkout: "
            "`lback switch`.",
        )
    return decided


def _complete(choice: Choice, undo: Undo) -> Undo:
    """Refuse a way down that by its text does not bring back what was."""
    for revision in undo.undoes:
        found = leftovers(choice.effects[revision], choice.dialect)
        if found:
            path = choice.graph[revision].path
            return undo.refused(
                "; ".join(one.sentence(revision, path) for one in found[:3]),
                f"{_mended(found)} the downgrade() of {revision}, or take it as it is with "
                "`--strategy downgrade`.",
            )
    return undo


def _mended(found: tuple[Leftover, ...]) -> str:
    types = [one.effect.name for one in found if one.left and one.effect.object == "enum"]
    if len(types) == len(found):
        lines = ", ".join(code(f"sa.Enum(name={name!r}).drop(op.get_bind())") for name in types)
        return f"Add {lines} to"
    return "Complete"


def _take_what_ran(choice: Choice, undo: tuple[str, ...], view: View) -> None:
    """Undo the version that ran, where the file says something else by now."""
    present = [one for one in undo if one not in choice.lost]
    choice.ran = what_ran(choice.ctx.revisions, choice.graph, present, view)
    if choice.wish.strategy is None:
        refuse_edited(choice.ran)
    read = choice.reverter().read
    for revision, text in choice.ran.texts.items():
        choice.effects[revision] = read(text)
    choice.ran.texts.update(choice.lost)


def _life(choice: Choice, table: str) -> TableLife:
    told = life(table, choice.graph, choice.effects, choice.done)
    if told.changes:
        return told
    near = f"Did you mean {', '.join(told.near)}? " if told.near else ""
    raise UsageError(
        f"No applied revision changes a table called {table}.",
        f"{near}`lback history` lists what each revision changes.",
    )


def _doubtful(choice: Choice, doubt: Doubt, undo: tuple[str, ...]) -> Undo:
    path = choice.graph[doubt.revision].path
    return Undo(
        "refused",
        f"{path}:{doubt.unknown.line}: {doubt.revision} does something that cannot be read "
        f"({doubt.unknown.reason}); it may be a later change of {choice.wish.table}",
        undo,
        hint="Look at it, then name the revision to undo: "
        f"{command('lback rollback --revision', undo[0])}.",
    )


def _revisions(choice: Choice) -> tuple[str, ...]:
    if choice.wish.revision is not None:
        found = choice.graph.resolve(choice.wish.revision, choice.stamp)
        if not found:
            raise UsageError(
                f"--revision {choice.wish.revision} is no revision that could be undone.",
                "`lback history --database` lists what is applied.",
            )
        return found
    order = [one for one in choice.graph.order() if one in choice.done]
    return tuple(reversed(order[-(choice.wish.steps or 1) :]))
