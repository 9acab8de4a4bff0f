"""Where a project's migrations are and how they are to be read; text in, data out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import NamedTuple

from lback.core.configuration import Ini, Toml, parse_ini, parse_toml
from lback.core.preferences import LbackSettings, read_ini_preferences, read_preferences
from lback.core.shell import named
from lback.errors import NotConfigured, UsageError
from lback.secrets import KNOWN

DEFAULT_TEMPLATE = "%(rev)s_%(slug)s"
DEFAULT_SLUG_LENGTH = 40

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_COMMA = re.compile(r", *|(?: +)")
_COMMA_OR_COLON = re.compile(r", *|(?: +)|\:")


class Settings(NamedTuple):
    """A project's Alembic options as Alembic would take them, and lback's own.

    Paths are absolute, except `package:folder`, which only importing could resolve.
    `version_locations` is () for the `versions` folder of `script_location`.
    `config_path` is the ini where there is one, else the pyproject.toml.
    """

    config_path: str | None = None
    section: str = "alembic"
    script_location: str = ""
    version_locations: tuple[str, ...] = ()
    recursive: bool = False
    sourceless: bool = False
    file_template: str = DEFAULT_TEMPLATE
    output_encoding: str = "utf-8"
    prepend_sys_path: tuple[str, ...] = ()
    timezone: str | None = None
    truncate_slug_length: int = DEFAULT_SLUG_LENGTH
    main_options: Mapping[str, str] = MappingProxyType({})
    lback: LbackSettings = LbackSettings()

    @property
    def folders(self) -> tuple[str, ...]:
        """Return where revisions lie: paths, or `package:folder` as it was written."""
        if self.version_locations:
            return self.version_locations
        if is_resource(self.script_location):
            return (f"{self.script_location}/versions",)
        return (str(PurePath(self.script_location, "versions")),)


def is_resource(location: str) -> bool:
    """Tell whether a location is `package:folder`, by Alembic's rule."""
    return ":" in location and not PurePath(location).is_absolute()


def read_settings(
    *,
    ini: tuple[str, str] | None = None,
    pyproject: tuple[str, str] | None = None,
    section: str = "alembic",
    cwd: str | None = None,
) -> Settings:
    """Read a project's settings from the (absolute path, text) of its one or two files.

    As in Alembic, an option of the ini wins over the one of [tool.alembic], and
    relative paths count from `cwd` (default: the folder of the file). Raises
    UsageError that names file, key and what is allowed.
    """
    given = ini or pyproject
    if given is None:
        raise UsageError("There is no Alembic configuration.", "start one with `lback init`")
    for _, text in filter(None, (ini, pyproject)):
        KNOWN.learn_file(text)
    options = _Options(
        parse_ini(ini[1], ini[0], section) if ini else None,
        parse_toml(pyproject[1], pyproject[0]) if pyproject else None,
        cwd or str(PurePath(given[0]).parent),
    )
    return Settings(
        config_path=given[0],
        section=section,
        script_location=options.script_location(),
        version_locations=options.locations(),
        recursive=options.flag("recursive_version_locations"),
        sourceless=options.flag("sourceless"),
        file_template=options.text("file_template") or DEFAULT_TEMPLATE,
        output_encoding=options.text("output_encoding") or "utf-8",
        prepend_sys_path=options.sys_path(),
        timezone=options.text("timezone"),
        truncate_slug_length=options.slug_length(),
        main_options=MappingProxyType(options.main()),
        lback=options.preferences(),
    )


def read_own(
    ini: tuple[str, str] | None, pyproject: tuple[str, str] | None, section: str = "alembic"
) -> LbackSettings:
    """Read lback's own settings alone, wherever they say the migrations are."""
    parsed = parse_ini(ini[1], ini[0], section) if ini else None
    toml = parse_toml(pyproject[1], pyproject[0]) if pyproject else None
    return _Options(parsed, toml, "").preferences()


class _Options(NamedTuple):
    """Alembic's look-up: first the section of the ini, then [tool.alembic]."""

    ini: Ini | None
    toml: Toml | None
    cwd: str

    def text(self, name: str) -> str | None:
        value = self.ini.get(name) if self.ini else None
        if value is None and self.toml:
            value = self.toml.get(name, str, "a text")
        return value

    def flag(self, name: str) -> bool:
        value = self.ini.get(name) if self.ini else None
        if value is not None:
            return value == "true"  # Alembic takes no other word
        return bool(self.toml.get(name, bool, "true, false")) if self.toml else False

    def slug_length(self) -> int:
        length: str | int | None = self.ini.get("truncate_slug_length") if self.ini else None
        if length is None and self.toml:
            length = self.toml.get("truncate_slug_length", int, "a whole number")
        try:
            return int(length or 0) or DEFAULT_SLUG_LENGTH
        except ValueError:
            raise self._wrong("truncate_slug_length", str(length), "a whole number") from None

    def script_location(self) -> str:
        location = self.text("script_location")
        if location:
            return self._absolute(location)
        if self.ini and self.ini.parser.has_section(self.ini.section):
            # Flask-Migrate keeps alembic.ini inside the script folder and does not say so.
            return str(PurePath(self.ini.path).parent)
        if self.ini and not self.toml:
            about_logs = {"loggers", "handlers", "formatters"}
            every = self.ini.parser.sections()
            sections = [name for name in every if "_" not in name and name not in about_logs]
            raise NotConfigured(
                f"{self.ini.path} has no section [{self.ini.section}].",
                f"it has {', '.join(sections) or 'none'}; choose one with `--name`",
            )
        where = self.toml.path if self.toml else ""
        raise UsageError(
            f"{where} does not say where the migrations are.",
            'add script_location = "migrations" to [tool.alembic]',
        )

    def locations(self) -> tuple[str, ...]:
        return self._paths("version_locations", _COMMA, "path_separator", "version_path_separator")

    def sys_path(self) -> tuple[str, ...]:
        return self._paths("prepend_sys_path", _COMMA_OR_COLON, "path_separator")

    def _paths(self, name: str, legacy: re.Pattern[str], *separators: str) -> tuple[str, ...]:
        value = self.ini.get(name) if self.ini else None
        entries: Sequence[str]
        if value:
            separator = self._separator(separators)
            entries = value.split(separator) if separator else legacy.split(value)
        else:
            entries = (self.toml.get(name, list, "a list of texts") if self.toml else None) or ()
        stripped = [entry.strip() for entry in entries]
        return tuple(self._absolute(entry) for entry in stripped if entry)

    def _separator(self, names: Sequence[str]) -> str | None:
        for name in names:
            value = self.ini.get(name) if self.ini else None
            if value is not None:
                if value not in _SEPARATORS:
                    raise self._wrong(name, value, ", ".join(_SEPARATORS))
                return _SEPARATORS[value]
        return None

    def _absolute(self, location: str) -> str:
        if "\0" in location:
            where = (self.ini or self.toml).path  # type: ignore[union-attr]
            raise UsageError(f"{where}: a path has a NUL character in it.", "write it without")
        if is_resource(location):
            return location
        return os.path.normpath(PurePath(self.cwd, location))

    def _wrong(self, name: str, value: str, allowed: str) -> UsageError:
        place = f"{self.ini.path} [{self.ini.section}]" if self.ini else "[tool.alembic]"
        return UsageError(
            f"{place}: {named(name)} cannot be {named(value)}.", f"allowed: {allowed}"
        )

    def main(self) -> dict[str, str]:
        return self.ini.options if self.ini else {}

    def preferences(self) -> LbackSettings:
        if self.toml and self.toml.lback is not None:
            return read_preferences(self.toml.lback, f"{self.toml.path} [tool.lback]")
        own, databases = self._own("lback"), self._own("lback", "databases")
        if self.ini and (own or databases):
            return read_ini_preferences(own, f"{self.ini.path} [lback]", databases)
        return LbackSettings()

    def _own(self, *names: str) -> dict[str, str]:
        """Return what a section of the ini says itself."""
        if self.ini is None:
            return {}
        options = self.ini.section_options(".".join(names))
        defaults = self.ini.parser.defaults()
        return {name: value for name, value in options.items() if name not in defaults}
