"""Settings of many configurations, compared with what Alembic makes of the same files."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from lback.core.settings import Settings, read_settings

ALEMBIC = "[alembic]\nscript_location = m\n"
TOML = '[tool.alembic]\nscript_location = "m"\n'

pytestmark = pytest.mark.skipif(
    not hasattr(Config, "get_alembic_option"),
    reason="Alembic before 1.16 knows neither pyproject.toml nor path_separator",
)

CASES: dict[str, tuple[str | None, str | None]] = {
    "plain": (ALEMBIC, None),
    "here": ("[alembic]\nscript_location = %(here)s/m\n", None),
    "case": ("[alembic]\nScript_Location: m\n", None),
    "default section": ("[DEFAULT]\nroot = m\n[alembic]\nscript_location = %(root)s\n", None),
    "legacy list": (ALEMBIC + "version_locations = %(here)s/a, b  c\n", None),
    "os": (ALEMBIC + "version_locations = a:%(here)s/b\npath_separator = os\n", None),
    "old os": (ALEMBIC + "version_locations = a:b\nversion_path_separator = os\n", None),
    "colon": (ALEMBIC + "version_locations = a : b:\npath_separator = :\n", None),
    "semicolon": (ALEMBIC + "version_locations = a; b\npath_separator = ;\n", None),
    "space": (ALEMBIC + "version_locations = a  b\npath_separator = space\n", None),
    "newline": (ALEMBIC + "version_locations =\n  a\n  b\npath_separator = newline\n", None),
    "both separators": (
        ALEMBIC + "version_locations = a b:c\npath_separator = :\nversion_path_separator = space\n",
        None,
    ),
    "recursive": (ALEMBIC + "recursive_version_locations = true\n", None),
    "not recursive": (ALEMBIC + "recursive_version_locations = True\n", None),
    "sourceless": (ALEMBIC + "sourceless = true\n", None),
    "template": (ALEMBIC + "file_template = %%(year)d/%%(rev)s_%%(slug)s\n", None),
    "slug": (ALEMBIC + "truncate_slug_length = 12\noutput_encoding = latin-1\n", None),
    "timezone": (ALEMBIC + "timezone = Europe/Zurich\n", None),
    "legacy sys path": (ALEMBIC + "prepend_sys_path = . src:lib, more\n", None),
    "sys path": (ALEMBIC + "prepend_sys_path = .:src\npath_separator = os\n", None),
    "comments": ("# top\n[alembic]\n; no\nscript_location = m\n# timezone = UTC\n", None),
    "empty values": (ALEMBIC + "version_locations =\nprepend_sys_path =\n", None),
    "toml": (None, TOML),
    "toml here": (None, '[tool.alembic]\nscript_location = "%(here)s/m"\n'),
    "toml lists": (
        None,
        TOML + 'version_locations = ["%(here)s/a", "b"]\nprepend_sys_path = ["src", "."]\n',
    ),
    "toml flags": (None, TOML + "recursive_version_locations = true\nsourceless = true\n"),
    "toml texts": (
        None,
        TOML + 'file_template = "%%(rev)s"\ntimezone = "UTC"\ntruncate_slug_length = 9\n',
    ),
    "both": (ALEMBIC + "timezone = UTC\n", TOML + 'timezone = "Asia/Tokyo"\nsourceless = true\n'),
    "ini without location": ("[alembic]\nsqlalchemy.url = sqlite://\n", TOML),
    "ini lists win": (
        "[alembic]\nversion_locations = a\npath_separator = os\n",
        TOML + 'version_locations = ["b"]\n',
    ),
    "ini false wins": (
        "[alembic]\nrecursive_version_locations = false\n",
        TOML + "recursive_version_locations = true\n",
    ),
}


@pytest.fixture(autouse=True)
def _same_sys_path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.mark.parametrize("case", CASES)
def test_same_as_alembic(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ini, toml = CASES[case]
    (tmp_path / "m").mkdir()
    monkeypatch.chdir(tmp_path)
    if ini is not None:
        Path("alembic.ini").write_text(ini)
    if toml is not None:
        Path("pyproject.toml").write_text(toml)
    settings = read_settings(
        ini=None if ini is None else (str(tmp_path / "alembic.ini"), ini),
        pyproject=None if toml is None else (str(tmp_path / "pyproject.toml"), toml),
        cwd=str(tmp_path),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        config = Config(
            file_="alembic.ini" if ini is not None else None,
            toml_file="pyproject.toml" if toml is not None else None,
        )
        sys_path = config.get_prepend_sys_paths_list() or []
        script = ScriptDirectory.from_config(config)
        assert facts(settings) == expected(script, sys_path, tmp_path)


def facts(settings: Settings) -> dict[str, object]:
    return {
        "folders": list(settings.folders),
        "script": settings.script_location,
        "recursive": settings.recursive,
        "sourceless": settings.sourceless,
        "template": settings.file_template,
        "slug": settings.truncate_slug_length,
        "encoding": settings.output_encoding,
        "timezone": settings.timezone,
        "sys_path": list(settings.prepend_sys_path),
    }


def expected(script: ScriptDirectory, sys_path: list[str], folder: Path) -> dict[str, object]:
    return {
        "folders": [str(path) for path in script._version_locations],
        "script": str(Path(script.dir).absolute()),
        "recursive": script.recursive_version_locations,
        "sourceless": script.sourceless,
        "template": script.file_template,
        "slug": script.truncate_slug_length,
        "encoding": script.output_encoding,
        "timezone": script.timezone,
        "sys_path": [str(folder / entry) for entry in sys_path],
    }
