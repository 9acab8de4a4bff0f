"""The two files Alembic is configured by, as the options they give: ini and pyproject.toml."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from configparser import MAX_INTERPOLATION_DEPTH, ConfigParser
from configparser import Error as ConfigParserError
from pathlib import PurePath
from typing import Any, NamedTuple

from lback.core.shell import named
from lback.errors import UsageError

# All that may be said with a percent sign in TOML; a width, `%(here)9000000000s`, is none of it.
_SUBSTITUTED = re.compile(r"%(?:%|(\(here\)s))")
_REFERENCE = re.compile(r"%\(([^)]+)\)s")
# References of references of references: no path and no URL is as long as this.
_LONGEST = 100_000


class Ini(NamedTuple):
    """An ini file as Alembic's ConfigParser sees it; `path` is absolute."""

    path: str
    section: str
    parser: ConfigParser

    @property
    def options(self) -> dict[str, str]:
        """Return every option of the section; one that cannot be interpolated stays raw."""
        return self.section_options(self.section)

    def section_options(self, section: str) -> dict[str, str]:
        """Return the options of any section, defaults included; {} when it is missing."""
        if not self.parser.has_section(section):
            return {}
        options: dict[str, str] = {}
        for name in self.parser.options(section):
            try:
                options[name] = self.parser.get(section, name)
            except ConfigParserError:
                options[name] = self.parser.get(section, name, raw=True)
        return options

    def get(self, name: str) -> str | None:
        """Return one option, None when absent; UsageError when it cannot be interpolated."""
        if not self.parser.has_option(self.section, name):
            return None
        try:
            return self.parser.get(self.section, name)
        except ConfigParserError:
            # The parser's own words quote the value from the percent sign on.
            raise UsageError(
                f"{self.path} [{self.section}]: {named(name)} cannot be read: a % begins nothing.",
                "write a plain percent sign as %%",
            ) from None


class Toml(NamedTuple):
    """[tool.alembic] of a pyproject.toml with its substitutions made; `path` is absolute."""

    path: str
    alembic: Mapping[str, Any]
    lback: Mapping[str, Any] | None

    def get(self, name: str, kind: type, allowed: str) -> Any:
        """Return one option of a type, None when absent; UsageError when it has another."""
        value = self.alembic.get(name)
        if value is None:
            return None
        right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not right or (kind is list and not all(isinstance(option, str) for option in value)):
            raise UsageError(
                f"{self.path} [tool.alembic]: {named(name)} has the wrong type.",
                f"allowed: {allowed}",
            )
        here = PurePath(self.path).parent.as_posix()
        texts = value if kind is list else [value] if kind is str else []
        if any("%" in _SUBSTITUTED.sub("", text) for text in texts):
            raise UsageError(
                f"{self.path} [tool.alembic]: {named(name)} cannot be read: a % begins nothing.",
                "write a plain percent sign as %%",
            )
        filled = [_SUBSTITUTED.sub(lambda match: here if match[1] else "%", text) for text in texts]
        return filled if kind is list else filled[0] if kind is str else value


def parse_ini(text: str, path: str, section: str) -> Ini:
    """Read an ini as Alembic does, `%(here)s` included; UsageError names file and line."""
    # A percent sign in the folder's own name is no interpolation.
    here = PurePath(path).parent.as_posix().replace("%", "%%")
    parser = ConfigParser({"here": here})
    try:
        parser.read_string(text.removeprefix("\ufeff"), source=path)
    except ConfigParserError as err:
        line = getattr(err, "lineno", None)
        if line is None and getattr(err, "errors", None):
            line = err.errors[0][0]  # type: ignore[attr-defined]
        where = f"{path}:{line}" if line else path
        reason = type(err).__name__.removesuffix("Error")
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reason).lower()
        raise UsageError(
            f"{where}: the file is not a valid ini: {words}.", "correct that line"
        ) from None
    for name in parser.sections():
        _refuse_growth(parser, path, name)
    return Ini(path, section, parser)


def _refuse_growth(parser: ConfigParser, path: str, section: str) -> None:
    """Raise UsageError for an option that references would make longer than any text is."""
    raw = {
        option: parser.get(section, option, raw=True) or "" for option in parser.options(section)
    }
    sizes: dict[tuple[str, int], int] = {}

    def size(name: str, depth: int) -> int:
        # ConfigParser gives up at its own limit of depth.
        if depth > MAX_INTERPOLATION_DEPTH or name not in raw:
            return 0
        if (name, depth) not in sizes:
            sizes[name, depth] = 0
            inner = (parser.optionxform(value) for value in _REFERENCE.findall(raw[name]))
            sizes[name, depth] = len(raw[name]) + sum(size(text, depth + 1) for text in inner)
        return sizes[name, depth]

    for name in raw:
        if size(name, 1) > _LONGEST:
            raise UsageError(
                f"{path} [{section}]: {named(name)} is too long.", "write it with fewer references"
            )


def parse_toml(text: str, path: str) -> Toml:
    """Read a pyproject.toml; UsageError names file and line of a syntax error."""
    data = _loads(text, path)
    tool = data.get("tool", {})
    tables: dict[str, Mapping[str, Any] | None] = {}
    for name in ("alembic", "lback"):
        table = tool.get(name) if isinstance(tool, dict) else None
        if table is not None and not isinstance(table, dict):
            raise UsageError(f"{path}: [tool.{name}] is not a table.", f"write [tool.{name}]")
        tables[name] = table
    return Toml(path, tables["alembic"] or {}, tables["lback"])


def _loads(text: str, path: str) -> dict[str, Any]:
    # Most projects that are configured by an ini have a pyproject.toml that says nothing.
    if "alembic" not in text and "lback" not in text:
        return {}
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise UsageError(f"{path}: the file is nested too deeply.", "write it flatter") from None
    except (ValueError, OverflowError) as err:
        line = re.search(r"line (\d+)", str(err))
        at_end = text.count("\n") + 1
        where = f"{path}:{line.group(1) if line else at_end}"
        raise UsageError(
            f"{where}: the file is not valid TOML: {err}.", "correct that line"
        ) from None
