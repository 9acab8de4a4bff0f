"""Which files of the project a file imports, and they import in turn; read as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lback.files import is_plain
from lback.project.locate import Project

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)"
    rb"|import[ \t]+([^\n#;]+))",
    re.MULTILINE,
)
_NAME = re.compile(r"[\w.]+")


class Imports:
    """Follows imports through the files of a project's own; what lies elsewhere is left out."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._places: dict[str, Path | None] = {}
        self._texts: dict[Path, bytes] = {}

    def closure(self, texts: Iterable[bytes]) -> dict[str, bytes]:
        """Return all files that are imported from these texts on, by path, with their contents."""
        waiting = [place for text in texts for place in self._of(text, None)]
        found: dict[Path, bytes] = {}
        while waiting:
            place = waiting.pop()
            if place not in found:
                found[place] = text = self._read(place)
                waiting += self._of(text, place)
        root = self.project.root
        return {place.relative_to(root).as_posix(): found[place] for place in sorted(found)}

    def _of(self, text: bytes, home: Path | None) -> Iterator[Path]:
        if b"import" not in text:
            return
        for found in _IMPORT.finditer(text):
            start, names, plain = (
                part.decode("utf-8", "replace") if part else "" for part in found.groups()
            )
            if plain:
                modules = [name.split()[0] for name in plain.split(",") if name.split()]
            else:
                words = _NAME.findall(re.sub(r"\bas\s+\w+", "", names))
                modules = [start, *(f"{start.rstrip('.') and start + '.'}{word}" for word in words)]
                if start.startswith("."):
                    yield from self._relative(start, words, home)
                    continue
            for module in modules:
                yield from self._places_of(module)

    def _relative(self, start: str, words: list[str], home: Path | None) -> Iterator[Path]:
        if home is None:
            return
        level = len(start) - len(start.lstrip("."))
        folder = home.parents[min(level, len(home.parents)) - 1]
        inner = start.lstrip(".").replace(".", "/")
        base = folder / inner if inner else folder
        for place in (base, *(base / word for word in words)):
            yield from filter(None, [_module(place)])

    def _places_of(self, module: str) -> Iterator[Path]:
        """Yield the files that importing a module runs: its packages, too."""
        parts = module.split(".")
        for at in range(1, len(parts) + 1):
            name = ".".join(parts[:at])
            if name not in self._places:
                roots = self.project.import_roots(name)
                places = (
                    _module(self.project.root / root / name.replace(".", "/")) for root in roots
                )
                self._places[name] = next(filter(None, places), None)
            place = self._places[name]
            if place is None:
                if at == 1:
                    return  # no module of ours
                continue
            yield place

    def _read(self, place: Path) -> bytes:
        if place not in self._texts:
            self._texts[place] = place.read_bytes()
        return self._texts[place]


def _module(place: Path) -> Path | None:
    for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
        if is_plain(path):
            return path
    return None
