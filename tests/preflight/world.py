"""A database with rows, and the text of an upgrade(): what is asked, and what then happens."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import SQLAlchemyError

from lback.core.interpreter.reading import read_effects
from lback.core.preflight.questions import StepEffects, questions
from lback.core.preflight.rows import PreflightRow
from lback.db.preflight.asking import answers

HEAD = """
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, mysql
revision = {revision!r}
down_revision = None


def upgrade():
{body}
"""


@dataclass(frozen=True)
class Outcome:
    """What the rows were asked, and why the upgrades then failed, None where they ran."""

    rows: tuple[PreflightRow, ...]
    failed: str | None

    @property
    def states(self) -> set[str]:
        return {row.state for row in self.rows}

    def kinds(self, state: str) -> list[str]:
        return [row.kind for row in self.rows if row.state == state]


class World:
    """One database; each attempt begins with the same tables and rows."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)

    def close(self) -> None:
        self.engine.dispose()

    def empty(self) -> None:
        """Drop what an attempt has left."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
                return
            if connection.dialect.name == "mysql":
                connection.exec_driver_sql("SET foreign_key_checks = 0")
            for name in sa.inspect(connection).get_table_names():
                quoted = connection.dialect.identifier_preparer.quote(name)
                connection.exec_driver_sql(f"DROP TABLE {quoted}")

    def attempt(self, before: Sequence[str], *upgrades: str) -> Outcome:
        """Ask, then run the upgrades one after the other, as pending revisions."""
        self.empty()
        with self.engine.begin() as connection:
            for statement in before:
                connection.exec_driver_sql(statement)
        texts = [
            HEAD.format(revision=f"r{number}", body=textwrap.indent(textwrap.dedent(body), "    "))
            for number, body in enumerate(upgrades)
        ]
        with self.engine.connect() as connection, connection.begin():
            rows = answers(connection, self.asked(texts))
        return Outcome(rows, self._run(texts))

    def asked(self, texts: Sequence[str]) -> Any:
        steps = []
        for number, text in enumerate(texts):
            effects = read_effects(text.encode())
            doubts, source = effects.unknowns("upgrade"), text.encode()
            name = f"r{number}"
            steps.append(
                StepEffects(name, f"{name}.py", "upgrade", effects.upgrade, doubts, source)
            )
        return questions(steps, self.engine.dialect.name)

    def _run(self, texts: Sequence[str]) -> str | None:
        try:
            with self.engine.connect() as connection:
                context = MigrationContext.configure(connection)
                with Operations.context(context):
                    for text in texts:
                        with connection.begin():
                            names: dict[str, Any] = {}
                            exec(compile(text, "revision", "exec"), names)
                            names["upgrade"]()
        except (SQLAlchemyError, ValueError, NotImplementedError) as err:
            return str(err).split("\n")[0]
        return None
