"""Whose word counts: the settings of the branch that will be merged into, as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.checks.findings import Finding
from lback.core.checks.policy import (
    SettingChange,
    changed_places,
    changed_settings,
    configuration_gone,
    counts_later,
    judging,
    setting_changed,
    setting_place,
    unreadable,
)
from lback.core.checks.silencing import read_choice
from lback.core.preferences import LbackSettings
from lback.core.source import INDEX, WORKTREE
from lback.errors import HistoryMissing, LbackError, UsageError
from lback.project.locate import Project, Texts, config_places, search_project
from lback.project.revisions import Revisions
from lback.project.sides import tip_of

if TYPE_CHECKING:
    from lback.project.context import Context
    from lback.vcs.refs import SharedRef

_HERE = (WORKTREE, INDEX)


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that a tree is judged by, and what it changes of them.

    `name` and `commit` are of the branch whose word counts; `commit` is None where it is
    not in this clone: then nobody's word counts, and the defaults hold. `project` is None
    where nothing configures the migrations there.
    """

    name: str
    commit: str | None
    settings: LbackSettings
    project: Project | None = None
    findings: tuple[Finding, ...] = ()
    replaced: bool = False

    @property
    def until(self) -> str:
        """Say how long a change of the rules does not count."""
        return counts_later(self.name, replaced=self.replaced)


def settle_policy(
    ctx: Context, base: str | None, at: str, broken: str, *, replaced: bool
) -> Policy | None:
    """Find the settings that count and let every place be read by them.

    None where no branch was named to judge by: then the tree's own settings hold.
    """
    revisions, repository = ctx.revisions, ctx.revisions.repository
    if repository is None or base is None:
        return None
    try:
        shared = repository.upstream(base)
    except HistoryMissing:
        shared = None
    if revisions.places.unconfigured:
        # No configuration is read at all: only comments are in question.
        name, commit = (shared.name, shared.commit) if shared else (base, None)
        return Policy(name, commit, LbackSettings())
    own, broken = _own(revisions, at, broken)
    policy = _read(revisions, own, shared) if shared else Policy(base, None, LbackSettings())
    policy = replace(policy, replaced=replaced)
    ctx.project = revisions.places.judge_by(judging(policy.settings, own.settings.lback))
    past = None if replaced else _past(revisions, policy, at)
    return replace(policy, findings=tuple(_changes(revisions, policy, own, at, broken, past)))


def project_of_base(ctx: Context, base: str | None, *, runs: bool) -> str:
    """Let the project of the base stand in where the one on disk cannot be read.

    Returns why it cannot, "" where it can or is gone. UsageError where the base has none, or
    where code will be run: `runs`.
    """
    try:
        _ = ctx.project
    except UsageError as err:
        project = None if runs else _project_there(ctx, base)
        if project is None:
            raise
        ctx.project = project
        left = [name for name in project.config_names() if (project.root / name).is_file()]
        return err.message if left else ""
    return ""


def _project_there(ctx: Context, base: str | None) -> Project | None:
    root = ctx.repository.root if ctx.repository is not None else None
    if ctx.repository is None or root is None or base is None or ctx.options.name:
        return None
    try:
        shared = ctx.repository.upstream(base)
        if shared is None:
            return None
        places = config_places(ctx.options, ctx.cwd, root, root)
        texts = Texts(root, ctx.repository.files(shared.commit, places))
        return search_project(ctx.options, ctx.cwd, texts, root)
    except LbackError:
        return None  # the trouble here is what can be reported


def _past(revisions: Revisions, policy: Policy, at: str) -> Project | None:
    """Return the project where the two branches fork; what is the same there was left alone."""
    tip = tip_of(revisions, at)
    if tip is None or policy.commit is None or revisions.repository is None:
        return None
    try:
        base = revisions.repository.merge_base(tip, policy.commit)
        return revisions.places.search(base) if base is not None else None
    except LbackError:
        return None


def _own(revisions: Revisions, at: str, broken: str) -> tuple[Project, str]:
    """Return the project as the tree itself has it, and why its configuration cannot be read."""
    project = revisions.project
    if at in _HERE:
        return project, broken
    try:
        return revisions.places.search(at) or project, ""
    except LbackError as err:
        return project, err.message


def _read(revisions: Revisions, own: Project, shared: SharedRef) -> Policy:
    """Read the settings of the branch; what it does not set has its default."""
    try:
        project = _searched(revisions, shared.commit)
        settings = project.settings.lback if project else revisions.places.search_own(shared.commit)
        read_choice(settings.select, settings.ignore, settings.severity)
    except HistoryMissing:
        return Policy(shared.name, None, LbackSettings())
    except UsageError as err:
        problem = unreadable(shared.name, err.message, _file_of(own), ours=False, name=shared.name)
        return Policy(shared.name, shared.commit, LbackSettings(), None, (problem,))
    return Policy(shared.name, shared.commit, settings, project)


def _searched(revisions: Revisions, commit: str) -> Project | None:
    """Return the project of a commit; None where its configuration is about another one."""
    try:
        return revisions.places.search(commit)
    except UsageError:
        return None  # no such section, say; a file that is broken altogether is reported below


def _changes(
    revisions: Revisions, policy: Policy, own: Project, at: str, broken: str, past: Project | None
) -> Iterator[Finding]:
    """Yield LB112 for every setting that the tree has otherwise than the base and the past."""
    yield from policy.findings
    if broken:
        yield unreadable(at, broken, _file_of(own), ours=True, name=policy.name)
    if broken or policy.commit is None:
        return
    files, theirs = _files(revisions, own, at), policy.project
    if theirs is not None and not files:
        yield configuration_gone(at, policy.name, _file_of(theirs))
    changes = list(changed_settings(policy.settings, own.settings.lback))
    if theirs is not None:
        changes += changed_places(_places(theirs), _places(own))
    if past is not None:
        later = [*changed_settings(past.settings.lback, own.settings.lback)]
        later += changed_places(_places(past), _places(own))
        touched = {(change.table, change.key) for change in later}
        changes = [change for change in changes if (change.table, change.key) in touched]
    for change in changes:
        yield _changed(change, files, policy.until)


def _changed(change: SettingChange, files: list[tuple[str, str]], until: str) -> Finding:
    ini_first = change.table == "tool.alembic"
    ordered = sorted(files, key=lambda file: file[0].endswith(".toml") == ini_first)
    return setting_changed(change, setting_place(change, ordered), until)


def _files(revisions: Revisions, own: Project, at: str) -> list[tuple[str, str]]:
    """Return path and text of the files that configure the tree."""
    assert revisions.repository is not None
    names = own.config_names()
    texts = revisions.repository.files(at, names)
    return [(name, texts[name].decode("utf-8", "replace")) for name in names if name in texts]


def _file_of(project: Project) -> str:
    """Return the file that begins the configuration, relative to the root."""
    path = project.settings.config_path
    return path_of(project, path) if path else ""


def path_of(project: Project, path: str) -> str:
    """Return a path as the reports spell it: relative to the root where it is inside."""
    place = os.path.normpath(project.folder / path)
    inner = os.path.relpath(place, project.root)
    return place if inner.startswith("..") else Path(inner).as_posix()


def _places(project: Project) -> dict[str, str]:
    """Return the options of Alembic that decide what is read, relative to the root."""
    settings = project.settings

    def spelled(places: tuple[str, ...]) -> str:
        return ", ".join(path_of(project, place) for place in places)

    return {
        "script_location": spelled((settings.script_location,)),
        "version_locations": spelled(settings.version_locations),
        "recursive_version_locations": "true" if settings.recursive else "false",
        "sourceless": "true" if settings.sourceless else "false",
        "prepend_sys_path": spelled(settings.prepend_sys_path),
    }
