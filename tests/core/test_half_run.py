"""What of a step that was cut off has been made by then."""

from __future__ import annotations

from typing import Any

import pytest

from lback.core.record.operations import HalfRun, SentOperation

NO_STEP: Any = None


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("CREATE TABLE users (id INTEGER)", {None}),
        ("CREATE TABLE `shop`.`users` (\n id INTEGER)", {None}),
        ("ALTER TABLE users ADD COLUMN `my ``name` VARCHAR(20)", {"my `name"}),
        ('ALTER TABLE "users" ADD COLUMN name VARCHAR(20) DEFAULT (upper(1))', {"name"}),
        ("CREATE TABLE carts (id INTEGER)", set()),
        ("CREATE INDEX ix ON users (id)", set()),
        ("DROP TABLE users", set()),
    ],
)
def test_what_was_made_of_a_table(text: str, made: set[str | None]) -> None:
    half = HalfRun(NO_STEP, (SentOperation(1, "schema", "", text, "done"),))
    assert half.made("users") == made
