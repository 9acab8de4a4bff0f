"""Compares what is read from a few lines of a migration with what happens when they run."""

from __future__ import annotations

from collections.abc import Collection
from textwrap import indent

from lback.core.interpreter.reading import FAULT, read_effects
from tests.core.recording import missed, overclaimed, run


def checked(head: str, body: str, besides: Collection[str] = ()) -> None:
    """Assert that what ran was read, and that what was read for certain ran.

    `besides` are kinds of objects that may be read for certain and are no deed of their own.
    """
    source = f"{head}\n\ndef upgrade():\n{indent(body, '    ')}\n"
    effects = read_effects(source.encode())
    assert [one.reason for one in effects.unknown if one.reason.startswith(FAULT)] == []
    ran = run(source)
    assert missed(ran.deeds, effects) == []
    if ran.error is None:
        more = overclaimed(ran.deeds, effects)
        assert [one for one in more if one.object not in besides] == []
