"""Nothing on a clean database, and each kind of drift: `python -m bench.drift FOLDER...`.

A FOLDER is one that `alembic` calls script_location, such as that of a package that is installed
here. Its revisions are copied into a project with an env.py of ours and run on the empty database
of the URL, SQLite without one. Then `lback diff` and `lback status --drift` are to find nothing,
and each change that is made by hand afterwards is to be a difference. The revisions lie
in `--versions` below FOLDER. What the application does first (tables that it makes itself, settings
that revisions read) is a file of Python, `--before`: env.py runs it with its `connection`.

`python -m bench.drift --site NAME... [--on KIND...]` does so with trees of `bench.accuracy.sites`,
each in an environment of its own, which is made, on databases that are made and dropped; what the
application does first is known of them.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bench.accuracy.sites import SITES, Site, prepared
from bench.squashed.__main__ import job_of, with_lback
from bench.squashed.drive import prepare
from bench.timing import environment
from bench.trees import WORK, Absent
from lback.core.schema_diff import changes
from lback.db.schema import read_whole
from tests.db.projects import ASYNC_ENV
from tests.servers import KINDS, fresh_database

ROOT = Path(__file__).resolve().parents[1]

_ENV = """
import sqlalchemy.orm
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url!r}, poolclass=pool.NullPool)
with engine.connect() as connection:
{before}
    context.configure(connection=connection, render_as_batch={batch}, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
_SETTINGS = "[alembic]\nscript_location = migrations\nversion_locations = {places}\n"
_APART = ("__pycache__", "*.pyc")


def _project(root: Path, folder: Path, versions: str, url: str, before: str = "") -> None:
    """Write a project with the revisions of a folder, and all that lies beside them."""
    shutil.copytree(folder, root / "migrations", ignore=shutil.ignore_patterns(*_APART))
    for name in ("env.py", "alembic.ini"):
        (root / "migrations" / name).unlink(missing_ok=True)
    batch = url.startswith("sqlite")
    env = dedent(ASYNC_ENV) if sa.make_url(url).get_dialect().is_async else _ENV
    (root / "migrations" / "env.py").write_text(
        env.format(url=url, batch=batch, before=indent(before, "    "))
    )
    places = f"%(here)s/migrations/{versions}"
    (root / "alembic.ini").write_text(_SETTINGS.format(places=places))
    subprocess.run(("git", "init", "-q", str(root)), check=True)


@dataclass(frozen=True, slots=True)
class Drifting:
    """A project at a database: by which Python it runs, and in which environment."""

    name: str
    root: Path
    url: str
    python: str = sys.executable
    env: Mapping[str, str] | None = None


def _lback(at: Drifting, *line: str) -> tuple[int, str, str]:
    done = subprocess.run(
        (at.python, "-m", "lback", "--no-input", *line),
        cwd=at.root,
        env=at.env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _by_hand(connection: Connection) -> Iterator[str]:
    """Yield statements that nobody wrote a migration for, each good for this database."""
    kind, inspector = connection.dialect.name, sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote_identifier
    table = next(
        name
        for name in sorted(inspector.get_table_names())
        if len(inspector.get_columns(name)) > 2 and inspector.get_indexes(name)
    )
    at = quote(table)
    key = quote(inspector.get_columns(table)[0]["name"])
    index = next((one["name"] for one in inspector.get_indexes(table) if not one["unique"]), None)
    yield "CREATE TABLE by_hand (id INTEGER NOT NULL, name VARCHAR(20))"
    yield f"ALTER TABLE {at} ADD COLUMN by_hand VARCHAR(20)"
    yield f"ALTER TABLE {at} ADD COLUMN given INTEGER DEFAULT 3 NOT NULL"
    yield f"CREATE INDEX ix_by_hand ON {at} (given)"
    yield f"CREATE UNIQUE INDEX uq_by_hand ON {at} (by_hand)"
    yield f"CREATE VIEW v_by_hand AS SELECT given FROM {at}"
    yield "DROP VIEW v_by_hand"
    yield f"DROP INDEX uq_by_hand{f' ON {at}' if kind in ('mysql', 'mariadb') else ''}"
    if index:
        yield f"DROP INDEX {quote(index)}{f' ON {at}' if kind in ('mysql', 'mariadb') else ''}"
    yield f"ALTER TABLE {at} RENAME COLUMN by_hand TO by_foot"
    yield from _more(kind, at, key)
    yield f"ALTER TABLE {at} DROP COLUMN by_foot"
    yield "ALTER TABLE by_hand RENAME TO by_foot"
    yield "DROP TABLE by_foot"


def _more(kind: str, at: str, key: str) -> Iterator[str]:
    if kind == "sqlite":
        yield "CREATE TRIGGER t_by_hand AFTER INSERT ON by_hand BEGIN SELECT 1; END"
        yield "CREATE INDEX ix_part ON by_hand (name) WHERE id > 1"
        yield "DROP INDEX ix_part"
        yield "CREATE INDEX ix_lower ON by_hand (lower(name))"
        yield "DROP TRIGGER t_by_hand"
        yield "ALTER TABLE by_hand ADD COLUMN g INTEGER GENERATED ALWAYS AS (id + 1)"
        yield "ALTER TABLE by_hand ADD COLUMN c VARCHAR(5) CHECK (length(c) > 1)"
        yield f"ALTER TABLE by_hand ADD COLUMN r INTEGER REFERENCES {at} ({key})"
        return
    yield "ALTER TABLE by_hand ADD CONSTRAINT pk_by_hand PRIMARY KEY (id)"
    yield "ALTER TABLE by_hand ADD CONSTRAINT ck_by_hand CHECK (id > 0)"
    yield "ALTER TABLE by_hand ADD CONSTRAINT uq_id_name UNIQUE (id, name)"
    yield "ALTER TABLE by_hand ADD COLUMN other INTEGER"
    yield "ALTER TABLE by_hand ADD CONSTRAINT fk_o FOREIGN KEY (other) REFERENCES by_hand (id)"
    if kind == "postgresql":
        yield f"ALTER TABLE {at} ALTER given TYPE BIGINT"
        yield f"ALTER TABLE {at} ALTER given DROP NOT NULL"
        yield f"ALTER TABLE {at} ALTER given SET DEFAULT 4"
        yield f"COMMENT ON COLUMN {at}.given IS 'by hand'"
        yield f"COMMENT ON TABLE {at} IS 'by hand'"
        yield "CREATE INDEX ix_lower ON by_hand (lower(name))"
        yield "CREATE TYPE mood AS ENUM ('a')"
        yield "CREATE SEQUENCE by_hand_seq"
        yield "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        return
    yield f"ALTER TABLE {at} MODIFY given BIGINT"
    yield f"ALTER TABLE {at} MODIFY given BIGINT NOT NULL DEFAULT 4"
    yield f"ALTER TABLE {at} MODIFY given BIGINT NOT NULL DEFAULT 4 COMMENT 'by hand'"
    yield f"ALTER TABLE {at} COMMENT 'by hand'"
    yield "CREATE TRIGGER t_by_hand BEFORE INSERT ON by_hand FOR EACH ROW SET NEW.other = 1"
    yield "CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1"
    yield "ALTER TABLE by_hand COLLATE utf8mb4_bin"


def _found(url: str) -> Iterator[tuple[str, bool]]:
    """Yield each change that is made by hand, and whether it is a difference."""
    url = url.replace("+asyncpg", "+psycopg").replace("+aiosqlite", "")
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        before = read_whole(connection)
        for statement in _by_hand(connection):
            connection.exec_driver_sql(statement)
            after = read_whole(connection)
            yield statement, bool(changes(before, after))
            before = after
    engine.dispose()


def measure(at: Drifting) -> bool:
    """Print what came of a project; False where a clean database differs, or drift is missed."""
    code, _, said = _lback(at, "alembic", "upgrade", "heads")
    if code:
        print(f"{at.name}: the migrations do not run here:\n{said.strip()[-600:]}")
        return True
    code, out, said = _lback(at, "diff", "--json")
    if code not in (0, 1):
        print(f"{at.name}: not compared:\n{said.strip()[-900:]}\n{out[-900:]}")
        return False
    told = json.loads(out)["data"]["changes"]
    for change in told:
        print(f"  {change['state']} {change['kind']} {change['table']}.{change['name']}:")
        print(f"    - {change['before']}\n    + {change['after']}")
    code, out, _ = _lback(at, "status", "--drift", "--json")
    drift = json.loads(out)["data"]["drift"]
    found = list(_found(at.url))
    missed = [statement for statement, seen in found if not seen]
    for statement in missed:
        print(f"  missed: {statement}")
    seen = len(found) - len(missed)
    print(
        f"{at.name}: {len(told)} differences on a clean one, {len(drift)} by status; "
        f"{seen} of {len(found)} made by hand were found",
        flush=True,
    )
    return not told and not drift and not missed


def _folder(folder: Path, versions: str, url: str | None, before: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        root = Path(name) / "project"
        root.mkdir()
        at = url or f"sqlite:///{name}/own.sqlite3"
        _project(root, folder, versions, at, before)
        return measure(Drifting(str(folder), root, at))


def _site(site: Site, kind: str, work: Path) -> bool:
    """Do it with a tree that is known, by the Python of its own environment."""
    env = environment(work)
    ready = prepared(site, work, env)
    if isinstance(ready, Absent):
        print(f"{site.name}: not to be had: {ready.reason}")
        return True
    with_lback(ready)
    with tempfile.TemporaryDirectory(prefix="drift-") as name:
        folder = Path(name)
        stand_ins = site.needs is not None and site.stand_ins
        job = {
            **job_of(ready, folder / "project"),
            "stand_ins": stand_ins,
            "rows": {name: list(rows) for name, rows in site.rows.items()},
            "first": "".join(
                [
                    "import bench.accuracy.standing_in\n" if stand_ins else "",
                    "from bench.squashed.before import prepare_process\n",
                    f"prepare_process({site.package!r})\n",
                ]
            ),
        }
        prepare(job)
        with fresh_database(kind, folder) as url:
            theirs = url.replace("+psycopg", "+psycopg2")
            own = {**env, **site.settings, "PYTHONPATH": str(ROOT), "SQUASHED_URL": theirs}
            root = folder / "project-old"
            at = Drifting(f"{site.name} on {kind}", root, url, str(ready.python), own)
            return measure(at)


def main() -> int:
    """Try each folder; exit 1 where one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--site", nargs="+", default=[], help="trees of bench.accuracy.sites")
    parser.add_argument("--on", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--url", help="an empty database, which is filled")
    parser.add_argument("--versions", default="versions")
    parser.add_argument("--before", type=Path, help="Python that env.py runs first")
    given = parser.parse_args()
    before = given.before.read_text() if given.before else ""
    good = [_folder(folder, given.versions, given.url, before) for folder in given.folders]
    for site in SITES:
        if any(word in site.name for word in given.site):
            kinds = [kind for kind in site.kinds if kind in given.on]
            good += [_site(site, kind, given.work.resolve()) for kind in kinds]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
