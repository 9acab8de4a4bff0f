"""The use case of `doctor`: what lback found, what is wrong, and the fix."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

from lback.app.context import Context
from lback.core.lanes import forks
from lback.core.result import Result
from lback.core.shell import command
from lback.errors import LbackError

_PACKAGES = ("lback-migrations", "alembic", "sqlalchemy", "gitpython", "click")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at; `fix` is given where it is not as it should be."""

    topic: str
    text: str
    fix: str = ""
    level: str = "ok"

    def as_dict(self) -> dict[str, str | None]:
        """Return the JSON object."""
        return {
            "topic": self.topic,
            "level": self.level,
            "text": self.text,
            "fix": self.fix or None,
        }


def doctor(ctx: Context) -> Result:
    """Look at everything; exit 1 when something is wrong."""
    lines = [line for look in (_versions, _git, _configuration) for line in _looked(look, ctx)]
    wrong = any(line.level == "error" for line in lines)
    if not wrong:  # the rest could only say the same again
        lines += [line for look in (_revisions, _hooks, _database) for line in _looked(look, ctx)]
    wrong = any(line.level == "error" for line in lines)
    return Result(
        "doctor",
        {"lines": [line.as_dict() for line in lines]},
        status="findings" if wrong else "ok",
        exit_code=1 if wrong else 0,
    )


def _looked(look: Callable[[Context], Iterator[Line]], ctx: Context) -> Iterator[Line]:
    try:
        yield from look(ctx)
    except LbackError as err:
        yield Line(look.__name__.strip("_"), err.message, err.hint or "", "error")


def _versions(_ctx: Context) -> Iterator[Line]:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"{package} (not installed)")
    yield Line("versions", f"Python {platform.python_version()}, {', '.join(found)}")


def _git(ctx: Context) -> Iterator[Line]:
    repository = ctx.repository
    if repository is None:
        yield Line(
            "git", "no repository", "`git init` or clone: branches are lback's trade", "note"
        )
        return
    place = repository.root or repository.git_dir
    yield Line("git", f"{place}, on {repository.head().name}")
    if repository.is_shallow:
        fix = "`git fetch --unshallow`; in CI, `fetch-depth: 0`"
        yield Line("git", "the clone is shallow: older history cannot be seen", fix, "warning")
    if repository.is_partial:
        yield Line("git", "the clone is partial: contents may be missing", "", "note")
    doing = repository.in_progress()
    if doing:
        yield Line(
            "git", f"a {doing} is in progress", command("git", doing, then="--continue"), "warning"
        )


def _configuration(ctx: Context) -> Iterator[Line]:
    project = ctx.project
    settings = project.settings
    yield Line("configuration", f"{settings.config_path or 'none'}, run from {project.folder}")
    for folder in settings.folders:
        yield Line("configuration", f"revisions in {folder}")
    for warning in settings.lback.warnings:
        yield Line("configuration", warning, "correct the name of the key", "warning")
    if ctx.repository is not None:
        shared = ctx.revisions.shared
        name = shared.name if shared else "none"
        fix = "" if shared else 'set `[tool.lback] upstream = "origin/main"`'
        yield Line("configuration", f"shared branch: {name}", fix, "ok" if shared else "note")


def _revisions(ctx: Context) -> Iterator[Line]:
    graph = ctx.revisions.graph()
    number = "1 revision" if len(graph) == 1 else f"{len(graph)} revisions"
    yield Line("revisions", f"{number}, heads: {', '.join(graph.heads) or 'none'}")
    for problem in graph.problems:
        place = f"{problem.path}:{problem.line}: " if problem.path else ""
        yield Line("revisions", f"{place}{problem.message}", problem.hint, "error")
    for fork in forks(graph, ctx.project.settings.lback.heads):
        yield Line("revisions", f"a fork: {', '.join(fork)}", "`lback resolve`", "error")


def _hooks(ctx: Context) -> Iterator[Line]:
    if ctx.repository is None or ctx.repository.root is None:
        return
    from lback.project.hook_files import hook_states

    rows = hook_states(ctx)
    states = sorted({row.state for row in rows})
    if states == ["installed"]:
        yield Line("hooks", "all installed")
        return
    shown = ", ".join(f"{row.hook} {row.state}" for row in rows)
    yield Line("hooks", shown, "`lback hooks install`", "note")


def _database(ctx: Context) -> Iterator[Line]:
    stamp = ctx.database.stamp()
    at = ", ".join(stamp.revisions) or "its base: nothing is applied"
    yield Line("database", f"{stamp.url} ({stamp.dialect}), at {at}")
