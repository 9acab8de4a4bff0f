"""What a pooler does is told by which process of the server answers whom."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillWaiting
from types import SimpleNamespace
from typing import Any

import pytest

from lback.db.locking import poolers as module
from lback.db.locking.poolers import _started_as, pooling
from lback.errors import LbackError


class Pooler:
    """Gives processes to a session and to the one beside it, in this order; None: not now."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, own: Sequence[int], beside: Any) -> None:
        self.own, self.others = iter(own), iter(beside)
        self.patience: list[float] = []
        self.ended = 0
        monkeypatch.setattr(module, "process_of", lambda _connection: next(self.own))

    def submit(self, job: Any) -> Future[Any]:
        assert job is not None
        return SimpleNamespace(result=self.result)  # type: ignore[return-value]

    def result(self, seconds: float) -> int:
        self.patience.append(seconds)
        answer = next(self.others)
        if answer is None:
            raise StillWaiting
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    def rollback(self) -> None:
        self.ended += 1

    def found(self) -> str:
        return pooling(None, self)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("own", "beside", "found", "ended"),
    [
        ([1, 1, 1, 1, 1, 1], [2, 2, 2], "session", 3),
        ([1, 1], [1], "transaction", 0),
        ([1, 2], [3], "transaction", 0),
        ([1, 2], [2], "transaction", 0),
        ([1, 1, 1, 1], [2, 1], "transaction", 1),
        ([1, 1, 1], [None, None], "session", 0),
        ([1, 1, 2], [None, None], "transaction", 0),
        ([1, 2], [None, None], "transaction", 0),
        ([1, 1, 1, 1, 1, 1], [None, 2, 2, 2], "session", 3),
        ([1, 1], [None, 1], "transaction", 0),
    ],
)
def test_what_it_does_with_sessions(
    monkeypatch: pytest.MonkeyPatch, own: list[int], beside: list[Any], found: str, ended: int
) -> None:
    pooler = Pooler(monkeypatch, own, beside)
    assert (pooler.found(), pooler.ended) == (found, ended)
    assert next(pooler.own, None) is None and next(pooler.others, None) is None
    assert pooler.patience[:2] in ([1.0], [1.0, 1.0], [1.0, 2.0])


def test_one_for_each_statement_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ValueError("cannot prepare in statement pooling mode: not in statement pooling")
    with pytest.raises(LbackError):
        Pooler(monkeypatch, [1, 1], [said]).found()
    with pytest.raises(ValueError, match="something else"):
        Pooler(monkeypatch, [1, 1], [ValueError("something else")]).found()


@pytest.mark.parametrize(
    ("driver", "number"),
    [
        ({"info": SimpleNamespace(backend_pid=7)}, 7),
        ({"info": SimpleNamespace(backend_pid=7), "get_server_pid": lambda: 8}, 7),
        ({"info": SimpleNamespace(backend_pid=7), "_backend_key_data": b"\0\0\1\0rest"}, 7),
        ({"get_server_pid": lambda: 8, "_backend_key_data": b"\0\0\1\0rest"}, 8),
        ({"_backend_key_data": b"\0\0\1\0rest"}, 256),
        ({"_backend_key_data": None}, None),
        ({"info": SimpleNamespace(backend_pid="7")}, None),
        ({}, None),
    ],
)
def test_the_process_that_a_driver_was_told_of(driver: dict[str, Any], number: int | None) -> None:
    connection: Any = SimpleNamespace(
        connection=SimpleNamespace(driver_connection=SimpleNamespace(**driver))
    )
    assert _started_as(connection) == number
