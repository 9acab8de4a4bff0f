"""What is said of the databases that [tool.lback.databases] lists."""

from __future__ import annotations

from collections.abc import Sequence

from lback.core.shell import named, place
from lback.errors import LbackError, OtherDatabaseError, UsageError

_SETTING = "[tool.lback.databases]"


def none_listed() -> LbackError:
    """Say that nothing lists databases."""
    return UsageError(
        f"No databases are listed: there is no {_SETTING}.",
        'Write `urls = ["$FIRST_URL", "$SECOND_URL"]` there, a `command` that prints them, or '
        '`schemas = "tenant_*"`: see docs/databases.md.',
    )


def empty_list() -> LbackError:
    """Say that what lists databases has listed none, which is not to be done with all."""
    return LbackError(
        f"{_SETTING} lists no database: nothing was done.",
        "See that `urls` is not empty, that `command` prints a URL a line, and that a schema fits "
        "`schemas`.",
    )


def no_such(name: str, names: Sequence[str]) -> LbackError:
    """Say that no database has a name, with those that there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return UsageError(
        f"{_SETTING} lists no database {named(name)}.",
        f"It lists {', '.join(map(named, names[:5]))}{more}.",
    )


def no_variable(name: str) -> LbackError:
    """Say that a URL refers to a variable that is not set."""
    return LbackError(
        f"{_SETTING} asks for the variable {named(name)}, which is not set.",
        f"Set {name} to the URL of a database; a dollar sign of a URL itself is written $$.",
    )


def no_url(line: int) -> LbackError:
    """Say that a line is no URL; it may hold a password, so it is not shown."""
    return LbackError(
        f"Line {line} of what the `command` of {_SETTING} prints is no URL.",
        "Let it print one database a line, as `URL` or `NAME URL`, and whatever else on standard "
        "error.",
    )


def command_failed(words: Sequence[str], how: str) -> LbackError:
    """Say that the command that prints URLs did not do so."""
    return LbackError(
        f"The `command` of {_SETTING} {how}: {place(words)}",
        "Nothing was done. Correct it, or run it by hand to see what it says.",
    )


def two_urls(name: str) -> LbackError:
    """Say that a name stands for two databases."""
    return LbackError(
        f"{_SETTING} gives the name {named(name)} to two different URLs.",
        "Name each database once; a line `NAME URL` gives it a name.",
    )


def same_database(name: str, other: str) -> str:
    """Say that two names lead to one database."""
    return f"{named(name)} is the same database as {named(other)}: it is taken once, as {other}"


def unreadable(name: str) -> LbackError:
    """Say that the URL of a database is none."""
    return LbackError(
        f"The URL of {named(name)} cannot be read.",
        "It has the form `dialect+driver://user:password@host/database`.",
    )


def another_connected(name: str, asked: str, connected: str, ways: Sequence[str]) -> LbackError:
    """Say that env.py is at work with another database than the one that it was given."""
    return OtherDatabaseError(
        f"env.py connected to {connected}, and {name} is {asked}: nothing was done there.",
        f"Let env.py take the URL that it is given, as {', '.join(ways)}: docs/databases.md has "
        "an example of each.",
    )


def another_schema(name: str, asked: str, connected: str) -> LbackError:
    """Say that env.py is at work in another schema than the one that it was given."""
    return OtherDatabaseError(
        f"env.py works in the schema {connected}, and {name} is the schema {asked}: nothing was "
        "done there.",
        "The schema is in PGOPTIONS, which libpq takes as the search path; where that does not "
        'reach the server, write `x = ["tenant={schema}"]` into [tool.lback.databases] and let '
        "env.py set the search path by context.get_x_argument().",
    )


def only_postgresql(dialect: str) -> LbackError:
    """Say that only PostgreSQL has schemas inside of a database."""
    return LbackError(
        f"`schemas` of {_SETTING} is for PostgreSQL, and env.py connects to {dialect}.",
        "List the databases by `urls`, or by a `command` that prints them.",
    )


def no_answer(seconds: float) -> LbackError:
    """Say that a connection has not come about in time."""
    return LbackError(
        f"env.py did not connect within {seconds:g} s.",
        "Is the server running, and is the host in the URL right? `connect_timeout` of "
        f"{_SETTING} says how long to wait.",
    )


def killed(how: str) -> LbackError:
    """Say that the process at work with a database has ended without a word."""
    return LbackError(
        f"The process that was at work with it {how}.",
        "`lback status` says where it stands; then run the command again.",
    )


def stopped() -> LbackError:
    """Say that a database's turn was cut off by Ctrl-C."""
    return LbackError("Interrupted.", "`lback status` says where it stands.")


def ran_too_long(seconds: float) -> str:
    """Say how a command ended that does not end."""
    return f"did not end within {seconds:g} s"


def not_started(why: str) -> str:
    """Say how a command ended that could not begin."""
    return f"cannot be started ({why})"


def left_with(status: int) -> str:
    """Say how a command ended that failed."""
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"


def no_command(why: str) -> LbackError:
    """Say that the text of a command cannot be taken apart."""
    return UsageError(
        f"The `command` of {_SETTING} cannot be read: {why}.",
        'Write it as a list of words: `command = ["python", "tools/tenants.py"]`.',
    )


def broke(kind: str, text: str) -> LbackError:
    """Say that something was raised that nobody expects."""
    return LbackError(
        f"{kind}: {text}", "`lback --debug migrate` shows where; `lback status`, what is done."
    )


def not_begun() -> LbackError:
    """Say that a database had no turn."""
    error = LbackError("It had no turn.", "Run the command again: it does what is left.")
    error.state = "left"
    return error


def no_turn() -> LbackError:
    """Say that env.py has come to no database."""
    return LbackError("env.py came to no database.", "See that it gets to run_migrations().")


def not_all(wrong: int, total: int, *, interrupted: bool) -> LbackError:
    """Say how many of all databases are not done."""
    start = "Interrupted: " if interrupted else ""
    return LbackError(
        f"{start}{wrong} of {total} databases are not done.",
        "The reasons are above. Run the command again: it does what is left.",
    )
