"""What a command returns: frozen data, from which the text, the JSON and its schema are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Literal

from lback.core.findings import Finding

Status = Literal["ok", "findings", "refused", "error"]

_TEXT_ONLY = "text_only"


def text_only(**given: Any) -> Any:
    """Make a field of a result that only the text is made from; it never reaches JSON."""
    return field(**given, metadata={_TEXT_ONLY: True})


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

    @property
    def data(self) -> dict[str, Any]:
        """Return the keys that the contract promises for this command, as JSON has them."""
        return {key(one): plain(getattr(self, one.name)) for one in data_fields(type(self))}

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that `--json` prints."""
        return {
            "lback": 1,
            "command": self.command,
            "status": self.status,
            "exit_code": self.exit_code,
            "data": self.data,
            "findings": [finding.as_dict() for finding in self.findings],
            "error": {"message": self.message, "hint": self.hint or None} if self.failed else None,
        }


_ENVELOPE = {one.name for one in fields(Result)}


def data_fields(kind: type[Result]) -> list[Any]:
    """Return the fields of a result that are keys of its `data`, in order."""
    return [
        one
        for one in fields(kind)
        if one.name not in _ENVELOPE and not one.metadata.get(_TEXT_ONLY)
    ]


def key(of: Any) -> str:
    """Return the JSON key of a field: `from` for `from_`, which Python cannot call `from`."""
    return str(of.name).rstrip("_")


def plain(value: Any) -> Any:
    """Return a value of a result as JSON has it: objects, lists and scalars."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {
            key(one): plain(getattr(value, one.name))
            for one in fields(value)
            if not one.metadata.get(_TEXT_ONLY)
        }
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(inner) for inner in value]
    return value
