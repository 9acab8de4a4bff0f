"""Foreign exceptions in, LbackError out: what broke, where, what is left, what to do."""

from __future__ import annotations

import os
import re
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from configparser import InterpolationError
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from alembic.util.exc import CommandError
from sqlalchemy import exc as sa
from sqlalchemy.engine import URL, Connection, Engine

from lback.core.messages import half as half_messages
from lback.core.messages.locks import CUT_HINT, connection_cut, statement_pooling
from lback.core.plans import Restamp, Step
from lback.core.shell import named
from lback.db.events import Turn
from lback.db.project import import_hint
from lback.db.urls import learn_url, shown_url
from lback.errors import ErrorState, LbackError
from lback.secrets import KNOWN, learn_environment

if TYPE_CHECKING:
    from lback.core.listed.databases import ListedDatabase

_OURS = str(Path(__file__).resolve().parents[1])
_STDLIB = sysconfig.get_paths()["stdlib"]
_APPLICATION = {"load_app", "locate_app"}  # of flask.cli
_POINTER = re.compile(r"LINE \d+: ")
_CORRECT = "Correct it and run the command again; --debug shows the whole traceback."


@dataclass(slots=True)
class Situation:
    """What is known of a run of env.py when it breaks."""

    env_path: Path
    folder: Path
    connected: set[str] = field(default_factory=set)
    """The URLs of the connections that env.py has called configure() with."""
    listed: ListedDatabase | None = None
    """The one that env.py is given, of those that the project lists."""

    def learn(self, url: str | URL | None) -> None:
        """Remember the password of a URL as something never to print."""
        if isinstance(url, URL):
            learn_url(url)
        else:
            KNOWN.learn_url(url)

    def hide(self, text: str) -> str:
        """Return the text without passwords."""
        learn_environment()  # env.py may have read a .env by now
        return KNOWN.redact(text)

    def relative(self, path: str | os.PathLike[str]) -> str:
        """Return a path as the user would write it here."""
        try:
            return str(Path(path).resolve().relative_to(self.folder.resolve()))
        except ValueError:
            return str(path)


class UnreachableError(LbackError):
    """Says that a database does not answer; `url` is its own, with the password, where known."""

    state: ErrorState = "unreachable"

    def __init__(self, message: str, hint: str, url: str | None) -> None:
        super().__init__(message, hint)
        self.url = url


def cause(err: BaseException) -> BaseException:
    """Return what went wrong first, where SQLAlchemy only says that it cannot go on after it."""
    while isinstance(err, sa.PendingRollbackError) and err.__context__ is not None:
        err = err.__context__
    return err


def translate(err: BaseException, at: Situation) -> LbackError:
    """Turn what env.py raised, outside of any revision, into a message with a next step."""
    ours = _find_ours(err)
    if ours is not None:
        return ours
    _learn_variables(err)
    url = _url_in_play(err.__traceback__)
    at.learn(url)
    where = f" {shown_url(url)}" if url is not None else ""
    if isinstance(err, sa.DBAPIError) and "statement pooling" in str(err.orig):
        return statement_pooling()
    if url is not None and _is_connection_failure(err, at, url):
        return UnreachableError(
            at.hide(f"The database{where} cannot be reached: {reason(err)}"),
            "Is the server running, and are host, name and password in the URL right? "
            "lback uses the URL that env.py connects to.",
            plain(url) if _passes(err.__traceback__, "raw_connection") else None,
        )
    if isinstance(err, sa.DBAPIError) and err.connection_invalidated:
        return connection_cut(
            at.hide(f"The connection to the database{where}"), at.hide(reason(err))
        )
    if isinstance(err, sa.DBAPIError):
        return LbackError(at.hide(f"The database{where} refused: {reason(err)}"), _CORRECT)
    if isinstance(err, CommandError):
        return LbackError(at.hide(str(err)), _CORRECT)
    return _broken_code(err, at)


def _broken_code(err: BaseException, at: Situation) -> LbackError:
    starts = names(err)
    at_fault = "The Flask application" if _APPLICATION & starts else at.relative(at.env_path)
    place = f"{at_fault} {place_of(err, at)}"
    kind = "" if isinstance(err, SystemExit) else f"{type(err).__name__}: "
    if isinstance(err, SystemExit):
        return LbackError(at.hide(f"{place}left with status {err.code}."), _CORRECT)
    if isinstance(err, KeyError) and err.args == ("url",) and "engine_from_config" in starts:
        return LbackError(
            f"{place}found no database URL.",
            "Set sqlalchemy.url in alembic.ini, or what env.py reads it from.",
        )
    if _is_about_percent(err):
        what = f"option {named(err.option)}" if isinstance(err, InterpolationError) else "a value"
        return LbackError(
            f"{place}failed: {what} of the configuration holds a % that begins nothing.",
            "A plain percent sign is written %% there, in alembic.ini and for "
            "config.set_main_option(): a password's %40 becomes %%40.",
        )
    hint = _CORRECT
    if isinstance(err, ModuleNotFoundError) and err.name:
        hint = import_hint(err.name)
        if _passes(err.__traceback__, "import_dbapi"):
            hint = f"The database URL asks for the driver {err.name}: install it, or name another."
    elif isinstance(err, sa.NoSuchModuleError):
        hint = (
            "The database URL names a dialect that is not installed; `postgresql://`, not "
            "`postgres://`."
        )
    return LbackError(at.hide(f"{place}failed: {kind}{reason(err)}"), hint)


def _is_about_percent(err: BaseException) -> bool:
    """Tell whether the ini's parser, or its setter, met a % alone: their words quote the value."""
    return isinstance(err, InterpolationError) or (
        isinstance(err, ValueError) and str(err).startswith("invalid interpolation syntax")
    )


def reason(err: BaseException) -> str:
    """Return what an exception says in one paragraph, in the database's own words."""
    if isinstance(err, SyntaxError):
        return err.msg
    cause = getattr(err, "orig", None) or err
    arguments: tuple[Any, ...] = getattr(cause, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int) and isinstance(err, sa.DBAPIError):
        return f"{arguments[1]} ({arguments[0]})"  # MySQL's drivers: number and text
    lines = [line.strip() for line in str(cause).strip().splitlines()]
    # PostgreSQL points into the statement, which is shown apart.
    kept = [line for line in lines if line.strip("^ ") and not _POINTER.match(line)]
    return " ".join(kept) or repr(err)


def statement_of(err: BaseException) -> str:
    """Return the SQL that a database refused, on one line, or nothing."""
    sql = getattr(err, "statement", None)
    line = " ".join(str(sql).split()) if sql else ""
    return line if len(line) <= 200 else line[:197] + "..."


def place_of(err: BaseException, at: Situation) -> str:
    """Say where in the user's code it broke, after the name of env.py: "(line 3) "."""
    if isinstance(err, SyntaxError) and err.filename:
        same = Path(err.filename) == at.env_path
        return f"(line {err.lineno}) " if same else f"({at.relative(err.filename)}:{err.lineno}) "
    frames = [frame for frame in _frames(err.__traceback__) if _is_users(frame[0])]
    if not frames:
        return ""
    env = next((line for path, line in reversed(frames) if Path(path) == at.env_path), None)
    path, line = frames[-1]
    if Path(path) == at.env_path or env is None:
        return f"(line {line}) " if env is not None else f"({at.relative(path)}:{line}) "
    return f"(line {env}, in {at.relative(path)}:{line}) "


def line_in(err: BaseException, path: str) -> int | None:
    """Return the innermost line of one file that an exception passed through."""
    if isinstance(err, SyntaxError) and err.filename == path:
        return err.lineno
    lines = [line for file, line in _frames(err.__traceback__) if file == path]
    return lines[-1] if lines else None


def names(err: BaseException) -> set[str]:
    """Return the names of the functions that an exception passed through."""
    return {frame.name for frame in traceback.extract_tb(err.__traceback__)}


def _passes(trace: TracebackType | None, function: str) -> bool:
    return any(frame.f_code.co_name == function for frame, _line in _walk(trace))


def _find_ours(err: BaseException, depth: int = 0) -> LbackError | None:
    """Find our own error in what env.py may have made of it: a group, or one of its own."""
    if isinstance(err, LbackError):
        return err
    inner = (*getattr(err, "exceptions", ()), err.__cause__, err.__context__)
    for cause in inner if depth < 10 else ():
        ours = _find_ours(cause, depth + 1) if cause is not None else None
        if ours is not None:
            return ours
    return None


def plain(url: URL) -> str:
    """Return a URL with its password: to compare it, never to show it."""
    return url.render_as_string(hide_password=False)


def _is_connection_failure(err: BaseException, at: Situation, url: URL) -> bool:
    if plain(url) in at.connected:
        return False
    if at.connected and not _passes(err.__traceback__, "raw_connection"):
        return False  # env.py has others open, and was at work with them
    # Asynchronous drivers let OSError through, and their own errors.
    return isinstance(err, (sa.DBAPIError, OSError, TimeoutError)) or _passes(
        err.__traceback__, "_do_get"
    )


def _url_in_play(trace: TracebackType | None) -> URL | None:
    """Find the engine that was at work, among the variables of the frames passed."""
    url: URL | None = None
    for frame, _line in _walk(trace):
        for value in tuple(frame.f_locals.values()):
            engine: Any = getattr(value, "sync_engine", value) if _is_engine(value) else None
            if isinstance(value, Connection):
                engine = value.engine
            if isinstance(engine, Engine):
                url = engine.url
    return url


def _learn_variables(err: BaseException) -> None:
    """Remember the passwords among the variables of the frames that an exception passed."""
    for frame, _line in _walk(err.__traceback__):
        for name, value in tuple(frame.f_locals.items()):
            if type(value) in (str, dict):
                KNOWN.learn_values(value if isinstance(value, dict) else {name: value})


def _is_engine(value: object) -> bool:
    # By name for the asynchronous one: importing its module costs, and getattr() on any
    # variable of the user's might run code.
    return isinstance(value, Engine) or type(value).__name__ == "AsyncEngine"


def _walk(trace: TracebackType | None) -> Iterator[tuple[Any, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _frames(trace: TracebackType | None) -> list[tuple[str, int]]:
    return [(frame.f_code.co_filename, line) for frame, line in _walk(trace)]


def _is_users(path: str) -> bool:
    if path.startswith("<") or path.startswith(_OURS):
        return False
    if "site-packages" in path or "dist-packages" in path:
        return False
    return not path.startswith(_STDLIB)


def migration_failure(
    err: BaseException,
    turn: Turn,
    at: Situation,
    now: tuple[str, ...] | None,
    invalid: Sequence[str] = (),
) -> LbackError:
    """Describe the failure of `turn.current`; `now` is the stamp read afterwards.

    The `invalid` indexes are those that PostgreSQL has then.
    """
    step = turn.current
    if step is None or turn.script is None:  # pragma: no cover
        return LbackError(at.hide(f"The database could not be stamped: {reason(err)}"))
    script = turn.script
    line = line_in(err, script.path)
    place = at.relative(script.path) + (f":{line}" if line else "")
    if turn.loading:
        kind = "" if isinstance(err, LbackError) else f"{type(err).__name__}: "
        return LbackError(
            at.hide(f"Revision {script.revision} ({place}) cannot be loaded: {kind}{reason(err)}"),
            "Nothing was run. Correct the file and run the command again.",
        )
    if turn.offline:
        return LbackError(
            at.hide(
                f"The SQL of revision {script.revision} ({place}) cannot be written: "
                f"{type(err).__name__}: {reason(err)}"
            ),
            "Offline there is no connection: code that asks the database cannot be written as "
            "SQL. Run `migrate` without --sql.",
        )
    kind = "" if isinstance(err, (sa.DBAPIError, LbackError)) else f"{type(err).__name__}: "
    message = f"Revision {script.revision} ({place}) failed: {kind}{reason(err)}"
    sql = statement_of(err)
    if sql:
        message += f"; in: {sql}"
    hint = at.hide(half_messages.invalid_indexes(invalid) + state_left(turn, now))
    if isinstance(err, sa.DBAPIError) and err.connection_invalidated:
        hint = f"{hint} {CUT_HINT}"
    return LbackError(at.hide(message), hint)


def swallowed(turn: Turn) -> LbackError:
    """Say that env.py went on after a step had broken off."""
    revision = getattr(turn.current, "revision", None)
    at = f"revision {revision}" if revision else "the first step"
    return LbackError(
        f"The run broke off at {at}, {len(turn.done)} of {turn.total} steps were "
        "completed, and env.py does not say why.",
        "Let env.py pass exceptions on; what it has printed may tell more.",
    )


def taken_back(turn: Turn, now: tuple[str, ...] | None) -> LbackError:
    """Say that steps ran, and env.py has ended its transaction because of another database."""
    names = ", ".join(_name(step) or "a stamp" for step in turn.done)
    kept = (
        f"{turn.dialect} does not roll back every change of a schema: what was done may still be "
        "there"
    )
    return LbackError(
        f"{names} had run when env.py broke off and took its transaction back. {kept}. "
        f"{_position(turn, now)}",
        "Look which of it is there and undo that by hand; then run the command again.",
    )


def state_left(turn: Turn, now: tuple[str, ...] | None) -> str:
    """Say what a broken run has left in the database."""
    if turn.is_done_at(now) and turn.current is not None:
        name = _name(turn.current) or "the stamp"
        return f"All of {name} was done and stays; only word of it was lost. {_position(turn, now)}"
    return f"{_kept(turn)} {_partly(turn)}{_position(turn, now)}"


def _kept(turn: Turn) -> str:
    done, total = len(turn.done), turn.total
    if turn.transactional and not turn.kept_each:
        if turn.outside:
            return "env.py's own transaction decides what stays."
        if turn.committed:
            names = " and ".join(filter(None, map(_name, turn.committed)))
            return (
                f"Revision {names} committed on the way (an autocommit block, or a COMMIT): "
                "what had run until then stays, and the rest of this run was rolled back. "
                f"{_look(turn)}."
            )
        return "Everything of this run was rolled back."
    if not done:
        return "No step of this run was completed."
    return f"{done} of {total} steps were completed and stay."


def _partly(turn: Turn) -> str:
    if turn.current is None or isinstance(turn.current, Restamp):
        return ""
    name = _name(turn.current)
    if turn.transactional:
        if turn.outside or not turn.kept_each:
            return ""
        if turn.current in turn.committed:
            return (
                f"{name} committed on its way: what it had done until then stays. {_look(turn)}. "
            )
        return f"{name} was rolled back. "
    if turn.autocommit:
        return (
            f"The connection commits each statement at once (AUTOCOMMIT): what {name} had done "
            f"before stays. {_look(turn)}. "
        )
    return (
        f"{turn.dialect} does not roll back every change of a schema: what {name} had done "
        f"before may still be there. {_look(turn)}. "
    )


def _look(turn: Turn) -> str:
    """Say where to look for what has stayed."""
    if turn.recorded:
        return (
            "`lback status` names what ran of it; `lback migrate --resume` goes on after that, and "
            "`lback migrate --undo-half` takes it back"
        )
    return "Look before you run it again"


def _position(turn: Turn, now: tuple[str, ...] | None) -> str:
    if now is None:
        return "Where the database stands now could not be read."
    where = ", ".join(now) or "base"
    return f"The database is at {where}{', as before' if now == turn.before else ''}."


def _name(step: Step) -> str:
    return "" if isinstance(step, Restamp) else step.revision
