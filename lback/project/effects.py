"""Reads what revisions do, following the project's own helper modules as text in the same tree."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

from lback.core.dialects import project_dialects
from lback.core.effects import EFFECTS_VERSION, TREE, Effects
from lback.errors import LbackError
from lback.vcs.scan import sha1
from lback.work import counted_off

if TYPE_CHECKING:
    from lback.core.dialects import Dialects
    from lback.core.effects import Resolve, ResolveFile
    from lback.core.graph.revision import Revision
    from lback.core.source import Entry
    from lback.project.contents import Contents
    from lback.project.places import Places

# A file that migrations execute is read up to this size; a larger one is not understood.
_LARGEST_FILE = 4_000_000


class EffectsAt:
    """Effects of many revisions at one place; cached by all that the reading depends on."""

    def __init__(self, places: Places, contents: Contents, at: str) -> None:
        self.places = places
        self.contents = contents
        self.at = at
        self.wrappers = dict(places.here.settings.lback.wrappers)
        self._modules: dict[str, bytes | None] = {}
        self._files: dict[str, bytes | None] = {}
        self._paths: dict[str, str] = {}
        self._followed: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, bytes] = {}

    def helpers(self, revisions: Sequence[Revision]) -> dict[str, tuple[str, ...]]:
        """Return the paths of the project's modules that reading each revision followed, by id."""
        self.read([node for node in revisions if node.id not in self._followed], upgrade_only=True)
        paths = self._paths
        return {
            node.id: tuple(paths[name] for name in self._followed[node.id] if name in paths)
            for node in revisions
        }

    def read(
        self, revisions: Sequence[Revision], *, upgrade_only: bool = False
    ) -> dict[str, Effects]:
        """Return the effects of the given revisions, by id.

        With `upgrade_only` those of downgrade() may be left out, which is quicker.
        """
        repository = self.contents.repository
        store = repository.store if repository is not None else None
        blobs = [node.blob for node in revisions]
        if store is None:  # without git there is none, and many databases may ask
            rows = {blob: self._rows[blob] for blob in blobs if blob in self._rows}
        else:
            rows = store.get_many(self.kind, blobs)
        effects: dict[str, Effects] = {}
        unknown = []
        # In one go: half the time of a thousand small ones.
        known = dict(zip(rows, json.loads(b"[%s]" % b",".join(rows.values())), strict=True))
        for node in revisions:
            row = known.get(node.blob)
            if row is None or self._is_stale(row, node):
                unknown.append(node)
            else:
                effects[node.id] = Effects.from_dict(row["effects"], upgrade_only=upgrade_only)
                self._followed[node.id] = tuple(row["followed"])
        texts = self.contents.texts(unknown, self.at) if unknown else {}
        fresh = {}
        for node in counted_off("effects", unknown):
            effects[node.id], row = self._parsed(texts[node.blob], node)
            self._followed[node.id] = tuple(row["followed"])
            fresh[node.blob] = json.dumps(row, separators=(",", ":")).encode()
        if store is None:
            self._rows |= fresh
        else:
            store.put_many(self.kind, fresh)
        return effects

    def read_text(self, source: bytes) -> Effects:
        """Read any text as the project's own modules, files and wrappers make it mean."""
        return self._interpreted(source, self._module, self.resolve_file)

    def labels(self, file: Entry) -> tuple[str, ...] | None:
        """Return the labels that a file takes from the project's modules; None if not known."""
        from lback.core.interpreter.reading import read_labels

        text = self.contents.texts([file], self.at)[file.blob]
        return read_labels(text, resolve=self._module, path=file.path)

    @cached_property
    def dialects(self) -> Dialects:
        """Return the dialects that the project's database may have, by its configuration."""
        return self.places.dialects_at(self.at, self._read_dialects)

    def _read_dialects(self) -> Dialects:
        project = self.places.project_at(self.at)
        if project.settings.config_path is None:
            return project_dialects(None, None)
        env = project.env_path()
        try:
            names = [*project.config_names(), *([env] if env else [])]
            texts = self.contents.by_path(names, self.at)
        except LbackError:
            # An object that is not in this clone; whoever needs it says so.
            return project_dialects(None, None)
        decoded = {path: text.decode("utf-8", "replace") for path, text in texts.items()}
        env_text = decoded.pop(env, None) if env else None
        return project_dialects("\n".join(decoded.values()), env_text)

    @cached_property
    def kind(self) -> str:
        """Name the kind of the cached rows: all that a reading depends on beside the file."""
        key = [self.wrappers, self.dialects.text, sys.version_info[:2]]
        text = json.dumps(key, sort_keys=True).encode()
        return f"effects{EFFECTS_VERSION}-{sha1(text).hexdigest()[:12]}"

    def resolve_file(self, path: str) -> bytes | None:
        """Return the content of a file of the same tree, None for what is not in it.

        `path` begins with `TREE` where it was made from `__file__`; else it is relative to
        the folder that Alembic is started in. A file that is too large is not given.
        """
        if path not in self._files:
            self._files[path] = self._find_file(path)
        return self._files[path]

    def _parsed(self, source: bytes, revision: Revision) -> tuple[Effects, dict[str, Any]]:
        """Return the effects of a revision's text, and the row that is cached of them."""
        followed: dict[str, str] = {}
        files: dict[str, str] = {}

        def resolve(module: str) -> bytes | None:
            text = self._module(module)
            followed[module] = _digest(text)
            return text

        def resolve_file(path: str) -> bytes | None:
            text = self.resolve_file(path)
            files[path] = _digest(text)
            return text

        effects = self._interpreted(source, resolve, resolve_file, revision.path)
        row: dict[str, Any] = {"followed": followed, "effects": effects.as_dict()}
        if files:
            row |= {"files": files, "path": revision.path}
        return effects, row

    def _interpreted(
        self, source: bytes, resolve: Resolve, resolve_file: ResolveFile, path: str = ""
    ) -> Effects:
        # Where all effects are cached nobody pays for the interpreter.
        from lback.core.interpreter.reading import read_effects

        return read_effects(
            source,
            resolve=resolve,
            wrappers=self.wrappers,
            dialects=self.dialects,
            path=path,
            resolve_file=resolve_file,
        )

    def _is_stale(self, row: dict[str, Any], revision: Revision) -> bool:
        """Tell whether a module or file that was followed says something else by now."""
        followed = row["followed"].items()
        if any(_digest(self._module(module)) != digest for module, digest in followed):
            return True
        files = row.get("files")
        if not files:
            return False
        # The same text in another folder means other files.
        return row["path"] != revision.path or any(
            _digest(self.resolve_file(path)) != digest for path, digest in files.items()
        )

    def _find_file(self, path: str) -> bytes | None:
        project = self.places.here
        if path.startswith(f"{TREE}/"):
            place = project.root / path[len(TREE) + 1 :]
        elif PurePath(path).is_absolute() or not path:
            return None
        else:
            place = project.folder / path
        inner = _inside(project.root, os.path.normpath(place))
        text = self.contents.by_path([inner], self.at).get(inner) if inner else None
        return text if text is not None and len(text) <= _LARGEST_FILE else None

    def _module(self, name: str) -> bytes | None:
        """Return the text of `package.module` in the same tree, or None when it is not ours."""
        if name not in self._modules:
            self._modules[name] = self._find_module(name)
        return self._modules[name]

    def _find_module(self, name: str) -> bytes | None:
        inner = name.replace(".", "/")
        candidates = [
            str(PurePosixPath(root) / candidate)
            for root in self.places.here.import_roots(name)
            for candidate in (f"{inner}.py", f"{inner}/__init__.py")
        ]
        texts = self.contents.by_path(candidates, self.at)
        path = next((path for path in candidates if path in texts), None)
        if path is None:
            return None
        self._paths[name] = path
        return texts[path]


def _inside(root: PurePath, path: str) -> str | None:
    """Return a path relative to the root, None for one that is not inside."""
    try:
        inner = PurePath(path).relative_to(root)
    except ValueError:
        return None
    return None if ".." in inner.parts else inner.as_posix()


def _digest(text: bytes | None) -> str:
    return str(sha1(text).hexdigest())[:16] if text is not None else ""
