"""What only a work tree shows: migration files that the commit would lack."""

from __future__ import annotations

from collections.abc import Iterator

from lback.app.checking.reader import CheckReader
from lback.app.checking.sides import Side
from lback.app.reading import INDEX
from lback.core.findings import Finding, finding


def left_out(reader: CheckReader, mine: Side) -> Iterator[Finding]:
    """Yield LB303 and LB304; asks git without letting it run a filter of the repository's."""
    from lback.vcs.lookups import index_ids

    repository = reader.repository
    assert repository is not None
    folders, _ = reader.folders(mine.at)
    tracked = index_ids(repository, folders) if folders else {}
    others = [entry.path for entry in mine.entries if entry.path not in tracked]
    ignored = repository.ignore_rules(others)
    for path in others:
        if path in ignored:
            yield finding(
                "LB304",
                f"this migration file is ignored by git ({ignored[path]})",
                f"change the rule, or `git add -f {path}`",
                path=path,
            )
        else:
            yield finding(
                "LB303", "this migration file is not tracked by git", f"`git add {path}`", path=path
            )
    # Not `ls-files --modified`: it would run a clean filter to be sure.
    for entry in mine.entries:
        known = tracked.get(entry.path)
        if known and known != entry.blob and _edited(reader, entry.path):
            yield finding(
                "LB303",
                "this migration file has changes that are not staged",
                f"`git add {entry.path}`",
                path=entry.path,
            )


def _edited(reader: CheckReader, path: str) -> bool:
    """Tell whether a file differs from the index in more than its line ends."""
    repository = reader.repository
    assert repository is not None
    both = [repository.file(at, path) or b"" for at in ("worktree", INDEX)]
    return both[0].replace(b"\r\n", b"\n") != both[1].replace(b"\r\n", b"\n")
