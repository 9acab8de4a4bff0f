"""Puts a graph in one order: what comes before first, ties by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush


def arrange(above: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the order of all names, and those that a cycle keeps from having one.

    `above` lists for every name the names that come after it, each once. The names that
    have no order come last, sorted.
    """
    waiting = dict.fromkeys(above, 0)
    for names in above.values():
        for one in names:
            waiting[one] += 1
    ready = [one for one, count in waiting.items() if not count]
    for one in ready:
        del waiting[one]
    heapify(ready)
    done: list[str] = []
    while ready:
        one = heappop(ready)
        done.append(one)
        for other in above[one]:
            waiting[other] -= 1
            if not waiting[other]:
                del waiting[other]
                heappush(ready, other)
    return (*done, *sorted(waiting)), frozenset(waiting)
