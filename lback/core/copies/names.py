"""The names of what lback makes beside a project's database: templates, copies, half-built ones."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Sequence

TEMPLATE, HALF, COPY = "lback_t_", "lback_n_", "lback_c_"
_MADE = re.compile(r"lback_[nc]_([0-9a-f]{8})_[0-9a-f]{8}")
_TEMPLATE = re.compile(r"lback_t_[0-9a-f]{20}")
FORMAT = "lback-template/2"


def new_name(prefix: str) -> str:
    """Return a name that nothing has yet, with the time in it."""
    return f"{prefix}{int(time.time()):08x}_{os.urandom(4).hex()}"


def is_template(name: str) -> bool:
    """Tell whether a name is one that templates are given."""
    return _TEMPLATE.fullmatch(name) is not None


def is_made(name: str) -> bool:
    """Tell whether a name is one that `new_name` has made."""
    return _MADE.fullmatch(name) is not None


def age(name: str, now: float) -> float:
    """Return for how many seconds there has been what `new_name` named."""
    made = _MADE.fullmatch(name)
    return now - int(made[1], 16) if made else 0.0


def template_names(
    surroundings: Iterable[str], revisions: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """Return the name of the template after each of these revisions, in this order.

    A revision is its id and what tells its content from any other. `surroundings` are what else
    a schema depends on. The first name is that of nothing but them, so that of two orders with
    the same beginning one template serves both.
    """
    state = hashlib.sha256(FORMAT.encode())
    _take(state, surroundings)
    names = [f"{TEMPLATE}{state.hexdigest()[:20]}"]
    for revision in revisions:
        _take(state, revision)
        names.append(f"{TEMPLATE}{state.hexdigest()[:20]}")
    return tuple(names)


def _take(state: hashlib._Hash, texts: Iterable[str]) -> None:
    # Lengths first: no two lists of texts are one text.
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(data))
        state.update(data)
    state.update(b";")
