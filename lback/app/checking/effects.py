"""Effects in branches of strangers: helper modules that are too big stay closed."""

from __future__ import annotations

from collections.abc import Sequence

from lback.app.checking.reader import MOST_BYTES
from lback.app.effects import EffectsAt
from lback.app.reading import WORKTREE


class SmallFiles(EffectsAt):
    """Follows helper modules of a reasonable size only."""

    def _files(self, paths: Sequence[str]) -> dict[str, bytes]:
        sizes = self._sizes(paths)
        return super()._files([path for path in paths if sizes.get(path, 0) <= MOST_BYTES])

    def _sizes(self, paths: Sequence[str]) -> dict[str, int]:
        repository = self.reader.repository
        if repository is None or self.at in (WORKTREE, "index"):
            root = self.reader.ctx.project.root
            places = {path: root / path for path in paths}
            return {path: place.stat().st_size for path, place in places.items() if place.is_file()}
        from lback.vcs.lookups import blob_sizes, path_ids

        blobs = path_ids(repository, [self.at], paths)[self.at]
        sizes = blob_sizes(repository, [blob for blob in blobs if blob])
        return {path: sizes.get(blob, 0) for path, blob in zip(paths, blobs, strict=True)}
