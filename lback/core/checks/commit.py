"""Rules about one commit: LB303 and LB304 left-out files, LB305 and LB306 models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lback.core.checks.findings import Finding, finding
from lback.core.models_text import Models
from lback.core.shell import command, pathspec


def untracked(path: str) -> Finding:
    """Return LB303 for a migration file that git does not know."""
    add = command("git add", pathspec(path))
    return finding("LB303", "this migration file is not tracked by git", add, path=path)


def unstaged(path: str) -> Finding:
    """Return LB303 for a migration file that the commit would hold as it was before."""
    add = command("git add", pathspec(path))
    return finding("LB303", "this migration file has changes that are not staged", add, path=path)


def ignored(path: str) -> Finding:
    """Return LB304 for a migration file that git leaves out."""
    return finding(
        "LB304",
        "this migration file is ignored by git",
        f"{command('git check-ignore -v', f':/{path}')} shows the rule; "
        f"{command('git add -f', pathspec(path))} overrides it",
        path=path,
    )


def declared_twice(models: Mapping[str, Models]) -> Iterator[Finding]:
    """Yield LB306 for each attribute that a class has twice, by path."""
    for path, read in models.items():
        for one in read.twice:
            yield finding(
                "LB306",
                f"{one.owner} declares {one.name} twice: in line {one.first} and in line "
                f"{one.second}; Python takes the second one and says nothing",
                "keep one of the two; after a merge, both branches have added it",
                path=path,
                line=one.second,
            )


def without_migration(path: str, models: Models, tables: Sequence[str]) -> Finding:
    """Return LB305 for the tables of a model file that no migration of the commit touches."""
    return finding(
        "LB305",
        f"the columns of {' and '.join(tables)} change here, and no migration in this commit "
        f"touches {'them' if len(tables) > 1 else 'it'}",
        "`lback makemigrations NAME`, then `git add` the file",
        path=path,
        line=models.lines.get(tables[0], 0),
        tables=tuple(tables),
    )
