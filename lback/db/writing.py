"""A drafted revision becomes a file: by the project's template, name pattern and hooks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lback.db.failures import reason
from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.autogenerate.api import RevisionContext

    from lback.db.session import Session


def write_scripts(
    session: Session, context: RevisionContext
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write the files of a revision context; all of them, or none and an LbackError."""
    scripts = session.scripts
    revisions: list[str] = []
    try:
        with hooks_talk_to_stderr():
            for script in context.generate_scripts():
                if script is not None:
                    revisions.append(script.revision)
    except LbackError:
        scripts.discard_generated()
        raise
    except KeyboardInterrupt:
        scripts.discard_generated()
        raise
    except Exception as err:
        scripts.discard_generated()
        missing = isinstance(err, FileNotFoundError) and str(err.filename or "").endswith(".mako")
        raise LbackError(
            session.at.hide(f"The revision file could not be written: {reason(err)}"),
            "`lback init` in an empty folder shows a script.py.mako that works."
            if missing
            else "No file was left behind. Mend that and run the command again.",
        ) from err
    return tuple(path.absolute() for path in scripts.generated), tuple(revisions)


@contextmanager
def hooks_talk_to_stderr() -> Iterator[None]:
    """Send what post-write hooks print to standard error: they inherit the descriptor."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # standard output is closed
        yield
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
