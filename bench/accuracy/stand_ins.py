"""Stand-ins for what a tree's environment does not have: the last finder that is asked."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from bench.stubs import StandModule

# Modules of later Pythons, by which a library tells where it is.
LATER = frozenset({"annotationlib", "compression", "tomllib"})


class Missing(MetaPathFinder, Loader):
    """Finds a stand-in for every module that nobody else finds."""

    def install(self) -> None:
        """Come after every other finder from now on."""
        sys.meta_path.append(self)
        importlib.invalidate_caches()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        first = name.partition(".")[0]
        there = sys.modules.get(first)
        if first in sys.stdlib_module_names | LATER or (
            there and not isinstance(there, StandModule)
        ):
            return None  # a module of a package that is there: its absence is an answer
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = StandModule(spec.name)
        module.__version__ = "0"  # too old for whoever could do without it
        return module

    def exec_module(self, module: ModuleType) -> None:
        return None
