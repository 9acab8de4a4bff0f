"""The text of a hook shim: made from `hooks/shim.sh`, recognised by its marker line."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lback.core.globs import light
from lback.errors import LbackError

KEPT = ".lback-kept"

_FORMAT = 1
_MARK = re.compile(rb"^# lback-hook (?P<format>\d+) (?P<digest>[0-9a-f]{32})$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"@([A-Z]+)@")


@dataclass(frozen=True, slots=True)
class Watched:
    """What a hook asks git about; paths are POSIX, relative to the repository's root.

    `folders` hold revision files, `globs` name models as git's pathspecs with the
    `glob` magic do (`app/**/models.py`), `files` are configuration. `recursive`
    says that folders below the version folders hold revisions too.
    """

    folders: tuple[str, ...]
    globs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What the marker line of a shim says: its format, and whether the text is still as written."""

    format: int
    intact: bool


def render(hook: str, python: str, watched: Watched) -> bytes:
    """Write the shim of one hook: `python` is the interpreter that has lback."""
    home = Path(__file__).resolve().parents[2]
    values = {
        "MARK": "@MARK@",
        "HOOK": _quoted(hook),
        "KEPT": _quoted(hook + KEPT),
        "PYTHON": _quoted(python),
        "HOME": _quoted(str(home)),
        "WATCHED": " ".join(map(_quoted, _pathspecs(watched))),
        "LOOSE": " ".join(map(_quoted, _loose(watched))),
        "FOLDERS": " ".join(map(_quoted, _dated(watched))),
    }
    text = _PLACEHOLDER.sub(lambda match: values[match[1]], _template(home))
    body = os.fsencode(text)
    return body.replace(b"@MARK@", _mark(_FORMAT, body), 1)


def read_mark(content: bytes) -> Mark | None:
    """Read the marker line; None where the text is not a shim of ours."""
    match = _MARK.search(content)
    if match is None:
        return None
    version = int(match["format"])
    body = content[: match.start()] + b"@MARK@" + content[match.end() :]
    return Mark(version, _mark(version, body) == match[0])


def _mark(version: int, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()[:32]
    return f"# lback-hook {version} {digest}".encode()


def _template(home: Path) -> str:
    # Inside an installed package the folder is `lback/_hooks`, in a checkout `hooks`.
    for folder in (Path(__file__).resolve().parents[1] / "_hooks", home / "hooks"):
        try:
            return (folder / "shim.sh").read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
    raise LbackError("The hooks' own text (shim.sh) is not here", "Install lback again.")


def _pathspecs(watched: Watched) -> Iterable[str]:
    plain = dict.fromkeys((*watched.folders, *watched.files))
    specs = [f":(top,literal){path}" if path not in {"", "."} else ":(top)" for path in plain]
    specs += [f":(top,glob){glob}" for glob in dict.fromkeys(map(light, watched.globs))]
    return specs or [":(top)"]


def _loose(watched: Watched) -> Iterable[str]:
    below = "**/*.py" if watched.recursive else "*.py"
    specs = [f":(top,glob){_unglobbed(folder)}/{below}" for folder in _named(watched.folders)]
    # The root as a version folder: its own files only, or every ignored file of a
    # virtual environment would be looked at.
    return specs or [":(top,glob)*.py"]


def _dated(watched: Watched) -> Iterable[str]:
    # A new file in a folder below leaves no trace in the date of the folder above it;
    # the empty name has no date, so nothing is newer than it.
    folders = _named(watched.folders)
    return [""] if watched.recursive or not folders else [f"./{folder}" for folder in folders]


def _named(folders: Iterable[str]) -> list[str]:
    return [folder for folder in dict.fromkeys(folders) if folder not in {"", "."}]


def _unglobbed(path: str) -> str:
    return re.sub(r"([*?\[\]\\])", r"\\\1", path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
