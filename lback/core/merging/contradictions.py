"""What a revision contradicts below it: what already exists, is gone, or has another name.

The schema is followed along the graph, as far as the text tells it for certain. A fact holds
for a revision when it comes from one of its ancestors and nothing in between may have undone
it: what could not be read, what happens under a condition, or on some databases only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from lback.core.effects import Effect, Effects, described
from lback.core.naming import key

if TYPE_CHECKING:
    from lback.core.graph.view import GraphView

_PARTS = frozenset({"column", "index", "constraint", "data", "trigger"})
_ALONE = frozenset({"view", "sequence", "enum", "domain"})
Thing = tuple[str, str, str]


class Fact(NamedTuple):
    """What is known of a thing since some revision; `to` is its name since a rename."""

    state: Literal["there", "gone"]
    revision: str
    effect: Effect
    to: str | None = None


class Contradiction(NamedTuple):
    """An effect that cannot run after what an older revision did, and why."""

    revision: str
    effect: Effect
    fact: Fact
    why: str

    @property
    def message(self) -> str:
        """Say what contradicts what."""
        return f"{self.revision} would {described(self.effect)}, {self.why}"


@dataclass(slots=True)
class _Schema:
    """The facts, by thing: ("table", name, ""), ("column", table, name), ("index", table, name)."""

    facts: dict[Thing, Fact] = field(default_factory=dict)
    on_table: dict[str, set[Thing]] = field(default_factory=dict)

    def set(self, thing: Thing, fact: Fact) -> None:
        self.facts[thing] = fact
        if thing[0] != "table":
            self.on_table.setdefault(thing[1], set()).add(thing)

    def forget(self, thing: Thing) -> None:
        self.facts.pop(thing, None)

    def forget_table(self, table: str) -> None:
        for thing in self.on_table.pop(table, ()):
            self.facts.pop(thing, None)
        self.facts.pop(("table", table, ""), None)

    def forget_all(self) -> None:
        self.facts.clear()
        self.on_table.clear()


def contradictions(
    graph: GraphView, effects: Mapping[str, Effects], about: Collection[str]
) -> Iterator[Contradiction]:
    """Yield what the revisions in `about` contradict of what is below them.

    `effects` are those of all revisions that are known; one that is missing is a doubt.
    """
    schema = _Schema()
    for revision in graph.order():
        does = effects.get(revision)
        if does is None:
            schema.forget_all()
            continue
        if revision in about and not _hides_all(does):
            yield from _judged(graph, schema, revision, does)
        _follow(schema, revision, does)


def _hides_all(does: Effects) -> bool:
    """Tell whether something in it may do anything, before or after what can be read."""
    return any(not unknown.tables for unknown in does.unknowns("upgrade"))


def _is_sure(effect: Effect) -> bool:
    return effect.certain and effect.dialect is None and not effect.guarded


# -- judging one revision ----------------------------------------------------------


def _judged(
    graph: GraphView, schema: _Schema, revision: str, does: Effects
) -> Iterator[Contradiction]:
    below: frozenset[str] | None = None
    hidden = {key(table) for unknown in does.unknowns("upgrade") for table in unknown.tables}
    touched: set[Thing] = set()  # by the revision itself, before
    for effect in does.upgrade:
        if _is_sure(effect) and not hidden & {key(effect.table), key(effect.refers_to)}:
            for thing, wanted, why in _wants(effect):
                fact = schema.facts.get(thing)
                if fact is None or fact.state == wanted or fact.revision == revision:
                    continue
                if touched & {thing, _whole(thing), _anywhere(thing)}:
                    continue
                if below is None:
                    below = graph.ancestors([revision])
                if fact.revision in below and _spelled_alike(effect, fact.effect):
                    yield Contradiction(revision, effect, fact, _told(why, fact))
                    break
        touched |= {thing for thing, _, _ in _wants(effect)}
        for name in filter(None, (effect.to, effect.name)):
            # Whatever it gave a name to is what a later effect of its own means by it.
            touched |= {("table", key(name), ""), (effect.object, "", key(name))}
            touched.add((effect.object, key(effect.table), _folded(name.rpartition(".")[2])))


def _spelled_alike(effect: Effect, other: Effect) -> bool:
    """Tell whether no name differs by its case alone: on PostgreSQL that may be another one."""
    names = {text for text in (effect.table, effect.name, effect.to) if text}
    others = {text for text in (other.table, other.name, other.to) if text}
    folded = {name.casefold() for name in names & others}
    return (
        not ({name.casefold() for name in names} & {other.casefold() for other in others}) - folded
    )


def _whole(thing: Thing) -> Thing:
    return ("table", thing[1], "")


def _anywhere(thing: Thing) -> Thing:
    """Return the thing as it is called by who does not name its table."""
    return (thing[0], "", thing[2])


def _told(why: str, fact: Fact) -> str:
    if fact.to is not None:
        return f"{why}: {fact.revision} renamed it to {fact.to}"
    deed = {"create": "created", "rename": "created"} if fact.state == "there" else {}
    return f"{why}: {fact.revision} {deed.get(fact.effect.kind, 'dropped')} it"


def _wants(effect: Effect) -> Iterator[tuple[Thing, str, str]]:
    """Yield what an effect needs to be there, or not to be there, with what to say of it."""
    table = key(effect.table)
    if effect.object == "table" and effect.kind == "create":
        yield ("table", table, ""), "gone", f"but table {effect.table} already exists"
    elif effect.object == "table":
        yield ("table", table, ""), "there", f"but table {effect.table} no longer exists"
        if effect.kind == "rename" and effect.to:
            yield ("table", key(effect.to), ""), "gone", f"but table {effect.to} already exists"
    elif effect.object in _PARTS and effect.table:
        yield ("table", table, ""), "there", f"but table {effect.table} no longer exists"
        yield from _wants_parts(effect, table)
    elif effect.object in _ALONE and effect.name:
        thing = (effect.object, "", key(effect.name))
        wanted = "gone" if effect.kind == "create" else "there"
        state = "already exists" if wanted == "gone" else "no longer exists"
        yield thing, wanted, f"but {effect.object} {effect.name} {state}"
        if effect.kind == "rename" and effect.to:
            new = (effect.object, "", key(effect.to))
            yield new, "gone", f"but {effect.object} {effect.to} already exists"
    if effect.refers_to and effect.kind == "create" and key(effect.refers_to) != table:
        yield (
            ("table", key(effect.refers_to), ""),
            "there",
            f"but {effect.refers_to} no longer exists",
        )


def _wants_parts(effect: Effect, table: str) -> Iterator[tuple[Thing, str, str]]:
    on = f"{effect.table}."
    if effect.object in ("column", "index", "constraint") and effect.name:
        thing = (effect.object, table, _folded(effect.name))
        shown = f"{on}{effect.name}" if effect.object == "column" else effect.name
        if effect.kind == "create":
            yield thing, "gone", f"but {effect.object} {shown} already exists"
        else:
            yield thing, "there", f"but {effect.object} {shown} no longer exists"
        if effect.kind == "rename" and effect.to and effect.object == "column":
            new = ("column", table, _folded(effect.to))
            yield new, "gone", f"but column {on}{effect.to} already exists"
    if effect.object in ("index", "constraint", "data") and effect.kind != "drop":
        for column in effect.columns:
            thing = ("column", table, _folded(column))
            yield thing, "there", f"but column {on}{column} no longer exists"


def _folded(name: str) -> str:
    return key(name.replace(".", "_"))


# -- following ---------------------------------------------------------------------


def _follow(schema: _Schema, revision: str, does: Effects) -> None:
    for effect in does.upgrade:
        if _is_sure(effect):
            _apply(schema, revision, effect)
        else:
            _doubt(schema, effect)
    for unknown in does.unknowns("upgrade"):
        if not unknown.tables:
            schema.forget_all()
        for table in unknown.tables:
            schema.forget_table(key(table))


def _doubt(schema: _Schema, effect: Effect) -> None:
    """Forget what an effect may have changed that perhaps does not happen."""
    table = key(effect.table)
    if effect.object == "table":
        schema.forget_table(table)
        if effect.to:
            schema.forget_table(key(effect.to))
    elif effect.object in _ALONE:
        for name in (effect.name, effect.to):
            schema.forget((effect.object, "", key(name)))
    elif effect.object in ("column", "index", "constraint"):
        for name in (effect.name, effect.to):
            _forget_part(schema, effect.object, table, name)
    if effect.kind == "drop" and effect.object in ("schema", "extension", "database"):
        schema.forget_all()


def _forget_part(schema: _Schema, kind: str, table: str, name: str | None) -> None:
    if name is None:
        return
    kinds = ("column",) if kind == "column" else ("index", "constraint")
    for text in kinds:
        schema.forget((text, table, _folded(name)))


def _apply(schema: _Schema, revision: str, effect: Effect) -> None:
    table = key(effect.table)
    there = Fact("there", revision, effect)
    gone = Fact("gone", revision, effect, effect.to if effect.kind == "rename" else None)
    if effect.object == "table":
        _apply_table(schema, effect, table, there, gone)
    elif effect.object in _ALONE and effect.name:
        if effect.kind in ("drop", "rename"):
            schema.set((effect.object, "", key(effect.name)), gone)
        if effect.kind in ("create", "rename"):
            name = effect.to if effect.kind == "rename" else effect.name
            schema.set((effect.object, "", key(name)), there)
    elif effect.object in ("column", "index", "constraint") and effect.name and effect.table:
        _apply_part(schema, effect, table, there, gone)
    elif effect.object == "index" and effect.name:
        # On whichever table it is.
        for thing in [fact for fact in schema.facts if fact[0] == "index"]:
            if thing[2] == _folded(effect.name.rpartition(".")[2]):
                schema.forget(thing)
    if "cascade" in effect.aspects or effect.object in ("schema", "extension", "database"):
        schema.forget_all()


def _apply_table(schema: _Schema, effect: Effect, table: str, there: Fact, gone: Fact) -> None:
    if effect.kind == "create":
        schema.forget_table(table)
        schema.set(("table", table, ""), there)
    elif effect.kind == "drop":
        schema.forget_table(table)
        schema.set(("table", table, ""), gone)
    elif effect.kind == "rename" and effect.to:
        new = key(effect.to)
        moved = [
            (thing, schema.facts[thing])
            for thing in schema.on_table.get(table, ())
            if thing in schema.facts
        ]
        schema.forget_table(new)
        schema.forget_table(table)
        for (kind, _, name), fact in moved:
            schema.set((kind, new, name), fact)
        schema.set(("table", table, ""), gone)
        schema.set(("table", new, ""), there)


def _apply_part(schema: _Schema, effect: Effect, table: str, there: Fact, gone: Fact) -> None:
    thing = (effect.object, table, _folded(effect.name or ""))
    if effect.object != "column":
        # A unique constraint may be dropped as an index, and an index as a constraint.
        _forget_part(schema, effect.object, table, effect.name)
        _forget_part(schema, effect.object, table, effect.to)
    if effect.kind in ("drop", "rename"):
        schema.set(thing, gone)
    if effect.kind == "create":
        schema.set(thing, there)
    elif effect.kind == "rename" and effect.to:
        schema.set((effect.object, table, _folded(effect.to)), there)
    if effect.object == "column" and effect.kind == "drop":
        # Its indexes and constraints may have gone with it.
        for value in [o for o in schema.on_table.get(table, ()) if o[0] != "column"]:
            schema.forget(value)
