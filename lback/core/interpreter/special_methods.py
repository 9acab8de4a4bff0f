"""Special methods of classes that Python calls by itself, wherever it likes."""

from __future__ import annotations

import ast

from lback.core.interpreter.values import Klass, Value

# Special methods that are followed where Python calls them.
_FOLLOWED = frozenset(
    """init new call enter exit aenter aexit iter next aiter anext getitem setitem delitem getattr
    setattr get set len bool eq ne lt le gt ge contains str repr neg pos invert init_subclass
    class_getitem post_init await add sub mul floordiv mod or and xor lshift rshift truediv pow
    matmul radd rsub rmul rfloordiv rmod ror rand rxor rlshift rrshift rtruediv rpow rmatmul
    """.split()  # noqa: SIM905
)
_HARMLESS = frozenset(
    """hash id int float str repr format tuple list dict set len isinstance super type getattr
    bool sorted sum min max round abs zip range""".split()  # noqa: SIM905
)


def unfollowed(classes: list[Value]) -> list[str]:
    """Return special methods of classes that Python calls by itself and nobody follows."""
    found: list[str] = []
    for one in classes:
        for statement in one.node.body if isinstance(one, Klass) else ():
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            name = statement.name
            special_name = name[:2] == "__" == name[-2:] and name[2:-2] not in _FOLLOWED
            if special_name and not name[2:].startswith(("table", "mapper")) and _acts(statement):
                found.append(name)
    return found


def _acts(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = (one for one in ast.walk(statement) if isinstance(one, ast.Call))
    return any(
        (
            not (isinstance(one.func, ast.Name) and one.func.id in _HARMLESS)
            and not isinstance(one.func, ast.Attribute | ast.Call)
        )
        or (isinstance(one.func, ast.Attribute) and not isinstance(one.func.value, ast.Constant))
        for one in calls
    )
