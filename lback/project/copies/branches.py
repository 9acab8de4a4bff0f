"""The databases of branches: which one belongs to a branch, made when it is first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lback.core.copies.branches import BranchDatabase, branches_text, name_for, parse_branches
from lback.core.copies.protected import protecting
from lback.core.messages import templates as messages
from lback.errors import LbackError
from lback.files import alone, write_whole
from lback.project.context import Context, folder_of
from lback.project.copies.templates import AS_GIVEN, refuse_protected
from lback.vcs.branching import (
    branch_at_work,
    came_from,
    distance,
    main_worktree,
    renamed_from,
)
from lback.vcs.lookups import own_program

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from lback.db.beside.base import Databases
    from lback.vcs.repository import Repository

_NOTE = "databases.json"
_REMOTES = "refs/remotes/"
_USUAL = ("main", "master")


@dataclass(frozen=True, slots=True)
class BranchAnswer:
    """Which database a branch uses; `row` where it is a copy, `made` just now or not.

    `why` says why it is the project's own where it is.
    """

    url: URL
    row: BranchDatabase | None = None
    made: bool = False
    why: str = ""


class BranchDatabases:
    """Those of this clone; all of its work trees share them. LbackError outside of git.

    `given` is the URL that the project is about: its own database, or a copy for a branch.
    Its relative path begins at `home`.
    """

    def __init__(self, ctx: Context, given: URL, home: Path) -> None:
        if ctx.repository is None or ctx.repository.root is None:
            raise messages.no_branches()
        self.ctx = ctx
        self.repository: Repository = ctx.repository
        self._folder = folder_of(ctx, "databases")
        self._note = self._folder.parent / _NOTE
        self.base = self._base(given, home)
        self._given = given if _same_file(given, self.base, home) else self.base

    # Branches

    def branch(self, wished: str | None = None) -> str:
        """Return the branch of this work tree, or the one that is wished; LbackError for none."""
        if wished is not None:
            return wished
        if self.here is None:
            raise messages.no_branch()
        return self.here

    @cached_property
    def here(self) -> str | None:
        """Return the branch of this work tree; None where HEAD is on none."""
        return branch_at_work(self.repository)

    @cached_property
    def main(self) -> str:
        """Return the branch whose database is the project's own."""
        names = self.local
        try:
            shared = self.ctx.revisions.shared
        except LbackError:  # one that is configured, and was not fetched yet
            shared = None
        if shared is not None and not shared.own:
            if shared.ref.startswith(_REMOTES):
                return shared.ref.removeprefix(_REMOTES).partition("/")[2]
            return shared.ref.removeprefix("refs/heads/")
        usual = [name for name in _USUAL if name in names]
        if usual or len(names) == 1:
            return (*usual, *names)[0]
        head = self.repository.head()
        if head.commit is None and head.ref is not None:  # before the first commit
            return head.name
        raise messages.no_main()

    @cached_property
    def local(self) -> tuple[str, ...]:
        """Return the local branches."""
        return tuple(branch.name for branch in self.repository.branches() if not branch.remote)

    # URLs

    def _base(self, given: URL, home: Path) -> URL:
        """Return the URL of the project's own database, also where a copy of it was given."""
        from lback.db.beside.sqlite import file_of

        if given.get_backend_name() == "sqlite":
            path = file_of(given, home)
            if path is None:
                raise messages.in_memory()
            real = Path(os.path.realpath(path))
            rows = [row for row in self.rows() if self._file(row.name) == real]
            base = self._home / rows[0].base if rows else self._in_main(real)
            return given.set(database=str(base))
        server = server_of(given)
        rows = [row for row in self.rows() if (row.server, row.name) == (server, given.database)]
        return given.set(database=rows[0].base) if rows else given

    def _in_main(self, real: Path) -> Path:
        """Return the file of the first work tree that one of another work tree stands for."""
        assert self.repository.root is not None
        top = Path(os.path.realpath(self.repository.root))
        if main_worktree(self.repository) is None or not real.is_relative_to(top):
            return real
        return self._home / real.relative_to(top)

    @cached_property
    def _home(self) -> Path:
        """Return where the files of the note begin: a folder that is moved takes them along."""
        common = self.repository.common_dir
        return Path(os.path.realpath(main_worktree(self.repository) or common))

    @cached_property
    def base_name(self) -> str:
        """Return what the project's own database is called in the note."""
        name = self.base.database or ""
        path = Path(name)
        if self._is_file and path.is_relative_to(self._home):
            return path.relative_to(self._home).as_posix()
        return name

    @cached_property
    def server(self) -> str:
        """Return what tells the server of the database from others."""
        return server_of(self.base)

    @cached_property
    def beside(self) -> Databases:
        """Return what makes copies."""
        from lback.db.beside.opening import beside

        made = beside(self.base, self._folder, self._folder)
        made.find_program = partial(own_program, repository=self.repository)
        return made

    def url(self, row: BranchDatabase) -> URL:
        """Return the URL of a branch's database."""
        return self.beside.named(row.name)

    def _file(self, name: str) -> Path:
        return Path(os.path.realpath(self._folder / f"{name}.sqlite3"))

    @property
    def protected(self) -> str | None:
        """Return the pattern that protects the project's own database."""
        host = str(self.base.query.get("host", self.base.host) or "")
        patterns = self.ctx.project.settings.lback.protected
        return protecting(patterns, host, self.base.database or "")

    def refuse_protected(self) -> None:
        """Raise LbackError where the project's own database is protected."""
        refuse_protected(self.ctx, self.base)

    # The note

    def rows(self) -> tuple[BranchDatabase, ...]:
        """Return all that is noted, of other databases too; LbackError for a broken note."""
        try:
            return parse_branches(self._note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError):
            raise messages.broken_note(str(self._note)) from None

    def own_rows(self) -> tuple[BranchDatabase, ...]:
        """Return those of this project's database."""
        return tuple(row for row in self.rows() if row.belongs(self.server, self.base_name))

    def row_of(self, branch: str) -> BranchDatabase | None:
        """Return what is noted of a branch."""
        return next((row for row in self.own_rows() if row.branch == branch), None)

    def _write(self, change: Callable[[BranchDatabase], bool], *new: BranchDatabase) -> None:
        """Keep the rows of which `change` says no, and add others."""
        kept = [row for row in self.rows() if not change(row)]
        text = branches_text((*kept, *new))
        write_whole(self._note, text.encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with alone(self._folder):
            yield

    # What is done

    def answer(self, branch: str, *, trusting: bool = False) -> BranchAnswer:
        """Return the database of a branch, made as a copy at the first time.

        `trusting` takes the note's word for it that it is there.
        """
        if self.protected is not None:
            return BranchAnswer(self._given, why=messages.protected_stays(self.protected))
        if branch == self.main:
            return BranchAnswer(self._given, why=messages.main_stays(branch))
        row = self.row_of(branch)
        trusting = trusting and not self._is_file
        if row is not None and row.complete and (trusting or self._is_there(row)):
            return BranchAnswer(self.url(row), row)
        with self._alone():
            row = self.row_of(branch)
            if row is not None and row.complete and self._is_there(row):
                return BranchAnswer(self.url(row), row)
            row = self._renamed(branch) if row is None else row
            if row is not None and row.complete and self._is_there(row):
                return BranchAnswer(self.url(row), row)
            return self._make(branch, self.source_of(branch))

    def create(self, branch: str, source: str | None, *, empty: bool, adopt: bool) -> BranchAnswer:
        """Make the database of a branch: a copy of another branch's, or an empty one."""
        with self._alone():
            row = self.row_of(branch)
            if row is not None and row.complete and self._is_there(row):
                raise messages.made_already(branch, row.name)
            chosen = "" if empty else source or self.source_of(branch)
            return self._make(branch, chosen, adopt=adopt)

    def _is_there(self, row: BranchDatabase) -> bool:
        return self.beside.exists(self.url(row))

    def _renamed(self, branch: str) -> BranchDatabase | None:
        """Hand a branch what was made for it under the name that it had before."""
        for name in renamed_from(self.repository, branch):
            row = self.row_of(name)
            if row is not None and name not in self.local:
                now = replace(row, branch=branch)
                self._write(row.__eq__, now)
                return now
        return None

    def source_of(self, branch: str) -> str:
        """Return the branch whose rows a new database begins with: what it branched from.

        That is what the reflog says, if it has a database; else the branch that has one and
        is nearest by the history, the main one before others.
        """
        there = [self.main, *(row.branch for row in self.own_rows() if row.complete)]
        near = [name for name in came_from(self.repository, branch) if name in there]
        if near:
            return near[0]
        known = [
            (number, at, name)
            for at, name in enumerate(there)
            if name != branch and (number := distance(self.repository, branch, name)) is not None
        ]
        return min(known)[2] if known else self.main

    def _make(self, branch: str, source: str, *, adopt: bool = False) -> BranchAnswer:
        """Note what is about to be made, make it, and note that it is complete."""
        name = self._name_for(branch)
        begun = self.row_of(branch)
        if begun is not None and begun.name == name and not adopt:
            self.beside.drop(name)  # whoever was about to make it was killed
        elif self.beside.exists(self.beside.named(name)):
            if not adopt:
                raise messages.there_already(name)
            return self._noted(BranchDatabase(branch, self.server, self.base_name, name, source))
        old = self._url_of(source) if source else None
        if old is None or not self.beside.exists(old):
            old, source = None, ""
        row = BranchDatabase(branch, self.server, self.base_name, name, source, complete=False)
        self._replace(row)
        try:
            self.beside.create(name, old)
        except BaseException:
            self._write(partial(self._is_of, branch))
            raise
        return self._noted(row)

    def _name_for(self, branch: str) -> str:
        """Return a name that no other branch's database has: one may have been renamed."""
        place, stem = "", Path(self.base_name).stem
        if not self._is_file:  # which other clones use as well
            place = f"{os.path.realpath(self.repository.common_dir)}\0{self.server}"
            stem = self.base_name
        others = {row.name for row in self.rows() if not self._is_of(branch, row)}
        names = (name_for(stem, branch, f"{place}\0{at or ''}") for at in count())
        return next(name for name in names if name not in others)

    def _noted(self, row: BranchDatabase) -> BranchAnswer:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        done = replace(row, made=now, complete=True)
        self._replace(done)
        return BranchAnswer(self.url(done), done, made=True)

    def _replace(self, row: BranchDatabase) -> None:
        self._write(partial(self._is_of, row.branch), row)

    def _is_of(self, branch: str, row: BranchDatabase) -> bool:
        return row.branch == branch and row.belongs(self.server, self.base_name)

    @property
    def _is_file(self) -> bool:
        return self.base.get_backend_name() == "sqlite"

    def _url_of(self, branch: str) -> URL:
        if branch == self.main:
            return self.base
        row = self.row_of(branch)
        if row is None or not row.complete:
            raise messages.nothing_made(branch)
        return self.url(row)

    def gone(self) -> tuple[BranchDatabase, ...]:
        """Return those whose branches are gone."""
        local = self.local
        renamed = {old for name in local for old in renamed_from(self.repository, name)}
        return tuple(
            row
            for row in self.own_rows()
            if row.branch not in local and row.branch != self.here and row.branch not in renamed
        )

    def drop(self, row: BranchDatabase) -> None:
        """Drop a database that was made for a branch."""
        with self._alone():
            if row in self.rows():
                self.beside.drop(row.name)
                self._write(row.__eq__)


def chosen_url(ctx: Context, url: str, home: Path) -> str:
    """Return what `lback.urls.for_branch` does, in a repository."""
    from lback.db.beside.opening import parsed

    if AS_GIVEN.get():
        return url
    given = parsed(url)
    repository = ctx.repository
    branch = branch_at_work(repository) if repository is not None else None
    if branch is None or is_in_memory(given):
        return url
    databases = BranchDatabases(ctx, given, home)
    answer = databases.answer(branch, trusting=True)
    if answer.row is None:
        return url if answer.url is given else _whole(answer.url)
    return _whole(answer.url)


def is_in_memory(url: URL) -> bool:
    """Tell whether a database is gone with its process."""
    from lback.db.scratch_run import is_in_memory as in_memory

    return in_memory(url)


def _whole(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _same_file(given: URL, base: URL, home: Path) -> bool:
    """Tell whether a URL leads to the project's own database as it stands."""
    from lback.db.beside.sqlite import file_of

    if base.get_backend_name() != "sqlite":
        return given.database == base.database
    path = file_of(given, home)
    return path is not None and os.path.realpath(path) == base.database


def server_of(url: URL) -> str:
    """Return what tells a server from others; files have none."""
    kind = url.get_backend_name()
    if kind == "sqlite":
        return kind
    host = url.query.get("host", url.host) or "localhost"
    here = host in ("127.0.0.1", "::1", "localhost")
    usual = 5432 if kind == "postgresql" else 3306
    return f"{kind}://{'localhost' if here else host}:{url.query.get('port', url.port) or usual}"
