"""Which git is started, and what it inherits: a hook's variables fit one repository only."""

from __future__ import annotations

import os

from lback.system import IS_POSIX

TYPE_CHECKING = False  # `typing` and `pathlib` cost more than the quickest answer has time for
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A user's configuration may change what these print or start; a script's may not.
OPTIONS = (
    "--no-pager",
    "--literal-pathspecs",
    "-c",
    "core.quotePath=false",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "color.ui=false",
    "-c",
    "log.showSignature=false",
    "-c",
    "log.showRoot=true",
    "-c",
    "diff.orderFile=/dev/null",
    "-c",
    "diff.suppressBlankEmpty=false",
)

# What a child says of a repository: these three lines, then these three places.
FACTS = ("--is-bare-repository", "--is-shallow-repository", "--show-object-format")
PLACES = ("--absolute-git-dir", "--git-common-dir", "--show-toplevel")

ENDINGS = ("",) if IS_POSIX else (".exe", "")

# The same repository's children need these: the index of a partial commit is not
# `.git/index`, and pushed objects sit in quarantine until the hook has agreed.
_SAME = (
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
)

# Where a repository, its index and its objects are. They come from git when it
# runs a hook, and are wrong for every repository but the one the hook is of.
_PLACE = (
    *_SAME,
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_INTERNAL_SUPER_PREFIX",
)

# These change what git prints, how it reads a path or what it starts.
_MEDDLING = (
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_REDIRECT_STDIN",
    "GIT_REDIRECT_STDOUT",
    "GIT_REDIRECT_STDERR",
)

_FIXED = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    # gits before 2.39.4 do not know the line above; no transport stops them too.
    "GIT_ALLOW_PROTOCOL": "none",
    # git's words are read for what went wrong, so they have to be English.
    "LC_MESSAGES": "C",
    "LANGUAGE": "C",
}


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a child that looks for a repository by its folder alone.

    Configuration given by variables (`GIT_CONFIG_COUNT`, `GIT_CONFIG_PARAMETERS`)
    stays: containers declare `safe.directory` with it.
    """
    child = {
        name: value
        for name, value in environ.items()
        if name not in _PLACE and name not in _MEDDLING
    }
    everything = child.pop("LC_ALL", None)
    if everything is not None:
        child["LC_CTYPE"] = everything
    child.update(_FIXED)
    return child


def inside(environ: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """Return the variables for children in the very repository that a hook runs in.

    Relative values mean git's folder at the time of the hook, which is `cwd`.
    """
    child = outside(environ)
    for name in _SAME:
        value = environ.get(name)
        if not value:
            continue
        child[name] = value if name == "GIT_REPLACE_REF_BASE" else _absolute(name, value, cwd)
    return child


def stranger(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for children in another repository than the hook's.

    `git -c` options belong to the command that started the hook, so they go too.
    """
    child = outside(environ)
    child.pop("GIT_CONFIG_PARAMETERS", None)
    return child


def explicit(environ: Mapping[str, str], cwd: Path) -> dict[str, str] | None:
    """Return the variables for the repository that `GIT_DIR` names; None where it names none."""
    git_dir = environ.get("GIT_DIR")
    if not git_dir:
        return None
    child = inside(environ, cwd)
    child["GIT_DIR"] = str(cwd / git_dir)
    if environ.get("GIT_WORK_TREE"):
        child["GIT_WORK_TREE"] = str(cwd / environ["GIT_WORK_TREE"])
    if environ.get("GIT_COMMON_DIR"):
        child["GIT_COMMON_DIR"] = str(cwd / environ["GIT_COMMON_DIR"])
    return child


def names_repository(environ: Mapping[str, str]) -> bool:
    """Tell whether a hook (or a person) has named a repository, index or object folder."""
    return any(name in environ for name in ("GIT_DIR", *_SAME))


def is_same(environ: Mapping[str, str], cwd: Path, git_dir: Path, root: Path | None) -> bool:
    """Tell whether the variables speak of the repository at `git_dir` with work tree `root`.

    `git commit` sets `GIT_INDEX_FILE` without `GIT_DIR`; then the index's own place
    tells, and failing that the folder that git started the hook in.
    """
    named = environ.get("GIT_DIR")
    if named:
        return _same_file(cwd / named, git_dir)
    index = environ.get("GIT_INDEX_FILE")
    if index and _same_file((cwd / index).parent, git_dir):
        return True
    home = root if root is not None else git_dir
    return cwd.resolve().is_relative_to(home.resolve())


def git_program(environ: Mapping[str, str]) -> str | None:
    """Return the path of git, None where there is none."""
    path = environ.get("PATH", os.defpath)
    if path not in _PROGRAMS:
        _PROGRAMS[path] = next(programs("git", path), None)
    return _PROGRAMS[path]


_PROGRAMS: dict[str, str | None] = {}


def programs(name: str, path: str) -> Iterator[str]:
    """Yield the programs of a name; an empty or relative entry of PATH means the tree."""
    for entry in path.split(os.pathsep):
        if os.path.isabs(entry):  # noqa: PTH117 - most entries are only looked at
            for ending in ENDINGS:
                place = os.path.join(entry, f"{name}{ending}")  # noqa: PTH118
                if is_program(place):
                    yield place


def is_program(place: str | os.PathLike[str]) -> bool:
    """Tell whether a path leads to a file that may be run."""
    return os.path.isfile(place) and os.access(place, os.X_OK)  # noqa: PTH113


def _absolute(name: str, value: str, cwd: Path) -> str:
    if name != "GIT_ALTERNATE_OBJECT_DIRECTORIES":
        return str(cwd / value)
    if '"' in value:  # git's own quoting; such paths are absolute already
        return value
    return os.pathsep.join(str(cwd / part) for part in value.split(os.pathsep) if part)


def _same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False


# What the pre-commit framework calls the arguments that git gives to a hook.
_ARGUMENTS = {
    "post-merge": ("PRE_COMMIT_IS_SQUASH_MERGE",),
    "post-checkout": (
        "PRE_COMMIT_FROM_REF",
        "PRE_COMMIT_TO_REF",
        "PRE_COMMIT_CHECKOUT_TYPE",
    ),
    "post-rewrite": ("PRE_COMMIT_REWRITE_COMMAND",),
    "pre-push": ("PRE_COMMIT_REMOTE_NAME", "PRE_COMMIT_REMOTE_URL"),
}
_PUSHED = (
    "PRE_COMMIT_LOCAL_BRANCH",
    "PRE_COMMIT_TO_REF",
    "PRE_COMMIT_REMOTE_BRANCH",
    "PRE_COMMIT_FROM_REF",
)


def framework_call(hook: str, environ: Mapping[str, str]) -> tuple[tuple[str, ...], str] | None:
    """Return the arguments and the standard input that git gave to the framework.

    None where the framework did not start this, or has not said enough. It passes
    on neither: it has variables (https://pre-commit.com/#hook-environment-variables).
    For `post-rewrite` the input stays empty, since the framework drops it; for
    `pre-push` it is one line: of several refs the framework picks one, and of a new
    branch it names the first commit that the remote has instead of zeros.
    """
    if environ.get("PRE_COMMIT") != "1":
        return None
    names = _ARGUMENTS.get(hook, ())
    pushed = _PUSHED if hook == "pre-push" else ()
    if any(name not in environ for name in (*names, *pushed)):
        return None
    given = " ".join(environ[name] for name in pushed)
    return tuple(environ[name] for name in names), f"{given}\n" if given else ""
