"""What makes each thing of a database of MySQL or MariaDB, as the server writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.engine import Connection

from lback.db.beside.made_keys import quoted, without_counter
from lback.db.schema import DEFINER

_TABLES = """
    SELECT table_type, table_name FROM information_schema.tables WHERE table_schema = DATABASE()
    ORDER BY table_name
"""
_TRIGGERS = """
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()
    ORDER BY event_object_table, action_timing, event_manipulation, action_order
"""
_ROUTINES = """
    SELECT routine_type, routine_name FROM information_schema.routines
    WHERE routine_schema = DATABASE() ORDER BY routine_type, routine_name
"""
_KINDS = {"BASE TABLE": "table", "SYSTEM VERSIONED": "table", "SEQUENCE": "sequence"}


class ShownText(NamedTuple):
    """A sequence, table, function, view or trigger; `table` is the one that a trigger is of.

    Who has written it, and where counters stand, is left out.
    """

    kind: str
    name: str
    table: str | None
    make: str
    drop: str


def definitions(connection: Connection) -> Iterator[ShownText]:
    """Yield all that there is: sequences, tables, routines, views, triggers."""
    own = f"{quoted(str(connection.exec_driver_sql('SELECT DATABASE()').scalar()))}."

    def shown(word: str, name: str, place: int = 1) -> str:
        sql = connection.exec_driver_sql(f"SHOW CREATE {word} {quoted(name).replace('%', '%%')}")
        text = DEFINER.sub(r"\1", str(sql.one()[place]))
        # The server writes its own name before what a view reads; what a routine says is its text.
        return text if place == 2 else text.replace(own, "")

    found = connection.exec_driver_sql(_TABLES).all()
    for wanted in ("sequence", "table"):
        for type_, name in found:
            if _KINDS.get(type_) == wanted:
                word = wanted.upper()
                made = without_counter(shown(word, name))
                yield ShownText(wanted, name, None, made, f"DROP {word} {quoted(name)}")
    for word, name in connection.exec_driver_sql(_ROUTINES).all():
        yield ShownText("function", name, None, shown(word, name, 2), f"DROP {word} {quoted(name)}")
    for type_, name in found:
        if type_ == "VIEW":
            yield ShownText("view", name, None, shown("VIEW", name), f"DROP VIEW {quoted(name)}")
    for name, table, *when, body in connection.exec_driver_sql(_TRIGGERS).all():
        place = quoted(name)
        sql = f"CREATE TRIGGER {place} {' '.join(when)} ON {quoted(table)} FOR EACH ROW {body}"
        yield ShownText("trigger", name, table, sql, f"DROP TRIGGER {place}")
