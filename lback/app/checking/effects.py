"""Effects in branches of strangers: helper modules that are too big stay closed."""

from __future__ import annotations

from lback.app.checking.reader import MOST_BYTES
from lback.app.effects import EffectsReader
from lback.app.reading import WORKTREE


class SmallFiles(EffectsReader):
    """Follows helper modules of a reasonable size only."""

    def _file(self, path: str) -> bytes | None:
        repository = self.reader.repository
        if repository is not None and self.at not in (WORKTREE, "index"):
            from lback.vcs.lookups import blob_sizes, path_ids

            blob = path_ids(repository, [self.at], [path])[self.at][0]
            if not blob or blob_sizes(repository, [blob]).get(blob, 0) > MOST_BYTES:
                return None
        else:
            place = self.reader.ctx.project.root / path
            if place.is_file() and place.stat().st_size > MOST_BYTES:
                return None
        return super()._file(path)
