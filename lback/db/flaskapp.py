"""Flask-Migrate projects: the application is found as Flask finds it, its context pushed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lback.errors import LbackError

if TYPE_CHECKING:
    from alembic.config import Config

    from lback.core.settings import Settings

_USES_FLASK = re.compile(rb"^\s*(?:from\s+flask\b[^\n]*|import\s+flask\b)", re.MULTILINE)
_HINT = (
    'Set FLASK_APP, or write `app = "package.module:create_app"` into [tool.lback] '
    "of pyproject.toml."
)


@contextmanager
def application_context(settings: Settings, env_path: Path, config: Config) -> Iterator[Config]:
    """Push the Flask application's context where env.py needs one; else do nothing.

    Yields the configuration, which the application's `@migrate.configure` callbacks may
    have changed. The current folder must be the project's.
    """
    if not _needs_application(settings, env_path):
        yield config
        return
    application = _find_application(settings)
    options = config.cmd_opts
    if options is not None and options.x is None:
        options.x = []
    with application.app_context():
        migrate = getattr(application.extensions.get("migrate"), "migrate", None)
        yield migrate.call_configure_callbacks(config) if migrate is not None else config


def _needs_application(settings: Settings, env_path: Path) -> bool:
    if settings.lback.app:
        return True
    try:
        text = env_path.read_bytes()
    except OSError:
        return False
    return b"current_app" in text and _USES_FLASK.search(text) is not None


def _find_application(settings: Settings) -> Any:
    try:
        from flask import cli
    except ImportError as err:
        raise LbackError(
            "env.py asks for a Flask application, and flask is not installed here.",
            "Run lback from the environment in which `flask db upgrade` works.",
        ) from err
    cli.load_dotenv()
    where = settings.lback.app or os.environ.get("FLASK_APP")
    try:
        return cli.ScriptInfo(app_import_path=where, set_debug_flag=False).load_app()
    except cli.NoAppException as err:
        named = f" at {where!r}" if where else ""
        raise LbackError(f"No Flask application was found{named}: {err}", _HINT) from err
