"""Alembic's scripts and steps over our own graph; a revision's code is loaded only to run."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.migration import RevisionStep, StampStep
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import Revision as AlembicRevision
from alembic.script.revision import RevisionMap

from lback.core.graph.revision import Revision, Unreadable
from lback.core.plans import Downgrade, Upgrade, refuse_problems
from lback.db.alembic_compat import Directory, found_exactly, row_as_it_is, stamped
from lback.db.filling import fill
from lback.errors import LbackError
from lback.files import leads_out, write_whole

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView


class TextLoader(SourceFileLoader):
    """Compiles a file's text, or text held in memory, and never trusts bytecode.

    A checkout within one second may leave a file of the same size and time behind, and
    Python would go on using the other branch's bytecode.
    """

    def __init__(self, name: str, path: str, source: bytes | None = None) -> None:
        super().__init__(name, path)
        self._source = source
        self.text: bytes | None = None
        """What was compiled."""

    def get_data(self, path: str) -> bytes:
        """Return the held text for our own path."""
        if self._source is not None and path == self.path:
            return self._source
        return super().get_data(path)

    def get_code(self, fullname: str) -> Any:
        """Compile the text."""
        self.text = self.get_data(self.path)
        return _compiled(self.text, self.path)


@lru_cache(maxsize=256)
def _compiled(text: bytes, path: str) -> Any:
    """Compile a text, once for all databases that it is run for."""
    return SourceFileLoader(path, path).source_to_code(text, path)


def load_text(path: Path, source: bytes | None = None) -> ModuleType:
    """Run a Python file as Alembic would, from its text; `source` replaces the file's."""
    name = re.sub(r"\W", "_", path.name)
    spec = importlib.util.spec_from_file_location(
        name, path, loader=TextLoader(name, str(path), source)
    )
    if spec is None or spec.loader is None:  # pragma: no cover
        raise LbackError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TextScript(Script):
    """A revision known by its header; `module` is loaded at its first use and checked."""

    def __init__(self, revision: Revision, path: str, source: bytes | None) -> None:
        header = revision.header
        AlembicRevision.__init__(
            self,
            header.revision,
            header.down_revisions or None,
            dependencies=header.depends_on or None,
            branch_labels=header.branch_labels or None,
        )
        self.path = path
        self._header = header
        self._source = source
        self._module: ModuleType | None = None

    @property
    def module(self) -> ModuleType:  # type: ignore[override]
        """Return the module; LbackError when its own header says something else."""
        if self._module is None:
            self._module = self._load()
        return self._module

    @property
    def text(self) -> bytes | None:
        """Return what the module is loaded from; None for a file that is not loaded yet."""
        loader = self._module.__loader__ if self._module is not None else None
        return loader.text if isinstance(loader, TextLoader) else self._source

    @property
    def doc(self) -> str:
        """Return the message from the header, without loading."""
        return self._header.doc

    def _load(self) -> ModuleType:
        if self._source is None and not Path(self.path).is_file():
            raise LbackError(
                f"{self.path}, the file of revision {self.revision}, is not there.",
                "It was there a moment ago: run the command again.",
            )
        module = load_text(Path(self.path), self._source)
        said = getattr(module, "revision", self.revision)
        parents = _as_tuple(getattr(module, "down_revision", None))
        # A text that ran before may name the parents of that time.
        moved = self._source is None and sorted(parents) != sorted(self._header.down_revisions)
        if said != self.revision or moved:
            raise LbackError(
                f"{self.path}: run as code, the file says revision {said!r} on "
                f"{parents or 'nothing'}; its text says {self.revision!r} on "
                f"{self._header.down_revisions or 'nothing'}.",
                "Write `revision` and `down_revision` as plain strings.",
            )
        return module


# Alembic ends a batch with an empty line, the last one too.
_ODD_END = re.compile(r"\n\n+([ \t]*# ### end Alembic commands ###)\Z")


def _tidy(name: str, value: Any) -> Any:
    """Return code without an empty line before its end."""
    is_code = name.endswith(("upgrades", "downgrades")) and isinstance(value, str)
    return _ODD_END.sub(r"\n\1", value) if is_code else value


class _Shown(Exception):
    """Ends the making of a file that is only to be looked at."""


class TextScriptDirectory(Directory):
    """Serves revisions from a Graph; texts in `sources` (by revision id) replace files."""

    graph: GraphView
    root: Path
    sources: Mapping[str, bytes]
    heads_seen: tuple[str, ...]
    """The heads for env.py: the graph may have revisions beside that are only to be undone."""
    trial: Callable[[bytes, str], None] | None
    """What a new file has to pass before it is written."""
    generated: list[Path]
    """Files that this object has written."""
    shown: dict[Path, bytes] | None
    """Where new files go that are only to be looked at; None: where Alembic would write them."""
    replaced: str | None

    @classmethod
    def open(
        cls, config: Config, graph: GraphView, root: Path, sources: Mapping[str, bytes]
    ) -> TextScriptDirectory:
        """Take Alembic's reading of the configuration and our graph of the revisions."""
        self = cls.__new__(cls)
        self.__dict__.update(ScriptDirectory.from_config(config).__dict__)
        self.graph, self.root, self.sources = graph, root, sources
        self.heads_seen = tuple(graph.heads)
        self.generated = []
        self.trial = None
        self.shown = self.replaced = None
        # Alembic's words of files that it writes are for the one who typed its command.
        self.messaging_opts = {"quiet": True}
        self.revision_map = RevisionMap(self._scripts)
        return self

    def _scripts(self) -> Iterator[Script]:
        refuse_problems(self.graph)
        root = str(self.root)  # thousands are joined: not with Path
        for revision in self.graph:
            source = self.sources.get(revision.id)
            yield TextScript(revision, os.path.join(root, revision.path), source)  # noqa: PTH118

    def as_revision_number(self, id_: str | None) -> Any:
        """Return what a name means to env.py."""
        if self.heads_seen != tuple(self.graph.heads):
            if id_ == "heads":
                return self.heads_seen
            if id_ == "head" and len(self.heads_seen) == 1:
                return self.heads_seen[0]
        return super().as_revision_number(id_)

    def script(self, revision: str) -> TextScript:
        """Return one revision by its full id."""
        script = found_exactly(self, revision)
        if not isinstance(script, TextScript):
            raise LbackError(f"There is no revision {revision}.")
        return script

    @property
    def env_path(self) -> Path:
        """Return where env.py is."""
        return Path(self.dir, "env.py")

    def run_env(self) -> None:
        """Run env.py from its text."""
        if not self.env_path.is_file():
            raise LbackError(
                f"There is no env.py in {self.dir}.",
                "Check script_location; `lback init` makes a new environment.",
            )
        load_text(self.env_path)

    def write_from_template(self, template: Path, path: Path, given: Mapping[str, Any]) -> None:
        """Write a new file of what was meant, and never over an old one as Alembic does."""
        given = {name: _tidy(name, value) for name, value in given.items()}
        text = fill(template, self.output_encoding, given)
        if self.trial is not None:
            self.trial(text, str(path))
        self.require_inside(path)
        over = self.replaced is not None and path.absolute() == self.root / self.replaced
        if path.exists() and not over:
            raise LbackError(
                f"{path} is there already.",
                "Give another name, or let file_template hold %(rev)s.",
            )
        if self.shown is not None:
            self.shown[path] = text
            raise _Shown(path)
        self.generated.append(path)
        write_whole(path, text)

    def place_above(self, parent: str | None) -> str | None:
        """Return the project's own location where a parent is by its whole path: out of git.

        None where the location of the parent is the right one, and where there is no other.
        """
        if parent is None or parent not in self.graph:
            return None
        if not os.path.isabs(self.graph[parent].path):  # noqa: PTH117 - as the graph spells it
            return None
        paths = (revision.path for revision in self.graph)
        closed = {os.path.dirname(path) for path in paths if os.path.isabs(path)}  # noqa: PTH117, PTH120
        own = (location for location in self.locations() if not leads_out(location, self.root))
        return next((str(item) for item in own if os.path.realpath(item) not in closed), None)

    def require_inside(self, path: Path) -> None:
        """Raise LbackError for a new file that would lie outside of every version location."""
        if all(leads_out(path, place) for place in self.locations()):
            raise LbackError(
                f"{path} would lie outside of the migrations.",
                "Correct file_template, which names new files.",
            )

    def generate_revision(self, *args: Any, **kw: Any) -> Script | None:
        """Write a revision file, without the bytecode that Alembic leaves by reading it back."""
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            return super().generate_revision(*args, **kw)
        except _Shown as shown:
            return self._known(shown.args[0])
        finally:
            sys.dont_write_bytecode = before

    def show_only(self, over: str | None) -> None:
        """Keep new files in `shown` from now on, and write none; `over` may be there."""
        self.shown, self.makes_folders, self.replaced = {}, False, over

    def _known(self, path: Path) -> Script | None:
        """Take in a file that is only to be looked at: another may stand on it."""
        from lback.core.header import read_header

        text = self.shown[path] if self.shown is not None else b""
        header = read_header(text, path.name)
        if isinstance(header, Unreadable):
            return None
        script = TextScript(Revision(header, str(path)), str(path), text)
        self.revision_map.add_revision(script)
        return script

    def discard_generated(self) -> None:
        """Remove what was written, for when a later part has failed."""
        for path in self.generated:
            path.unlink(missing_ok=True)
        self.generated.clear()


def _as_tuple(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def stamp_steps(
    scripts: TextScriptDirectory, before: tuple[str, ...], after: tuple[str, ...]
) -> list[StampStep]:
    """Return what brings the version table from these rows to those, as `alembic stamp` does."""
    gone = [row for row in before if row not in after]
    new = [row for row in after if row not in before]
    revisions = scripts.revision_map
    if len(new) == 1 and all(row in scripts.graph for row in (*before, *new)):
        moves = stamped(scripts, new[0], before)
        if [row for move in moves for row in move.from_] == gone:
            return moves
    return [
        *(StampStep(row, None, False, True, revisions) for row in gone),
        *(StampStep((), row, True, True, revisions) for row in new),
    ]


class GraphStep(RevisionStep):
    """Says which rows of the version table go and which come.

    Alembic's own way asks all ancestors at every merge, and stumbles over a merge whose
    one parent stands on the other. `applied` is kept by the caller on the way down.
    """

    def __init__(
        self,
        scripts: TextScriptDirectory,
        applied: set[str],
        script: TextScript,
        step: Upgrade | Downgrade,
        function: Callable[..., Any],
    ) -> None:
        self.revision_map = scripts.revision_map
        self.revision = script
        self.is_upgrade = isinstance(step, Upgrade)
        self.migration_fn = function
        self._graph = scripts.graph
        self._applied = applied
        self._late = isinstance(step, Upgrade) and step.late
        self._known: tuple[frozenset[str], tuple[list[str], list[str]]] | None = None

    def _change(self, heads: set[str]) -> tuple[list[str], list[str]]:
        """Return the rows that go and the rows that come, each sorted."""
        if self._known is None or self._known[0] != heads:  # Alembic asks five times
            self._known = frozenset(heads), self._changed(heads)
        return self._known[1]

    def _changed(self, heads: set[str]) -> tuple[list[str], list[str]]:
        if self._late:
            return sorted(heads)[:1], sorted(heads)[:1]
        revision = self.revision.revision
        below = {*self._graph[revision].parents, *self._graph.dependencies(revision)}
        if self.is_upgrade:
            # A head below this one is right below: what lies between would be applied.
            return sorted(below & heads), [revision]
        bare = [under for under in below - heads if not self._stands_on(under, revision)]
        return [revision], sorted(bare)

    def _stands_on(self, under: str, going: str) -> bool:
        above = {*self._graph.children(under), *self._graph.dependents(under)} - {going}
        return not above.isdisjoint(self._applied)

    def should_delete_branch(self, heads: set[str]) -> bool:
        """Tell whether a row goes and none comes."""
        return not self._change(heads)[1]

    def should_create_branch(self, heads: set[str]) -> bool:
        """Tell whether a row comes and none goes."""
        return not self._change(heads)[0]

    def should_merge_branches(self, heads: set[str]) -> bool:
        """Tell whether several rows become one."""
        return len(self._change(heads)[0]) > 1

    def should_unmerge_branches(self, heads: set[str]) -> bool:
        """Tell whether one row becomes several."""
        return len(self._change(heads)[1]) > 1

    def merge_branch_idents(self, heads: set[str]) -> tuple[list[str], str, str]:
        """Return the rows to delete, the one to change, and into what."""
        gone, new = self._change(heads)
        return gone[:-1], gone[-1], new[0]

    def unmerge_branch_idents(self, heads: set[str]) -> tuple[str, str, tuple[str, ...]]:
        """Return the row to change, into what, and the rows to insert."""
        gone, new = self._change(heads)
        return gone[0], new[-1], tuple(new[:-1])

    def update_version_num(self, heads: set[str]) -> tuple[str, str]:
        """Return the row to change and into what."""
        gone, new = self._change(heads)
        if self._late:
            return row_as_it_is(heads, gone[0]), gone[0]
        return gone[0], new[0]
