"""What a downgrade() leaves that its upgrade() made, and what it takes that was there before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lback.core.dialects import Dialects
from lback.core.effects import Effect, Effects, container, described, partition
from lback.core.naming import bare, schema_of

_TYPES = frozenset({"enum", "type", "domain"})
_WATCHED = _TYPES | {"table", "column", "sequence", "view", "schema", "database"}

_Key = tuple[str, str, str]


class Leftover(NamedTuple):
    """One object that the way down does not bring back to what it was.

    `effect` makes it in upgrade() and nothing takes it away (`left`), or takes it away in
    downgrade() though upgrade() did not make it.
    """

    effect: Effect
    left: bool

    def sentence(self, revision: str, path: str) -> str:
        """Say what is wrong, with the line."""
        place = f"{path}:{self.effect.line}"
        if self.left:
            return (
                f"{place}: upgrade() of {revision} would {described(self.effect)}, and its "
                "downgrade() leaves it there"
            )
        return (
            f"{place}: downgrade() of {revision} would {described(self.effect)}, which its "
            "upgrade() did not make"
        )


def leftovers(effects: Effects, dialect: str) -> tuple[Leftover, ...]:
    """Return what the two directions of one revision do not agree in, on one dialect.

    Only what was read for certain counts: nothing is said of a direction that holds
    something unknown, and nothing of objects that one of them may have made.
    """
    if effects.unknown or not effects.has_downgrade:
        return ()
    made: dict[_Key, Effect] = {}
    doubtful: set[_Key] = set()
    parts: dict[str, str] = {}
    for effect in _watched(effects.upgrade, dialect):
        _follow(made, effect, doubtful, parts)
    extra: list[Leftover] = []
    for effect in _watched(effects.downgrade, dialect):
        key = _key(effect)
        fresh = effect.certain and key not in made and key not in doubtful
        if effect.kind == "drop" and fresh and not _is_replaced(effects, effect):
            extra.append(Leftover(effect, left=False))
        _follow(made, effect, doubtful, parts)
    forward = {id(item) for item in effects.upgrade}
    left = [
        Leftover(item, left=True) for item in made.values() if item.certain and id(item) in forward
    ]
    return (*left, *extra)


def _watched(effects: Iterable[Effect], dialect: str) -> Iterable[Effect]:
    name = "mysql" if dialect == "mariadb" else dialect
    for effect in effects:
        runs = not (Dialects.of(effect.dialect) & Dialects(frozenset({name}), but=False)).empty
        if runs and (effect.object in _WATCHED):
            yield effect


def _key(effect: Effect, name: str | None = None) -> _Key:
    # MySQL has two words for one thing.
    kind = {"database": "schema"}.get(effect.object, effect.object)
    kind = "type" if kind in _TYPES else kind
    table = bare(effect.table) if kind == "column" else ""
    return kind, table, bare(name or effect.name or effect.table)


def _follow(
    made: dict[_Key, Effect], effect: Effect, doubtful: set[_Key], parts: dict[str, str]
) -> None:
    """Do what an effect does to what is made; `parts` are partitions, and what they are part of."""
    key, part = _key(effect), partition(effect)
    if effect.kind == "create":
        made[key] = effect
        if not effect.certain:
            doubtful.add(key)
    elif effect.kind == "drop":
        made.pop(key, None)
        if effect.object == "table":
            _empty(made, key[2], parts)
        for value in [item for item in made if _is_in(made[item], container(effect))]:
            del made[value]
    elif effect.kind == "rename" and effect.to:
        _rename(made, effect, key)
    elif part is not None and part.attached:
        parts[bare(part.child)] = bare(part.parent)
    elif part is not None:
        parts.pop(bare(part.child), None)


def _is_in(effect: Effect, schema: str | None) -> bool:
    """Tell whether what an effect makes is in a schema, with which it goes."""
    return schema is not None and schema_of(effect.table or effect.name) == schema.casefold()


def _empty(made: dict[_Key, Effect], table: str, parts: dict[str, str]) -> None:
    """Take away what goes with a table: its columns, and its partitions with all of theirs."""
    for value in [item for item in made if item[:2] == ("column", table)]:
        del made[value]
    for child in [child for child, parent in parts.items() if parent == table]:
        del parts[child]
        made.pop(("table", "", child), None)
        _empty(made, child, parts)


def _rename(made: dict[_Key, Effect], effect: Effect, key: _Key) -> None:
    new = _key(effect, effect.to)
    if key in made:
        made[new] = made.pop(key)
    if effect.object == "table":
        for value in [item for item in made if item[0] == "column" and item[1] == key[2]]:
            made["column", new[2], value[2]] = made.pop(value)


def _is_replaced(effects: Effects, drop: Effect) -> bool:
    """Tell whether upgrade() touches the object in another way, or downgrade() makes it anew.

    The first is a copy, a rename or a drop; the second an enum type that loses a value.
    """
    made = {_key(effect) for effect in effects.downgrade if effect.kind == "create"}
    aside = [one for one in effects.downgrade if one.kind == "rename" and one.to]
    if any(_key(one, one.to) == _key(drop) and _key(one) in made for one in aside):
        return True
    name = bare(drop.name or drop.table)
    table = bare(drop.table)
    for effect in effects.upgrade:
        named = {bare(effect.name), bare(effect.to), bare(effect.table)}
        if effect.object == drop.object and name in named:
            return True
        if effect.object == "table" and effect.kind in ("rename", "drop") and table in named:
            return True
    # A table that downgrade() makes itself, to copy from or into, is its own business.
    return any(
        effect.kind == "create" and effect.object == "table" and bare(effect.table) in (name, table)
        for effect in effects.downgrade
    )
