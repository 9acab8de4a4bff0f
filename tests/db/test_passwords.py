"""Whatever breaks and however it is told, no password is told with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from lback.secrets import MASK, Secrets, redact
from tests.cli.inside import lback
from tests.db.projects import MakeProject, Project
from tests.rounds import long

# Parts of them are told apart: each of these must not be found in anything.
PASSWORDS = {
    "plain": ("hunter2seven", ("hunter2seven",)),
    "escaped": ("Abc%40hunter2seven", ("hunter2seven",)),
    "at": ("p4rt0ne@p4rttwo", ("p4rt0ne", "p4rttwo")),
    "slash": ("p4rt0ne/p4rttwo", ("p4rt0ne", "p4rttwo")),
    "hash": ("p4rt0ne#p4rttwo?p4rtthree", ("p4rt0ne", "p4rttwo", "p4rtthree")),
    "colon": ("p4rt0ne:p4rttwo", ("p4rt0ne", "p4rttwo")),
    "quote": ("p4rt0ne'p4rttwo", ("p4rt0ne", "p4rttwo")),
}
_HEAD = "from alembic import context\nfrom sqlalchemy import create_engine, pool\nimport os\n"
_RUN = (
    "with create_engine(URL, poolclass=pool.NullPool).connect() as connection:\n"
    "    context.configure(connection=connection)\n"
    "    with context.begin_transaction():\n"
    "        context.run_migrations()\n"
)
ENVS = {
    "ini": 'URL = context.config.get_main_option("sqlalchemy.url")\n' + _RUN,
    "code": "URL = {url!r}\n" + _RUN,
    "variable": "URL = os.environ['DATABASE_URL']\n" + _RUN,
    "setter": "context.config.set_main_option('sqlalchemy.url', {url!r})\n",
    "raised": "raise ValueError({{'user': 'svc', 'password': {plain!r}}})\n",
    "json": "import json\nraise RuntimeError(json.dumps({{'password': {plain!r}}}))\n",
    "dsn": "raise OSError('connection to \"host=db password=' + {dsn!r} + ' user=svc\" failed')\n",
    "lines": "raise RuntimeError('cannot connect:\\n  ' + {url!r} + '\\nbye')\n",
    "query": "raise RuntimeError('postgresql://db/none?user=svc&password=' + {quoted!r})\n",
    "positional": "def connect(user, password):\n    raise ValueError((user, password))\n"
                  "connect('svc', {plain!r})\n",
    "syntax": "URL = {url!r} oops\n",
    "exit": "raise SystemExit('no ' + {url!r})\n",
    "chained": "try:\n    raise KeyError({url!r})\nexcept KeyError as err:\n"
               "    raise RuntimeError('PGPASSWORD=' + {dsn!r}) from err\n",
}  # fmt: skip
COMMANDS = (
    ("status",), ("doctor",), ("migrate",), ("makemigrations", "x"), ("migrate", "--sql"),
    ("alembic", "current"),
)  # fmt: skip


def broken(make_project: MakeProject, env: str, password: str) -> Project:
    url = f"postgresql+psycopg://svc:{password}@127.0.0.1:1/none"
    plain = password.replace("%40", "@")
    dsn = "'" + plain.replace("'", "\\'") + "'"
    project = make_project()
    project.ini(f"sqlalchemy.url = {url}\n")
    text = ENVS[env].format(url=url, plain=plain, dsn=dsn, quoted=quote(plain, safe=""))
    project.write("migrations/env.py", _HEAD + text)
    project.add("a1")
    os.environ["DATABASE_URL"] = url if env == "variable" else ""
    return project


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProject:
    monkeypatch.setenv("DATABASE_URL", "")
    subprocess.run(("git", "init", "-q", str(tmp_path / "project")), check=True)
    return lambda env="", **_: Project(tmp_path / "project", env)


# Every way to break with every second password and the escaped one; all of them in the long form.
BROKEN = [
    (env, kind) if kind == "escaped" or (first + second) % 2 == 0 else long((env, kind))
    for first, env in enumerate(ENVS)
    for second, kind in enumerate(PASSWORDS)
]


@pytest.mark.untraced
@pytest.mark.parametrize(("env", "kind"), BROKEN)
def test_no_command_tells_a_password(make_project: MakeProject, env: str, kind: str) -> None:
    password, parts = PASSWORDS[kind]
    project = broken(make_project, env, password)
    for command in COMMANDS if kind == "escaped" else COMMANDS[2:3]:
        # What is said without options is said with --verbose as well.
        for more in (("--json",), ("--debug", "--verbose")) + ((),) * (kind == "escaped"):
            done = lback(project.root, *command, *more)
            if command[0] == "migrate":
                assert done.code == 3, done.said
            shown = done.said.replace(str(project.root), "")
            for part in parts:
                assert part not in shown, shown
    kept = b"".join(one.read_bytes() for one in (project.root / ".git").rglob("*") if one.is_file())
    assert not any(part.encode() in kept for part in parts)


@pytest.mark.parametrize("env", ["ini", "setter"])
def test_an_escaped_letter_in_the_ini_is_explained(make_project: MakeProject, env: str) -> None:
    project = broken(make_project, env, "Abc%40hunter2seven")
    done = lback(project.root, "migrate")
    assert "%%" in done.err and "a % that begins nothing" in done.err


def test_arguments_of_the_command_line(make_project: MakeProject) -> None:
    project = make_project()
    project.write(
        "migrations/env.py",
        _HEAD + "raise RuntimeError(context.get_x_argument(as_dictionary=True))\n",
    )
    done = lback(project.root, "migrate", "-x", "url=postgresql://u:hunter2seven@h/x",
                 "-x", "password=other3word")  # fmt: skip
    assert done.code == 3
    assert "hunter2seven" not in done.said and "other3word" not in done.said


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("https://user:token99@host/x.git", "token99", "host/x.git"),
        ("https://ghp_0123456789abcdef@github.com/x", "ghp_", "github.com/x"),
        ("redis://:pw99@h", "pw99", "@h"),
        ("postgresql://u:pa ss@host/db", "pa ss", "host/db"),
        ("'postgresql://u:it's@host/db' x", "it's", "host/db"),
        ("host=h password='a b' user=u", "a b", "user=u"),
        ("Server=x;Pwd={a;b};Uid=u", "a;b", "Uid=u"),
        ("?user=x&password=abc&sslmode=require", "abc", "sslmode=require"),
        ('{\\"password\\": \\"a b\\"}', "a b", ""),
        ("{'password': b'xyz', 'a': 1}", "xyz", "'a': 1"),
        ("{'password': 'it\\'s', 'a': 1}", "it", "'a': 1"),
        ("PGPASSWORD=abc psql", "abc", "psql"),
        ("CREATE ROLE x PASSWORD 'abc' LOGIN", "abc", "LOGIN"),
        ("CREATE USER x IDENTIFIED BY 'abc'", "abc", "CREATE USER x"),
        ("ALTER USER x IDENTIFIED WITH caching_sha2 BY 'abc'", "abc", "caching_sha2"),
        ("SET PASSWORD FOR x = PASSWORD('abc')", "abc", "SET PASSWORD FOR x"),
        ("?odbc_connect=UID%3Dme%3BPWD%3Dabc%3B", "abc", "UID%3Dme"),
        ("DB_PASS=abc in .env", "abc", "in .env"),
        ("SECRET_KEY = 'abc'", "abc", "SECRET_KEY"),
        ("postgresql://svc:hunt", "hunt", "svc"),
    ],
)
def test_where_passwords_stand(text: str, hidden: str, kept: str) -> None:
    masked = redact(text)
    assert hidden not in masked and kept in masked and MASK in masked


@pytest.mark.parametrize(
    "text",
    [
        "UNIQUE constraint failed: users.password", "no password supplied", "password = None",
        "compass = 1", "pass: 3",
        "http://localhost:8000/x", "postgresql://h1:5432,h2/db", "ada@example.com", "sqlite:///a:b",
        "denied for 'u'@'h' (using password: YES)",
        "Can't locate revision identified by 'zz'", "unexpected token: INDENT", "key: value",
    ],
)  # fmt: skip
def test_what_is_no_password_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("users.password: make it longer", "users.password: make it longer"),
        ("UPDATE users SET password = :new", "UPDATE users SET password = :new"),
        ("ada@127.0.0.1", "ada@127.0.0.1"),
        ("postgresql://db/x?user=a&password=b", "postgresql://db/x?user=a&password=***"),
        ("postgresql://u:hunter2seven@db/x", "postgresql://u:***@db/x"),
        ("so hunter2seven it is", "so *** it is"),
    ],
)
def test_a_result_keeps_its_words(text: str, shown: str) -> None:
    known = Secrets()
    known.learn_url("postgresql://u:hunter2seven@127.0.0.1/x")
    assert known.redact(text, words=False) == shown


@pytest.mark.parametrize(
    "dsn",
    [
        "host=127.0.0.1 port=1 password=first p4rt0ne", "host=127.0.0.1 password=a P4rt0ne=b",
        "postgresql://u:p4rt0ne%zz@127.0.0.1:1/x", "postgresql://u:a@p4rt0ne@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?password=a&p4rt0ne", "postgresql://u:a @ p4rt0ne@127.0.0.1:1/x",
    ],
)  # fmt: skip
def test_a_driver_that_cannot_take_a_string_apart(dsn: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with pytest.raises(psycopg.Error) as caught:
        psycopg.connect(dsn)
    shown = dsn if "://" in dsn else "x"
    said = Secrets().redact(f"The database {shown} is not there: {caught.value}")
    assert "p4rt0ne" not in said.lower() and MASK in said
    assert Secrets().redact('invalid connection option "pasword"').endswith('"pasword"')


def test_a_name_that_is_no_secret_stays() -> None:
    known = Secrets()
    known.learn_url("postgresql://postgres:postgres@localhost/app")
    assert known.redact('password authentication failed for user "postgres"').endswith('"postgres"')
    known.learn_url("postgresql://app:secret@localhost/app")
    assert known.redact("table secret", words=False) == "table secret"
    assert known.redact("what is secret?") == "what is ***?"


@pytest.mark.parametrize(
    "part",
    ["a", "://", "password='", "password= ", "\\", "@127.0.0.1", "x://u:p ", "password\\", "{pwd="],
)
def test_a_huge_text_takes_no_longer_than_it_is(part: str) -> None:
    """Half a million characters: what looked at the rest for each would not come back."""
    known = Secrets()
    known.learn_url("postgresql://u:hunter2seven@127.0.0.1/x")
    assert known.redact(part * (500_000 // len(part)))


LISTS = {
    "on a line": 'urls = ["{}", "{}"]',
    "a line each": 'urls = [\n    "{}",\n    "{}",\n]',
    "in a variable": "{},{}",
    "with spaces": "URLS = {} {}",
}


@pytest.mark.parametrize("shape", LISTS.values(), ids=LISTS)
def test_of_a_list_of_urls_the_passwords_are_hidden_and_the_names_are_not(shape: str) -> None:
    first = "postgresql+psycopg://svc:p4rt0ne%40x=y7@db1.example.org/tenant_01"
    second = "mysql+pymysql://svc:p4rttwo9@db2.example.org/tenant_02"
    known = Secrets()
    known.learn_file(f"urls={text}" if "=" not in (text := shape.format(first, second)) else text)
    said = "mysql+pymysql on db1.example.org and db2.example.org: tenant_01, tenant_02"
    assert known.redact(said) == said
    assert known.redact("no p4rttwo9 and no p4rt0ne@x=y7") == f"no {MASK} and no {MASK}"
