"""The text of a migration: its types by names that can be imported, tried before it is written."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from types import NoneType
from typing import Any

import sqlalchemy
from alembic import op
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import ARRAY
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.types import TypeDecorator

from lback.db.alembic_compat import type_text
from lback.db.comparing.twins import own_enum
from lback.db.failures import reason
from lback.errors import LbackError


def rendering(theirs: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return what writes types so that a migration can have them, after the project's own way."""

    def render_item(kind: str, thing: Any, context: AutogenContext) -> Any:
        text = theirs(kind, thing, context) if theirs is not None else False
        if text is not False:
            return text
        if kind == "server_default" and isinstance(getattr(thing, "arg", None), str):
            # Alembic takes a quote at either end for the one around it; it is one of the text.
            return repr(str(thing.arg))
        return _type(thing, context) if kind == "type" else False

    return render_item


def _type(type_: Any, context: AutogenContext) -> Any:
    module = type(type_).__module__
    dialect = context.dialect
    if dialect is not None and dialect.name == "postgresql":
        enum = own_enum(type_, dialect)
        if enum is not None and not isinstance(type_, ARRAY):
            context.imports.add("from sqlalchemy.dialects import postgresql")
            return _enum(enum)
    if isinstance(type_, postgresql.DOMAIN):
        context.imports.add("from sqlalchemy.dialects import postgresql")
        return _domain(type_, context)
    if module == "sqlalchemy" or module.startswith("sqlalchemy."):
        return False
    if context.opts.get("user_module_prefix") is not None:
        return False
    name = type(type_).__qualname__
    if "<locals>" in name or module == "__main__":
        raise LbackError(
            f"The type {name} of {module} has no name that a migration could import.",
            "Define it at the top of a module, or write it in render_item of env.py.",
        )
    for arguments in _arguments(type_):
        if _is_made(type_, arguments, dialect):
            context.imports.add(f"import {module}")
            return f"{module}.{name}({arguments})"
    if isinstance(type_, TypeDecorator):
        # What it adds is for Python: the column is that of the type beneath.
        return type_text(type_.load_dialect_impl(dialect), context)
    context.imports.add(f"import {module}")
    return f"{module}.{name}()"


def _arguments(type_: Any) -> Iterator[str]:
    """Yield with what a type may have been made: by its own word, then by what it has kept."""
    text = repr(type_)
    match = re.fullmatch(
        rf"(?:[\w.]+\.)?{re.escape(type(type_).__name__)}\((.*)\)", text, re.DOTALL
    )
    if match is not None:
        yield match[1]
    parts = []
    for name, parameter in inspect.signature(type(type_)).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = getattr(type_, name, parameter.default)
        if not isinstance(value, (str, int, float, bool, NoneType)):
            return
        parts.append(f"{name}={value!r}")
    yield ", ".join(parts)


def _is_made(type_: Any, arguments: str, dialect: Any) -> bool:
    """Tell whether these arguments make a type that is the same to the database."""
    space = {
        **vars(sqlalchemy),
        **vars(sys.modules[type(type_).__module__]),
        "lback_type": type(type_),
    }
    try:
        made = eval(f"lback_type({arguments})", space)
        return str(made.compile(dialect)) == str(type_.compile(dialect))
    except Exception:
        return False


def _enum(enum: postgresql.ENUM) -> str:
    labels = ", ".join(repr(str(label)) for label in enum.enums)
    schema = f", schema={str(enum.schema)!r}" if enum.schema else ""
    return f"postgresql.ENUM({labels}, name={str(enum.name)!r}{schema}, create_type=False)"


def _domain(domain: postgresql.DOMAIN, context: AutogenContext) -> str:
    """Return a domain that the columns of a new table do not make once more."""
    words = ("collation", "default", "constraint_name", "not_null", "check", "schema")
    given = {word: getattr(domain, word) for word in words}
    more = [
        f"{word}={value!r}" if isinstance(value, bool) else f"{word}={str(value)!r}"
        for word, value in given.items()
        if value is not None
    ]
    base = type_text(domain.data_type, context)
    parts = [repr(str(domain.name)), base, *more, "create_type=False"]
    return f"postgresql.DOMAIN({', '.join(parts)})"


class _Anything:
    """Stands for `op`: takes whatever is done with it."""

    dialect = DefaultDialect()
    """A type that is made by itself, as `sa.Enum(...).create(op.get_bind())`, asks it."""

    def __getattr__(self, _name: str) -> Any:
        return self

    def __call__(self, *_args: Any, **_kw: Any) -> Any:
        return self

    def __getitem__(self, _key: Any) -> Any:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __bool__(self) -> bool:
        return False  # or a loop over rows would never end

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_about: object) -> None:
        return None


def _takes(function: Any) -> bool:
    return any(
        parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in inspect.signature(function).parameters.values()
    )


def try_file(text: bytes, path: str) -> None:
    """Load a new migration as Alembic would, and call it with nothing behind it.

    LbackError for what could not run.
    """
    space: dict[str, Any] = {"__name__": "lback_trial", "__file__": path, "__builtins__": builtins}
    try:
        exec(compile(text, path, "exec"), space)
        names = [name for name, value in space.items() if value is op]
        space |= dict.fromkeys(names, _Anything())
        for name in ("upgrade", "downgrade"):
            # What env.py gives to revisions is known when they run.
            if names and callable(space.get(name)) and not _takes(space[name]):
                space[name]()
    except Exception as err:
        hint = "Correct script.py.mako, or what env.py adds to it."
        if isinstance(err, NameError):
            hint = (
                "See that script.py.mako has ${imports if imports else ''}, and that render_item "
                "of env.py adds what it names to autogen_context.imports."
            )
        raise LbackError(
            f"The migration could not be written, for it would not run: {reason(err)}", hint
        ) from err
