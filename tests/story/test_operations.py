"""docs/operations.md is true: its commands run, its files parse, its messages are said."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.engine import make_url

from lback.core.settings import read_settings
from tests.servers import fresh_database
from tests.worlds.databases import query, stamp
from tests.worlds.processes import programs, python

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCES = _FENCE.findall(PAGE)
REVISION = '''
"""{name}"""
import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {parent!r}
branch_labels = {labels!r}


def upgrade():
    {upgrade}


def downgrade():
    op.drop_table("{name}")
'''


def texts(language: str) -> list[str]:
    return [text for name, text in FENCES if name == language]


def documents() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in texts("yaml")]


class Shop:
    """A project as it lies in an image: no git, and the database by DATABASE_URL."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.env = {**os.environ, "DATABASE_URL": url}
        self.env["PATH"] = f"{programs(os.environ)}{os.pathsep}{os.environ['PATH']}"
        folder.mkdir()
        assert self.lback("init", "-q").returncode == 0
        (folder / "models.py").write_text(
            "from sqlalchemy.orm import DeclarativeBase\n\n\nclass Base(DeclarativeBase): ...\n"
        )

    def add(self, name: str, parent: str | None = None, upgrade: str = "", *labels: str) -> Path:
        upgrade = upgrade or f"op.create_table('{name}', sa.Column('id', sa.Integer))"
        path = self.folder / "migrations" / "versions" / f"{name}.py"
        text = REVISION.format(name=name, parent=parent, labels=labels or None, upgrade=upgrade)
        path.write_text(text)
        return path

    def lback(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return python(["-m", "lback", *arguments], self.folder, self.env, joined=True)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as a container does."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "shop", f"sqlite:///{tmp_path / 'shop.db'}")
    made.add("a1")
    made.add("b2", "a1")
    return made


@pytest.fixture
def postgres_shop(tmp_path: Path) -> Iterator[Shop]:
    with fresh_database("postgresql", tmp_path) as url:
        made = Shop(tmp_path / "shop", url)
        made.add("a1")
        yield made


def commands() -> list[list[str]]:
    """Return what the containers of the page run."""
    job, deployment, procfile, compose, _ = documents()
    pods = [document["spec"]["template"]["spec"] for document in (job, deployment)]
    return [
        pods[0]["containers"][0]["command"],
        pods[1]["initContainers"][0]["command"],
        shlex.split(procfile["release"]),
        compose["services"]["migrate"]["command"],
    ]


@pytest.mark.parametrize("number", range(4), ids=["job", "init", "release", "compose"])
def test_containers_that_start_together(shop: Shop, number: int) -> None:
    command = commands()[number]
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _: shop.run(command), range(3)))
    assert [one.returncode for one in ended] == [0, 0, 0], [one.stdout for one in ended]
    assert sum("applied 2 revisions" in one.stdout for one in ended) == 1
    assert stamp(shop.env["DATABASE_URL"]) == ["b2"]


def test_manifests_are_what_the_orchestrators_know() -> None:
    job, deployment, procfile, compose, indexed = documents()
    assert (indexed["kind"], indexed["spec"]["completionMode"]) == ("Job", "Indexed")
    assert (job["kind"], deployment["kind"]) == ("Job", "Deployment")
    pod = job["spec"]["template"]["spec"]
    command = pod["containers"][0]["command"]
    waits = int(command[command.index("--lock-timeout") + 1])
    assert job["spec"]["activeDeadlineSeconds"] > waits
    assert pod["restartPolicy"] in ("Never", "OnFailure")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert set(procfile) == {"release", "web"}
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_an_indexed_job_migrates_each_database_once(shop: Shop) -> None:
    (shop.folder / "pyproject.toml").write_text(texts("toml")[0])
    spec = documents()[-1]["spec"]
    (command,) = (one["command"] for one in spec["template"]["spec"]["containers"])
    urls = {f"{name}_URL": f"sqlite:///{name}.db" for name in ("NORTH", "SOUTH", "WEST")}
    shop.env.update(urls)
    del shop.env["DATABASE_URL"]

    def pod(number: int) -> subprocess.CompletedProcess[str]:
        shop.env["JOB_COMPLETION_INDEX"] = str(number)
        return shop.run(command)

    ended = [pod(number) for number in range(spec["completions"])]
    assert [one.returncode for one in ended] == [0] * spec["completions"], ended
    for url in urls.values():
        place = shop.folder / url.removeprefix("sqlite:///")
        assert stamp(f"sqlite:///{place}") == ["b2"]


def test_an_older_image_starts_on_a_newer_database(shop: Shop) -> None:
    _, init, *others = commands()
    assert shop.run(init).returncode == 0
    (shop.folder / "migrations" / "versions" / "b2.py").unlink()
    assert shop.run(init).returncode == 0
    refused = shop.run(others[0])
    assert refused.returncode == 3
    assert "is stamped with b2" in refused.stdout
    shop.env["DATABASE_URL"] = "sqlite:////nowhere/at/all.db"
    assert shop.run(init).returncode != 0


def test_the_settings_are_settings(tmp_path: Path) -> None:
    for text in texts("toml"):
        whole = f"{text}\n[tool.alembic]\nscript_location = 'migrations'\n"
        settings = read_settings(pyproject=(str(tmp_path / "pyproject.toml"), whole)).lback
        assert settings.warnings == ()
    listed, limits, heads = texts("toml")
    assert "urls" in listed and "retries = 30" in limits and "expand" in heads


def test_expand_before_and_contract_after(shop: Shop) -> None:
    shop.add("expand1", "b2", "", "expand")
    shop.add("contract1", "b2", "", "contract")
    (shop.folder / "pyproject.toml").write_text(texts("toml")[2])
    lines = [line[2:] for text in texts("console") for line in text.splitlines()]
    first, second = (line for line in lines if line.startswith("lback"))
    assert shop.run(shlex.split(first)).returncode == 0
    assert stamp(shop.env["DATABASE_URL"]) == ["expand1"]
    assert shop.run(shlex.split(second)).returncode == 0
    assert stamp(shop.env["DATABASE_URL"]) == ["contract1", "expand1"]


def test_the_url_of_migrations_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = texts("python")
    monkeypatch.setenv("DATABASE_URL", "postgresql://pooler/shop")
    for given, taken in (("", "pooler"), ("postgresql://server/shop", "server")):
        monkeypatch.setenv("MIGRATIONS_URL", given)
        names: dict[str, Any] = {}
        exec(snippet, names)
        assert make_url(names["url"]).host == taken


@pytest.mark.postgresql
def test_a_url_of_several_hosts_leads_to_the_one_that_writes(postgres_shop: Shop) -> None:
    (line,) = [line for text in texts("sh") for line in text.splitlines()]
    shown = make_url(shlex.split(line)[1].partition("=")[2])
    assert shown.query["target_session_attrs"] == "read-write"
    real = make_url(postgres_shop.env["DATABASE_URL"])
    hosts = f"{real.host}:{real.port or 5432}"
    url = real.set(host=None, port=None).update_query_dict({**shown.query, "host": [hosts, hosts]})
    postgres_shop.env["DATABASE_URL"] = url.render_as_string(hide_password=False)
    assert postgres_shop.lback("migrate").returncode == 0


@pytest.mark.postgresql
def test_a_replica_is_refused(postgres_shop: Shop) -> None:
    url = postgres_shop.env["DATABASE_URL"]
    postgres_shop.env["DATABASE_URL"] = f"{url}?options=-cdefault_transaction_read_only%3Don"
    said = postgres_shop.lback("migrate")
    assert said.returncode == 3 and "in a read-only transaction" in said.stdout
    assert query(url, "SELECT to_regclass('a1')") == [(None,)]


@pytest.mark.postgresql
def test_who_is_at_work_is_seen_in_the_server(postgres_shop: Shop) -> None:
    url = postgres_shop.env["DATABASE_URL"]
    statement = next(text for text in texts("console") if "psql" in text).split('"')[3]
    held = f"op.get_bind(); import sqlalchemy; e = sqlalchemy.create_engine({url!r}); " + (
        f"print([row[0] for row in e.connect().exec_driver_sql({statement!r}.replace('%', '%%'))])"
    )
    postgres_shop.add("b2", "a1", held)
    said = postgres_shop.lback("migrate", "--verbose")
    assert said.returncode == 0, said.stdout
    assert re.search(r"'lback \S+@\S+ \d+ migrate'", said.stdout), said.stdout


def test_a_database_that_is_not_there(shop: Shop) -> None:
    shop.env["DATABASE_URL"] = "postgresql+psycopg://shop@127.0.0.1:9/shop"
    said = shop.lback("migrate", "--no-input")
    assert said.returncode == 3 and "cannot be reached" in said.stdout


def test_two_heads_are_refused(shop: Shop) -> None:
    shop.add("c3", "a1")
    said = shop.lback("migrate", "--no-input")
    assert said.returncode == 3 and "The migrations fork" in said.stdout
    assert "lback resolve" in said.stdout


@pytest.mark.postgresql
def test_a_revision_that_fails_leaves_the_schema_as_it_was(postgres_shop: Shop) -> None:
    postgres_shop.add("b2", "a1", "op.execute('SELECT no_such_column')")
    said = postgres_shop.lback("migrate")
    assert said.returncode == 3
    assert "Revision b2 " in said.stdout and "Everything of this run was rolled back" in said.stdout


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= headings
