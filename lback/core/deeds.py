"""Effects in people's words."""

from __future__ import annotations

from lback.core.effects import Effect


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
    elif effect.object == "condition":
        text = f"ask for {effect.detail}"
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
