"""Which commit brought a statement of a revision file, where the file was edited since it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha1

from lback.app.effects import EffectsReader
from lback.app.pasts import Past
from lback.app.ran import code_of
from lback.app.reading import WORKTREE, Reader
from lback.core.effects import Effect, Effects
from lback.core.graph import Revision
from lback.core.source import Commit
from lback.errors import HistoryMissing

_KIND = "origins1"
_UNCOMMITTED = -1


class Origins:
    """Knows the commits of the statements that did not come with their files.

    `blind` are the revisions whose older versions this clone lacks.
    """

    def __init__(self, reader: Reader, at: str) -> None:
        self.reader = reader
        self.at = at
        self.blind: list[str] = []
        self._late: dict[str, tuple[Past, dict[str, int]]] = {}

    def gather(self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]) -> None:
        """Compare the versions of these revisions' files, by id; remembered by content."""
        repository = self.reader.repository
        if repository is None:
            return
        keys = {one: _key(nodes[one], past) for one, past in pasts.items()}
        rows = repository.store.get_many(_KIND, keys.values())
        unknown = [one for one, key in keys.items() if key not in rows]
        compared = self._compared({one: pasts[one] for one in unknown}, nodes)
        self.blind = [one for one in unknown if one not in compared]
        fresh = {keys[one]: json.dumps(late).encode() for one, late in compared.items()}
        repository.store.put_many(_KIND, fresh)
        for revision, key in keys.items():
            late = compared.get(revision) or json.loads(rows.get(key, b"{}"))
            self._late[revision] = (pasts[revision], late)

    def of(self, revision: str, effect: Effect | None) -> tuple[bool, Commit | None]:
        """Return whether a statement came later than its file, and by which commit if by any."""
        past, late = self._late.get(revision, (None, {}))
        number = late.get(_name(effect)) if effect is not None else None
        if past is None or number is None:
            return False, None
        return True, None if number == _UNCOMMITTED else past.edits[number]

    def _compared(
        self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]
    ) -> dict[str, dict[str, int]]:
        """Return by statement the number of the edit that brought it; a gap without texts."""
        if not pasts:
            return {}
        helper = EffectsReader(self.reader, self.at)
        by_code: dict[str, frozenset[str]] = {}
        by_blob: dict[str, frozenset[str]] = {}

        def said(blob: str, text: bytes) -> frozenset[str]:
            if blob not in by_blob:
                code = str(code_of(text))  # a formatter changes all files, and nothing in them
                if code not in by_code:
                    by_code[code] = _names(helper.read_text(text))
                by_blob[blob] = by_code[code]
            return by_blob[blob]

        versions = self._versions(pasts, nodes)
        edited = {one: blobs for one, blobs in versions.items() if set(blobs) != {nodes[one].blob}}
        texts = self._texts(edited)
        present = self.reader.texts([nodes[one] for one in edited], self.at)
        found: dict[str, dict[str, int]] = {one: {} for one in versions}
        for revision, blobs in edited.items():
            if not texts.keys() >= set(blobs):
                del found[revision]
                continue
            node = nodes[revision]
            for statement in said(node.blob, present[node.blob]):
                since = _UNCOMMITTED if self.at == WORKTREE else 0
                for number, blob in enumerate(blobs):
                    if statement not in said(blob, texts[blob]):
                        break
                    since = number
                if since < len(blobs) - 1:
                    found[revision][statement] = since
        return found

    def _versions(
        self, pasts: Mapping[str, Past], nodes: Mapping[str, Revision]
    ) -> dict[str, list[str]]:
        """Return the blob ids that each file had, newest first; files with a gap are left out."""
        from lback.vcs.lookups import named_ids

        assert self.reader.repository is not None
        wanted: dict[str, list[list[str]]] = {}
        for revision, past in pasts.items():
            paths = (nodes[revision].path, *past.names)
            commits = (*past.edits, *((past.brought,) if past.brought else ()))
            wanted[revision] = [[f"{one.sha}:{path}" for path in paths] for one in commits]
        names = [name for rows in wanted.values() for row in rows for name in row]
        try:
            known = named_ids(self.reader.repository, names)
        except HistoryMissing:
            return {}
        found = {}
        for revision, rows in wanted.items():
            blobs = [next((known[name] for name in row if name in known), None) for row in rows]
            whole = [blob for blob in blobs if blob is not None]
            if len(whole) == len(blobs):
                found[revision] = whole
        return found

    def _texts(self, versions: Mapping[str, list[str]]) -> dict[str, bytes]:
        """Return the contents of all versions, in one child; file by file where some lack."""
        assert self.reader.repository is not None
        wanted = [list(blobs) for blobs in versions.values()]
        found: dict[str, bytes] = {}
        for blobs in ([one for row in wanted for one in row], *wanted):
            with suppress(HistoryMissing):
                found.update(self.reader.repository.blobs(one for one in blobs if one not in found))
        return found


def _names(effects: Effects) -> frozenset[str]:
    return frozenset(_name(one) for one in effects.upgrade)


def _name(effect: Effect) -> str:
    parts = (effect.kind, effect.object, effect.table, effect.name, effect.to)
    return " ".join((part or "").casefold() for part in parts)


def _key(node: Revision, past: Past) -> str:
    shas = [one.sha for one in (past.brought, *past.edits) if one is not None]
    return sha1("\0".join((node.blob, node.path, *shas)).encode()).hexdigest()
