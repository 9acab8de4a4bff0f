"""A new revision becomes a file: by the project's template, name pattern and hooks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.db.alembic_compat import failing_hooks, run_write_hooks
from lback.db.failures import reason
from lback.db.filling import fill, one_ending
from lback.db.project import boolean_option
from lback.errors import LbackError
from lback.files import write_whole

if TYPE_CHECKING:
    from alembic.autogenerate.api import RevisionContext

    from lback.db.runner import Database
    from lback.db.session import Session


def write_scripts(
    session: Session, context: RevisionContext
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write the files of a revision context; all of them, or none and an LbackError."""
    scripts = session.scripts
    revisions: list[str] = []
    try:
        with hooks_talk_to_stderr(), failing_hooks():
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
        if scripts.generated:  # each was tried before it was written
            written = ", ".join(str(path) for path in scripts.generated)
            raise LbackError(
                session.at.hide(
                    f"{written} is written, and a post-write hook failed: {reason(err)}"
                ),
                "Correct the hook, or the file; then `lback migrate`.",
            ) from err
        missing = isinstance(err, FileNotFoundError) and str(err.filename or "").endswith(".mako")
        raise LbackError(
            session.at.hide(f"The revision file could not be written: {reason(err)}"),
            "`lback init` in an empty folder shows a script.py.mako that works."
            if missing
            else "No file was left behind. Correct that and run the command again.",
        ) from err
    paths = scripts.generated if scripts.shown is None else scripts.shown
    return tuple(path.absolute() for path in paths), tuple(revisions)


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


@dataclass(frozen=True, slots=True)
class Shaped:
    """A revision file that is not written yet."""

    revision: str
    path: Path
    text: bytes


class _Seen(Exception):
    """Carries what Alembic would have given to the template."""

    def __init__(self, source: Path, path: Path, arguments: dict[str, Any]) -> None:
        super().__init__()
        self.source = source
        self.path = path
        self.arguments = arguments


def shape_revision(
    database: Database,
    revision: str,
    created: datetime,
    message: str,
    parents: tuple[str, ...],
    upgrade: str,
    downgrade: str,
    complete: Callable[[str], str],
) -> Shaped:
    """Fill the project's script.py.mako; `complete` has the last word on the text.

    `created` is what `file_template` and the docstring say. The code is indented but for its
    first line. Nothing is written.
    """
    with database.opened(("revision", f"--message={message}")) as session:
        arguments: dict[str, Any] = {"config": session.config}
        if boolean_option(session.config, "revision_environment"):
            session.run_env(lambda *_: (), template_args=arguments)
        seen = _arguments(
            session,
            revision,
            created,
            message,
            parents,
            {**arguments, "upgrades": upgrade, "downgrades": downgrade, "imports": ""},
        )
        encoding = session.scripts.output_encoding
        try:
            filled = fill(seen.source, encoding, seen.arguments)
            text = one_ending(complete(filled.decode(encoding))).encode(encoding)
        except LbackError:
            raise
        except Exception as err:
            raise LbackError(
                session.at.hide(f"{seen.source} could not be filled in: {reason(err)}"),
                "`lback init` in an empty folder shows a script.py.mako that works.",
            ) from err
    return Shaped(revision, seen.path, text)


def write_revision(database: Database, shaped: Shaped) -> bytes:
    """Write the file at once and run the project's post-write hooks; return what it holds then.

    LbackError leaves no file behind.
    """
    with database.opened(("revision",)) as session:
        if shaped.path.exists():
            raise LbackError(
                f"{shaped.path} is there already.",
                "Give another name, or let file_template hold %(rev)s.",
            )
        try:
            write_whole(shaped.path, shaped.text)
            with hooks_talk_to_stderr():
                run_write_hooks(session.scripts, shaped.path)
            return shaped.path.read_bytes()
        except BaseException as err:
            shaped.path.unlink(missing_ok=True)
            if not isinstance(err, Exception):
                raise
            raise LbackError(
                session.at.hide(f"{shaped.path} could not be written: {reason(err)}"),
                "No file was left behind. Correct that and run the command again.",
            ) from err


def _arguments(
    session: Session,
    revision: str,
    created: datetime,
    message: str,
    parents: tuple[str, ...],
    arguments: dict[str, Any],
) -> _Seen:
    """Let Alembic choose place and name, and stop it where it would write."""
    scripts = session.scripts

    def seen(template: Path, path: Path, given: Mapping[str, Any]) -> None:
        raise _Seen(template, path.absolute(), dict(given))

    # Attributes of this one object: it is thrown away with the session.
    scripts.write_from_template = seen  # type: ignore[method-assign]
    scripts.created = created
    try:
        scripts.generate_revision(
            revision,
            message,
            head=parents,
            splice=True,
            version_path=_version_path(session, parents),
            **arguments,
        )
    except _Seen as caught:
        scripts.require_inside(caught.path)
        return caught
    except Exception as err:
        raise LbackError(f"No place for a new revision: {reason(err)}") from err
    raise LbackError("The project's Alembic did not fill in script.py.mako.")  # pragma: no cover


def _version_path(session: Session, parents: tuple[str, ...]) -> str | None:
    """Return the version location of the first parent, where there are several."""
    locations = session.scripts.locations()
    if len(locations) < 2 or not parents:
        return None
    own = session.scripts.place_above(parents[0])
    if own is not None:
        return own
    path = Path(session.scripts.script(parents[0]).path).resolve()
    # Alembic knows a location by the very text of it, `..` and links and all.
    inside = [place for place in locations if place.resolve() in path.parents]
    return str(max(inside, key=lambda place: len(place.resolve().parts))) if inside else None
