"""What a project tells lback itself: [tool.lback] of pyproject.toml, or [lback] of an ini."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lback.core.globs import leaves
from lback.core.shell import command, named
from lback.errors import UsageError

if TYPE_CHECKING:
    from lback.core.listed.databases import DatabaseList

OnFork = Literal["merge", "rebase", "tell"]
MergeCommit = Literal["stage", "commit", "amend"]
Against = Literal["migrations", "database"]

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "on_fork": ("merge", "rebase", "tell"),
    "merge_commit": ("stage", "commit", "amend"),
    "against": ("migrations", "database"),
}
# What would make a hook run code: a file of the tree, which the next branch may change, is no
# consent. Each with the command that gives it.
CONSENTS: Mapping[str, str] = {"on_checkout": "git config lback.onCheckout switch"}
_MOST_MODELS = 200
_LONGEST_WAIT = 2_000_000  # seconds; PostgreSQL counts milliseconds in 31 bits
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class PostgresqlSettings(NamedTuple):
    """How long statements of a migration wait on PostgreSQL; 0 is no end.

    Seconds for a lock, seconds for a whole statement, and how often what gave up a lock is tried
    again.
    """

    lock_timeout: float = 3.0
    statement_timeout: float = 0.0
    retries: int = 20


class LbackSettings(NamedTuple):
    """The settings of lback's own table.

    `heads` are ids or branch labels kept apart by design, `against` what `makemigrations` compares
    with (None: the migrations, where they can be run), `models` globs of model
    files, `protected` patterns of databases that are never copied, `wrappers` names of the
    project's own functions with the `op` directive that
    each stands for, `lock_timeout` seconds (None waits), `big_tables` tables that a
    lock would hurt, `ignore_folders` folders whose files are no revisions, `select`,
    `ignore` and `severity` (code to error, warning or note) what `check` tells, `databases`
    what lists those of `--all`,
    `powerless` keys that only git's own configuration can set, and `warnings` sentences
    about keys that mean nothing.
    """

    upstream: str | None = None
    heads: tuple[str, ...] = ()
    app: str | None = None
    on_fork: OnFork = "merge"
    merge_commit: MergeCommit = "stage"
    against: Against | None = None
    models: tuple[str, ...] = ()
    wrappers: Mapping[str, str] = MappingProxyType({})
    ledger: bool = True
    scratch_url: str | None = None
    protected: tuple[str, ...] = ()
    ignore_folders: tuple[str, ...] = ()
    lock_timeout: float | None = None
    postgresql: PostgresqlSettings = PostgresqlSettings()
    big_tables: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = MappingProxyType({})
    databases: DatabaseList | None = None
    powerless: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def ignores(self, path: str) -> bool:
        """Tell whether a path, from the top of the repository, lies in an ignored folder."""
        return bool(self.ignore_folders) and path.startswith(
            tuple(f"{folder.strip('/').removeprefix('./')}/" for folder in self.ignore_folders)
        )


def read_preferences(table: Mapping[str, Any], place: str) -> LbackSettings:
    """Read [tool.lback]; `place` ("pyproject.toml [tool.lback]") is for the messages.

    An unknown key is a warning, since a newer lback may know it; a wrong value raises
    UsageError that names key, value and what is allowed.
    """
    values: dict[str, Any] = {}
    warnings: list[str] = []
    powerless: list[str] = []
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in _READERS:
            values[name] = _READERS[name](value, f"{place}: {named(key)}", name)
        elif name in CONSENTS:
            powerless.append(name)
            warnings.append(_powerless(place, key, name))
        else:
            warnings.append(_unknown_key(place, key))
    if "models" in values:
        values["models"], more = _models(values["models"], place)
        warnings += more
    return LbackSettings(**values, powerless=tuple(powerless), warnings=tuple(warnings))


def read_ini_preferences(
    table: Mapping[str, str], place: str, databases: Mapping[str, str] = MappingProxyType({})
) -> LbackSettings:
    """Read the [lback] section of an ini: lists by comma or line, yes and no as words.

    `databases` is its section [lback.databases].
    """
    typed = {key: _typed(key, value) for key, value in table.items()}
    if databases:
        typed["databases"] = _listed_in_ini(databases)
    return read_preferences(typed, place)


def _listed_in_ini(section: Mapping[str, str]) -> dict[str, Any]:
    """Give the texts of [lback.databases] of an ini the types that its keys have in TOML."""
    typed: dict[str, Any] = {}
    for key, value in section.items():
        text = value.strip()
        if key == "urls":
            typed[key] = [line.strip() for line in text.splitlines() if line.strip()]
        elif key == "connect_timeout" and re.fullmatch(r"\d+(?:\.\d*)?", text):
            typed[key] = float(text)
        else:
            typed[key] = text
    return typed


def _typed(key: str, value: str) -> Any:
    """Give a text of an ini the type that its key has in TOML; what does not fit stays text."""
    reader = _READERS.get(key.replace("-", "_"))
    text = value.strip()
    if reader is _texts:
        return [part for part in re.split(r"\s*[,\n]\s*", text) if part]
    if reader is _flag and text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    if reader is _seconds and re.fullmatch(r"\d+(?:\.\d*)?", text):
        return float(text)
    if reader in (_mapping, _postgresql):
        pairs = [part.split("=", 1) for part in re.split(r"\s*[,\n]\s*", text) if part]
        if all(len(pair) == 2 for pair in pairs):
            return {pair[0].strip(): pair[1].strip() for pair in pairs}
    return text


def _powerless(place: str, key: str, name: str) -> str:
    return (
        f"{place}: {named(key)} counts only in git's own configuration, since any branch can bring "
        f"this file: {command(CONSENTS[name])}"
    )


def _models(globs: tuple[str, ...], place: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the patterns that can mean a file of the project, and a sentence for each other."""
    kept = tuple(glob for glob in globs if not leaves(glob))
    warnings = [
        f"{place}: `models`: {glob!r} leaves the repository; it is not looked at"
        for glob in globs
        if leaves(glob)
    ]
    if len(kept) > _MOST_MODELS:
        warnings.append(f"{place}: `models`: only the first {_MOST_MODELS} patterns count")
    return kept[:_MOST_MODELS], warnings


def _unknown_key(place: str, key: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, _READERS, n=1)
    hint = f"did you mean {named(near[0])}?" if near else f"known are {', '.join(sorted(_READERS))}"
    return f"{place}: {named(key)} is not a setting; {hint}"


def _wrong(where: str, value: Any, allowed: str) -> UsageError:
    return UsageError(f"{where} cannot be {_shown(value)}.", f"allowed: {allowed}")


def _shown(value: Any) -> str:
    # A scratch URL may hold a password: only its type is told.
    return f"{named(str(value))}" if isinstance(value, (bool, int, float)) else type(value).__name__


def _text(value: Any, where: str, _: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, value, "a text that is not empty")
    return value.strip()


def _choice(value: Any, where: str, name: str) -> str:
    if value not in _CHOICES[name]:
        allowed = ", ".join(f'"{text}"' for text in _CHOICES[name])
        raise UsageError(f"{where} cannot be {value!r}.", f"allowed: {allowed}")
    return str(value)


def _texts(value: Any, where: str, _: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise _wrong(where, value, 'a list of texts, as in ["a", "b"]')
    return tuple(value)


def _flag(value: Any, where: str, _: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, value, "true, false")
    return value


def _seconds(value: Any, where: str, _: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise _wrong(where, value, "a number of seconds, 0 or more")
    return float(value)


def _postgresql(value: Any, where: str, _: str) -> PostgresqlSettings:
    fields = PostgresqlSettings._fields
    if not isinstance(value, dict) or not value.keys() <= set(fields):
        raise _wrong(where, value, f"a table with {', '.join(fields)}")
    given: dict[str, Any] = {}
    for key, number in value.items():
        given[key] = _seconds(_number(number), f"{where}.{key}", key)
        if given[key] > _LONGEST_WAIT:
            raise _wrong(f"{where}.{key}", number, f"a number up to {_LONGEST_WAIT:,}")
        if key == "retries":
            if given[key] != int(given[key]):
                raise _wrong(f"{where}.{key}", number, "a whole number, 0 or more")
            given[key] = int(given[key])
    return PostgresqlSettings(**given)


def _number(value: Any) -> Any:
    """Give a text of an ini its number."""
    fits = isinstance(value, str) and re.fullmatch(r"\d+(?:\.\d*)?", value)
    return float(value) if fits else value


def _mapping(value: Any, where: str, _: str) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(option, str) for option in value.values()):
        raise _wrong(
            where, value, 'a table of texts, as in { "helpers.add_index" = "create_index" }'
        )
    return MappingProxyType(dict(value))


def _databases(value: Any, where: str, _: str) -> DatabaseList:
    """Read [tool.lback.databases]; a list alone is one of URLs."""
    from lback.core.listed.databases import DatabaseList

    table = {"urls": value} if isinstance(value, list) else value
    if not isinstance(table, dict):
        raise _wrong(where, value, "a table, with urls, command or schemas")
    values: dict[str, Any] = {}
    for key, given in table.items():
        name = key.replace("-", "_")
        if name not in _OF_DATABASES:
            raise UsageError(
                f"{where}: {named(key)} is not a setting.", f"known are {', '.join(_OF_DATABASES)}"
            )
        values[name] = _OF_DATABASES[name](given, f"{where}: {named(key)}", name)
    return DatabaseList(**values)


def _urls(value: Any, where: str, name: str) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict):
        pairs = _mapping(value, where, name)
        return tuple((key, url.strip()) for key, url in pairs.items())
    from lback.core.listed.databases import split_line

    return tuple(split_line(text.strip()) for text in _texts(value, where, name))


def _words(value: Any, where: str, name: str) -> str | tuple[str, ...]:
    return _text(value, where, name) if isinstance(value, str) else _texts(value, where, name)


def _text_or_texts(value: Any, where: str, name: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(_text(value, where, name).split())
    return _texts(value, where, name)


_OF_DATABASES: Mapping[str, Callable[[Any, str, str], Any]] = {
    "urls": _urls,
    "command": _words,
    "schemas": _text_or_texts,
    "x": _text_or_texts,
    "variables": _text_or_texts,
    "connect_timeout": _seconds,
}

_READERS: Mapping[str, Callable[[Any, str, str], Any]] = {
    "upstream": _text,
    "heads": _texts,
    "app": _text,
    "on_fork": _choice,
    "merge_commit": _choice,
    "against": _choice,
    "models": _texts,
    "wrappers": _mapping,
    "ledger": _flag,
    "scratch_url": _text,
    "protected": _texts,
    "ignore_folders": _texts,
    "lock_timeout": _seconds,
    "postgresql": _postgresql,
    "big_tables": _texts,
    "select": _texts,
    "ignore": _texts,
    "severity": _mapping,
    "databases": _databases,
}
