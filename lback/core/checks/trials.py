"""Rules about revisions that were run on a scratch database: LB305, LB401, LB501 to LB505."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lback.core.checks.findings import Finding, finding
from lback.core.effects import Effects
from lback.core.graph.revision import Revision
from lback.core.graph.view import GraphView

_NO_WAY_DOWN = "NotImplementedError"
_TAKEN = {"table": ("drop",), "column": ("drop", "alter"), "data": ("delete", "update")}


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows, or values of one column, that were there before: `when` upgrade, downgrade, again."""

    when: str
    table: str
    column: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What running one revision up, down and up again showed.

    `failed` names the step that broke: "upgrade", "upgrade with rows", "downgrade",
    "again"; `back` and `again` say where the schema differs after it.
    """

    revision: str
    failed: str = ""
    why: str = ""
    kind: str = ""
    line: int = 0
    back: str = ""
    again: str = ""
    losses: tuple[Loss, ...] = ()


def not_tried(message: str, hint: str = "") -> Finding:
    """Return LB505: nothing was run, so nothing is known."""
    return finding("LB505", message, hint or "See `lback explain LB505`.")


def cannot_run(problem: str) -> Finding:
    """Return LB505 for a graph with a problem, which Alembic refuses."""
    return not_tried(f"the migrations cannot be run as they are: {problem}")


def nothing_to_run() -> Finding:
    """Return LB505 for an empty project."""
    return not_tried("there are no migrations to run")


def model_findings(differences: tuple[str, ...]) -> Iterator[Finding]:
    """Yield LB305 for each thing that the models have and the migrations do not lead to."""
    for line in differences:
        warning = finding(
            "LB305",
            line
            if line.startswith("not compared: ")
            else f"after all migrations the models still need: {line}",
            "`lback makemigrations NAME`, and add the file to the commit",
        )
        # Here the models were asked, not their text; so it is certain.
        yield warning._replace(severity="error")


def trial_findings(
    trial: Trial, graph: GraphView, effects: Callable[[str], Effects | None], known: frozenset[str]
) -> Iterator[Finding]:
    """Yield what one trial showed; `known` are the revisions of which LB401 is said already."""
    node = graph[trial.revision]
    step = trial.failed
    # Without a way down nothing else can be expected of the way back.
    if step and not (node.id in known and step in ("downgrade", "again")):
        yield _failure(trial, node)
    if trial.back and node.id not in known:
        yield _place(
            "LB503",
            f"downgrade() of {node.id} does not restore the schema: {trial.back}",
            "Undo in it all that upgrade() does, or ignore the finding in the file with a reason.",
            node,
        )
    if trial.again and node.id not in known:
        yield _place(
            "LB503",
            f"upgrade() of {node.id} after its downgrade() gives another schema: {trial.again}",
            "Undo in downgrade() all that upgrade() does.",
            node,
        )
    for loss in trial.losses:
        yield from _loss(loss, node, effects(node.id))


def _failure(trial: Trial, node: Revision) -> Finding:
    name, why, line = node.id, trial.why, trial.line
    if trial.failed == "upgrade":
        hint = "Run `lback migrate` on an empty database to see it, and correct the revision."
        return _place(
            "LB501", f"upgrade() of {name} fails on an empty database: {why}", hint, node, line
        )
    if trial.failed == "upgrade with rows":
        placed = _place(
            "LB501",
            f"upgrade() of {name} works on empty tables and fails with a test row in each: {why}",
            "Handle the rows that exist; if only the test rows are wrong, ignore it with a reason.",
            node,
            line,
        )
        return placed._replace(severity="warning")
    if trial.failed == "downgrade" and trial.kind == _NO_WAY_DOWN:
        return _place(
            "LB401",
            f"{name} cannot be downgraded: downgrade() raises {why or _NO_WAY_DOWN}",
            "Write downgrade(), so that `lback rollback` and `lback switch` can undo it.",
            node,
            line,
        )
    what = (
        "downgrade() of"
        if trial.failed == "downgrade"
        else "a second upgrade() after downgrade() of"
    )
    return _place("LB502", f"{what} {name} fails: {why}", "Correct downgrade().", node, line)


def _loss(loss: Loss, node: Revision, effects: Effects | None) -> Iterator[Finding]:
    """Yield LB504, unless upgrade() itself drops, deletes or rewrites just that."""
    if effects is not None and _meant(loss, effects):
        return
    what = (
        f"{loss.count} of the test rows of {loss.table}"
        if loss.column is None
        else f"the value of {loss.table}.{loss.column} in {loss.count} of the test rows"
    )
    step = {"upgrade": "upgrade()", "downgrade": "downgrade()"}.get(
        loss.when, "the second upgrade()"
    )
    placed = _place(
        "LB504",
        f"{node.id} loses data: {step} removes {what}",
        "Copy the values along, as `lback makemigrations` does for a rename.",
        node,
        tables=(loss.table,),
    )
    unread = effects is None or any(
        not unknown.tables or loss.table in unknown.tables for unknown in effects.unknown
    )
    yield placed._replace(severity="warning") if unread else placed


def _meant(loss: Loss, effects: Effects) -> bool:
    for effect in effects.upgrade:
        if effect.table != loss.table or effect.kind not in _TAKEN.get(effect.object, ()):
            continue
        if effect.object == "column":
            if loss.column is not None and loss.column == effect.name:
                return True
        elif effect.kind != "update" or (
            loss.column is not None and (not effect.columns or loss.column in effect.columns)
        ):
            return True
    return False


def _place(
    code: str, message: str, hint: str, node: Revision, line: int = 0, tables: tuple[str, ...] = ()
) -> Finding:
    return finding(
        code,
        message,
        hint,
        path=node.path,
        line=line or node.header.line,
        revisions=(node.id,),
        tables=tables,
    )
