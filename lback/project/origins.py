"""Which commit brought a statement of a revision file, where the file was edited since it came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha1
from os import fsencode
from typing import NamedTuple

from lback.core.effects import Effect, Effects
from lback.core.graph.revision import Revision
from lback.core.naming import bare
from lback.core.revision_code import code_of, readable
from lback.core.source import WORKTREE, Commit
from lback.errors import HistoryMissing
from lback.project.pasts import Past
from lback.project.revisions import Revisions
from lback.vcs.lookups import named_ids

_KIND = "origins3"
_UNCOMMITTED = -1


class StatementOrigin(NamedTuple):
    """Which commits a statement is from; None where it is not committed yet.

    `late`: it came later than its file, by `brought`. `edited`: it says something else since
    then, by `edit`.
    """

    late: bool = False
    brought: Commit | None = None
    edited: bool = False
    edit: Commit | None = None


class Origins:
    """Knows the commits of the statements that did not come with their files.

    `blind` are the revisions whose older versions this clone lacks.
    """

    def __init__(self, revisions: Revisions, at: str) -> None:
        self.revisions = revisions
        self.at = at
        self.blind: list[str] = []
        self._since: dict[str, tuple[Past, dict[str, list[int | None]]]] = {}

    def gather(self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]) -> None:
        """Compare the versions of these revisions' files, by id; remembered by content."""
        repository = self.revisions.repository
        if repository is None:
            return
        keys = {revision: _key(nodes[revision], past) for revision, past in pasts.items()}
        rows = repository.store.get_many(_KIND, keys.values())
        unknown = [revision for revision, key in keys.items() if key not in rows]
        compared = self._compared({revision: pasts[revision] for revision in unknown}, nodes)
        self.blind = [revision for revision in unknown if revision not in compared]
        fresh = {keys[revision]: json.dumps(late).encode() for revision, late in compared.items()}
        repository.store.put_many(_KIND, fresh)
        for revision, key in keys.items():
            since = compared.get(revision) or json.loads(rows.get(key, b"{}"))
            self._since[revision] = (pasts[revision], since)

    def of(self, revision: str, effect: Effect | None) -> StatementOrigin:
        """Return the commits that a statement, and what it says now, are from."""
        past, since = self._since.get(revision, (None, {}))
        numbers = since.get(_name(effect)) if effect is not None else None
        if past is None or numbers is None:
            return StatementOrigin()
        late, edited = numbers
        return StatementOrigin(
            late is not None, _edit(past, late), edited is not None, _edit(past, edited)
        )

    def _compared(
        self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]
    ) -> dict[str, dict[str, list[int | None]]]:
        """Return by statement the numbers of two edits; a gap where texts are lacking.

        The first brought it, None where it came with the file; the second made it say what it
        says, None where it has said so ever since.
        """
        if not pasts:
            return {}
        read = self.revisions.effects_at(self.at).read_text
        by_code: dict[str, _Version] = {}
        by_blob: dict[str, _Version] = {}

        def said(blob: str, text: bytes) -> _Version:
            if blob not in by_blob:
                code = str(code_of(text))  # a formatter changes all files, and nothing in them
                if code not in by_code:
                    by_code[code] = _version(read(readable(text)), text)
                by_blob[blob] = by_code[code]
            return by_blob[blob]

        versions = self._versions(pasts, nodes)
        edited = {
            revision: blobs
            for revision, blobs in versions.items()
            if set(blobs) != {nodes[revision].blob}
        }
        texts = self._texts(edited)
        present = self.revisions.texts([nodes[revision] for revision in edited], self.at)
        late_by_revision: dict[str, dict[str, list[int | None]]] = {name: {} for name in versions}
        for revision, blobs in edited.items():
            if not texts.keys() >= set(blobs):
                del late_by_revision[revision]
                continue
            node = nodes[revision]
            versions_said = [said(blob, texts[blob]) for blob in blobs]
            newest = _UNCOMMITTED if self.at == WORKTREE else 0
            for statement, now in said(node.blob, present[node.blob]).said.items():
                late = _since([version.has(statement) for version in versions_said], newest)
                other = _since([version.has(statement, now) for version in versions_said], newest)
                if late is not None or other is not None:
                    late_by_revision[revision][statement] = [late, other if other != late else None]
        return late_by_revision

    def _versions(
        self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]
    ) -> dict[str, list[str]]:
        """Return the blob ids that each file had, newest first; files with a gap are left out."""
        assert self.revisions.repository is not None
        wanted: dict[str, list[list[str]]] = {}
        for revision, past in pasts.items():
            paths = (nodes[revision].path, *past.names)
            commits = (*past.edits, *((past.brought,) if past.brought else ()))
            wanted[revision] = [[f"{commit.sha}:{path}" for path in paths] for commit in commits]
        names = [name for rows in wanted.values() for row in rows for name in row]
        try:
            known = named_ids(self.revisions.repository, names)
        except HistoryMissing:
            return {}
        versions = {}
        for revision, rows in wanted.items():
            blobs = [next((known[name] for name in row if name in known), None) for row in rows]
            whole = [blob for blob in blobs if blob is not None]
            if len(whole) == len(blobs):
                versions[revision] = whole
        return versions

    def _texts(self, versions: Mapping[str, list[str]]) -> dict[str, bytes]:
        """Return the contents of all versions, in one child; file by file where some lack."""
        assert self.revisions.repository is not None
        wanted = [list(blobs) for blobs in versions.values()]
        texts: dict[str, bytes] = {}
        for blobs in ([blob for row in wanted for blob in row], *wanted):
            with suppress(HistoryMissing):
                texts.update(
                    self.revisions.repository.blobs(blob for blob in blobs if blob not in texts)
                )
        return texts


class _Version(NamedTuple):
    """What a version of a file says by statement; its text where not all of it was read."""

    said: Mapping[str, str]
    text: str = ""

    def has(self, statement: str, as_now: str | None = None) -> bool:
        """Tell whether a statement is there, and says what it says now."""
        if statement in self.said:
            return as_now in (None, self.said[statement])
        *_, table, name, _ = (" " * 4 + statement).split(" ")
        return bool(self.text) and (name or table) in self.text


def _version(effects: Effects, text: bytes) -> _Version:
    shown = text.decode("utf-8", "replace").casefold() if effects.unknowns("upgrade") else ""
    return _Version(_said(effects), shown)


def _since(holds: Sequence[bool], newest: int) -> int | None:
    """Return the oldest version since which something holds without a gap, None for the first.

    Versions come newest first; `newest` where it holds in none of them.
    """
    since = newest
    for number, held in enumerate(holds):
        if not held:
            return since
        since = number
    return None


def _edit(past: Past, number: int | None) -> Commit | None:
    return None if number is None or number == _UNCOMMITTED else past.edits[number]


def _said(effects: Effects) -> dict[str, str]:
    """Return by statement what it says, so that a change of it shows."""
    said: dict[str, str] = {}
    for effect in effects.upgrade:
        shown = (
            effect.sets or effect.detail,
            effect.columns,
            effect.aspects,
            bare(effect.refers_to),
        )
        said[_name(effect)] = said.get(_name(effect), "") + repr(shown)
    return said


def _name(effect: Effect) -> str:
    """Name a statement by what it does to what; a schema that is written or not is no matter."""
    to = bare(effect.to) if effect.object == "table" else (effect.to or "").casefold()
    parts = (effect.kind, effect.object, bare(effect.table), bare(effect.name), to)
    return " ".join(parts)


def _key(node: Revision, past: Past) -> str:
    shas = [commit.sha for commit in (past.brought, *past.edits) if commit is not None]
    return sha1(fsencode("\0".join((node.blob, node.path, *shas)))).hexdigest()
