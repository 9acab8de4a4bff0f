"""A traceback for --debug: places and messages, and no line of anybody's source."""

from __future__ import annotations

from collections.abc import Iterator

from lback.secrets import KNOWN

_MOST = 400  # frames; a recursion has thousands, all alike
_CAUSE = "The above exception was the direct cause of the following exception:"
_DURING = "During handling of the above exception, another exception occurred:"


def lines(err: BaseException | None, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Yield the lines of a traceback, causes first.

    Python would show the line of source that each frame stands at, and a syntax error's own:
    these may hold a password as it is written in env.py or in a module of settings.
    """
    if err is None or id(err) in seen:
        return
    seen |= {id(err)}
    before = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    if before is not None and id(before) not in seen:
        yield from lines(before, seen)
        yield ""
        yield _CAUSE if err.__cause__ is not None else _DURING
        yield ""
    yield "Traceback (most recent call last):"
    yield from _frames(err)
    yield from _message(err)
    for base_exception in getattr(err, "exceptions", ()):  # a group
        if isinstance(base_exception, BaseException):
            yield "  caused in part by:"
            yield from (f"  {line}" for line in lines(base_exception, seen))


def _frames(err: BaseException) -> Iterator[str]:
    rows = []
    trace = err.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        rows.append(f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}')
        trace = trace.tb_next
    if len(rows) > _MOST:
        left_out = [f"  ... {len(rows) - _MOST} more ..."]
        rows = rows[: _MOST // 2] + left_out + rows[-_MOST // 2 :]
    yield from rows


def _message(err: BaseException) -> Iterator[str]:
    kind = type(err)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    if isinstance(err, SyntaxError):
        yield f"{name}: {err.msg} ({err.filename}, line {err.lineno})"
        return
    # Indented, so that no line of a message begins as one of ours.
    first, *rest = KNOWN.redact(str(err)).split("\n")
    yield f"{name}: {first}" if first else name
    yield from (f"    {line}" for line in rest)
