"""What is said while a statement waits for other sessions of the database, and when it gave up."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 120


def blocker(
    pid: int, user: str, application: str, state: str, seconds: int | None, statement: str
) -> str:
    """Say which session others wait for: whose, since when, what it does."""
    who = f"session {pid}" + (f" of {user}" if user else "")
    who += f" ({application})" if application else ""
    since = f" for {seconds} s" if seconds is not None else ""
    idle = state.startswith("idle")
    doing = f"{state}{since}" if idle else f"at work{since}"
    short = statement if len(statement) <= _LONGEST else f"{statement[: _LONGEST - 3]}..."
    if not short:
        return f"{who}, {doing}"
    return f"{who}, {doing}, {'its last statement' if idle else 'with'}: {short}"


def waiting(blockers: Sequence[str]) -> str:
    """Say for whom a statement waits."""
    return f"Waiting for {'; and for '.join(blockers)}."


A_ROW = "Waiting for the lock of a row"


def perhaps(state: str, open_transactions: Sequence[str] | None) -> str:
    """Say what a statement waits for, where the server does not say for whom."""
    if open_transactions is None:
        return f"{state}; who has it needs the right PROCESS to be seen."
    if not open_transactions:
        return f"{state}; no open transaction of this database is to be seen."
    return f"{state}; what is open here: {'; and '.join(open_transactions)}."


def again(name: str, why: str, blockers: Sequence[str], seconds: float, number: int) -> str:
    """Say that a step will be tried again, and why."""
    kept_back = f" for {'; and for '.join(blockers)}" if blockers else ""
    name = name or "A statement"
    what = f"{name} waited{kept_back}" if why != "deadlock" else f"{name} met another session"
    return (
        f"{what}. It gave up ({_REASONS[why]}) and was rolled back, so that nobody waits behind "
        f"it; again in {seconds:.1f} s, {number} {'try' if number == 1 else 'tries'} left."
    )


_REASONS = {
    "lock_timeout": "lock_timeout",
    "deadlock": "a deadlock",
    "statement_timeout": "statement_timeout",
}


def gave_up(why: str, blockers: Sequence[str], tries: int, kept: bool) -> str:
    """Say for whom a step waited in the end, and what may be done."""
    text = f"It waited for {'; and for '.join(blockers)}. " if blockers else ""
    if why == "statement_timeout":
        return (
            f"{text}A statement ran longer than statement_timeout allows: give it more in "
            "[tool.lback.postgresql], or do the work in smaller parts."
        )
    if kept:
        return (
            f"{text}It is not tried again, since a part of it was kept. Run the command again "
            "once that is settled."
        )
    more = f"after {tries} {'try' if tries == 1 else 'tries'}" if tries else "at once"
    return (
        f"{text}lback gave up {more}: end that session, or try at a quieter hour; `lock_timeout` "
        "and `retries` in [tool.lback.postgresql] say how long to wait and how often."
    )
