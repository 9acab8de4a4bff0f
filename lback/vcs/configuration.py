"""What git's own configuration says of lback: no file of the tree can set it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from lback.errors import UsageError
from lback.vcs import library
from lback.vcs.git import Git, text

if TYPE_CHECKING:
    from lback.vcs.repository import Repository


def configured(git: Git, key: str) -> str | None:
    """Return one value of git's configuration (system, global, local), None where it has none."""
    answer = git.ask("config", "-z", "--get", key)
    return answer.out.decode("utf-8", "replace").rstrip("\0") if not answer.status else None


def person(git: Git) -> str | None:
    """Return who would be the author of a commit, "Name <mail>"; None where nobody is known."""
    answer = git.ask("var", "GIT_AUTHOR_IDENT")
    name, end, _time = text(answer.out).partition(">")
    return f"{name}{end}" if end and not answer.status else None


def on_checkout(git: Git) -> str | None:
    """Return what `post-checkout` may do, "tell" or "switch"; None where nobody has said.

    UsageError that names what is allowed.
    """
    return _choice(git, "lback.onCheckout", ("tell", "switch"))


def on_fork(git: Git) -> str | None:
    """Return how this person wants forks closed, None for as the project says; see above."""
    return _choice(git, "lback.onFork", ("merge", "rebase", "tell"))


def _choice(git: Git, key: str, allowed: tuple[str, ...]) -> str | None:
    value = configured(git, key)
    if value is not None and value not in allowed:
        raise UsageError(f"git config {key} cannot be {value!r}.", f"allowed: {', '.join(allowed)}")
    return value


_OFF = frozenset(("false", "no", "off", "0", ""))
# From this version on git runs the hooks of its configuration.
_RUNS_COMMANDS = (2, 54)


def hook_commands(git: Git) -> dict[str, dict[str, str]]:
    """Return the commands that git's configuration names for each hook, by `hook.NAME`."""
    answer = git.ask("config", "-z", "--get-regexp", r"^hook\..+\.(command|event|enabled)$")
    events: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    for line in text(answer.out).split("\0")[:-1]:
        key, _, value = line.partition("\n")
        name, _, variable = key.partition(".")[2].rpartition(".")
        settings.setdefault(name, {})[variable] = value
        if variable == "event":
            known = events.setdefault(name, [])
            known[:] = [*known, value] if value else []  # an empty one takes the others back
    found: dict[str, dict[str, str]] = {}
    for name, hooks in events.items():
        command = settings[name].get("command", "")
        if command and settings[name].get("enabled", "true").lower() not in _OFF:
            for hook in hooks:
                found.setdefault(hook, {})[name] = command
    return found


def runs_hook_commands(git: Git) -> bool:
    """Tell whether this git runs the hooks that its configuration names."""
    numbers = re.findall(r"\d+", text(git.run("version")))
    return tuple(map(int, numbers[:2])) >= _RUNS_COMMANDS


_KEY = "lback.project"


def recorded(git: Git) -> tuple[str, ...]:
    """Return what was recorded: the environments that the hooks guard, each as one text."""
    answer = git.ask("config", "--local", "-z", "--get-all", _KEY)
    return tuple(name for name in text(answer.out).split("\0") if name)


def record(repository: Repository, value: str) -> None:
    """Add one; a second time changes nothing."""
    if value not in recorded(repository.git):
        # Not by GitPython's own writer: it leaves a person's comments out.
        with library.opened(repository) as repo:
            library.run(repo, "config", "--local", "--add", _KEY, value)


def forget(repository: Repository, values: Collection[str]) -> None:
    """Remove some of what was recorded."""
    there = recorded(repository.git)
    kept = [name for name in there if name not in values]
    if len(kept) == len(there):
        return
    with library.opened(repository) as repo:
        library.run(repo, "config", "--local", "--unset-all", _KEY)
        for name in kept:
            library.run(repo, "config", "--local", "--add", _KEY, name)
        # What a person has set for lback there stays.
        if library.ask(repo, "config", "--local", "--get-regexp", r"^lback\.").status:
            library.ask(repo, "config", "--local", "--remove-section", "lback")
