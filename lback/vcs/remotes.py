"""The remotes of a repository: whose URL one is, and which branch of theirs is released from."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from lback.vcs.git import text
from lback.vcs.noted import INPUTS
from lback.vcs.refs import SharedRef, exists, remote_names
from lback.vcs.repository import Repository


def remote_of(repository: Repository, ref: str) -> tuple[str, str] | None:
    """Return the remote and the branch there that a remote-tracking ref stands for."""
    for remote in sorted(remote_names(repository.git), key=len, reverse=True):
        prefix = f"refs/remotes/{remote}/"
        if ref.startswith(prefix):
            return remote, ref[len(prefix) :]
    return None


def is_at(repository: Repository, remote: str, url: str) -> bool:
    """Tell whether a URL leads to the repository of a remote, however either is spelled."""
    known: set[str] = set()
    for options in ((), ("--push",)):
        answer = repository.git.ask("remote", "get-url", "--all", *options, "--", remote)
        known.update(text(answer.out).split("\n")[:-1])
    home = repository.root or repository.git_dir
    return one_spelling(url, home) in {one_spelling(each, home) for each in known}


_URL = r"(?s)(?P<scheme>[\w+.-]+)://(?:[^/@]*@)?(?P<host>[^/]*)(?P<path>/.*|)"
_SCP = r"(?s)(?:[^/@:]+@)?(?P<host>\[[^\]]+\]|[^/:]{2,}):(?P<path>.*)"
_PORTS = {"ssh": ":22", "git+ssh": ":22", "https": ":443", "http": ":80", "git": ":9418"}


def one_spelling(url: str, home: Path) -> str:
    """Return host and path of a URL: who asks, how, and by which of its names does not count."""
    found = re.fullmatch(_URL, url) or re.fullmatch(_SCP, url)
    scheme = found["scheme"].lower() if found and "scheme" in found.groupdict() else "ssh"
    if found is None or scheme == "file":
        place = os.path.realpath(home / unquote(found["path"]) if found else home / url)
        ways = (f"{place}{ending}" for ending in ("/.git", "", ".git/.git", ".git"))
        return next((os.path.realpath(way) for way in ways if os.path.isfile(f"{way}/HEAD")), place)  # noqa: PTH113
    host = found["host"].lower().removesuffix(_PORTS.get(scheme, ""))
    return f"{host}/{unquote(found['path']).strip('/').removesuffix('.git').lower()}"


def lost_head(repository: Repository, shared: SharedRef | None) -> tuple[str, str] | None:
    """Return a remote whose HEAD points to a ref that is gone, and that ref."""
    for place in sorted((repository.common_dir / "refs/remotes").glob("*/HEAD")):
        INPUTS.file(place)
        target = place.read_text("utf-8", "replace").removeprefix("ref: ").strip()
        if shared is not None and shared.ref == target:
            return None
        if target.startswith("refs/") and not exists(repository.git, target):
            return place.parent.name, target
    return None


def is_certain(repository: Repository, shared: SharedRef) -> bool:
    """Tell whether a branch is released from; the copy of one's own may be any.

    It is where it is all that the remote has left of what its HEAD has named.
    """
    only = len(repository.remote_refs()) == 1
    return not shared.own or (only and lost_head(repository, shared) is not None)
