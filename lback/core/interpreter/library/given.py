"""The arguments of a directive, by the names that Alembic gives them."""

from __future__ import annotations

from contextlib import AbstractContextManager

from lback.core.interpreter.library.key_values import full_names, listed
from lback.core.interpreter.machine import Machine
from lback.core.interpreter.modules import force
from lback.core.interpreter.schema import Handle, Words
from lback.core.interpreter.text import strings
from lback.core.interpreter.values import PLAIN, Arguments, Value

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
# Keywords that change nothing of what is recorded, or that the directive itself looks at.
_KNOWN = frozenset(
    """schema if_exists if_not_exists insert_before insert_after info comment nullable
    server_default new_column_name existing_type existing_server_default existing_nullable
    existing_comment existing_autoincrement existing_schema autoincrement type_ referent_schema
    source_schema ondelete onupdate deferrable initially match use_alter unique quote kw multiinsert
    execution_options prefixes sqlite_autoincrement inline_references constraints _constraints
    recreate copy_from table_args table_kwargs reflect_args reflect_kwargs naming_convention
    partial_reordering where using ops parameters columns condition include existing_constraints
    enum_values_to_rename values_to_rename system extend_existing keep_existing
    default""".split()  # noqa: SIM905
)
_DIALECTS = ("postgresql_", "mysql_", "mariadb_", "sqlite_", "mssql_", "oracle_", "snowflake_")


class Given:
    """The arguments of one directive, by name; `table` are the tables it may be about."""

    def __init__(
        self, machine: Machine, directive: str, arguments: Arguments, batch: Handle | None
    ) -> None:
        self.machine = machine
        self.directive = directive
        self.arguments = arguments
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

    def strange(self) -> list[str]:
        """Return the arguments that nobody has thought of."""
        known = {name.lstrip("@") for name in PARAMETERS[self.directive]} | set(_FORMER) | _KNOWN
        names = [name for name in self.values if name not in known]
        strange = [name for name in names if not name.startswith(_DIALECTS)]
        if self.rest and self.directive not in ("create_table", "create_exclude_constraint"):
            strange.append("after the last")
        return strange

    def get(self, name: str, default: Value = None) -> Value:
        """Return an argument."""
        return force(self.machine, self.values.get(name, default))

    def has(self, name: str) -> bool:
        """Tell whether an argument is given."""
        return name in self.values

    def tables(self, name: str, schema: str = "schema") -> tuple[str, ...]:
        """Return the full names a table argument may have; records an unknown when hidden."""
        if self.batch is not None and name == self.table_parameter:
            tables = self.batch.tables
        else:
            tables = full_names(self.get(name, PLAIN), self.get(schema))
        if not tables:
            self.machine.cannot_read(f"{self.directive}() on a table whose name is not in the text")
        return tables

    def text(self, name: str) -> str | None:
        """Return a string argument where it is known."""
        texts = strings(self.get(name))
        return texts[0] if texts and len(texts) == 1 else None

    def names(self, name: str) -> Words:
        """Return the names an argument may have; None where none is given, () where hidden."""
        value = self.get(name)
        return None if value is None else strings(value) or ()

    def flag(self, name: str) -> bool | None:
        """Tell whether a flag is set; None where that is not known."""
        value = self.get(name)
        if isinstance(value, int | None):
            return bool(value)
        return None

    def looking(self, name: str) -> AbstractContextManager[None]:
        """Record what happens only where the flag of this name finds it necessary."""
        flag = self.flag(name)
        return self.machine.unsure(flag is not False, guarded=flag is True)

    def columns(self, name: str, tables: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns in a list; records an unknown where some are hidden."""
        names, _, known = listed(self.get(name))
        if not known:
            reason = f"{self.directive}() on columns that are not in the text"
            self.machine.cannot_read(reason, tables)
        return names
