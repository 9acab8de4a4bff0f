"""What is changed between two states of random models, and what a person would answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.models.spec import (
    DEFAULTS,
    NUMBERS,
    OTHER,
    ROWS,
    TEXTS,
    WORDS,
    Column,
    Models,
    Table,
    add_check,
    add_column,
    add_computed,
    add_index,
    add_key,
    add_table,
    add_unique,
    copied,
    covers,
    free_name,
    some_default,
)


@dataclass
class Story:
    """Models before and after, and what was done in between."""

    before: Models
    after: Models
    done: list[str] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    renames: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)

    def has(self, table: Table, column: Column) -> bool:
        """Tell whether a column was there before."""
        return any(
            old.uid == column.uid
            for before in self.before.tables
            if before.uid == table.uid
            for old in before.columns
        )

    def is_new(self, table: Table) -> bool:
        return all(before.uid != table.uid for before in self.before.tables)


Change = Callable[[Story, Random], bool]


def tell(random: Random, before: Models, count: int) -> Story:
    """Change models some times; of one column only one thing is changed, or it is renamed too."""
    story = Story(before, copied(before))
    names = list(CHANGES)
    while len(story.done) < count:
        name = random.choice(names)
        if CHANGES[name](story, random):
            story.done.append(name)
    _answer(story)
    return story


def _answer(story: Story) -> None:
    _values(story)
    old_tables = {table.uid: table for table in story.before.tables}
    for table in story.after.tables:
        old = old_tables.get(table.uid)
        if old is None:
            continue
        if old.full != table.full:
            story.renames.append(f"{old.full}:{table.full}")
        old_columns = {column.uid: column for column in old.columns}
        for column in table.columns:
            was = old_columns.get(column.uid)
            if was is not None and was.name != column.name:
                story.renames.append(f"{table.full}.{was.name}:{table.full}.{column.name}")
            new = was is None or was.nullable
            plain = column.of is None and not column.identity
            # One default, or one value, is none where each row has to have its own.
            own = story.after.own(table, column) if unique(table, column) else None
            asked = was or column.default is None or own
            if new and plain and not column.nullable and asked:
                key = next((key for key in table.keys if key.column == column.uid), None)
                value = story.after.value(column, 0)
                if key is not None:
                    value = story.after.key(story.after.table(key.table), 0)
                if own is not None:
                    value = f"sql:{own}"
                text = (
                    {True: "true", False: "false"}.get(value, value)
                    if value in (True, False) and isinstance(value, bool)
                    else value
                )
                if column.kind in ("json", "jsonb"):
                    text = '{"row": 0}'
                elif column.kind == "bytes":
                    text = "row 0"
                elif column.kind == "array":
                    text = "{0,1}"
                story.defaults.append(f"{table.full}.{column.name}={text}")


def unique(table: Table, column: Column) -> list[Any]:
    """Return what lets no two rows have one value in a column."""
    items = [*table.uniques, *(index for index in table.indexes if index.unique)]
    return [item for item in items if item.column == column.uid and not item.more]


def _values(story: Story) -> None:
    """Answer for each enum value that has another name: of a type, or of each column on MySQL."""
    for name, values in story.after.enums.items():
        old = story.before.enums.get(name)
        if old is None or old[0] == values[0]:
            continue
        if story.after.dialect == "postgresql" and not _is_in_use(story, name):
            continue  # a type that comes or goes has no values to rename
        if story.after.dialect == "postgresql":
            shown = story.after.types.get(name, name)
            story.renames.append(f"{shown}.{old[0]}:{values[0]}")
            continue
        for table in story.after.tables:
            story.renames += [
                f"{table.full}.{column.name}.{old[0]}:{values[0]}"
                for column in table.columns
                if column.enum == name and story.has(table, column)
            ]


def _table(story: Story, random: Random) -> Table:
    return random.choice(story.after.tables)


def _column(
    story: Story, random: Random, kinds: tuple[str, ...] = ()
) -> tuple[Table, Column] | None:
    """Choose a column of before that nothing was done to."""
    choices = [
        (table, column)
        for table in story.after.tables
        for column in table.columns
        if story.has(table, column)
        and column.uid not in story.touched
        and column.of is None
        and not column.identity
        and (not kinds or column.kind in kinds)
    ]
    return random.choice(choices) if choices else None


def _free(story: Story, found: tuple[Table, Column] | None) -> bool:
    return found is not None and not found[0].used(found[1].uid)


def new_column(story: Story, random: Random) -> bool:
    column = add_column(story.after, _table(story, random), random)
    story.touched.add(column.uid)
    return True


def drop_column(story: Story, random: Random) -> bool:
    found = _column(story, random)
    if (
        found is None
        or len(found[0].columns) < 2
        or any(column.of == found[1].uid for column in found[0].columns)
    ):
        return False
    table, column = found
    items = [*table.uniques, *(index for index in table.indexes if index.unique)]
    is_key = any(key.column == column.uid for key in table.keys)
    held = any(covers(item, column.uid) for item in items)
    if not column.nullable and (is_key or (held and not story.after.comes_back(table, column))):
        return False  # nobody could say what it would hold when it comes back
    table.columns.remove(column)
    for items in (table.indexes, table.checks, table.uniques, table.keys):
        items[:] = [item for item in items if not covers(item, column.uid)]
    return True


def rename_column(story: Story, random: Random) -> bool:
    found = _column(story, random)
    if found is None:
        return False
    found[1].name = free_name(found[0], random)
    # What is renamed may change, too, once.
    if random.random() < 0.5:
        story.touched.add(found[1].uid)
    return True


def swap_names(story: Story, random: Random) -> bool:
    table = _table(story, random)
    columns = [
        column
        for column in table.columns
        if story.has(table, column) and column.uid not in story.touched and column.of is None
    ]
    if len(columns) < 2:
        return False
    one, two = random.sample(columns, 2)
    one.name, two.name = two.name, one.name
    story.touched |= {one.uid, two.uid}
    return True


def change_type(story: Story, random: Random) -> bool:
    found = _column(story, random, tuple(OTHER))
    if found is None or any(key.column == found[1].uid for key in found[0].keys):
        return False
    table, column = found
    new = random.choice(OTHER[column.kind])
    dialect = story.after.dialect
    if dialect == "sqlite" and column.kind in ("date", "enum"):
        return False  # a text there, and another one
    if (new == "jsonb" and dialect != "postgresql") or not _takes(table, column, new, dialect):
        return False
    if column.enum and story.after.enums[column.enum] != story.before.enums.get(column.enum):
        return False  # in two steps, for what is a value of it is a plain text then
    if column.kind == "bool" and column.default:
        column.default = "1" if column.default == "true" else "0"
    if column.default in ("sum", "today"):
        column.default = None
    column.kind, column.enum = new, None
    _touch(story, random, column)
    return True


def _takes(table: Table, column: Column, new: str, dialect: str) -> bool:
    """Tell whether what is about a column is so, too, where it has another type."""
    if any(each.of == column.uid for each in table.columns) and new not in ("int", "big", "small"):
        return False
    for index in (one for one in table.indexes if covers(one, column.uid)):
        number = index.above is not None and index.column == column.uid
        if (number and new not in NUMBERS) or (index.lower and new not in TEXTS):
            return False
    if any(covers(one, column.uid) and one.more and new not in NUMBERS for one in table.checks):
        return False
    held = any(covers(one, column.uid) for one in (*table.indexes, *table.uniques))
    return not (held and dialect == "mysql" and new == "text")


def _touch(story: Story, random: Random, column: Column) -> None:
    """Let a column be changed in one way, or now and then in several."""
    if random.random() < 0.6:
        story.touched.add(column.uid)


def change_null(story: Story, random: Random) -> bool:
    found = _column(story, random)
    if found is None:
        return False
    table, column = found
    if column.nullable:
        if any(key.column == column.uid and key.ondelete == "SET NULL" for key in table.keys):
            return False
        if unique(table, column) and story.after.own(table, column) is None:
            return False  # one value for several rows
    column.nullable = not column.nullable
    _touch(story, random, column)
    return True


def change_default(story: Story, random: Random) -> bool:
    found = _column(story, random, (*DEFAULTS, "enum"))
    if found is None or any(key.column == found[1].uid for key in found[0].keys):
        return False
    column = found[1]
    if column.default is not None and random.random() < 0.5:
        column.default = None
    else:
        column.default = some_default(story.after, column, random)
    _touch(story, random, column)
    return True


def change_comment(story: Story, random: Random) -> bool:
    if story.after.dialect == "sqlite":
        return False
    if random.random() < 0.3:
        table = _table(story, random)
        table.comment = None if table.comment else "other\n'words'"
        return True
    found = _column(story, random)
    if found is None:
        return False
    found[1].comment = None if found[1].comment else 'said with 100% "care"'
    _touch(story, random, found[1])
    return True


def new_table(story: Story, random: Random) -> bool:
    taken = {table.name for models in (story.before, story.after) for table in models.tables}
    name = random.choice([word for word in WORDS if word not in taken])
    schema = None
    if story.after.dialect == "postgresql" and random.random() < 0.2:
        schema = "depot"
    table = add_table(story.after, random, name, schema)
    if random.random() < 0.5:
        add_key(story.after, table, _table(story, random), random)
    return True


def drop_table(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if len(story.after.tables) < 2 or story.is_new(table):
        return False
    # Not what a key led to before either: on the way back its rows would lead to none.
    used = any(
        key.table == table.uid
        for other in (*story.after.tables, *story.before.tables)
        if other.uid != table.uid
        for key in other.keys
    )
    if used or any(column.uid in story.touched for column in table.columns):
        return False
    if table.schema and sum(other.schema == table.schema for other in story.after.tables) < 2:
        return False  # a schema without models is nobody's
    story.after.tables.remove(table)
    return True


def rename_table(story: Story, random: Random) -> bool:
    table = _table(story, random)
    taken = {one.name for models in (story.before, story.after) for one in models.tables}
    if story.is_new(table) or table.uid in story.touched:
        return False
    table.name = random.choice([word for word in WORDS if word not in taken])
    story.touched.add(table.uid)
    return True


def new_index(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if not add_index(story.after, table, random):
        return False
    if not _may_be_unique(story, table, table.indexes[-1]):
        table.indexes[-1].unique = False
    return True


def _may_be_unique(story: Story, table: Table, item: Any) -> bool:
    """Tell whether rows may differ in something: a new column is one value to all of them."""
    columns = [table.column(uid) for uid in (item.column, *item.more)]
    if story.is_new(table) or all(_was(story, table, one) for one in columns):
        return True
    if len(columns) > 1 or getattr(item, "above", None) is not None:
        return False  # only the database could say for which rows it holds
    return story.after.own(table, columns[0]) is not None


def _was(story: Story, table: Table, column: Column) -> bool:
    return story.has(table, column) and column.uid not in story.touched


def rename_index(story: Story, random: Random) -> bool:
    indexes = [one for table in story.after.tables for one in table.indexes if one.name]
    uniques = [one for table in story.after.tables for one in table.uniques if one.name]
    if not indexes and not uniques:
        return False
    random.choice([*indexes, *uniques]).name = f"called_{story.after.uid()}"
    return True


def drop_index(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if not table.indexes:
        return False
    table.indexes.pop()
    return True


def change_index(story: Story, random: Random) -> bool:
    table = _table(story, random)
    for index in table.indexes:
        column = table.column(index.column)
        if story.after.dialect != "mysql" and column.kind in NUMBERS:
            index.above = (
                None
                if index.above is not None and random.random() < 0.5
                else 20 + (index.above or 0)
            )
            return True
        if story.after.dialect != "mysql" and column.kind in TEXTS and not index.unique:
            index.lower = not index.lower
            return True
    return False


def new_check(story: Story, random: Random) -> bool:
    return add_check(story.after, _table(story, random), random)


def drop_check(story: Story, random: Random) -> bool:
    table = _table(story, random)
    return bool(table.checks) and table.checks.pop() is not None


def change_check(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if not table.checks:
        return False
    table.checks[0].limit += 1000
    return True


def new_unique(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if not add_unique(story.after, table, random):
        return False
    made = table.uniques[-1]
    if not _may_be_unique(story, table, made):
        table.uniques.pop()
        return False
    story.touched |= {made.column, *made.more}
    return True


def drop_unique(story: Story, random: Random) -> bool:
    table = _table(story, random)
    return bool(table.uniques) and table.uniques.pop() is not None


def new_key(story: Story, random: Random) -> bool:
    table, target = _table(story, random), _table(story, random)
    add_key(story.after, table, target, random)
    column = table.columns[-1]
    if not story.is_new(table) and (story.is_new(target) or unique(table, column)):
        column.nullable = True  # rows have nothing to lead to, or one thing for all of them
    return True


def drop_key(story: Story, random: Random) -> bool:
    table = _table(story, random)
    return bool(table.keys) and table.keys.pop() is not None


def change_key(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if not table.keys:
        return False
    key = table.keys[0]
    way = random.choice(["ondelete", "onupdate", "deferrable"])
    if way == "deferrable" and story.after.dialect != "mysql":
        key.deferrable = not key.deferrable
    elif way == "onupdate":
        key.onupdate = "CASCADE" if key.onupdate is None else None
    else:
        key.ondelete = "CASCADE" if key.ondelete is None else None
    return True


def new_computed(story: Story, random: Random) -> bool:
    return add_computed(story.after, _table(story, random), random)


def change_computed(story: Story, random: Random) -> bool:
    for table in story.after.tables:
        for column in table.columns:
            if column.of is not None:
                if story.after.dialect != "postgresql" and random.random() < 0.3:
                    column.persisted = not column.persisted
                else:
                    column.times += 10
                return True
    return False


def new_identity(story: Story, random: Random) -> bool:
    if story.after.dialect != "postgresql":
        return False
    table = _table(story, random)
    column = Column(story.after.uid(), free_name(table, random), "int", nullable=False)
    column.identity, column.always = random.randint(1, 90), random.random() < 0.5
    table.columns.append(column)
    return True


def change_identity(story: Story, random: Random) -> bool:
    for table in story.after.tables:
        for column in table.columns:
            if column.identity:
                if not story.has(table, column) or random.random() < 0.5:
                    column.identity += 100
                elif random.random() < 0.5:
                    column.always = not column.always
                else:
                    column.identity = 0
                return True
    return False


def number_to_identity(story: Story, random: Random) -> bool:
    found = _column(story, random, ("int", "big"))
    if story.after.dialect != "postgresql" or found is None or found[1].nullable:
        return False
    if found[1].default is not None or found[0].used(found[1].uid):
        return False
    found[1].identity = 200
    return True


def change_serial(story: Story, random: Random) -> bool:
    table = _table(story, random)
    if story.after.dialect != "postgresql" or table.pk == "str" or story.is_new(table):
        return False
    table.identity = not table.identity
    return True


def change_checked(story: Story, random: Random) -> bool:
    found = _column(story, random, ("checked",))
    if found is None:
        return False
    column = found[1]
    column.values = (
        column.values[:2] if len(column.values) > 2 else (*column.values, f"v{story.after.uid()}")
    )
    return True


def rename_enum(story: Story, random: Random) -> bool:
    name = _enum_in_use(story, random)
    if name is None or story.after.dialect != "postgresql":
        return False
    story.after.types[name] = f"{name}_{story.after.uid()}"
    return True


def _enum_in_use(story: Story, random: Random) -> str | None:
    names = sorted(name for name in story.after.enums if _is_in_use(story, name))
    return random.choice(names) if names else None


def _is_in_use(story: Story, name: str) -> bool:
    """Tell whether a type is there before and after."""
    return name in story.before.enums and all(
        any(column.enum == name for table in models.tables for column in table.columns)
        for models in (story.before, story.after)
    )


def new_value(story: Story, random: Random) -> bool:
    name = _enum_in_use(story, random)
    if name is None:
        return False
    values = story.after.enums[name]
    values.insert(random.randint(2, len(values)), f"more_{story.after.uid()}")
    return True


def rename_value(story: Story, random: Random) -> bool:
    name = _enum_in_use(story, random)
    if name is None or story.after.dialect == "sqlite":  # where it is a text, and not compared
        return False
    values = story.after.enums[name]
    old, new = values[0], f"other_{story.after.uid()}"
    if old not in story.before.enums[name]:
        return False
    left = [
        column
        for table in story.before.tables
        for column in table.columns
        if column.enum == name
        and any(
            other.uid == column.uid and other.enum != name
            for after in story.after.tables
            for other in after.columns
        )
    ]
    if left:
        return False  # a column of texts by now, in which nothing is renamed
    values[0] = new
    for table in story.after.tables:
        for column in table.columns:
            if column.enum == name and column.default == old:
                column.default = new
    return True


def drop_value(story: Story, random: Random) -> bool:
    name = _enum_in_use(story, random)
    if name is None or len(story.after.enums[name]) < 3:
        return False
    story.after.enums[name].pop(2)
    return True


def new_enum(story: Story, random: Random) -> bool:
    free = [name for name in ("mood", "grade") if name not in story.after.enums]
    if not free:
        return False
    story.after.enums[free[0]] = ["low", "high"]
    table = _table(story, random)
    column = Column(story.after.uid(), free_name(table, random), "enum", enum=free[0])
    table.columns.append(column)
    return True


def gone_enum(story: Story, random: Random) -> bool:
    """Drop all columns of an enum."""
    name = _enum_in_use(story, random)
    if name is None:
        return False
    found = [
        (table, column)
        for table in story.after.tables
        for column in table.columns
        if column.enum == name
    ]
    if any(len(table.columns) < 2 or column.uid in story.touched for table, column in found):
        return False
    for table, column in found:
        table.columns.remove(column)
    del story.after.enums[name]
    return all(table.columns for table in story.after.tables)


CHANGES: dict[str, Change] = {
    name: globals()[name]
    for name in [
        "new_column",
        "drop_column",
        "rename_column",
        "swap_names",
        "change_type",
        "change_null",
        "change_default",
        "change_comment",
        "new_table",
        "drop_table",
        "rename_table",
        "new_index",
        "drop_index",
        "change_index",
        "new_check",
        "drop_check",
        "change_check",
        "new_unique",
        "drop_unique",
        "new_key",
        "drop_key",
        "change_key",
        "new_computed",
        "change_computed",
        "new_identity",
        "change_identity",
        "number_to_identity",
        "change_serial",
        "change_checked",
        "rename_index",
        "rename_enum",
        "new_value",
        "rename_value",
        "drop_value",
        "new_enum",
        "gone_enum",
    ]
}
assert ROWS
