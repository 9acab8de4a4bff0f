from __future__ import annotations

import pytest

from lback.core.preferences import LbackSettings, read_preferences
from lback.core.settings import Settings, read_settings
from lback.errors import UsageError

INI = "/repo/alembic.ini"
TOML = "/repo/pyproject.toml"


def test_the_usual_ini() -> None:
    text = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
path_separator = os
sqlalchemy.url = sqlite:///%%41.db
"""
    settings = read_settings(ini=(INI, text))
    assert settings.config_path == INI
    assert settings.script_location == "/repo/migrations"
    assert settings.folders == ("/repo/migrations/versions",)
    assert settings.prepend_sys_path == ("/repo",)
    assert settings.main_options["sqlalchemy.url"] == "sqlite:///%41.db"
    assert settings.lback == LbackSettings()


def test_an_option_that_nobody_needs_may_be_broken() -> None:
    settings = read_settings(ini=(INI, "[alembic]\nscript_location = m\nurl = p%40ss\n"))
    assert settings.main_options["url"] == "p%40ss"


def test_relative_paths_count_from_the_given_folder() -> None:
    settings = read_settings(ini=(INI, "[alembic]\nscript_location = db/../m\n"), cwd="/elsewhere")
    assert settings.script_location == "/elsewhere/m"


def test_a_package_stays_unresolved() -> None:
    settings = read_settings(ini=(INI, "[alembic]\nscript_location = app:migrations\n"))
    assert settings.script_location == "app:migrations"
    assert settings.folders == ("app:migrations/versions",)


def test_another_section() -> None:
    text = "[alembic]\nscript_location = one\n[other]\nscript_location = two\n"
    settings = read_settings(ini=(INI, text), section="other")
    assert (settings.section, settings.script_location) == ("other", "/repo/two")


def test_flask_migrate_keeps_the_ini_in_the_script_folder() -> None:
    settings = read_settings(ini=("/repo/migrations/alembic.ini", "[alembic]\n# template used\n"))
    assert settings.script_location == "/repo/migrations"


def test_a_folder_with_a_percent_sign() -> None:
    settings = read_settings(ini=("/50%/alembic.ini", "[alembic]\nscript_location = %(here)s/m\n"))
    assert settings.script_location == "/50%/m"


def test_pyproject_alone() -> None:
    text = """\
[tool.alembic]
script_location = "%(here)s/migrations"
version_locations = ["%(here)s/a", "b"]
recursive_version_locations = true
prepend_sys_path = ["src", "."]
file_template = "%%(year)d/%%(rev)s"
truncate_slug_length = 20
timezone = "UTC"
"""
    assert read_settings(pyproject=(TOML, text)) == Settings(
        config_path=TOML,
        script_location="/repo/migrations",
        version_locations=("/repo/a", "/repo/b"),
        recursive=True,
        prepend_sys_path=("/repo/src", "/repo"),
        file_template="%(year)d/%(rev)s",
        truncate_slug_length=20,
        timezone="UTC",
    )


def test_the_ini_wins_where_both_say_something() -> None:
    settings = read_settings(
        ini=(INI, "[alembic]\nscript_location = ini\nsqlalchemy.url = x\n"),
        pyproject=(TOML, '[tool.alembic]\nscript_location = "toml"\ntimezone = "UTC"\n'),
    )
    assert (settings.script_location, settings.timezone) == ("/repo/ini", "UTC")
    assert settings.main_options["sqlalchemy.url"] == "x"


def test_a_pyproject_beside_an_ini_without_a_location() -> None:
    settings = read_settings(
        ini=(INI, "[alembic]\nsqlalchemy.url = x\n"),
        pyproject=(TOML, '[tool.alembic]\nscript_location = "toml"\n'),
    )
    assert settings.script_location == "/repo/toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("script_location = x\n", f"{INI}:1: the file is not a valid ini: missing section header"),
        ("[alembic]\na = 1\na = 2\n", f"{INI}:3: the file is not a valid ini: duplicate option"),
        ("[alembic]\nscript_location\n", f"{INI}:2: the file is not a valid ini: parsing"),
        ("[other]\nx = 1\n", f"{INI} has no section [alembic]"),
        ("[alembic]\nscript_location = 5%\n", "`script_location` cannot be read"),
        (
            "[alembic]\nscript_location = m\nversion_locations = a b\npath_separator = tab\n",
            "`path_separator` cannot be `tab`",
        ),
        ("[alembic]\nscript_location = m\ntruncate_slug_length = x\n", "`truncate_slug_length`"),
    ],
)
def test_a_broken_ini_names_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(ini=(INI, text))
    assert words in caught.value.message
    assert INI in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.alembic]\nscript_location = \n", f"{TOML}:2: the file is not valid TOML"),
        ("[tool.alembic]\nscript_location = 3\n", "`script_location` has the wrong type"),
        ('[tool.alembic]\nscript_location = "%(there)s"\n', "`script_location` cannot be read"),
        (
            '[tool.alembic]\nscript_location = "m"\nversion_locations = "a"\n',
            "`version_locations` has the wrong type",
        ),
        (
            '[tool.alembic]\nscript_location = "m"\nsourceless = "true"\n',
            "`sourceless` has the wrong type",
        ),
        ("[tool]\nalembic = 1\n", "[tool.alembic] is not a table"),
        ("[tool.alembic]\n", "does not say where the migrations are"),
    ],
)
def test_a_broken_pyproject_names_its_place(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_settings(pyproject=(TOML, text))
    assert words in caught.value.message
    assert TOML in caught.value.message
    assert caught.value.hint


def test_a_pyproject_that_says_nothing_of_us_is_not_parsed() -> None:
    settings = read_settings(
        ini=(INI, "[alembic]\nscript_location = m\n"), pyproject=(TOML, "= broken\n")
    )
    assert settings.script_location == "/repo/m"


def test_own_settings_in_pyproject() -> None:
    text = """\
[tool.alembic]
script_location = "m"
[tool.lback]
upstream = "origin/release"
heads = ["expand", "contract"]
app = "shop:create_app"
on-fork = "rebase"
merge_commit = "amend"
models = ["shop/models/*.py"]
wrappers = { "helpers.add_index" = "create_index" }
ledger = false
scratch_url = "postgresql://u:secret@localhost/scratch"
ignore_folders = ["old"]
lock_timeout = 30
big_tables = ["orders"]
"""
    assert read_settings(pyproject=(TOML, text)).lback == LbackSettings(
        upstream="origin/release",
        heads=("expand", "contract"),
        app="shop:create_app",
        on_fork="rebase",
        merge_commit="amend",
        models=("shop/models/*.py",),
        wrappers={"helpers.add_index": "create_index"},
        ledger=False,
        scratch_url="postgresql://u:secret@localhost/scratch",
        ignore_folders=("old",),
        lock_timeout=30.0,
        big_tables=("orders",),
    )


def test_own_settings_in_an_ini() -> None:
    text = """\
[alembic]
script_location = m
[lback]
heads = expand, contract
models =
    a/*.py
    b/*.py
ledger = no
lock_timeout = 2.5
wrappers = add = add_column, drop = drop_column
"""
    assert read_settings(ini=(INI, text)).lback == LbackSettings(
        heads=("expand", "contract"),
        models=("a/*.py", "b/*.py"),
        ledger=False,
        lock_timeout=2.5,
        wrappers={"add": "add_column", "drop": "drop_column"},
    )


def test_own_settings_of_the_pyproject_win() -> None:
    settings = read_settings(
        ini=(INI, "[alembic]\nscript_location = m\n[lback]\napp = a:b\n"),
        pyproject=(TOML, '[tool.lback]\nupstream = "up"\n'),
    )
    assert settings.lback == LbackSettings(upstream="up")


def test_an_unknown_key_is_a_warning_with_the_nearest_name() -> None:
    settings = read_preferences({"onfork": "merge", "zzz": 1}, "p [tool.lback]")
    assert settings.warnings[0] == (
        "p [tool.lback]: `onfork` is not a setting; did you mean `on_fork`?"
    )
    assert "known are against, app," in settings.warnings[1]


@pytest.mark.parametrize(
    ("key", "value", "words", "allowed"),
    [
        ("on_fork", "join", "`on_fork` cannot be 'join'", '"merge", "rebase", "tell"'),
        ("merge_commit", [], "`merge_commit` cannot be []", '"stage", "commit", "amend"'),
        ("heads", "expand", "`heads` cannot be str", "a list of texts"),
        ("heads", [1], "`heads` cannot be list", "a list of texts"),
        ("ledger", "false", "`ledger` cannot be str", "true, false"),
        ("lock_timeout", True, "`lock_timeout` cannot be `True`", "a number of seconds"),
        ("postgresql", {"lock": 1}, "`postgresql` cannot be dict", "a table with lock_timeout"),
        ("postgresql", {"retries": 1.5}, "`postgresql`.retries cannot be `1.5`", "a whole number"),
        ("postgresql", {"retries": -1}, "`postgresql`.retries cannot be `-1`", "0 or more"),
        ("postgresql", {"lock_timeout": 1e9}, "`postgresql`.lock_timeout cannot be", "up to 2,000"),
        ("lock_timeout", -1, "`lock_timeout` cannot be `-1`", "a number of seconds"),
        ("lock_timeout", float("nan"), "`lock_timeout` cannot be `nan`", "a number of seconds"),
        ("upstream", "", "`upstream` cannot be str", "a text that is not empty"),
        ("wrappers", {"a": 1}, "`wrappers` cannot be dict", "a table of texts"),
    ],
)
def test_a_wrong_value_names_key_and_what_is_allowed(
    key: str, value: object, words: str, allowed: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_preferences({key: value}, "pyproject.toml [tool.lback]")
    assert "pyproject.toml [tool.lback]" in caught.value.message
    assert words in caught.value.message
    assert allowed in str(caught.value.hint)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        read_preferences({"scratch_url": ["postgresql://u:secret@h/d"]}, "p")
    assert "secret" not in f"{caught.value.message}{caught.value.hint}"


def test_a_wrong_word_in_an_ini() -> None:
    with pytest.raises(UsageError, match="`ledger` cannot be str"):
        read_settings(ini=(INI, "[alembic]\nscript_location = m\n[lback]\nledger = maybe\n"))


def test_no_configuration_at_all() -> None:
    with pytest.raises(UsageError, match="no Alembic configuration"):
        read_settings()
