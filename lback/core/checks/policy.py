"""LB112: what a branch changes of the rules that it is judged by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lback.core.checks.findings import Finding, finding
from lback.core.checks.silencing import Comment, may_be_silenced_by_its_branch
from lback.core.graph.view import GraphView
from lback.core.preferences import LbackSettings
from lback.core.shell import command, named, pathspec

# These say how a command works and not what a check finds; every other one decides.
_SAY_NOTHING = frozenset(
    {
        "against",
        "app",
        "ledger",
        "lock_timeout",
        "merge_commit",
        "on_fork",
        "powerless",
        "protected",
        "scratch_url",
        "warnings",
    }
)
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*[=:]")


class SettingChange(NamedTuple):
    """One setting that the branch has otherwise; `table` is "tool.lback" or "tool.alembic"."""

    table: str
    key: str
    old: str
    new: str


def judging(theirs: LbackSettings, own: LbackSettings) -> LbackSettings:
    """Return the settings to judge by: theirs in everything that decides."""
    return theirs._replace(**{key: getattr(own, key) for key in _SAY_NOTHING})


def changed_settings(old: LbackSettings, new: LbackSettings) -> Iterator[SettingChange]:
    """Yield the settings of [tool.lback] that decide what is found, where they differ."""
    for key in LbackSettings._fields:
        before, after = getattr(old, key), getattr(new, key)
        if key in _SAY_NOTHING or before == after:
            continue
        yield SettingChange("tool.lback", key, shown(before), shown(after))


def changed_places(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[SettingChange]:
    """Yield the options of Alembic that differ, of those that decide what is read."""
    for key, before in old.items():
        if before != new[key]:
            yield SettingChange("tool.alembic", key, before or "none", new[key] or "none")


def shown(value: Any) -> str:
    """Return the value of a setting in one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={value[key]}" for key in sorted(value)) or "none"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def setting_place(change: SettingChange, files: Sequence[tuple[str, str]]) -> tuple[str, int]:
    """Return the path and line of a setting among (path, text), as near as there is one."""
    near: tuple[str, int] | None = None
    for path, text in files:
        toml = path.endswith(".toml")
        table = change.table if toml else change.table.removeprefix("tool.")
        line, exact = _line_of(text, table, change.key)
        if exact:
            return path, line
        if line and near is None:
            near = path, line
    return near or (files[0][0] if files else "", 0)


def _line_of(text: str, table: str, key: str) -> tuple[int, bool]:
    """Return the line of a key, else that of its table, else 0; and whether it is the key's."""
    wanted, header, current = f"{table}.{key}", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            current = _plain(match[1])
            if current == wanted:
                return number, True
            if current == table:
                header = header or number
        elif match := _KEY.match(line):
            name = _plain(f"{current}.{match[1]}" if current else match[1])
            if name == wanted or name.startswith(f"{wanted}."):
                return number, True
    return header, False


def _plain(name: str) -> str:
    return re.sub(r"[\"'\s]", "", name).replace("-", "_")


def counts_later(name: str, *, replaced: bool) -> str:
    """Say how long a change of the rules does not count; `name` is the branch that decides."""
    return "in this push" if replaced else f"until {name} has it"


def setting_changed(change: SettingChange, place: tuple[str, int], until: str) -> Finding:
    """Return LB112 for one setting; `until` says how long it does not count."""
    moved = change.table == "tool.alembic"
    both = "both places were read" if moved else f"it does not count {until}"
    return finding(
        "LB112",
        f"the branch changes {named(change.key)} of [{change.table}] from {change.old} "
        f"to {change.new}",
        f"review this change separately; {both}",
        path=place[0],
        line=place[1],
    )


def comments_added(
    path: str, old: Iterable[Comment] | None, new: Iterable[Comment], until: str
) -> Iterator[Finding]:
    """Yield LB112 for each comment that the branch adds; `old` is None for a new file."""
    known = {comment.code for comment in old or () if comment.reason}
    lines: dict[int, list[Comment]] = {}
    for comment in new:
        if comment.code not in known:
            lines.setdefault(comment.line, []).append(comment)
    for line, comments in lines.items():
        codes = [comment.code for comment in comments]
        reason = comments[0].reason or "without a reason"
        yield finding(
            "LB112",
            f"the branch adds a comment that ignores {', '.join(codes)} in this file: {reason}",
            _standing(codes, until, is_new=old is None),
            path=path,
            line=line,
        )


def _standing(codes: Sequence[str], until: str, *, is_new: bool) -> str:
    if is_new and all(may_be_silenced_by_its_branch(code, "error") for code in codes):
        return "review the reason; it counts, because the file is new and this is about its content"
    if is_new:
        return f"review the reason; it counts for warnings only {until}"
    return f"review the reason; it does not count {until}"


def unreadable(place: str, reason: str, path: str, *, ours: bool, name: str) -> Finding:
    """Return LB112 for a configuration that cannot be read: an error where the branch brings it."""
    if ours:
        return finding(
            "LB112",
            f"the configuration cannot be read at {place}: {reason}",
            f"correct it; the settings of {name} were used",
            path=path,
        )._replace(severity="error")
    return finding(
        "LB112",
        f"the settings of {place} cannot be read, so the defaults hold: {reason}",
        f"correct them in {place}",
        path=path,
    )._replace(severity="warning")


def configuration_gone(place: str, name: str, path: str) -> Finding:
    """Return LB112 for a branch that takes the configuration away."""
    return finding(
        "LB112",
        f"{path} configures the migrations in {name} and is missing at {place}",
        f"restore it: {command('git checkout', name, '--', pathspec(path))}",
        path=path,
    )._replace(severity="error")


def labels_added(mine: GraphView, theirs: GraphView) -> dict[str, bool]:
    """Return the branch labels that only mine has, and whether they keep heads apart.

    A line of its own may be labelled by who begins it. One that parts from what `theirs`
    has is a fork, whatever its revisions are labelled.
    """
    return {
        label: owner not in theirs and theirs.ids.isdisjoint(mine.ancestors([owner]))
        for label, owner in mine.label_owners.items()
        if label not in theirs.label_owners
    }


def label_added(mine: GraphView, label: str, until: str, *, counts: bool) -> Finding:
    """Return LB112 for one branch label, which keeps heads apart or would."""
    owner = mine[mine.label_owners[label]]
    standing = (
        "it keeps its heads apart, because they have no revision below them in common"
        if counts
        else f"it keeps no heads apart {until}, unless `heads` of [tool.lback] has it there"
    )
    return finding(
        "LB112",
        f"the branch adds the branch label {label} on {owner.id}",
        f"review whether these heads are to stay apart; {standing}",
        path=owner.path,
        line=owner.header.line,
        revisions=(owner.id,),
    )


def baseline_changed(path: str, more: int, fewer: int, until: str) -> Finding:
    """Return LB112 for a baseline that lists other findings than the one that counts."""
    return finding(
        "LB112",
        f"the branch changes the baseline: {more} findings added, {fewer} removed",
        f"review the file; it does not count {until}",
        path=path,
        line=1,
    )
