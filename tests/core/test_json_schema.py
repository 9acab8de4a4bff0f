"""What `--json` prints is described by schemas that are made from the types of the results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator, ValidationError

from lback.core.checks.findings import Finding, finding
from lback.core.json_schema import schema_of
from lback.core.results import Result, envelope, optional, text_only
from lback.core.source import Commit
from lback.errors import LbackError


@dataclass(frozen=True)
class _Row:
    """A row; with more than one sentence."""

    name: str
    size: int | None
    of: tuple[_Row, ...] = ()
    from_: Literal["a", "b"] = "a"
    patch: tuple[str, ...] | None = optional()
    shade: Any = text_only(default=None)


@dataclass(frozen=True, kw_only=True)
class _Outcome(Result):
    """The outcome of a command."""

    command = "play"

    rows: tuple[_Row, ...]
    pair: tuple[str, int] = ("x", 1)
    by_name: dict[str, float | bool] | None = None
    commit: Commit | None = None
    shown: object = text_only(default=None)


def check(report: dict[str, Any]) -> None:
    schema = schema_of(_Outcome)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(json.dumps(report)))


def test_a_result_is_what_its_schema_says() -> None:
    commit = Commit("a" * 40, "Ada", "ada@example.com", "2026-01-05", "Add users")
    rows = (_Row("x", None, (_Row("y", 1, patch=("z",), shade=object()),)),)
    full = _Outcome(
        rows=rows,
        by_name={"a": 1.5, "b": True},
        commit=commit,
        shown=object(),
        findings=(finding("LB101", "2 heads", commits=(commit,)),),
    )
    check(full.as_dict())
    assert full.data["rows"][0]["of"][0] == {
        "name": "y", "size": 1, "of": [], "from": "a", "patch": ["z"],
    }  # fmt: skip
    check(_Outcome(rows=(), status="refused", exit_code=3, message="No.", hint="").as_dict())
    check(envelope("play", {}, "error", 70, (), ("A bug", None)))
    check(envelope("play", {"help": "Usage: lback play"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("command", "heads"),
        ("status", "fine"),
        ("data", {}),
        ("error", {"message": "No.", "hint": None}),
        ("data.rows.0.size", "1"),
        ("data.rows.0.from", "c"),
        ("data.rows.0.of", None),
        ("data.rows.0.patch", None),
        ("data.pair", ["x"]),
        ("data.pair", ["x", 1, 2]),
        ("data.by_name", {"a": "b"}),
        ("data.commit", {"sha": "a"}),
        ("findings", [{"code": "LB101"}]),
    ],
)
def test_another_object_is_refused(path: str, value: object) -> None:
    report: Any = json.loads(json.dumps(_Outcome(rows=(_Row("x", 1),)).as_dict()))
    check(report)
    at = report
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    with pytest.raises(ValidationError):
        check(report)


def test_a_type_that_says_nothing_has_no_schema() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Vague(Result):
        """Anything."""

        command = "vague"
        rows: tuple[Any, ...]

    with pytest.raises(TypeError, match="no JSON Schema for"):
        schema_of(Vague)


def test_a_finding_has_every_key() -> None:
    assert set(schema_of(_Outcome)["$defs"]["Finding"]["required"]) == set(
        Finding("", "").as_dict()
    )


def test_a_refusal_keeps_what_was_found_and_says_why() -> None:
    refused = _Outcome(rows=(_Row("x", 1),)).refused(LbackError("No.", "Try another."))
    assert (refused.failed, refused.exit_code) == (True, 3)
    report = refused.as_dict()
    check(report)
    assert report["error"] == {"message": "No.", "hint": "Try another."}
    assert report["data"]["rows"]
