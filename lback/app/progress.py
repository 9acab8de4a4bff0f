"""Tells a person about each step on the database while it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lback.app.console import Console
from lback.core.graph import Graph
from lback.core.plans import Downgrade, Step, Upgrade

if TYPE_CHECKING:
    from lback.db.events import Event


class Progress:
    """A listener for `Database.run`."""

    def __init__(self, console: Console, graph: Graph) -> None:
        self.console = console
        self.graph = graph

    def __call__(self, event: Event) -> None:
        """Say what one event means."""
        if event.kind in ("waiting", "note"):
            self.console.note(event.text)
        elif event.kind == "done" and event.step is not None:
            place = f"[{event.number}/{event.total}]" if event.total > 1 else ""
            self.console.note(f"{self._name(event.step)} {place} {event.seconds:.2f} s".strip())

    def _name(self, step: Step) -> str:
        if isinstance(step, Upgrade | Downgrade):
            sign = "+" if isinstance(step, Upgrade) else "-"
            doc = self.graph[step.revision].doc if step.revision in self.graph else ""
            return f"  {sign} {step.revision}  {doc}"
        return f"  = {', '.join(step.revisions) or 'nothing'}"
