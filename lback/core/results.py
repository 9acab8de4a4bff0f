"""What a command returns: frozen data, from which the text, the JSON and its schema are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal, TypedDict, TypeVar, get_args

from lback.core.checks.findings import Finding, FindingKeys
from lback.errors import LbackError

Status = Literal["ok", "findings", "refused", "error"]

# Commands that go through all environments that lie below, where none is configured here.
EACH = frozenset({"check", "doctor", "graph", "heads", "history", "log", "radar", "status"})

TEXT_ONLY = "text_only"
OPTIONAL = "optional"
_Result = TypeVar("_Result", bound="Result")


def text_only(**given: Any) -> Any:
    """Make a field of a result that only the text is made from; it never reaches JSON."""
    return field(**given, metadata={TEXT_ONLY: True})


def optional() -> Any:
    """Make a field whose key is left out of JSON where it is None."""
    return field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one command; a command adds the keys of its `data` as fields.

    `message` and `hint` are set where `status` is "refused" or "error".
    """

    command: ClassVar[str]

    findings: tuple[Finding, ...] = ()
    status: Status = "ok"
    exit_code: int = 0
    message: str = ""
    hint: str = ""

    @property
    def failed(self) -> bool:
        """Tell whether the command was refused or failed."""
        return self.status in ("refused", "error")

    def refused(self: _Result, why: LbackError) -> _Result:
        """Return the result of a command that understood the question and says no; exit 3."""
        return replace(
            self, status="refused", exit_code=3, message=why.message, hint=why.hint or ""
        )

    @property
    def data(self) -> dict[str, Any]:
        """Return the keys that the contract promises for this command, as JSON has them."""
        return _row(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that `--json` prints."""
        error = (self.message, self.hint) if self.failed else None
        return envelope(self.command, self.data, self.status, self.exit_code, self.findings, error)


def envelope(
    command: str,
    data: Mapping[str, Any],
    status: str = "ok",
    exit_code: int = 0,
    findings: Sequence[Finding] = (),
    error: tuple[str, str | None] | None = None,
) -> dict[str, Any]:
    """Return the one object that `--json` prints; `error` is a message and a hint."""
    return {
        "lback": 1,
        "command": command,
        "status": status,
        "exit_code": exit_code,
        "data": data,
        "findings": [finding.as_dict() for finding in findings],
        "error": {"message": error[0], "hint": error[1] or None} if error else None,
    }


def failed(command: str, why: LbackError) -> dict[str, Any]:
    """Return the object for a command that failed before it had a result."""
    status = "error" if why.exit_code == 2 else "refused"
    return envelope(command, {}, status, why.exit_code, (), (why.message, why.hint))


class EnvironmentReport(TypedDict):
    """What a command of `EACH` says of one of several environments, besides data and error."""

    environment: str
    folder: str
    config: str | None
    section: str
    status: Status
    exit_code: int
    findings: list[FindingKeys]


def together(reports: Sequence[tuple[Any, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return one object for several environments: the worst status, and a row for each."""
    statuses = get_args(Status)
    worst = max(
        (report for _, report in reports), key=lambda mapping: statuses.index(mapping["status"])
    )
    keys = ("status", "exit_code", "data", "findings", "error")
    rows = [
        {"environment": value.name, **value._asdict(), **{key: report[key] for key in keys}}
        for value, report in reports
    ]
    return {
        **worst,
        "exit_code": max(row["exit_code"] for row in rows),
        "data": {"environments": rows},
        "findings": [finding for row in rows for finding in row["findings"]],
    }


_ENVELOPE = {field.name for field in fields(Result)}


@cache
def data_fields(kind: type[Any]) -> tuple[Any, ...]:
    """Return the fields of a result, or of a row in it, that are keys in JSON, in order."""
    own = _ENVELOPE if issubclass(kind, Result) else ()
    shown = (field for field in fields(kind) if TEXT_ONLY not in field.metadata)
    return tuple(item for item in shown if item.name not in own)


def key(of: Any) -> str:
    """Return the JSON key of a field: `from` for `from_`, which Python cannot call `from`."""
    return str(of.name).rstrip("_")


def plain(value: Any) -> Any:
    """Return a value of a result as JSON has it: objects, lists and scalars."""
    if value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return _row(value)
    if isinstance(value, (tuple, list)):
        return [plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return value


def _row(value: Any) -> dict[str, Any]:
    kind: Any = type(value)
    values = [(field, getattr(value, field.name)) for field in data_fields(kind)]
    return {
        key(option): plain(inner)
        for option, inner in values
        if inner is not None or OPTIONAL not in option.metadata
    }
