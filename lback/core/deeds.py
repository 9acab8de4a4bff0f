"""Effects in people's words: the kind of deed, and a sentence about it."""

from __future__ import annotations

from lback.core.effects import Effect

# Aspects of a changed column, strongest first; "not null" goes with "nullable".
_ASPECTS = ("type", "nullable", "default", "comment")
_ROWS = frozenset({"insert", "update", "delete"})
_ATTACHED = frozenset({"trigger", "rule", "policy"})


def deeds(effect: Effect) -> tuple[str, ...]:
    """Return what an effect amounts to, in the words of the table of commuting pairs.

    An alteration of a column is several deeds, one an aspect.
    """
    kind, what = effect.kind, effect.object
    if what == "table":
        return ("set table",) if kind == "alter" else (f"{kind} table",)
    if what == "column":
        if kind == "alter":
            return tuple(one for one in _ASPECTS if one in effect.aspects) or ("change column",)
        return ({"create": "add"}.get(kind, kind) + " column",)
    if what == "index":
        if kind == "create":
            return ("create unique index" if "unique" in effect.aspects else "create index",)
        return (f"{kind} index",)
    if what == "constraint":
        return _constraint(effect)
    if what == "data":
        return (kind,)
    if what == "comment":
        return ("comment table",)
    if what in _ATTACHED:
        return ("trigger",)
    if what == "privileges":
        return ("privileges",)
    return (f"{kind} {what}",)


def _constraint(effect: Effect) -> tuple[str, ...]:
    if effect.kind != "create":
        return (f"{effect.kind} constraint",)
    for flavour in ("unique", "primary", "foreignkey", "check", "exclude"):
        if flavour in effect.aspects:
            return (f"add {flavour}",)
    return ("add constraint",)


def is_rows(effect: Effect) -> bool:
    """Tell whether an effect writes rows."""
    return effect.object == "data" and effect.kind in _ROWS


def enclosed(detail: str) -> str:
    """Return a detail in parentheses, once."""
    whole = detail.startswith("(") and detail.find(")") == len(detail) - 1
    return detail if whole else f"({detail})"


def described(effect: Effect) -> str:
    """Say what an effect does, as an order: "add column users.email (String)"."""
    place = f"{effect.table}." if effect.table else ""
    name = effect.name or "(unnamed)"
    detail = f" {enclosed(effect.detail)}" if effect.detail else ""
    if effect.object == "query":
        text = f"read {effect.detail}"
    elif effect.object == "data":
        columns = f" ({', '.join(effect.columns[:6])})" if effect.columns else ""
        words = {"insert": "insert rows into", "update": "update rows of"}
        text = f"{words.get(effect.kind, 'delete rows of')} {effect.table}{columns}"
    elif effect.object == "table":
        text = f"{effect.kind} table {effect.table}"
        text += f" to {effect.to}" if effect.to else detail
    elif effect.object == "column":
        verb = {"create": "add"}.get(effect.kind, effect.kind)
        text = f"{verb} column {place}{name}" + (f" to {effect.to}" if effect.to else detail)
    elif effect.object == "comment":
        text = f"comment on {effect.table or effect.name}"
    elif effect.object in ("index", "constraint", "trigger", "rule", "policy"):
        verb = {"create": "add"}.get(effect.kind, effect.kind)
        on = f" on {effect.table}" if effect.table else ""
        text = f"{verb} {effect.object} {name}{on}" + (f" to {effect.to}" if effect.to else detail)
    else:
        text = f"{effect.kind} {effect.object} {effect.name or effect.table or '(unnamed)'}"
        text += f" to {effect.to}" if effect.to else detail
    return text + (f" [{effect.dialect} only]" if effect.dialect else "")
