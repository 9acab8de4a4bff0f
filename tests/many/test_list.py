"""Which databases are listed: URLs, names, a command, variables, schemas, parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.listed.databases import Shard, filled, listed, parse_lines, parse_shard
from lback.core.settings import read_settings
from lback.core.shell import given, place
from lback.errors import LbackError, UsageError
from tests.many.fleet import PLAIN, Fleet, fleet

pytestmark = pytest.mark.counted


def names(*pairs: tuple[str, str]) -> list[str]:
    return [database.name for database in listed(pairs)]


def test_a_database_without_a_name_is_called_by_its_url() -> None:
    assert names(
        ("", "sqlite:///data/acme.db"),
        ("", "postgresql+psycopg://u:p%40@h:5432/globex?sslmode=require"),
        ("", "mysql://h/initech"),
        ("umbrella", "sqlite:///u.sqlite3"),
    ) == ["acme", "globex", "initech", "umbrella"]


def test_names_that_would_be_one_are_told_apart() -> None:
    assert names(("", "postgresql://ada:pw@eu/shop"), ("", "postgresql://ada:pw@us/shop")) == [
        "postgresql://eu/shop",
        "postgresql://us/shop",
    ]
    assert names(("shop", "sqlite:///1.db"), ("", "sqlite:///x/shop.db")) == [
        "shop",
        "sqlite:///x/shop.db",
    ]


def test_what_is_listed_twice_is_one_database() -> None:
    url = "sqlite:///a.db"
    assert names(("", url), ("", url), ("a1", url), ("a1", url)) == ["a1"]
    with pytest.raises(LbackError, match="`a` to two different URLs"):
        names(("a", "sqlite:///1.db"), ("a", "sqlite:///2.db"))


def test_lines_of_a_command() -> None:
    text = "# tenants\n\nacme sqlite:///a.db\nglobex = sqlite:///g.db\nsqlite:///x y.db\n"
    assert list(parse_lines(text.splitlines())) == [
        ("acme", "sqlite:///a.db"),
        ("globex", "sqlite:///g.db"),
        ("", "sqlite:///x y.db"),
    ]
    for garbage in ("Traceback:", "acme", "acme = ", "acme password=sesame", "a b sqlite:///x"):
        with pytest.raises(LbackError, match="Line 2 of") as told:
            list(parse_lines(["sqlite:///a.db", garbage]))
        assert "sesame" not in told.value.message


def test_variables_in_a_url() -> None:
    known = {"USER": "ada", "P": "x$y"}
    assert filled("pg://$USER:${P}@h/$$d", known) == "pg://ada:x$y@h/$d"
    for text in ("$GONE", "${EMPTY}"):
        with pytest.raises(LbackError, match="which is not set"):
            filled(text, {"EMPTY": ""})


def test_a_part_holds_a_database_whichever_others_there_are() -> None:
    databases = listed([(f"tenant_{number}", f"sqlite:///{number}.db") for number in range(600)])
    parts = [Shard(number, 8) for number in range(1, 9)]
    held = [[one.name for one in databases if part.holds(one)] for part in parts]
    assert sorted(name for part in held for name in part) == sorted(one.name for one in databases)
    assert all(40 < len(part) < 120 for part in held)
    (alone,) = listed([("tenant_7", "postgresql://elsewhere/7")])
    assert [part.holds(alone) for part in parts] == ["tenant_7" in part for part in held]


@pytest.mark.parametrize(
    "text", ["0/0", "3/2", "0/4", "1", "1/", "/2", "-1/2", "1/2/3", "a/b", "²/3"]
)
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match=r"^$|unpack|invalid"):
        parse_shard(text)
    assert parse_shard("2/2") == Shard(2, 2)


def test_the_settings_in_both_files() -> None:
    toml = (
        '[tool.alembic]\nscript_location = "m"\n[tool.lback.databases]\nurls = ["$A", "b = $B"]\n'
        'command = ["python", "x.py"]\nschemas = "t_*"\nx = ["tenant={schema}"]\n'
        'variables = ["DB"]\nconnect_timeout = 5\n'
    )
    ini = (
        "[alembic]\nscript_location = m\n[lback.databases]\nurls =\n  $A\n  b = $B\n"
        "command = python x.py\nschemas = t_*\nx = tenant={schema}\nvariables = DB\n"
        "connect_timeout = 5\n"
    )
    one = read_settings(pyproject=("/p/pyproject.toml", toml)).lback.databases
    two = read_settings(ini=("/p/alembic.ini", ini)).lback.databases
    assert one is not None and two is not None
    assert two.command == "python x.py" and one.command == ("python", "x.py")
    assert one._replace(command="") == two._replace(command="")
    assert one.urls == (("", "$A"), ("b", "$B"))
    for wrong in ("urls = 3", "nonsense = 1", "command = 1", "connect_timeout = true"):
        text = f'[tool.alembic]\nscript_location = "m"\n[tool.lback.databases]\n{wrong}\n'
        with pytest.raises(UsageError, match="databases"):
            read_settings(pyproject=("/p/pyproject.toml", text))


@pytest.fixture
def three(tmp_path: Path) -> Fleet:
    return fleet(tmp_path)


def test_a_command_runs_without_a_shell(three: Fleet) -> None:
    three.write("urls.py", "import sys\nprint(sys.argv[1], 'sqlite:///x.db')\n")
    three.list('command = ["python3", "urls.py", "$(touch`hacked`)"]')
    assert three.states() == {"$(touch`hacked`)": "done"}
    assert not (three.folder / "hacked").exists()
    three.list("command = \"python3 -c 'print(1/0)'\"")
    said = three.lback("migrate", "--all", code=3).err
    assert "ended with status 1" in said
    three.list('command = "python3 -c pass"')
    assert "lists no database" in three.lback("migrate", "--all", code=3).err
    three.list('command = "nobody-has-this"')
    assert "cannot be started" in three.lback("migrate", "--all", code=3).err
    three.list('command = "python3 \'urls"')
    assert "cannot be read" in three.lback("migrate", "--all", code=2).err
    three.list('command = "python3 -c \'print(\\"oops pw=sesame\\")\'"')
    said = three.lback("migrate", "--all", code=3).said
    assert "Line 1 of" in said and "sesame" not in said


def test_the_command_runs_for_nothing_that_reads(three: Fleet) -> None:
    env = PLAIN.replace('url")', 'url") or "sqlite:///a.db"')
    three.write("migrations/env.py", env)
    three.list('command = ["python3", "-c", "open(\'ran\', \'w\')"]')
    for line in ("heads", "graph", "check", "history", "status", "migrate --plan", "heads --db a"):
        three.lback(*line.split())
    assert not (three.folder / "ran").exists()
    three.lback("status", "--db", "a")
    assert (three.folder / "ran").exists()


def test_nothing_listed(three: Fleet) -> None:
    three.write("pyproject.toml", '[tool.alembic]\nscript_location = "migrations"\n')
    said = three.lback("migrate", "--all", code=2).err
    assert "there is no [tool.lback.databases]" in said
    three.list('urls = { a = "$LBACK_TEST_GONE", b = "sqlite:///b.db" }')
    assert "LBACK_TEST_GONE" in three.lback("migrate", "--all", code=3).err
    three.lback("migrate", "--db", "b")  # whose URL is known
    assert three.tables("b.db") == ["t1", "t2"]
    three.list('urls = { a = "sqlite:///a.db", b = "sqlite:///b.db" }')
    said = three.lback("migrate", "--db", "z", code=2).err
    assert "lists no database `z`" in said and "`a`, `b`" in said


@pytest.mark.parametrize(
    "line", ["--all --shard 0/0", "--all --shard 3/2", "--all --jobs 0", "--jobs 2", "--shard 1/2",
             "--only-behind", "--json-lines", "--all --sql"],
)  # fmt: skip
def test_lines_that_mean_nothing(three: Fleet, line: str) -> None:
    three.lback("migrate", *line.split(), code=2)
    assert not list(three.folder.glob("*.db"))


def test_a_name_that_looks_like_an_option(tmp_path: Path) -> None:
    """It is given as one word with its option, and so is it in the commands that are advised."""
    made = fleet(tmp_path)
    made.list('[tool.lback.databases.urls]\n"--all" = "sqlite:///a.db"\n"-x" = "sqlite:///b.db"\n')
    assert made.lback("migrate", "--db=--all", "r1").code == 0
    said = made.lback("status", "--db=--all")
    assert "`lback --db=--all migrate`" in said.out
    made.lback("--db=--all", "migrate")
    assert made.tables("b.db") == []
    assert "is an option" in made.lback("migrate", "--db", "--all", code=2).err
    assert place((*given("--db", "-x"), *given("-n", "-x"), *given("--db", "a b"))) == (
        "--db=-x -n-x --db 'a b'"
    )
