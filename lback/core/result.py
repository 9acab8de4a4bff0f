"""What every use case returns: data to print, never print statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lback.core.findings import Finding

Status = Literal["ok", "findings", "refused", "error"]


@dataclass(slots=True)
class Result:
    """The outcome of one command.

    `data` has the keys that the contract promises for `command`. `view` holds what
    only the text report needs; it never reaches JSON.
    """

    command: str
    data: dict[str, Any]
    findings: Sequence[Finding] = ()
    status: Status = "ok"
    exit_code: int = 0
    message: str = ""
    hint: str = ""
    view: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the one object that `--json` prints."""
        failed = self.status in ("refused", "error")
        return {
            "lback": 1,
            "command": self.command,
            "status": self.status,
            "exit_code": self.exit_code,
            "data": self.data,
            "findings": [finding.as_dict() for finding in self.findings],
            "error": {"message": self.message, "hint": self.hint or None} if failed else None,
        }


def refused(command: str, data: dict[str, Any], message: str, hint: str = "") -> Result:
    """Make the result of a command that understood the question and says no; exit 3."""
    return Result(command, data, status="refused", exit_code=3, message=message, hint=hint)
