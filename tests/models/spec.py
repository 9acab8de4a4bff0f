"""Random models: tables as plain data, that change a little, with rows in them."""

from __future__ import annotations

import datetime
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

ROWS = 12
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
WORDS = [
    *("alder", "beech", "cedar", "elm", "fig", "hazel", "ivy", "larch", "maple", "oak"),
    *("pine", "rowan", "spruce", "thorn", "willow", "yew", "order", "user", "note", "bill"),
]
ODD = ("Order", "group", "two words", "per%cent", "Mixed", "select")
"""Names of columns that are to be quoted."""
KINDS = (
    *("int", "big", "str20", "str50", "text", "bool", "num", "date", "moment", "json", "enum"),
    *("small", "float", "time", "uuid", "bytes", "checked", "digits"),
)
OF_POSTGRESQL = ("array", "jsonb")
OTHER = {
    "small": ("int", "big"),
    "int": ("big", "num", "small", "str20"),
    "big": ("num", "int"),
    "num": ("num3",),
    "num3": ("num",),
    "float": ("num",),
    "str20": ("str50", "text"),
    "str50": ("text", "str20"),
    "text": ("str50",),
    "date": ("moment",),
    "digits": ("int",),
    "bool": ("int",),
    "enum": ("str20",),
    "json": ("jsonb",),
}
"""Types that have room for the values of another one, and the way back."""
PLAIN = ("int", "big", "str20", "str50", "num", "small")
DEFAULTS = {
    "small": ("3", "4"),
    "int": ("7", "9", "sum"),
    "big": ("8", "9"),
    "str20": ("new", "50%", "a:b", ""),
    "str50": ("it's", 'say "x"', "back\\slash"),
    "text": ("long", "it's 5%"),
    "num": ("1.50", "2.50"),
    "num3": ("1.500", "2.500"),
    "digits": ("40", "41"),
    "float": ("0.5", "1.5"),
    "date": ("2024-05-06", "today"),
    "checked": ("one", "two"),
    "json": ('{"a": 1}', "{}"),
    "uuid": ("0" * 31 + "1",),
    "bool": ("true", "false"),
    "moment": ("now", "2024-01-02 03:04:05"),
}
NUMBERS, TEXTS = ("int", "big", "num", "num3", "small"), ("str20", "str50", "text", "digits")


@dataclass
class Column:
    uid: int
    name: str
    kind: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    of: int | None = None
    """The number column that it is computed of."""
    times: int = 2
    enum: str | None = None
    persisted: bool = True
    identity: int = 0
    """Where it starts; 0: none."""
    always: bool = False
    values: tuple[str, ...] = ("one", "two", "three")
    """Those of a checked one."""


@dataclass
class Index:
    name: str | None
    column: int
    unique: bool = False
    above: int | None = None
    """A partial one: of which numbers."""
    lower: bool = False
    more: tuple[int, ...] = ()


@dataclass
class Check:
    column: int
    limit: int
    name: str | None = None
    words: bool = False
    more: tuple[int, ...] = ()
    """A second number, to which the first is compared."""


@dataclass
class Unique:
    column: int
    name: str | None = None
    more: tuple[int, ...] = ()


@dataclass
class Key:
    column: int
    table: int
    name: str | None = None
    ondelete: str | None = None
    onupdate: str | None = None
    deferrable: bool = False


def covers(item: Index | Check | Unique | Key, uid: int) -> bool:
    """Tell whether an index or a constraint is about a column."""
    return item.column == uid or uid in getattr(item, "more", ())


@dataclass
class Table:
    uid: int
    name: str
    schema: str | None = None
    comment: str | None = None
    columns: list[Column] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    uniques: list[Unique] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    identity: bool = False
    pk: str = "int"
    called: set[str] = field(default_factory=set)
    """All names that its columns ever had: a new one under an old name is the old one."""

    @property
    def full(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, uid: int) -> Column:
        return next(column for column in self.columns if column.uid == uid)

    def used(self, uid: int) -> bool:
        """Tell whether an index, a constraint or another column is about a column."""
        about = [*self.indexes, *self.checks, *self.uniques, *self.keys]
        return any(covers(item, uid) for item in about) or any(
            column.of == uid for column in self.columns
        )


@dataclass
class Models:
    dialect: str
    convention: bool
    tables: list[Table] = field(default_factory=list)
    enums: dict[str, list[str]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    """What enum types are called that have another name."""
    last: int = 0

    def uid(self) -> int:
        self.last += 1
        return self.last

    def table(self, uid: int) -> Table:
        return next(table for table in self.tables if table.uid == uid)

    # What is written as models

    def metadata(self) -> sa.MetaData:
        made = sa.MetaData(naming_convention=CONVENTION if self.convention else None)
        enums = {
            name: sa.Enum(*values, name=self.types.get(name, name), length=20)
            for name, values in self.enums.items()
        }
        for table in self.tables:
            self._table(table, made, enums)
        return made

    def _table(self, table: Table, made: sa.MetaData, enums: dict[str, sa.Enum]) -> None:
        key = [sa.Identity()] if table.identity else []
        kind: Any = {"int": sa.Integer, "big": sa.BigInteger, "str": sa.String(20)}[table.pk]
        columns = [sa.Column("id", kind, *key, primary_key=True)]
        for column in table.columns:
            columns.append(self._column(column, table, enums))
        by_uid = {
            column.uid: made_ for column, made_ in zip(table.columns, columns[1:], strict=True)
        }
        items: list[Any] = []
        for check in table.checks:
            items.append(sa.CheckConstraint(self._condition(table, check), name=check.name))
        for unique in table.uniques:
            names = [table.column(uid).name for uid in (unique.column, *unique.more)]
            items.append(sa.UniqueConstraint(*names, name=unique.name))
        for key_ in table.keys:
            items.append(
                sa.ForeignKeyConstraint(
                    [table.column(key_.column).name],
                    [f"{self.table(key_.table).full}.id"],
                    name=key_.name,
                    ondelete=key_.ondelete,
                    onupdate=key_.onupdate,
                    deferrable=key_.deferrable or None,
                    initially="DEFERRED" if key_.deferrable else None,
                    # As SQLAlchemy asks for it where tables refer to each other.
                    use_alter=key_.name is not None and self.dialect != "sqlite",
                )
            )
        result = sa.Table(
            table.name, made, *columns, *items, schema=table.schema, comment=table.comment
        )
        for index in table.indexes:
            column_ = by_uid[index.column]
            what = sa.func.lower(column_) if index.lower else column_
            options = {}
            if index.above is not None:
                for name in ("postgresql_where", "sqlite_where"):
                    options[name] = column_ > index.above
            more = [by_uid[uid] for uid in index.more]
            sa.Index(index.name, what, *more, unique=index.unique, _table=result, **options)

    def _condition(self, table: Table, check: Check) -> str:
        column = table.column(check.column)
        name = self.quoted(column.name)
        if check.more:
            return f"{name} < {self.quoted(table.column(check.more[0]).name)} + {check.limit}"
        if column.kind in NUMBERS:
            return f"{name} < {check.limit}"
        return (
            f"{name} <> 'it''s {check.limit}%'"
            if check.words
            else (f"length({name}) < {check.limit}")
        )

    def quoted(self, name: str) -> str:
        mark = "`" if self.dialect == "mysql" else '"'
        return f"{mark}{name}{mark}" if name in ODD else name

    def _column(self, column: Column, table: Table, enums: dict[str, sa.Enum]) -> Any:
        type_: Any = {
            "int": sa.Integer(),
            "big": sa.BigInteger(),
            "str20": sa.String(20),
            "str50": sa.String(50),
            "digits": sa.String(20),
            "text": sa.Text(),
            "bool": sa.Boolean(),
            "num": sa.Numeric(12, 2),
            "date": sa.Date(),
            "moment": sa.DateTime(),
            "json": sa.JSON(),
            "small": sa.SmallInteger(),
            "float": sa.Float(),
            "num3": sa.Numeric(14, 3),
            "time": sa.Time(),
            "uuid": sa.Uuid(),
            "bytes": sa.LargeBinary(),
            "array": postgresql.ARRAY(sa.Integer),
            "jsonb": postgresql.JSONB(),
        }.get(column.kind)
        if column.kind == "enum":
            assert column.enum is not None
            type_ = enums[column.enum]
        if column.kind == "checked":
            type_ = sa.Enum(
                *column.values,
                name=f"kind_{column.uid}",
                native_enum=False,
                create_constraint=True,
                length=20,
            )
        more: list[Any] = []
        if column.of is not None:
            more.append(
                sa.Computed(
                    f"{self.quoted(table.column(column.of).name)} * {column.times}",
                    persisted=column.persisted,
                )
            )
        if column.identity:
            more.append(sa.Identity(start=column.identity, always=column.always))
        return sa.Column(
            column.name,
            type_,
            *more,
            nullable=column.nullable,
            server_default=None if column.default is None else _default(column),
            comment=column.comment,
        )

    # What the rows hold

    def key(self, table: Table, row: int) -> Any:
        """Return the primary key of a row."""
        return f"r{row + 1:02}" if table.pk == "str" else row + 1

    def comes_back(self, table: Table, column: Column) -> bool:
        """Tell whether a column surely takes what makes a value of its own of the primary key."""
        if column.kind not in NUMBERS:
            return column.kind in PLAIN
        fitting = {"str": (), "big": ("big",), "int": ("int", "big", "num", "num3")}[table.pk]
        return column.kind in fitting or (self.dialect == "sqlite" and table.pk != "str")

    def own(self, table: Table, column: Column) -> str | None:
        """Return SQL for a value that each row has for itself; None where a person has none."""
        if any(key.column == column.uid for key in table.keys):
            return None
        if column.kind in NUMBERS:
            return "60 + id" if table.pk != "str" else None
        return "concat('z', id)" if self.dialect == "mysql" else "'z' || id"

    def value(self, column: Column, row: int) -> Any:
        """Return what a row has in a column."""
        if column.nullable and row % 4 == 3:
            return None
        if column.kind == "enum":
            assert column.enum is not None
            return self.enums[column.enum][row % 2]
        return {
            "int": row * 3 + 1,
            "big": row * 5 + 1,
            "num": Decimal(row) + Decimal("0.25"),
            "digits": str(row + 40),
            "bool": row % 2 == 0,
            "date": datetime.date(2024, 1, row + 1),
            "moment": datetime.datetime(2024, 2, row + 1, 12, 30),
            "json": {"row": row},
            "jsonb": {"row": row},
            "small": row + 2,
            "float": row + 0.5,
            "num3": Decimal(row) + Decimal("0.25"),
            "time": datetime.time(row, 15),
            "uuid": uuid.UUID(int=row + 1),
            "bytes": b"row %d" % row,
            "checked": column.values[row % 2],
            "array": [row, row + 1],
        }.get(column.kind, f"Row {row}")


def _default(column: Column) -> Any:
    if column.default == "now":
        return sa.func.now()
    if column.default in ("sum", "today"):
        return sa.text("(3 + 4)" if column.default == "sum" else "(CURRENT_DATE)")
    if column.kind == "bool":
        return sa.true() if column.default == "true" else sa.false()
    return column.default


def generate(random: Random, dialect: str) -> Models:
    """Return models of two to four tables."""
    models = Models(dialect, random.random() < 0.5)
    for name in random.sample(["state", "colour"], random.randint(0, 2)):
        models.enums[name] = ["one", "two", "three", "four"][: random.randint(2, 4)]
    schema = dialect == "postgresql" and random.random() < 0.3
    for name in random.sample(WORDS, random.randint(2, 4)):
        add_table(models, random, name, "depot" if schema and random.random() < 0.5 else None)
    for table in models.tables:
        for target in random.sample(models.tables, random.randint(0, 2)):
            add_key(models, table, target, random)
    return models


def add_table(models: Models, random: Random, name: str, schema: str | None = None) -> Table:
    table = Table(models.uid(), name, schema)
    models.tables.append(table)
    table.pk = random.choice(["int", "int", "int", "big", "str"])
    has_serial = models.dialect == "postgresql" and table.pk != "str"
    table.identity = has_serial and random.random() < 0.3
    if models.dialect != "sqlite" and random.random() < 0.3:
        table.comment = f"all of {name}"
    for _ in range(random.randint(2, 5)):
        add_column(models, table, random)
    for add in (add_index, add_check, add_unique, add_computed):
        if random.random() < 0.4:
            add(models, table, random)
    return table


def free_name(table: Table, random: Random) -> str:
    name = random.choice([word for word in WORDS if f"{word}_x" not in table.called]) + "_x"
    odd = [word for word in ODD if word not in table.called]
    if odd and random.random() < 0.15:
        name = random.choice(odd)
    table.called.add(name)
    return name


def add_column(models: Models, table: Table, random: Random) -> Column:
    more = OF_POSTGRESQL if models.dialect == "postgresql" else ()
    kinds = [kind for kind in (*KINDS, *more) if kind != "enum" or models.enums]
    if random.random() < 0.4:
        kinds = list(PLAIN)
    column = Column(models.uid(), free_name(table, random), random.choice(kinds))
    if column.kind == "enum":
        column.enum = random.choice(sorted(models.enums))
    column.nullable = random.random() < 0.6
    if random.random() < 0.4:
        column.default = some_default(models, column, random)
    if models.dialect != "sqlite" and random.random() < 0.2:
        column.comment = f"the {column.name}'s own"
    table.columns.append(column)
    return column


def some_default(models: Models, column: Column, random: Random) -> str | None:
    if column.kind == "enum":
        assert column.enum is not None
        return random.choice(models.enums[column.enum][:2])
    others = [one for one in DEFAULTS.get(column.kind, ()) if one != column.default]
    if models.dialect == "mysql" and column.kind == "text":
        # SQLAlchemy reads neither such a default nor the comment behind it.
        others = [one for one in others if "'" not in one]
    return random.choice(others) if others else None


def _plain(table: Table, kinds: tuple[str, ...]) -> list[Column]:
    return [
        column
        for column in table.columns
        if column.kind in kinds
        and column.of is None
        and not column.identity
        and not any(key.column == column.uid for key in table.keys)
    ]


def _named(models: Models, random: Random, kind: str, table: Table, column: Column) -> str | None:
    if models.convention or random.random() < 0.4:
        return None
    return f"{kind}_{table.name}_{column.uid}"


def add_index(models: Models, table: Table, random: Random) -> bool:
    columns = _plain(table, PLAIN)
    if not columns:
        return False
    column = random.choice(columns)
    index = Index(f"ix_{table.name}_{models.uid()}", column.uid, random.random() < 0.3)
    if models.dialect != "mysql":
        if column.kind in NUMBERS and random.random() < 0.5:
            index.above = random.randint(0, 5)
        elif column.kind in TEXTS and random.random() < 0.5:
            index.lower = True
    index.more = _second(columns, column, random)
    unnamed = any(other.name is None and other.column == column.uid for other in table.indexes)
    if not unnamed and not index.lower and random.random() < 0.3:
        index.name = None  # as of a column with index=True
    table.indexes.append(index)
    return True


def add_check(models: Models, table: Table, random: Random) -> bool:
    columns = [
        column
        for column in _plain(table, (*NUMBERS, "str20", "str50", "text"))
        if random.random() < 0.1 or not any(check.column == column.uid for check in table.checks)
    ]
    if not columns:
        return False
    column = random.choice(columns)
    name = _named(models, random, "ck", table, column)
    if models.convention:
        name = f"limit_{column.uid}"
    check = Check(column.uid, random.randint(100, 900), name, random.random() < 0.4)
    if any(other.name == name is not None for other in table.checks):
        return False
    if column.kind in NUMBERS:
        check.more = _second(_plain(table, NUMBERS), column, random)
    table.checks.append(check)
    return True


def add_unique(models: Models, table: Table, random: Random) -> bool:
    columns = [
        column
        for column in _plain(table, PLAIN)
        if not any(item.column == column.uid for item in (*table.uniques, *table.indexes))
    ]
    if not columns:
        return False
    column = random.choice(columns)
    name = _named(models, random, "uq", table, column)
    more = _second(_plain(table, PLAIN), column, random)
    table.uniques.append(Unique(column.uid, name, more))
    return True


def _second(columns: list[Column], first: Column, random: Random) -> tuple[int, ...]:
    others = [column.uid for column in columns if column.uid != first.uid]
    return (random.choice(others),) if others and random.random() < 0.3 else ()


def add_computed(models: Models, table: Table, random: Random) -> bool:
    columns = _plain(table, ("int", "big"))
    if not columns:
        return False
    column = Column(models.uid(), free_name(table, random), "big")
    column.of, column.times = random.choice(columns).uid, random.randint(2, 9)
    column.persisted = models.dialect == "postgresql" or random.random() < 0.6
    table.columns.append(column)
    return True


def add_key(models: Models, table: Table, target: Table, random: Random) -> bool:
    kind = {"str": "str20"}.get(target.pk, target.pk)
    column = Column(models.uid(), free_name(table, random), kind)
    column.nullable = random.random() < 0.75
    table.columns.append(column)
    name = _named(models, random, "fk", table, column)
    key = Key(column.uid, target.uid, name)
    key.ondelete = random.choice([None, None, "CASCADE", "SET NULL" if column.nullable else None])
    key.onupdate = random.choice([None, None, None, "CASCADE"])
    key.deferrable = models.dialect != "mysql" and random.random() < 0.2
    table.keys.append(key)
    if random.random() < 0.3:  # as is often done
        unique = random.random() < 0.3
        table.indexes.append(Index(f"ix_{table.name}_{models.uid()}", column.uid, unique))
    return True


def copied(models: Models) -> Models:
    return deepcopy(models)
