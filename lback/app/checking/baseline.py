"""Old sins: findings that a file lists are not told again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from lback.app.checking.look import Look
from lback.app.checking.options import CheckOptions
from lback.app.reading import INDEX, WORKTREE
from lback.core.findings import Finding
from lback.core.rules.policy import baseline_changed
from lback.core.rules.silencing import Choice, arranged, can_be_old, fingerprints
from lback.core.shell import command
from lback.errors import LbackError, UsageError
from lback.files import is_plain, write_whole

_FORMAT = 1
_EMPTY = b'{"lback_baseline": 1, "findings": []}'


def sorted_out(
    look: Look | None, request: CheckOptions, choice: Choice, found: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that are new, and the old ones; LB112 where the branch changes the list.

    A list that git has counts as the branch has it that is merged into.
    """
    path = request.baseline or ""
    if request.write_baseline:
        _writable(path)
        write_baseline(path, found)
        return _without_old(found, _read(path, Path(path).read_bytes()))
    theirs, ours = _both(look, path)
    if ours is None and theirs is None:
        return _without_old(found, _read(path, _on_disk(path)))
    try:
        old = _read(path, theirs) if theirs is not None else frozenset()
    except UsageError:
        old = frozenset()  # nothing is old as long as nobody can say what
    mine = _read(path, ours) if ours is not None else frozenset()
    if mine != old and look is not None and look.policy is not None:
        name = _relative(look, path) or path
        one = baseline_changed(name, len(mine - old), len(old - mine), look.policy.until)
        if choice.wants(one.code):
            found = arranged([*found, choice.graded(one)])
    return _without_old(found, old)


def _both(look: Look | None, path: str) -> tuple[bytes | None, bytes | None]:
    """Return the list as the base has it, and as the branch does; None for one that git lacks."""
    if look is None or look.policy is None or look.policy.commit is None:
        return None, None
    repository = look.reader.repository
    assert repository is not None
    at, base = look.mine.at, look.policy.commit
    written, meant = _relative(look, path), _relative(look, path, follow=True)
    name = written or meant
    if name is None:
        return None, None
    theirs = repository.files(base, [name]).get(name)
    if theirs is None and meant is not None:
        name = meant  # a link that the base has as well
        theirs = repository.files(base, [name]).get(name)
    ours = repository.files(at, [name]).get(name)
    if theirs is None and at == WORKTREE:
        if written not in (None, meant):
            return None, ours or _EMPTY  # a link of the branch's, wherever it leads
        if not repository.files(INDEX, [name]):
            ours = None  # the caller's own: git knows nothing of it
    return theirs, ours


def _relative(look: Look, path: str, *, follow: bool = False) -> str | None:
    """Return a path relative to the root, as it is written or as links lead; None outside."""
    root = look.reader.project.root
    bare = look.reader.repository is not None and look.reader.repository.is_bare
    place = Path(os.path.normpath((root if bare else Path.cwd()) / path))
    for top in (root, root.resolve()):
        end = place.resolve() if follow else place
        if end.is_relative_to(top):
            return end.relative_to(top).as_posix()
    return None


def _on_disk(path: str) -> bytes:
    if not os.path.lexists(path):
        raise UsageError(
            f"{path}: there is no such baseline",
            f"make it with {command('lback check --write-baseline --baseline', path)}",
        )
    if not is_plain(path):  # the end of a pipe or a device may never come
        raise UsageError(f"{path} is no plain file", _ANOTHER)
    return Path(path).read_bytes()


_ANOTHER = "name another file after `--baseline`"


def _writable(path: str) -> None:
    """Refuse to put a file in the place of anything but a file: a device, a folder, a link."""
    if Path(path).is_symlink():
        raise UsageError(
            f"{path} is a link, and would become a file", "name the file that it leads to"
        )
    if os.path.lexists(path) and not is_plain(path):
        raise UsageError(f"{path} is no plain file", _ANOTHER)


def _read(path: str, text: bytes) -> frozenset[str]:
    """Return the names of old findings; UsageError where the file is not one of ours."""
    try:
        data = json.loads(text)
        if data["lback_baseline"] != _FORMAT:
            raise ValueError
        return frozenset(str(one["fingerprint"]) for one in data["findings"])
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
    try:
        write_whole(Path(path), text.encode())
    except OSError as err:
        raise LbackError(f"{path} cannot be written: {err.strerror}", _ANOTHER) from err


def _without_old(
    findings: Sequence[Finding], old: frozenset[str]
) -> tuple[list[Finding], list[Finding]]:
    """Split findings into those that are new, and those that were there before."""
    kept: list[Finding] = []
    known: list[Finding] = []
    for name, one in zip(fingerprints(findings), findings, strict=True):
        (known if name in old and can_be_old(one) else kept).append(one)
    return kept, known
