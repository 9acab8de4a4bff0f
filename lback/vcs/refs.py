"""Names of commits: HEAD, branches, and the branch that a team releases from."""

from __future__ import annotations

import re
from typing import NamedTuple

from lback.core.shell import command
from lback.errors import HistoryMissing, LbackError, UsageError
from lback.vcs.git import Git, failure, text
from lback.vcs.noted import INPUTS

_REMOTES = "refs/remotes/"
_HEADS = "refs/heads/"
_ID = re.compile(r"[0-9a-f]{7,64}")
_WHOLE_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.-~")


class Head(NamedTuple):
    """Where HEAD is: `ref` is None when detached, `commit` is None before the first commit."""

    ref: str | None
    name: str
    commit: str | None


class Branch(NamedTuple):
    """One local or remote-tracking branch; `date` is its last commit's, ISO 8601."""

    name: str
    ref: str
    commit: str
    date: str
    author: str
    remote: bool = False
    current: bool = False


class SharedRef(NamedTuple):
    """The branch a team releases from; what it holds is published only if `publishes`.

    `own` says that nothing suggests it but the current branch, which it is a remote's copy of.
    """

    name: str
    ref: str
    commit: str
    publishes: bool
    own: bool = False


class _Ref(tuple[str, str, str]):
    """A ref, its commit, and what it points at where it is a symbolic one (else "")."""

    __slots__ = ()

    @property
    def ref(self) -> str:
        return self[0]

    @property
    def commit(self) -> str:
        return self[1]

    @property
    def target(self) -> str:
        return self[2]


def read_head(git: Git) -> Head:
    """Return where HEAD is."""
    answer = git.ask("rev-parse", "HEAD", "--symbolic-full-name", "HEAD", lasting=True)
    lines = text(answer.out).split("\n")
    if answer.status == 0 and len(lines) >= 2:
        return head_of(lines[0], lines[1])
    answer = git.ask("symbolic-ref", "HEAD")
    if answer.status != 0:
        raise failure(("symbolic-ref",), answer)
    ref = text(answer.out).removesuffix("\n")
    return Head(ref, short_name(ref), None)


def head_of(commit: str, ref: str) -> Head:
    """Return HEAD by its commit and its full name, which is no ref where it is detached."""
    if ref.startswith("refs/"):
        return Head(ref, short_name(ref), commit)
    return Head(None, f"HEAD detached at {commit[:7]}", commit)


def is_plain(name: str) -> bool:
    """Tell whether git can only take a name for one commit: no option, range or set."""
    return bool(name) and _PLAIN.issuperset(name) and name[0] != "-" and ".." not in name


def is_whole_id(name: str) -> bool:
    """Tell whether a name is the full id of an object."""
    return _WHOLE_ID.fullmatch(name) is not None


def resolve(git: Git, ref: str) -> str:
    """Return the commit that a name means; UsageError with names like it when unknown.

    HistoryMissing where it may be known, but not to this clone.
    """
    if ref and not ref.startswith("-") and "\0" not in ref:
        answer = git.ask("rev-parse", "--verify", ref + "^{commit}")
        commit = answer.out.decode("ascii", "replace").strip()
        if answer.status == 0 and "only goes back to" in answer.complaint:
            raise HistoryMissing(
                f"The log of this clone does not go back to {ref}", "Name a commit or a branch."
            )
        if answer.status == 0 and _ID.fullmatch(commit):  # "^main" gives no commit
            return commit
        if answer.complaint and "safe.directory" in answer.complaint:
            raise failure(("rev-parse",), answer)
    if ref == "HEAD":
        raise LbackError(
            "This repository has no commit yet", "Commit something first, or use the work tree."
        )
    _refuse_beyond(git, ref)
    near = _near(ref, [short_name(other.ref) for other in _matching(git)])
    hint = f"Did you mean {' or '.join(near)}?" if near else "See `git branch --all`."
    raise UsageError(f"git knows no commit named {ref!r}", hint)


def _refuse_beyond(git: Git, ref: str) -> None:
    """Raise HistoryMissing for a commit by its id, or by its distance, that was not fetched."""
    by_id = bool(_ID.fullmatch(ref)) and bool(ref.strip("0"))
    if by_id and len(ref) in (40, 64):
        raise HistoryMissing(
            f"The commit {ref[:12]} is not in this clone",
            f"Fetch it: {command('git fetch', 'origin', ref)} (in CI: fetch-depth: 0)",
        )
    start = re.split(r"[~^]", ref, maxsplit=1)[0]
    if not by_id and start == ref:
        return
    if git.ask("rev-parse", "--is-shallow-repository").out.strip() != b"true":
        return
    if by_id or git.ask("rev-parse", "--verify", "--quiet", f"{start}^{{commit}}").status == 0:
        raise HistoryMissing(
            f"The history of this shallow clone ends before {ref}",
            "Fetch the history: git fetch --unshallow (in CI: fetch-depth: 0)",
        )


def shared_ref(git: Git, configured: str | None, branch: str | None = None) -> SharedRef | None:
    """Return the branch that a team releases from, or None where nothing suggests one.

    `branch` is the ref of the current one. A configured name has to exist: HistoryMissing when
    it belongs to a remote of this clone and was not fetched, UsageError with names like it
    otherwise.
    """
    if configured:
        return _configured(git, configured)
    chosen = _suggested(git, branch)
    if chosen is None:
        return None
    ref = chosen.target or chosen.ref
    own = chosen.ref not in _usual("origin") and _is_copy(chosen, branch)
    return SharedRef(short_name(ref), ref, chosen.commit, ref.startswith(_REMOTES), own)


def _is_copy(found: _Ref | None, branch: str | None) -> bool:
    """Tell whether a ref is what a remote has of a branch: no branch says how it is judged."""
    if found is None or branch is None:
        return False
    return found.ref.startswith(_REMOTES) and found.ref.endswith(f"/{short_name(branch)}")


def _suggested(git: Git, branch: str | None) -> _Ref | None:
    """Choose by the remote's HEAD, else what the branch tracks, else by the usual names."""
    own = (_HEADS + "main", _HEADS + "master")
    found = _matching(git, *_usual("origin"), *own)
    chosen = _first(found, _usual("origin")[:1])
    remotes = _likely_remotes(git) if chosen is None else ()
    for remote in remotes:
        usual = _usual(remote)
        there = found if remote == "origin" else _matching(git, *usual)
        chosen = _first(there, usual[:1])
        if chosen is None:
            tracked, named = _tracked(git, branch), _first(there, usual)
            chosen = named if _is_copy(tracked, branch) and named else tracked or named
        chosen = chosen or _only_branch(git, remote)
        if chosen is not None:
            return chosen
    return chosen or _tracked(git, branch) or _first(found, own)


def _likely_remotes(git: Git) -> tuple[str, ...]:
    """Return `origin`, and the only other remote."""
    names = remote_names(git)
    others = [name for name in names if name != "origin"]
    first = ("origin",) if "origin" in names or not names else ()
    return (*first, *others) if len(others) == 1 else first


def pulls(git: Git, branch: str | None, ref: str) -> bool:
    """Tell whether `git pull` on a branch brings a ref; on a detached HEAD it brings none."""
    tracked = _tracked(git, branch)
    return tracked is not None and tracked.ref == ref


def _tracked(git: Git, branch: str | None) -> _Ref | None:
    """Return the remote-tracking ref that a branch follows, None where there is no such ref."""
    if branch is None:
        return None
    answer = git.ask("for-each-ref", "--format=%(upstream)", branch, lasting=True)
    upstream = text(answer.out).rstrip("\n")
    return _first(_matching(git, upstream), [upstream]) if upstream.startswith(_REMOTES) else None


def _only_branch(git: Git, remote: str) -> _Ref | None:
    """Return the branch of a remote that has just one."""
    found = [ref for ref in _matching(git, f"{_REMOTES}{remote}/") if not ref.target]
    return found[0] if len(found) == 1 else None


def exists(git: Git, ref: str) -> bool:
    """Tell whether there is a ref of this full name."""
    return bool(_matching(git, ref))


def list_branches(git: Git) -> tuple[Branch, ...]:
    """Return local and remote-tracking branches, newest commit first."""
    form = "%00".join(
        f"%({field})"
        for field in (
            "refname",
            "objectname",
            "symref",
            "committerdate:iso-strict",
            "authorname",
            "HEAD",
        )
    )
    command = ("for-each-ref", f"--format={form}", "--sort=-committerdate", _HEADS, _REMOTES)
    branches: list[Branch] = []
    for line in text(git.run(*command)).split("\n"):
        fields = line.split("\0")
        if len(fields) != 6 or fields[2]:
            continue
        ref, commit, _, date, author, here = fields
        remote = ref.startswith(_REMOTES)
        branches.append(Branch(short_name(ref), ref, commit, date, author, remote, here == "*"))
    return tuple(branches)


def remote_refs(git: Git) -> dict[str, str]:
    """Return the commit of each remote-tracking ref."""
    return {ref.ref: ref.commit for ref in _matching(git, _REMOTES) if not ref.target}


def refs_with(git: Git, commit: str) -> tuple[str, ...]:
    """Return the refs whose history has a commit, as people say them."""
    out = git.run("for-each-ref", "--format=%(refname)", "--contains", commit)
    return tuple(short_name(ref) for ref in text(out).split("\n") if ref)


def remote_names(git: Git) -> tuple[str, ...]:
    """Return the names of the remotes, as configured."""
    return tuple(text(git.run("remote", lasting=True)).split("\n")[:-1])


def short_name(ref: str) -> str:
    """Return a ref as people say it: without refs/heads/, refs/remotes/ or refs/tags/."""
    for prefix in (_HEADS, _REMOTES, "refs/tags/"):
        if ref.startswith(prefix):
            return ref[len(prefix) :]
    return ref


def _configured(git: Git, name: str) -> SharedRef:
    if is_whole_id(name):  # to git as well, whatever branch is called like it
        return SharedRef(name, name, resolve(git, name), publishes=True)
    # git's own order, but for tags: whoever may push one must not choose what main is.
    places = [
        name,
        f"refs/{name}",
        f"{_HEADS}{name}",
        f"{_REMOTES}{name}",
        f"{_REMOTES}{name}/HEAD",
        f"refs/tags/{name}",
    ]
    refs = [place for place in places if place.startswith("refs/")]
    chosen = _first(_matching(git, *refs), refs)
    if chosen is not None:
        ref = chosen.target or chosen.ref
        is_branch = ref.startswith((_HEADS, _REMOTES))
        commit = chosen.commit if is_branch else resolve(git, ref)
        return SharedRef(short_name(ref), ref, commit, publishes=True)
    try:
        return SharedRef(name, name, resolve(git, name), publishes=True)
    except UsageError as err:
        short = name.removeprefix(_REMOTES)
        remote = next((r for r in remote_names(git) if short.startswith(r + "/")), None)
        if remote is None:
            raise
        raise _not_here(git, name, remote, short[len(remote) + 1 :]) from err


def _not_here(git: Git, name: str, remote: str, branch: str) -> HistoryMissing:
    """Make the error for a branch of a remote that is not here: gone, or never fetched."""
    refs = [found.ref for found in _matching(git, f"{_REMOTES}{remote}/") if not found.target]
    here = [short_name(ref) for ref in refs]
    specs = git.ask("config", "-z", "--get-all", f"remote.{remote}.fetch").out
    if here and b"refs/heads/*" in specs:  # all that was there is here: it has another name
        near = " or ".join(_near(f"{remote}/{branch}", here) or here[:3])
        fetch = command("git fetch", remote, f"+refs/heads/*:{_REMOTES}{remote}/*")
        hint = f"Is it {near} now? If not, fetch all: {fetch}"
    else:
        hint = f"Fetch it: {command('git fetch', remote, f'{branch}:{_REMOTES}{remote}/{branch}')}"
    return HistoryMissing(f"The shared ref {name!r} is not in this clone", hint)


def _usual(remote: str) -> tuple[str, ...]:
    return tuple(f"{_REMOTES}{remote}/{name}" for name in ("HEAD", "main", "master"))


def _matching(git: Git, *patterns: str) -> list[_Ref]:
    form = "%(refname)%00%(objectname)%00%(*objectname)%00%(symref)"
    lasting = all(pattern[-1] != "/" for pattern in patterns) and bool(patterns)
    answer = git.ask("for-each-ref", f"--format={form}", *patterns, lasting=lasting)
    if answer.status != 0:
        raise failure(("for-each-ref",), answer)
    places: dict[str, tuple[str, str]] = {}
    refs: list[_Ref] = []
    for line in text(answer.out).split("\n"):
        fields = line.split("\0")
        if len(fields) == 4:
            refs.append(_Ref((fields[0], fields[2] or fields[1], fields[3])))
            places[fields[0]] = (fields[1], fields[3] or fields[0])
    for pattern in patterns:
        INPUTS.ref(pattern, *places.get(pattern, (None, "")))
    return refs


def _first(listed: list[_Ref], refs: tuple[str, ...] | list[str]) -> _Ref | None:
    by_name = {ref.ref: ref for ref in listed}
    return next((by_name[ref] for ref in refs if ref in by_name), None)


def _near(name: str, names: list[str]) -> list[str]:
    import difflib

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    # "feature" is surely meant by somebody who types it where origin/feature exists.
    return near or [other for other in names if other.endswith("/" + name)][:3]
