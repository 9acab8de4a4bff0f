"""The databases that a project lists: by URLs, by a command that prints them, by schemas."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from lback.core.listed.databases import (
    DatabaseList,
    ListedDatabase,
    chosen,
    filled,
    in_schemas,
    listed,
    parse_lines,
    with_arguments,
)
from lback.core.messages import listed as messages

_LONGEST = 120.0  # seconds, for a command that prints URLs

Schemas = Callable[[Sequence[ListedDatabase]], Mapping[str, Sequence[str]]]
"""Asks bases, each by its name, for the schemas that fit the project's patterns."""

ITSELF = ListedDatabase("")
"""The database that env.py connects to where it is given none."""


def bases(
    given: DatabaseList | None, folder: Path, only: str | None = None
) -> tuple[ListedDatabase, ...]:
    """Return what is listed, before it is divided into schemas; LbackError where that is nothing.

    `folder` is where the command runs. With `only` the name of one, others may be left out.
    """
    if given is None or not (given.urls or given.command or given.schemas):
        raise messages.none_listed()
    alone = [(name, url) for name, url in given.urls if name and name == only]
    if alone and not given.schemas:
        given = given._replace(urls=tuple(alone), command=())
    pairs = [(name, filled(url, os.environ)) for name, url in given.urls]
    pairs += _printed(given.command, folder) if given.command else []
    if not pairs and given.schemas and not given.command:
        return (with_arguments(ITSELF, given),)
    if not pairs:
        raise messages.empty_list()
    return tuple(with_arguments(database, given) for database in listed(pairs))


def one_of(given: DatabaseList | None, folder: Path, name: str) -> ListedDatabase:
    """Return the database with a name, without asking any; UsageError where there is none."""
    known = bases(given, folder, name)
    assert given is not None
    if not given.schemas:
        return chosen(known, name)
    # Which schemas there are is seen once env.py has connected.
    for base in known:
        schema = name if len(known) == 1 else name.removeprefix(f"{base.name}.")
        full = schema if len(known) == 1 else f"{base.name}.{schema}"
        if full == name and any(fnmatchcase(schema, glob) for glob in given.schemas):
            (database,) = in_schemas([base], {base.name: [schema]})
            return with_arguments(ListedDatabase(name, database.url, schema), given)
    raise messages.no_such(name, given.schemas)


def divided(
    given: DatabaseList, known: Sequence[ListedDatabase], schemas: Schemas
) -> tuple[ListedDatabase, ...]:
    """Return the databases in the end: the schemas of each base, where patterns say which."""
    if not given.schemas:
        return tuple(known)
    every = in_schemas(known, schemas(known))
    if not every:
        raise messages.empty_list()
    return tuple(with_arguments(database, given) for database in every)


def apart(
    databases: Sequence[ListedDatabase], folder: Path, warn: Callable[[str], None]
) -> Iterator[ListedDatabase]:
    """Yield each database once; it is said where two names lead to one."""
    from lback.db.listed.handing import place_of

    met: dict[object, str] = {}
    for database in databases:
        key = (place_of(database, folder), database.schema)
        other = met.setdefault(key, database.name)
        if other == database.name:
            yield database
        else:
            warn(messages.same_database(database.name, other))


def _printed(command: str | tuple[str, ...], folder: Path) -> list[tuple[str, str]]:
    """Return the names and URLs that the project's command prints; no shell takes part."""
    words = _words(command)
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise messages.command_failed(words, messages.ran_too_long(_LONGEST)) from None
    except OSError as err:
        raise messages.command_failed(words, messages.not_started(str(err.strerror))) from err
    if done.returncode:
        raise messages.command_failed(words, messages.left_with(done.returncode))
    text = done.stdout.decode("utf-8", "replace")
    return list(parse_lines(text.splitlines()))


def _words(command: str | tuple[str, ...]) -> list[str]:
    if not isinstance(command, str):
        return list(command)
    try:
        return shlex.split(command)
    except ValueError as err:
        raise messages.no_command(str(err)) from err
