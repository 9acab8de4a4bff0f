"""A project that writes down all that it sees of Alembic's context, and what it has seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.worlds.people import Developer

SEEING = '''
"""Writes all that can be asked of alembic.context to seen.jsonl."""
import json

from alembic import context

ASKED = (
    "get_revision_argument", "get_head_revision", "get_head_revisions", "get_tag_argument",
    "get_starting_revision_argument", "is_offline_mode", "requires_connection",
    "get_x_argument", "is_transactional_ddl",
)


def answer(name):
    try:
        return repr(getattr(context, name)())
    except Exception as err:
        return f"{type(err).__name__}: {err}"


def shown(value):
    if callable(value) and hasattr(value, "__qualname__"):
        return [value.__name__, value.__qualname__, value.__module__]
    if isinstance(value, dict):
        return {key: shown(one) for key, one in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [shown(one) for one in value]
    plain = value is None or isinstance(value, (str, int))
    return value if plain else type(value).__name__


def see(at, **more):
    config = context.config
    typed = dict(vars(config.cmd_opts))
    record = {
        "at": at,
        "typed": {name: shown(value) for name, value in sorted(typed.items())},
        "config": [config.config_file_name, config.config_ini_section, shown(config.attributes)],
        **{name: answer(name) for name in ASKED},
        **more,
    }
    try:
        of = context.get_context()
    except Exception:
        pass
    else:
        record["opts"] = {
            name: shown(value)
            for name, value in of.opts.items()
            if name not in ("script", "output_buffer")
        }
        record["run"] = [
            of.as_sql, of.purge, of.version_table, of.version_table_schema, of.dialect.name,
        ]
        bind = None if of.as_sql else of.bind
        record["url"] = None if bind is None else str(bind.engine.url)
    with open("seen.jsonl", "a") as file:
        file.write(json.dumps(record) + "\\n")
'''
ENV = """
from alembic import context
from sqlalchemy import create_engine, pool

from models import Base
from seeing import see

see("env.py")


def applied(ctx, step, heads, run_args, **more):
    names = ("is_upgrade", "is_stamp", "up_revision_id", "up_revision_ids", "down_revision_ids",
             "source_revision_ids", "destination_revision_ids", "is_migration")
    see("applied", step={name: repr(getattr(step, name)) for name in names},
        heads=sorted(heads), run_args=run_args, more=sorted(more))


def directives(ctx, revision, scripts):
    see("directives", ops=repr([type(op).__name__ for op in scripts[0].upgrade_ops.ops]))


def included(thing, name, kind, reflected, compare_to):
    return name != "not_ours"


options = {
    "target_metadata": Base.metadata, "render_as_batch": True, "version_table": "versions_here",
    "transaction_per_migration": True, "on_version_apply": [applied],
    "process_revision_directives": directives, "include_object": included, "compare_type": True,
    "transactional_ddl": False,
}


def run():
    see("configured")
    with context.begin_transaction():
        context.run_migrations(tenant="acme", size=2)
    see("done")


url = context.config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, **options)
    run()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, **options)
        run()
"""
MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa
from seeing import see

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade(tenant, size):
    see("${up_revision} up", given=[tenant, size])
    ${upgrades if upgrades else "pass"}


def downgrade(tenant, size):
    see("${up_revision} down", given=[tenant, size])
    ${downgrades if downgrades else "pass"}
'''
MODELS = """
import sqlalchemy as sa


class Base:
    metadata = sa.MetaData()


for name in ("a1", "b1", "c1"):
    sa.Table(f"t_{name}", Base.metadata, sa.Column("id", sa.Integer))
"""
INI = """[alembic]
script_location = migrations
prepend_sys_path = .
path_separator = os
revision_environment = true
sqlalchemy.url = sqlite:///app.db
"""


def found(ada: Developer) -> None:
    """Write the project with three revisions on one line."""
    ada.git("init", "-q", "--initial-branch=main")
    ada.write(".gitignore", "__pycache__/\n*.db\n*.jsonl\n")
    ada.write("alembic.ini", INI)
    ada.write("models.py", MODELS)
    ada.write("seeing.py", SEEING)
    ada.write("migrations/env.py", ENV)
    ada.write("migrations/script.py.mako", MAKO)
    for down, one in ((None, "a1"), ("a1", "b1"), ("b1", "c1")):
        ada.write(f"migrations/versions/{one}.py", _revision(one, down))
    ada.commit("Begin")


def _revision(one: str, down: str | None) -> str:
    text = MAKO.replace("${message}", one).replace("${up_revision}", one)
    text = text.replace("${repr(up_revision)}", repr(one))
    text = text.replace("${repr(down_revision)}", repr(down))
    text = text.replace("${repr(branch_labels)}", "None").replace("${repr(depends_on)}", "None")
    up = f'op.create_table("t_{one}", sa.Column("id", sa.Integer))'
    text = text.replace('${upgrades if upgrades else "pass"}', up)
    return text.replace('${downgrades if downgrades else "pass"}', f'op.drop_table("t_{one}")')


Run = list[dict[str, Any]]


def runs_in(folder: Path) -> list[Run]:
    """Return what each run of env.py has seen since this was asked last."""
    place = folder / "seen.jsonl"
    runs: list[Run] = []
    if place.exists():
        for line in place.read_text().splitlines():
            record = json.loads(line)
            if record["at"] == "env.py":
                runs.append([])
            runs[-1].append(record)
        place.unlink()
    return runs
