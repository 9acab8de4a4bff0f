"""Sets of dialects: those on which an effect happens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Dialects:
    """A set of dialects: these names, or all but these."""

    names: frozenset[str]
    but: bool = True

    def __and__(self, other: Dialects) -> Dialects:
        if self.but and other.but:
            return Dialects(self.names | other.names)
        if self.but:
            return Dialects(other.names - self.names, but=False)
        if other.but:
            return Dialects(self.names - other.names, but=False)
        return Dialects(self.names & other.names, but=False)

    def __invert__(self) -> Dialects:
        return Dialects(self.names, not self.but)

    def __or__(self, other: Dialects) -> Dialects:
        return ~(~self & ~other)

    @property
    def empty(self) -> bool:
        """Tell whether no dialect is meant."""
        return not self.but and not self.names

    @property
    def every(self) -> bool:
        """Tell whether all dialects are meant."""
        return self.but and not self.names

    @property
    def text(self) -> str | None:
        """Return the form that an Effect holds: None, "a|b" or "!a|b"."""
        if self.every:
            return None
        return ("!" if self.but else "") + "|".join(sorted(self.names))

    @classmethod
    def of(cls, text: str | None) -> Dialects:
        """Parse what `text` gives."""
        if text is None:
            return EVERY_DIALECT
        but = text.startswith("!")
        return cls(frozenset(text.lstrip("!").split("|")) if text.strip("!") else frozenset(), but)


EVERY_DIALECT = Dialects(frozenset())
NO_DIALECT = Dialects(frozenset(), but=False)


_SCHEME = re.compile(r"^\s*([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?://")
_INI_URL = re.compile(r"^[ \t]*[\w.]*\burl[ \t]*[=:][ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_NAMES = {"postgres": "postgresql", "psql": "postgresql"}
# What the template of alembic.ini holds where the URL is to be written.
_PLACEHOLDER = "driver"
_OPTION = "sqlalchemy.url"
_MAKES_ENGINE = frozenset({"create_engine", "create_async_engine"})
_FROM_CONFIG = frozenset({"engine_from_config", "async_engine_from_config"})
# Calls that give back what they are given, as far as the scheme goes.
_PASSES_ON = frozenset({"str", "make_url", "replace", "strip", "render_as_string"})
_DEEPEST = 8

# The names of schemes; None for a URL that the text does not tell.
_Found = frozenset[str] | None


@lru_cache(maxsize=64)  # branches have them in common
def project_dialects(ini_text: str | None, env_text: str | None) -> Dialects:
    """Return the dialects that a project's URLs name: all of them where the text does not say.

    Takes the texts of the configuration file and of env.py; runs nothing. A URL that comes
    from the environment or from another module is not known, whatever stands beside it.
    """
    if "://" not in (ini_text or "") + (env_text or "") and "URL" not in (env_text or ""):
        return EVERY_DIALECT
    try:
        tree = ast.parse(env_text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return EVERY_DIALECT
    try:
        schemes = _Env(tree, _of_ini(ini_text or "")).schemes()
    except RecursionError:
        schemes = None
    return Dialects(schemes, but=False) if schemes else EVERY_DIALECT


def _of_ini(text: str) -> _Found:
    """Return the schemes of every URL in a configuration file; None where one is not plain.

    What the template holds in its place is no URL: such a project has another one.
    """
    schemes: set[str] = set()
    for match in _INI_URL.finditer(text):
        url = match.group(1).strip("\"'")
        scheme = _scheme(url)
        if scheme is None:
            if not url.startswith(_PLACEHOLDER):
                return None
        else:
            schemes.add(scheme)
    return frozenset(schemes)


def _scheme(text: str) -> str | None:
    match = _SCHEME.match(text)
    if match is None or match.group(1) == _PLACEHOLDER:
        return None
    return _NAMES.get(match.group(1), match.group(1))


class _Env:
    """The text of env.py: where the URLs that it connects to come from."""

    def __init__(self, tree: ast.Module, ini: _Found) -> None:
        self.tree = tree
        self.ini = ini
        self.values: dict[str, list[ast.expr | None]] = {}
        self.returns: dict[str, list[ast.expr | None]] = {}
        for node in ast.walk(tree):
            self._remember(node)

    def schemes(self) -> _Found:
        """Return what every URL in use begins with; None where one of them is not known."""
        maybe = {
            id(inner)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.If | ast.Try | ast.IfExp)
            for inner in ast.walk(node)
        }
        nodes = list(ast.walk(self.tree))
        replacing = [(id(node) in maybe, part) for node in nodes for part in _replaced(node)]
        if replacing:
            schemes = self._union(part for _, part in replacing)
            always = not all(unsure for unsure, _ in replacing)
            self.ini = schemes if always else _both(schemes, self.ini)
        uses = [part for node in nodes for part in _used(node)]
        schemes = self._union(uses)
        if any(isinstance(node, ast.Call) and _called(node) in _FROM_CONFIG for node in nodes):
            schemes = _both(schemes, self.ini)
        return schemes or None

    def _remember(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._assign(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._assign(node.target, node.value)
        elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor):
            self._assign(node.target, None)
        elif isinstance(node, ast.NamedExpr):
            self._assign(node.target, node.value)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                self.values.setdefault(alias.asname or alias.name, []).append(None)
        elif isinstance(node, ast.arg):
            self.values.setdefault(node.arg, []).append(None)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._assign(node.optional_vars, None)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [item.value for item in ast.walk(node) if isinstance(item, ast.Return)]
            known = not node.decorator_list and bool(inner)
            self.returns.setdefault(node.name, []).extend(inner if known else [None])

    def _assign(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self.values.setdefault(target.id, []).append(value)
            return
        for inner in ast.walk(target):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.values.setdefault(inner.id, []).append(None)

    def _of(self, node: ast.expr | None, depth: int) -> _Found:
        if node is None or depth > _DEEPEST:
            return None
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
            scheme = _scheme(_beginning(node))
            return frozenset({scheme}) if scheme else None
        if isinstance(node, ast.IfExp):
            return _both(self._of(node.body, depth + 1), self._of(node.orelse, depth + 1))
        if isinstance(node, ast.Name):
            return self._every(self.values.get(node.id), depth)
        if isinstance(node, ast.Call):
            return self._of_call(node, depth)
        return None

    def _of_call(self, node: ast.Call, depth: int) -> _Found:
        name = _called(node)
        if name == "get_main_option" and node.args and _text(node.args[0]) == _OPTION:
            return self.ini
        if name in ("create", "URL"):
            named = (keyword.value for keyword in node.keywords if keyword.arg == "drivername")
            driver = _text(node.args[0] if node.args else next(named, None))
            scheme = _scheme(f"{driver}://") if driver else None
            return frozenset({scheme}) if scheme else None
        if name in _PASSES_ON:
            inner = node.func.value if isinstance(node.func, ast.Attribute) else None
            first = node.args[0] if node.args else None
            return self._of(first if name in ("str", "make_url") else inner, depth + 1)
        if isinstance(node.func, ast.Name) and node.func.id not in self.values:
            return self._every(self.returns.get(node.func.id), depth)
        return None

    def _every(self, options: list[ast.expr | None] | None, depth: int) -> _Found:
        return self._union(options or [None], depth + 1)

    def _union(self, options: Iterable[ast.expr | None], depth: int = 0) -> _Found:
        schemes: _Found = frozenset()
        for option in options:
            schemes = _both(schemes, self._of(option, depth))
        return schemes


def _used(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the URLs that a node connects to."""
    if not isinstance(node, ast.Call):
        return
    name = _called(node)
    url = next((keyword.value for keyword in node.keywords if keyword.arg == "url"), None)
    if name in _MAKES_ENGINE:
        yield node.args[0] if node.args else (url or node)
    elif name == "configure" and url is not None:
        yield url


def _replaced(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the URLs that a node puts in the place of the configured one."""
    if isinstance(node, ast.Call):
        name = _called(node)
        if name == "set_main_option" and len(node.args) > 1 and _text(node.args[0]) == _OPTION:
            yield node.args[1]
        elif name == "set_section_option" and len(node.args) > 2:
            if _text(node.args[1]) == _OPTION:
                yield node.args[2]
        elif name in _FROM_CONFIG:
            yield from (
                keyword.value for keyword in node.keywords if keyword.arg in ("url", _OPTION)
            )
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _text(target.slice) in (_OPTION, "url"):
                yield node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if _text(key) == _OPTION:
                yield value


def _both(left: _Found, right: _Found) -> _Found:
    return None if left is None or right is None else left | right


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _text(node: ast.expr | None) -> str | None:
    plain = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if plain else None  # type: ignore[union-attr]


def _beginning(node: ast.expr) -> str:
    """Return what a text surely begins with."""
    if isinstance(node, ast.JoinedStr):
        return _text(node.values[0]) or "" if node.values else ""
    if isinstance(node, ast.BinOp):
        return _beginning(node.left) if isinstance(node.op, ast.Add | ast.Mod) else ""
    return _text(node) or ""
