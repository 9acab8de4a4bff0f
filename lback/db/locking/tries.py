"""Tries again what gave up a wait for other sessions, where nothing of it was kept."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from lback.core.messages import waits as messages
from lback.core.plans import Downgrade, Upgrade
from lback.db.events import Event, OnEvent, Turn
from lback.db.locking.waits import gave_up
from lback.db.locking.watching import Blocker
from lback.errors import LbackError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0


class Tries:
    """How often one run has begun again; `left` is what each database has to do then, by its key.

    A transaction begins again as a whole, and not at a savepoint: what it has locked by then would
    keep others waiting meanwhile.
    """

    def __init__(self, retries: int, on_event: OnEvent) -> None:
        self.left: dict[str, Turn] = {}
        self._retries = retries
        self._on_event = on_event
        self._done = 0
        self._why: str | None = None
        self._kept = False
        self._blockers: tuple[str, ...] = ()

    def again(self, err: BaseException, turns: Sequence[Turn], blockers: Sequence[Blocker]) -> bool:
        """Tell whether to begin again, after a while in which nothing is locked."""
        turn = turns[-1] if turns else None
        self._why = gave_up(err)
        self._blockers = tuple(blocker.told() for blocker in blockers)
        if self._why is None:
            return False
        self._kept = turn is not None and turn.total > 0 and _has_kept(turn)
        if self._kept or self._why == "statement_timeout" or self._done >= self._retries:
            return False
        self._done += 1
        if turn is not None and turn.total:
            self.left[turn.database.key] = turn
        pause = min(_FIRST_PAUSE * 2 ** (self._done - 1), _LONGEST_PAUSE)
        pause *= random.uniform(0.75, 1.25)  # those who met once shall not meet again
        step = turn.current if turn is not None else None
        name = step.revision if isinstance(step, Upgrade | Downgrade) else ""
        left = self._retries - self._done
        text = messages.again(name, self._why, self._blockers, pause, left)
        self._on_event(Event("waiting", step, seconds=pause, text=text))
        time.sleep(pause)
        return True

    def explained(self, error: LbackError) -> LbackError:
        """Add to an error for whom was waited, and what helps."""
        if self._why is not None:
            more = messages.gave_up(self._why, self._blockers, self._done, self._kept)
            error.hint = f"{error.hint or ''} {more}".strip()
        return error


def _has_kept(turn: Turn) -> bool:
    """Tell whether something of what would be done again is there already."""
    if not turn.transactional:
        return True
    return turn.current in turn.committed if turn.kept_each else bool(turn.committed)
