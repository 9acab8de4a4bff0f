"""The databases that a project lists in [tool.lback.databases], and how it says so."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lback.core.messages import listed as messages

_REFERENCE = re.compile(r"\$(?:\$|\{(?P<braced>\w+)\}|(?P<bare>[A-Za-z_]\w*))")
_NAMED = re.compile(r"(?P<name>[^\s=]+)(?:\s*=\s*|\s+)(?P<url>\S.*)")
_SCHEME = re.compile(r"[A-Za-z][\w.-]*(?P<driver>\+[\w.-]+)?://")


class DatabaseList(NamedTuple):
    """What [tool.lback.databases] says.

    `urls` are pairs of a name ("" for none) and a URL, which may refer to variables; `command`
    prints more of them; `schemas` are patterns of PostgreSQL's schemas. env.py gets the URL in
    `variables` of its environment, and `x` as `-x`.
    """

    urls: tuple[tuple[str, str], ...] = ()
    command: str | tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    x: tuple[str, ...] = ()
    variables: tuple[str, ...] = ("DATABASE_URL",)
    connect_timeout: float = 60.0


@dataclass(frozen=True)
class ListedDatabase:
    """One database by its name; `url` is None for the one that env.py connects to by itself."""

    name: str
    url: str | None = field(default=None, repr=False)
    schema: str = ""
    x: tuple[str, ...] = field(default=(), repr=False)
    variables: tuple[str, ...] = ()


class Shard(NamedTuple):
    """One of `parts` parts of the databases, from 1."""

    number: int
    parts: int

    def holds(self, database: ListedDatabase) -> bool:
        """Tell whether a database is in it: by its name alone, whichever others there are."""
        digest = hashlib.sha256(database.name.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") % self.parts == self.number - 1


def parse_shard(text: str) -> Shard:
    """Read `2/8`; ValueError for anything that is no part."""
    number, slash, count = text.partition("/")
    if not slash or not number.isascii() or not number.isdigit() or not count.isdigit():
        raise ValueError
    shard = Shard(int(number), int(count))
    if not 1 <= shard.number <= shard.parts:
        raise ValueError
    return shard


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Return a URL with its `$NAME` and `${NAME}` filled in; `$$` is a dollar sign."""

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["bare"]
        if name is None:
            return "$"
        if not variables.get(name):
            raise messages.no_variable(name)
        return variables[name]

    return _REFERENCE.sub(value, text).strip()


def parse_lines(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield name ("" for none) and URL of each line `URL`, `NAME URL` or `NAME = URL`.

    Empty lines and those that begin with # are left out; LbackError names another line.
    """
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not text.startswith("#"):
            name, url = split_line(text)
            if not _SCHEME.match(url):
                raise messages.no_url(number)
            yield name, url


def split_line(text: str) -> tuple[str, str]:
    """Return the name ("" for none) and the URL, or what stands for it, of one line."""
    named = _NAMED.fullmatch(text)
    if named is None or _SCHEME.match(text):
        return "", text
    return named["name"], named["url"]


def without_login(url: str) -> str:
    """Return a URL without driver, user, password and query: the place that it leads to."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return url
    kind = scheme[0].removesuffix("://").partition("+")[0]
    rest = url[scheme.end() :].partition("?")[0]
    return f"{kind}://{rest.rpartition('@')[2]}"


def listed(pairs: Sequence[tuple[str, str]]) -> tuple[ListedDatabase, ...]:
    """Return the databases of names and URLs in their order, each once and each with a name.

    LbackError for one name that stands for two URLs.
    """
    known: dict[str, str] = {}
    for name, url in pairs:
        if name and known.setdefault(name, url) != url:
            raise messages.two_urls(name)
    named = set(known.values())
    bare = dict.fromkeys(url for name, url in pairs if not name and url not in named)
    short = {url: _short_name(url) for url in bare}
    times = Counter([*known, *short.values()])
    names = {url: name if times[name] == 1 else without_login(url) for url, name in short.items()}
    twice = Counter(names.values())
    rows = dict.fromkeys((name or names[url], url) for name, url in pairs if name or url in names)
    for name, _ in rows:
        if twice[name] > 1:
            raise messages.two_urls(name)
    return tuple(ListedDatabase(name, url) for name, url in rows)


def in_schemas(
    bases: Sequence[ListedDatabase], schemas: Mapping[str, Sequence[str]]
) -> tuple[ListedDatabase, ...]:
    """Return a database for each schema of each base, by the base's name."""
    several = len(bases) > 1
    return tuple(
        replace(base, name=f"{base.name}.{schema}" if several else schema, schema=schema)
        for base in bases
        for schema in schemas.get(base.name, ())
    )


def with_arguments(database: ListedDatabase, given: DatabaseList) -> ListedDatabase:
    """Return a database with what env.py is told of it besides its URL."""
    values = {"name": database.name, "schema": database.schema, "url": database.url or ""}
    x = tuple(
        re.sub(r"\{(name|schema|url)\}", lambda found: values[found[1]], text) for text in given.x
    )
    return replace(database, x=x, variables=given.variables)


def chosen(databases: Sequence[ListedDatabase], name: str) -> ListedDatabase:
    """Return the database with a name; LbackError lists those that there are."""
    for database in databases:
        if database.name == name:
            return database
    raise messages.no_such(name, [database.name for database in databases])


def _short_name(url: str) -> str:
    place = without_login(url)
    last = re.split(r"[/\\]", place.partition("://")[2].rstrip("/"))[-1]
    if place.startswith("sqlite"):
        last = re.sub(r"(?<=.)\.(?:db3?|sqlite3?|s3db)$", "", last)
    return last or place
