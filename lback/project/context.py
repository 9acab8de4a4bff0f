"""What a command stands on: options, project, repository, database; each opened when needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.messages import projects as messages
from lback.core.messages import runs as run_messages
from lback.core.source import WORKTREE
from lback.errors import GitUnavailable, LbackError
from lback.project.console import Console, SilentConsole
from lback.project.locate import Project, find_project
from lback.project.options import Environment, Options
from lback.vcs.configuration import person
from lback.vcs.noted import INPUTS

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView
    from lback.core.listed.databases import ListedDatabase
    from lback.core.record.steps import GitFacts
    from lback.db.runner import Database
    from lback.project.contents import Limits
    from lback.project.revisions import Revisions
    from lback.vcs.repository import Repository


@dataclass
class Context:
    """One run of one command."""

    options: Options = field(default_factory=Options)
    console: Console = field(default_factory=SilentConsole)
    limits: Limits | None = None
    """How much of a file is read at most; None: all."""
    no_git: GitUnavailable | None = field(default=None, init=False)
    """Why there is no `repository`, where there may be one that git does not tell of."""
    environment: Environment | None = None
    """Which one it is, where a command goes through several."""

    def fresh(self) -> Context:
        """Return the same run with nothing read yet: after files have changed."""
        return Context(self.options, self.console, self.limits, environment=self.environment)

    @cached_property
    def cwd(self) -> Path:
        """Return the folder the command runs in, as an absolute path."""
        directory = self.options.directory
        try:
            folder = Path(directory or ".").resolve(strict=directory is None)
        except FileNotFoundError:
            raise messages.folder_gone() from None
        if directory is None:
            return folder
        if not folder.is_dir():
            raise messages.no_folder(directory, _from_the_root(directory))
        return folder

    @cached_property
    def repository(self) -> Repository | None:
        """Return the git repository around the folder, or None; then see `no_git`."""
        from lback.vcs.discovery import discover

        try:
            return discover(self.cwd)
        except GitUnavailable as err:
            self.no_git = err
            return None

    @cached_property
    def project(self) -> Project:
        """Return the Alembic project (a bare repository's is HEAD's); UsageError without one."""
        repository, options = self.repository, self.options
        if repository is not None and repository.is_bare and options.script_location is None:
            from lback.project.places import bare_project

            return bare_project(options, repository, "HEAD", None)
        return find_project(options, self.cwd, repository)

    def place(self, at: str) -> str:
        """Return the place to read for `at`: the files of a bare repository are HEAD's."""
        bare = self.repository is not None and self.repository.is_bare
        return "HEAD" if bare and at == WORKTREE else at

    def lock_timeout(self, wished: float | None) -> float | None:
        """Return how many seconds to wait for the database's lock: the option, else the setting."""
        return wished if wished is not None else self.project.settings.lback.lock_timeout

    @cached_property
    def listed(self) -> ListedDatabase | None:
        """Return the database that env.py is given, of those that the project lists."""
        options = self.options
        if options.listed is not None or options.database is None:
            return options.listed
        from lback.project.listed.finding import one_of

        project = self.project
        return one_of(project.settings.lback.databases, project.folder, options.database)

    @cached_property
    def revisions(self) -> Revisions:
        """Return the store of revisions: graph, texts and effects, at any place."""
        from lback.project.places import Places
        from lback.project.revisions import Revisions

        places = Places(
            self.options,
            self.cwd,
            self.repository,
            self.project,
            untracked=self.limits is not None,
            no_git=self.no_git,
        )
        return Revisions(places, self.limits)

    @cached_property
    def database(self) -> Database:
        """Return the database that the project's env.py connects to (not connected yet).

        Its `graph` is the work tree's, as it was when this was first asked for.
        """
        return self.database_of(self.revisions.graph())

    def database_of(
        self,
        graph: GraphView,
        sources: Mapping[str, bytes] | None = None,
        heads: Sequence[str] | None = None,
    ) -> Database:
        """Return it with another graph; texts in `sources`, by id, are run instead of files.

        `heads` are those that env.py sees, where the graph has others.
        """
        from lback.db.runner import Database

        INPUTS.doubt()  # whatever a database says may be another thing the next time
        project, options = self.project, self.options
        before = [f"--config={options.config}"] if options.config else []
        env = project.env_path()
        sparse = self.repository is not None and self.repository.is_sparse
        if sparse and env is not None and not (project.root / env).exists():
            raise run_messages.left_out(env)
        return Database(
            project.settings,
            graph,
            project.root,
            x=options.x,
            folder=project.folder,
            sources=sources,
            verbose=options.verbose,
            heads=heads,
            command=options.command,
            listed=self.listed,
            before=[*before, "--quiet"] if options.quiet else before,
            git=self.git_facts if project.settings.lback.ledger else None,
        )

    def git_facts(self) -> GitFacts:
        """Return where the checkout is and who works in it, for the record."""
        from lback.core.record.steps import GitFacts

        if self.repository is None:
            return GitFacts()
        try:
            head = self.repository.head()
            branch = head.name if head.ref is not None else None
            return GitFacts(head.commit, branch, person(self.repository.git))
        except LbackError:  # the record is a help, never a condition
            return GitFacts()


def folder_of(ctx: Context, name: str) -> Path:
    """Return a folder of what lback keeps beside a project: all work trees share it."""
    if ctx.repository is not None:
        return ctx.repository.common_dir / "lback" / name
    return ctx.project.folder / ".lback" / name


def _from_the_root(directory: str) -> str | None:
    """Return a folder that a repository has at its root as one names it from here.

    After a pull in a subfolder the hooks can only write their commands for the root.
    """
    try:
        repository = Context().repository
    except LbackError:
        return None
    if repository is None or repository.root is None:
        return None
    place = repository.root / directory
    return os.path.relpath(place) if place.is_dir() else None
