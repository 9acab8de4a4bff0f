"""Copies a database of PostgreSQL that is in use, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess

from sqlalchemy.engine import URL

from lback.errors import LbackError
from lback.secrets import KNOWN

_LOAD = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-o", os.devnull)


def dump_and_load(source: URL, target: URL, pg_dump: str, psql: str) -> None:
    """Write all that one database has, at one moment, into an empty one; LbackError if not all."""
    with (
        subprocess.Popen(
            [pg_dump, "--no-password"],
            env=_variables(source),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as dump,
        subprocess.Popen(
            [psql, "--no-password", *_LOAD],
            env=_variables(target),
            stdin=dump.stdout,
            stderr=subprocess.PIPE,
        ) as load,
    ):
        assert dump.stdout is not None
        dump.stdout.close()  # so that pg_dump learns when psql has ended
        said = load.communicate()[1]
        _, told = dump.communicate()
    if dump.returncode or load.returncode:
        words = (told or b"").decode("utf-8", "replace") or said.decode("utf-8", "replace")
        last = (words.strip().splitlines() or ["it said nothing"])[-1]
        raise LbackError(
            KNOWN.redact(f"{source.database} cannot be copied while it is in use: {last}"),
            "Stop what is connected to it, and run the command again.",
        )


def _variables(url: URL) -> dict[str, str]:
    """Return the variables by which the programs find a database; a password is no argument."""
    given = {
        "PGHOST": url.query.get("host", url.host),
        "PGPORT": url.query.get("port", url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("sslmode"),
    }
    known = {name: str(value) for name, value in given.items() if value}
    return {**os.environ, **known}
