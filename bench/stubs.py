"""Lets Alembic load revision files of strangers: what they import is a stand-in.

`python -m bench.stubs FOLDER ARGUMENTS…` is `alembic ARGUMENTS…` with stand-ins for whatever the
files below FOLDER import, except Python's own modules, Alembic and SQLAlchemy. Installed or not
makes no difference: the answer must not depend on it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any


class Stand(str):
    """Anything at all: can be called, indexed, iterated, inherited from, used to decorate.

    A string, since SQLAlchemy refuses other strangers as text of a constraint.
    """

    @property
    def __name__(self) -> str:
        return str(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stand(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        decorates = len(args) == 1 and not kwargs and isinstance(args[0], type | type(_function))
        return args[0] if decorates else Stand(self.__name__)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getitem__(self, key: Any) -> Any:
        return Stand(self.__name__)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: Any) -> None:
        return None

    def __contains__(self, item: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return True

    def _combine(self, other: Any) -> Any:
        return Stand(self.__name__)

    __add__ = __radd__ = __or__ = __ror__ = __and__ = __mod__ = __mul__ = __truediv__ = _combine
    __lt__ = __le__ = __gt__ = __ge__ = _combine


def _function() -> None:
    """Serve as the type of functions."""


class StandModule(ModuleType):
    """A module that has every name."""

    __path__: Sequence[str] = []
    __all__: Sequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stand(f"{self.__name__}.{name}")


REAL = frozenset(sys.stdlib_module_names) | {"alembic", "sqlalchemy"}


class Finder(MetaPathFinder, Loader):
    """Finds a stand-in for what files below `folders` import."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(str(folder.resolve()) + "/" for folder in folders)

    def install(self) -> None:
        """Come before every other finder from now on."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in REAL or not _importer().startswith(self.folders):
            return None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return StandModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


def _importer() -> str:
    """Return the file whose import statement is at work."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return str(Path(frame.f_code.co_filename).resolve())


def main() -> None:
    folder, *arguments = sys.argv[1:]
    from alembic.config import main as alembic

    Finder([Path(folder)]).install()
    alembic(arguments, prog="alembic")


if __name__ == "__main__":
    main()
