"""The use case of `doctor`: what lback found, what is wrong, and the fix."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata

from lback.core.graph.forks import forks
from lback.core.hook_names import NAMES
from lback.core.messages import doctor as messages
from lback.core.messages import half as half_messages
from lback.core.messages.doctor import DoctorLine, Topic
from lback.core.plans import redundant
from lback.core.results import Result
from lback.errors import LbackError
from lback.project.context import Context
from lback.project.hook_files import hook_states, install_hooks
from lback.project.run import half_of

_PACKAGES = ("lback-migrations", "alembic", "sqlalchemy", "gitpython", "click")

Look = Callable[[Context], Iterator[DoctorLine]]


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """Whether to mend what can be mended without touching rows or history, and without asking."""

    fix: bool = False
    yes: bool = False


@dataclass(frozen=True, kw_only=True)
class DoctorResult(Result):
    """Each thing that was looked at, its state and its fix."""

    command = "doctor"

    lines: tuple[DoctorLine, ...]


def doctor(ctx: Context, options: DoctorOptions) -> DoctorResult:
    """Look at everything, mend what is safe to mend; exit 1 when something is wrong."""
    lines = _looked(ctx, {"versions": _versions, "git": _git, "configuration": _configuration})
    if not _wrong(lines):  # the rest could only say the same again
        lines += _looked(ctx, {"revisions": _revisions, "hooks": _hooks, "database": _database})
    if options.fix:
        lines = [_mended(ctx, line, yes=options.yes) for line in lines]
    wrong = _wrong(lines)
    return DoctorResult(
        lines=tuple(lines), status="findings" if wrong else "ok", exit_code=1 if wrong else 0
    )


def _mended(ctx: Context, line: DoctorLine, *, yes: bool) -> DoctorLine:
    """Mend what one line tells of; all but the hooks takes rows, history, or a person's word."""
    if line.topic != "hooks" or line.level == "ok":
        return line
    if not yes and not ctx.console.confirm(messages.MEND_HOOKS, option="--yes", default=True):
        return line
    try:
        install_hooks(ctx, NAMES)
    except LbackError as err:
        return messages.failed("hooks", err)
    (after,) = _hooks(ctx)
    return replace(after, mended=after.level == "ok")


def _wrong(lines: list[DoctorLine]) -> bool:
    return any(line.level == "error" for line in lines)


def _looked(ctx: Context, looks: Mapping[Topic, Look]) -> list[DoctorLine]:
    lines: list[DoctorLine] = []
    for topic, look in looks.items():
        try:
            lines.extend(look(ctx))
        except LbackError as err:
            lines.append(messages.failed(topic, err))
    return lines


def _versions(_ctx: Context) -> Iterator[DoctorLine]:
    installed: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed[package] = None
    yield messages.versions(platform.python_version(), installed)


def _git(ctx: Context) -> Iterator[DoctorLine]:
    repository = ctx.repository
    if repository is None:
        yield messages.no_git(ctx.no_git) if ctx.no_git else messages.NO_REPOSITORY
        return
    yield messages.repository(repository.root or repository.git_dir, repository.head().name)
    if repository.is_shallow:
        yield messages.SHALLOW
    if repository.is_partial:
        yield messages.PARTIAL
    operation = repository.in_progress()
    if operation:
        yield messages.in_progress(operation)


def _configuration(ctx: Context) -> Iterator[DoctorLine]:
    settings = ctx.project.settings
    yield messages.configuration(settings.config_path, ctx.project.folder)
    yield from map(messages.version_location, settings.folders)
    yield from map(messages.setting, settings.lback.warnings)
    if ctx.repository is not None:
        shared = ctx.revisions.shared
        yield messages.shared_branch(shared.name if shared else None)


def _revisions(ctx: Context) -> Iterator[DoctorLine]:
    graph = ctx.revisions.graph()
    yield messages.revisions(len(graph), graph.heads)
    yield from map(messages.problem, graph.problems)
    yield from map(messages.fork, forks(graph, ctx.project.settings.lback.heads))


def _hooks(ctx: Context) -> Iterator[DoctorLine]:
    if ctx.repository is None or ctx.repository.root is None:
        return
    yield messages.hooks({row.hook: row.state for row in hook_states(ctx)})


def _database(ctx: Context) -> Iterator[DoctorLine]:
    if ctx.revisions.places.unconfigured:
        yield messages.NO_CONFIGURATION
        return
    graph = ctx.database.graph
    for answer in ctx.database.ask(lambda view: half_of(graph, view)):
        named = str(answer.database or "")
        if answer.error is not None:
            yield messages.database_failed(named, answer.error)
        elif answer.stamp is not None:
            stamp = answer.stamp
            more = () if graph.problems else redundant(graph, stamp.revisions)
            yield messages.database(named, stamp.dialect, stamp.revisions, more)
            if answer.value is not None:
                error = half_messages.refused(answer.value)
                yield messages.failed("database", error, wrong=not answer.value.running)
