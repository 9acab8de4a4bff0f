"""What the proofs of merges and rollbacks say: revisions that were run on a scratch database."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.schema_diff import Difference

COPY = "a copy of a template"
ASYNCHRONOUS = "only an asynchronous driver leads to the database"
NOT_ALONE = "env.py does more than configure this one of its databases, which was not repeated"


def place(*, in_memory: bool, why: str = "") -> str:
    """Return what the revisions were run on, and why not on a copy of a template."""
    if not in_memory:
        return "the scratch database"
    return (
        f"SQLite in memory (no template: {_short(why).rstrip('.')})" if why else "SQLite in memory"
    )


def changed(apart: Difference) -> str:
    """Say how a schema would depart from what it was."""
    if apart.state != "changed":
        return f"{apart.thing} is {'there' if apart.state == 'new' else 'gone'}"
    return f"{apart.thing}: {apart.detail}" if apart.detail else f"{apart.thing} has changed"


def orders_agree(where: str) -> str:
    """Say that a merge is proved."""
    return f"both orders come to one schema on {where}"


def orders_differ(where: str, apart: Difference) -> str:
    """Say in what the schemas of two orders differ first."""
    told = f"{apart.thing} is there in one order only"
    if apart.state == "changed":
        told = f"{apart.thing}: its {apart.part or 'definition'} differ{'' if apart.part else 's'}"
    return f"on {where} the two orders do not come to one schema: {told}"


def order_fails(where: str, revision: str, order: Sequence[str] | None, why: str) -> str:
    """Say which revision fails in one order, or, without an `order`, in both."""
    which = "both orders" if order is None else f"the order {' '.join(order[-6:])}"
    return f"on {where}, {revision} fails in {which}: {why}"


def no_scratch_database(dialect: str) -> str:
    """Say that a rollback could not be run anywhere first."""
    return (
        f"no scratch database for {dialect} is at hand: `[tool.lback] scratch_url` may name an "
        "empty one"
    )


def chain_fails(revision: str, why: str) -> str:
    """Say that the revisions below a rollback do not run on an empty database."""
    return f"{revision or 'the chain'} does not run on an empty database ({_short(why)})"


def rollback_fails(where: str, why: str) -> str:
    """Say that the rollback itself breaks."""
    return f"on {where} it fails: {_short(why)}"


def rollback_proved(where: str) -> str:
    """Say that a rollback leads back."""
    return f"played through on {where}"


def rollback_wrong(where: str, apart: Difference, *, on_the_way_back: bool) -> str:
    """Say in what the schema would not be as it was."""
    told = changed(apart)
    if on_the_way_back:
        told = f"downgrade() of the new revision does not lead back: {told}"
    return f"played through on {where}, {told}"


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
