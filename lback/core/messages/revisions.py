"""What is said of the revision that a command line names, and of where revisions are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lback.core.checks.findings import Finding
from lback.core.graph.revision import Problem, Unreadable
from lback.core.settings import Settings
from lback.core.shell import command, named, pathspec
from lback.core.source import Commit
from lback.errors import UsageError


def not_one_revision(token: str, revisions: Sequence[str]) -> UsageError:
    """Make the error for a name that has to stand for one revision."""
    return UsageError(
        f"{named(token)} names {len(revisions)} revisions: {', '.join(revisions) or 'none'}",
        "give one revision id; `lback heads` and `lback graph` list them",
    )


def with_trail(
    found: Finding, name: str, commit: Commit, path: str, place: str, *, whole: bool
) -> Finding:
    """Add to LB103 who wrote the missing revision, and, where the commit has it, how to get it."""
    bring = command("git checkout", commit.sha[:12], "--", pathspec(path))
    return found._replace(
        message=f"{found.message} {commit.author} wrote {name}: {path}, {place}.",
        hint=f"{bring} brings it back; or {found.hint}" if whole else found.hint,
        commits=(commit,),
    )


PUSHED = "pushed"


def with_twins(
    found: Finding,
    paths: Sequence[str],
    places: Mapping[str, str],
    commits: Mapping[str, Commit],
    number: str | None,
    *,
    copies: bool,
) -> Finding:
    """Add to LB104 who wrote each file and where others have it, and which gets another id.

    A file without a place is only here; `number` is free, None where ids are no numbers.
    """
    trail = "; ".join(_twin(path, places.get(path), commits.get(path)) for path in paths)
    local = [path for path in paths if path not in places]
    new = f"the id {number}" if number else "an id of its own"
    if len(local) == 1:
        stays = next(path for path in paths if path not in local)
        hint = f"leave {stays} as it is, others have it; give {local[0]} {new}"
        if number and not copies and places[stays] != PUSHED:
            hint += " by `lback rebase`; or by hand"
        hint += ", in `revision` and in its file name"
        hint += ", or take it out, it is a copy" if copies else ""
    elif local:
        hint = f"give the later of the two {new}, in `revision` and in its file name"
    else:
        hint = (
            "keep both files, databases may have run either; agree with their authors which one "
            f"gets {new}, in `revision` and in its file name"
        )
    return found._replace(
        message=f"{found.message} {trail}.",
        hint=f"{hint}; then `lback rebase`",
        commits=tuple(commits[path] for path in paths if path in commits),
    )


def _twin(path: str, place: str | None, commit: Commit | None) -> str:
    if commit is None:
        return f"{path} is not committed"
    return f"{commit.author} wrote {path}, {place or 'only here'}"


def too_big(size: int) -> Unreadable:
    """Say that a file is not opened; `size` in bytes."""
    return Unreadable("LB106", f"The file has {size:,} bytes; a revision file has less than 2 MB.")


def in_subfolders(folders: Sequence[str], homes: Sequence[str], count: int) -> Problem:
    """Say that revision files lie below the version locations only, where nobody looks."""
    here = ", ".join(folder or "." for folder in folders)
    return Problem(
        "LB107",
        f"no revision files in {here}; those in folders below do not count ({count}): "
        f"{', '.join(homes[:5])}{', …' if len(homes) > 5 else ''}",
        "name them in `version_locations`, or set `recursive_version_locations = true`; "
        f"{command('lback --script-location', homes[0], then='heads')} reads one as it is",
    )


def nowhere(settings: Settings) -> Problem:
    """Say that the folder is not there in which env.py and the revisions have to be."""
    if settings.config_path is None:
        return Problem(
            "LB107",
            f"there is no folder {settings.version_locations[0]}, which `--script-location` names",
            "name a folder as it is called from the root of the repository",
        )
    return Problem(
        "LB107",
        f"there is no folder {settings.script_location}, which `script_location` in "
        f"{settings.config_path} names",
        "change into the folder that the path counts from, or correct `script_location`",
    )


def compiled(path: str) -> Problem:
    """Say that a revision is there as bytecode alone, which Alembic would run (`sourceless`)."""
    return Problem(
        "LB106",
        "this revision has no source: lback reads text, and runs nothing that it has not read",
        "bring its .py file; delete what is left over; or run what is there with Alembic alone: "
        f"{command('lback alembic upgrade heads')}",
        path=path,
    )
