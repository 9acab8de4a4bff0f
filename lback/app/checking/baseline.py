"""Old sins: findings that a file lists are not told again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from lback.app.files import write_whole
from lback.core.findings import Finding
from lback.core.rules.silencing import can_be_old, fingerprints
from lback.core.shell import command
from lback.errors import UsageError

_FORMAT = 1


def read_baseline(path: str) -> frozenset[str]:
    """Return the names of old findings; UsageError where the file is not one of ours."""
    try:
        data = json.loads(Path(path).read_bytes())
        if data["lback_baseline"] != _FORMAT:
            raise ValueError
        return frozenset(str(one["fingerprint"]) for one in data["findings"])
    except FileNotFoundError as err:
        raise UsageError(
            f"{path}: there is no such baseline",
            f"make it with {command('lback check --write-baseline --baseline', path)}",
        ) from err
    except (ValueError, KeyError, TypeError) as err:
        raise UsageError(
            f"{path} is not a baseline of `lback check`", "write it anew with `--write-baseline`"
        ) from err


def write_baseline(path: str, findings: Sequence[Finding]) -> None:
    """Write the findings of now as the old ones, one a line, sorted, for small diffs."""
    rows = [
        {"fingerprint": name, "code": one.code, "path": one.path, "message": one.message}
        for name, one in zip(fingerprints(findings), findings, strict=True)
        if can_be_old(one)
    ]
    rows.sort(key=lambda row: (row["path"], row["code"], row["fingerprint"]))
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    text = f'{{"lback_baseline": {_FORMAT}, "findings": [\n{lines}\n]}}\n'
    write_whole(Path(path), text.encode())


def without_old(findings: Sequence[Finding], old: frozenset[str]) -> tuple[list[Finding], int]:
    """Return the findings that are new, and how many were old."""
    names = fingerprints(findings)
    new = [
        one
        for name, one in zip(names, findings, strict=True)
        if name not in old or not can_be_old(one)
    ]
    return new, len(findings) - len(new)
