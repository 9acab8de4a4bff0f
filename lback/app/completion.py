"""The use case of `completion`: what a shell needs to complete command lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lback.core.results import Result

Shell = Literal["bash", "zsh", "fish"]


@dataclass(frozen=True, kw_only=True)
class CompletionResult(Result):
    """The script that a shell reads when it starts."""

    command = "completion"

    shell: Shell
    script: str


def completion(shell: Shell, script: str) -> CompletionResult:
    """Return the script of a shell."""
    return CompletionResult(shell=shell, script=script.strip("\n"))
