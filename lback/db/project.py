"""The user's Alembic configuration and Flask application, as env.py will see them."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from alembic.config import Config
from alembic.util.exc import CommandError

from lback.db.alembic_compat import READS_PYPROJECT
from lback.db.command_lines import LOOK, parsed
from lback.errors import LbackError
from lback.start import taken

if TYPE_CHECKING:
    from alembic.config import Config

    from lback.core.lines import Line
    from lback.core.settings import Settings


Opened = TypeVar("Opened")

_USES_FLASK = re.compile(rb"^\s*(?:from\s+flask\b[^\n]*|import\s+flask\b)", re.MULTILINE)
_APP_HINT = (
    'Set FLASK_APP, or write `app = "package.module:create_app"` into [tool.lback] '
    "of pyproject.toml."
)


def build_config(
    settings: Settings,
    folder: Path,
    *,
    line: Line = LOOK,
    before: Sequence[str] = (),
    x: Sequence[str] = (),
    buffer: io.StringIO | None = None,
) -> Config:
    """Build what `alembic -x ... COMMAND ...` would hand to env.py.

    `folder` is where Alembic would be started, `line` the command with its options, and
    `before` stand other options before it.
    """
    options = parsed([f"--name={settings.section}", *before], line)
    options.x = list(x) or None
    return config_for(settings, folder, options, buffer=buffer, stdout=sys.stderr)


def config_for(
    settings: Settings,
    folder: Path,
    options: Namespace,
    *,
    buffer: TextIO | None = None,
    stdout: TextIO,
) -> Config:
    """Build the configuration for given command-line options."""
    ini, toml = config_files(settings, folder)
    arguments: dict[str, Any] = {
        "file_": _as_typed(ini, folder) if ini else None,
        "ini_section": settings.section,
        "output_buffer": buffer,
        "stdout": stdout,
        "cmd_opts": options,
    }
    if READS_PYPROJECT:
        arguments["toml_file"] = _as_typed(toml, folder) if toml else None
    config = Config(**arguments)
    try:
        if toml and not READS_PYPROJECT:
            _copy_pyproject(config, toml)
        location = _option(config, "script_location")
        if location is None or os.path.normpath(location) == ".":
            # Flask-Migrate's ini does not say, or means its own folder.
            config.set_main_option("script_location", settings.script_location.replace("%", "%%"))
    except (CommandError, ValueError) as err:
        raise LbackError(f"The Alembic configuration cannot be read: {err}") from err
    return config


def config_files(settings: Settings, folder: Path) -> tuple[Path | None, Path | None]:
    """Return the ini and the pyproject.toml that Alembic reads together; None if absent."""
    path = Path(settings.config_path) if settings.config_path else None
    if path is not None and not path.is_absolute():
        path = folder / path
    if path is not None and path.name == "pyproject.toml":
        ini, toml = path.parent / "alembic.ini", path
    else:
        ini, toml = path or folder / "alembic.ini", folder / "pyproject.toml"
    return (ini if ini.is_file() else None), (toml if _has_alembic_table(toml) else None)


def _as_typed(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def extend_sys_path(settings: Settings, folder: Path) -> None:
    """Put the project's `prepend_sys_path` first, as absolute paths and once only.

    Then comes the folder that `python -m lback` was started in, as for `python -m alembic`.
    """
    wanted = [os.path.normpath(folder / entry) for entry in settings.prepend_sys_path]
    wanted += [path for path in taken() if path not in wanted]
    sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]


def open_scripts(config: Config, opener: Callable[[Config], Opened]) -> Opened:
    """Read the script options by Alembic's own rules; LbackError says what is wrong.

    Alembic puts prepend_sys_path first as a side effect, relative to where the process
    stands by then: that is undone here and done by `extend_sys_path`.
    """
    before = list(sys.path)
    try:
        with warnings.catch_warnings():
            # Deprecated spellings of a separator: the user's `alembic` tells of those.
            warnings.simplefilter("ignore", DeprecationWarning)
            return opener(config)
    except CommandError as err:
        raise LbackError(
            f"The Alembic environment cannot be opened: {err}",
            "Check script_location in the configuration; `lback doctor` shows what was read.",
        ) from err
    except (ValueError, ModuleNotFoundError, FileNotFoundError) as err:
        hint = import_hint(err.name) if isinstance(err, ModuleNotFoundError) and err.name else None
        raise LbackError(f"The Alembic configuration cannot be used: {err}", hint) from err
    finally:
        # Python remembers which folder "." was; that of another project may be the next.
        for entry in {*sys.path, "."}.difference(entry for entry in before if entry != "."):
            sys.path_importer_cache.pop(entry, None)
        sys.path[:] = before


def boolean_option(config: Config, name: str) -> bool:
    """Read an option that is yes or no, from the ini or pyproject.toml."""
    value: Any = _option(config, name)
    return value if isinstance(value, bool) else str(value).lower() in ("true", "yes", "on", "1")


def _has_alembic_table(path: Path) -> bool:
    try:
        return b"tool.alembic" in path.read_bytes()
    except OSError:
        return False


def _option(config: Config, name: str) -> str | None:
    """Read one option wherever this version of Alembic looks for it."""
    if not config.file_config.has_section(config.config_ini_section):
        config.file_config.add_section(config.config_ini_section)
    if READS_PYPROJECT:
        return config.get_alembic_option(name)
    return config.get_main_option(name)


def _set(config: Config, name: str, value: str) -> None:
    if not config.file_config.has_option(config.config_ini_section, name):
        config.set_main_option(name, value.replace("%", "%%"))


def _copy_pyproject(config: Config, path: Path) -> None:
    """Give an Alembic that knows no pyproject.toml the same options through the ini.

    As in newer ones, what the ini says wins.
    """
    for name, value in _read_table(path).items():
        if name == "post_write_hooks":
            _copy_hooks(config, value)
        elif isinstance(value, bool):
            _set(config, name, "true" if value else "false")
        elif isinstance(value, list):
            _set(config, name, os.pathsep.join(value))
            if name == "version_locations":
                _set(config, "version_path_separator", "os")
        elif isinstance(value, (str, int)):
            _set(config, name, str(value))


def _copy_hooks(config: Config, hooks: Sequence[Mapping[str, str]]) -> None:
    section = "post_write_hooks"
    if config.file_config.has_section(section) or not hooks:
        return
    config.set_section_option(section, "hooks", ", ".join(hook["name"] for hook in hooks))
    for hook in hooks:
        for key, value in hook.items():
            if key != "name":
                config.set_section_option(
                    section, f"{hook['name']}.{key}", value.replace("%", "%%")
                )


def _read_table(path: Path) -> Mapping[str, Any]:
    """Return [tool.alembic] with `%(here)s` filled in."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:  # pragma: no cover
        import tomli as tomllib

    here = {"here": path.absolute().parent.as_posix()}

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return value % here
        if isinstance(value, list):
            return [fill(item) for item in value]
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        return value

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))["tool"]["alembic"]
        return {name: fill(value) for name, value in table.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise LbackError(f"{path} cannot be read: {err}", "Correct [tool.alembic] there.") from err


def import_hint(name: str) -> str:
    """Say what a module that is not found needs: the project's own one a path, another a package.

    The current folder is the project's.
    """
    top = name.partition(".")[0]
    there = sys.modules.get(top)
    if name != top and there is not None:
        where = getattr(there, "__file__", None) or next(iter(getattr(there, "__path__", ())), "")
        return f"Correct the import, or the path: {top} is loaded from {where}."
    home = _folder_of(name)
    if home is None:
        return (
            f"Install {top} into this environment, or correct the import. Where it is the "
            "project's own, add its folder to prepend_sys_path."
        )
    entry = Path(os.path.relpath(home)).as_posix()
    return (
        f"{top} is in {home}, which is not on sys.path: add {entry} to prepend_sys_path of the "
        "Alembic configuration, or that folder to PYTHONPATH."
    )


def _folder_of(name: str | None) -> Path | None:
    """Return the nearest folder with a module of a name, up to the repository's root.

    What lies in a package goes by the package's name.
    """
    top, here = (name or "").partition(".")[0], Path.cwd()
    for above in (here, *here.parents) if top else ():
        for pattern in (f"{top}.py", f"{top}/*.py", f"*/{top}.py", f"*/{top}/*.py"):
            for found in sorted(above.glob(pattern)):
                inner = found.relative_to(above).parts[: pattern.count("*/")]
                home = above.joinpath(*inner)
                if home == here or not (home / "__init__.py").exists():
                    return home
        if (above / ".git").exists():
            break
    return None


def _is_inside(err: ImportError) -> bool:
    """Tell whether the module was found, and failed."""
    return err.__traceback__ is not None and err.__traceback__.tb_next is not None


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
        cause = err.__cause__ or err.__context__
        if isinstance(cause, ImportError) and (_is_inside(cause) or _folder_of(cause.name)):
            raise cause from None  # which Flask quotes with its whole traceback
        named = f" at {where!r}" if where else ""
        raise LbackError(f"No Flask application was found{named}: {err}", _APP_HINT) from err
