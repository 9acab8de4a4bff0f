"""The arguments of a directive, by the names that Alembic gives them."""

from __future__ import annotations

from lback.core.reader.arguments import Arguments
from lback.core.reader.machine import Machine
from lback.core.reader.schema_values import TableV
from lback.core.reader.values import NOTHING_KNOWN, Handle, Value, strings

# The positional parameters; "@" marks the table, which a batch operation does not take.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "add_column": ("@table_name", "column"),
    "alter_column": ("@table_name", "column_name"),
    "drop_column": ("@table_name", "column_name"),
    "create_table": ("table_name",),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
    "create_index": ("index_name", "@table_name", "columns"),
    "drop_index": ("index_name", "@table_name"),
    "create_foreign_key": (
        "constraint_name",
        "@source_table",
        "referent_table",
        "local_cols",
        "remote_cols",
    ),
    "create_unique_constraint": ("constraint_name", "@table_name", "columns"),
    "create_primary_key": ("constraint_name", "@table_name", "columns"),
    "create_check_constraint": ("constraint_name", "@table_name", "condition"),
    "create_exclude_constraint": ("constraint_name", "@table_name"),
    "drop_constraint": ("constraint_name", "@table_name", "type_"),
    "create_table_comment": ("@table_name", "comment"),
    "drop_table_comment": ("@table_name",),
    "bulk_insert": ("table", "rows"),
    "execute": ("sqltext",),
    "batch_alter_table": ("table_name",),
    "sync_enum_values": ("enum_schema", "enum_name", "new_values", "affected_columns"),
}


# Names that older versions of Alembic had for the same parameters.
_FORMER = {
    "name": ("constraint_name", "index_name", "table_name"),
    "tablename": ("table_name",),
    "table_name": ("source_table",),
    "source": ("table_name", "source_table"),
    "referent": ("referent_table",),
    "local_cols": ("columns",),
    "cols": ("columns",),
    "type": ("type_",),
    "old_table_name": ("table_name",),
    "sqltext": ("statement",),
}


class Given:
    """The arguments of one directive, by name; `table` are the tables it may be about."""

    def __init__(
        self, machine: Machine, directive: str, arguments: Arguments, batch: Handle | None
    ) -> None:
        self.machine = machine
        self.directive = directive
        self.open = arguments.open
        self.rest: list[Value] = []
        self.values: dict[str, Value] = dict(arguments.keywords)
        self.batch = batch
        self.table_parameter = ""
        self._place(arguments.positional)
        self._former_names()

    def _place(self, positional: list[Value]) -> None:
        names = []
        for name in PARAMETERS[self.directive]:
            if name.startswith("@"):
                self.table_parameter = name[1:]
            if not (name.startswith("@") and self.batch is not None):
                names.append(name.lstrip("@"))
        for name, value in zip(names, positional, strict=False):
            self.values.setdefault(name, value)
        self.rest = positional[len(names) :]

    def _former_names(self) -> None:
        known = {name.lstrip("@") for name in PARAMETERS[self.directive]}
        for old, news in _FORMER.items():
            if old in self.values and old not in known:
                for new in news:
                    if new in known and new not in self.values:
                        self.values[new] = self.values[old]

    def get(self, name: str, default: Value = None) -> Value:
        """Return an argument."""
        return self.machine.force(self.values.get(name, default))

    def has(self, name: str) -> bool:
        """Tell whether an argument is given."""
        return name in self.values

    def tables(self, name: str, schema: str = "schema") -> tuple[str, ...]:
        """Return the full names a table argument may have; records an unknown when hidden."""
        if self.batch is not None and name == self.table_parameter:
            found = self.batch.tables
        else:
            found = full_names(self.get(name, NOTHING_KNOWN), self.get(schema))
        if not found:
            self.machine.cannot_read(f"{self.directive}() on a table whose name is not in the text")
        return found

    def text(self, name: str) -> str | None:
        """Return a string argument where it is known."""
        found = strings(self.get(name))
        return found[0] if found and len(found) == 1 else None

    def names(self, name: str) -> tuple[str | None, ...]:
        """Return the names an argument may have; (None,) where there is none or it is hidden."""
        return strings(self.get(name)) or (None,)


def full_names(name: Value, schema: Value) -> tuple[str, ...]:
    """Return the names, with their schema, that a table argument may have."""
    if isinstance(name, TableV):
        name, schema = name.name, name.schema
    found = strings(name) or ()
    prefix = f"{schema}." if isinstance(schema, str) and schema else ""
    return tuple(prefix + one for one in found)
