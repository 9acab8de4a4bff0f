"""Screens for the documentation: a story on a terminal, as SVG.

`python -m tests.story.screens` writes those of `docs/screens` anew.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.text import Text

from tests.story.sessions import Session, prepare

FOLDER = Path(__file__).parents[2] / "docs" / "screens"
WIDTH = 92
_MODEL = """cat >> models.py <<END

class {name}(Base):
    __tablename__ = "{table}"
    id: Mapped[int] = mapped_column(primary_key=True)
END"""
_BEFORE = (
    ("ada", _MODEL.format(name="Order", table="orders")),
    ("ada", "lback makemigrations add_orders"),
    ("ada", 'git add . && git commit -qm "Add orders" && git push -q'),
    ("grace", _MODEL.format(name="Coupon", table="coupons").replace("models.py", "coupons.py")),
    (
        "grace",
        "sed -i '1i from models import Base, Mapped, mapped_column' coupons.py && "
        'sed -i "s/^from models import Base/from coupons import Base/" migrations/env.py',
    ),
    ("grace", "lback makemigrations add_coupons"),
    ("grace", 'git add . && git commit -qm "Add coupons"'),
)
_FORK = (
    ("grace", "git pull --quiet --no-rebase --no-edit"),
    ("grace", 'git commit -qm "Merge migrations" && lback migrate'),
)
_GRAPH = (("grace", "lback graph"), ("grace", "lback status"))
# What is typed unseen, and what is seen, in one story.
SCREENS = {"fork": _FORK, "graph": _GRAPH}
# Without the fonts that rich would fetch.
_SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def on_terminal(session: Session, name: str, command: str) -> str:
    """Type one command as one person on a terminal; return what stands there, with its colours."""
    session.minutes += 1
    person = session.person(name)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, WIDTH, 0, 0))
    env = person.environment() | {"COLUMNS": str(WIDTH), "TERM": "xterm-256color", "CI": "true"}
    for name_of in ("NO_COLOR", "LBACK_PAGER", "GIT_PAGER", "PAGER"):
        env.pop(name_of, None)
    env["GIT_PAGER"] = "cat"
    with subprocess.Popen(
        ["sh", "-c", command], cwd=session.place / name, env=env, stdin=subprocess.DEVNULL,
        stdout=theirs, stderr=theirs, start_new_session=True,
    ) as child:  # fmt: skip
        os.close(theirs)
        seen = b"".join(_all_of(ours))
        child.wait()
    os.close(ours)
    return seen.decode().replace("\r\n", "\n").replace(str(session.place), "/home")


def _all_of(end: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(end, 65536)
        except OSError:  # Linux says so where everybody has closed the other end
            return
        if not part:
            return
        yield part


def drawn(title: str, seen: Sequence[tuple[str, str, str]]) -> str:
    """Return commands and what they print as SVG."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    for number, (person, command, output) in enumerate(seen):
        if number:
            console.print()
        console.print(Text.assemble((f"{person}$ ", "bold blue"), (command, "bold")))
        console.print(Text.from_ansi(output.rstrip("\n")))
    return console.export_svg(title=title, code_format=_SVG, unique_id=f"screen-{title}")


def screens(place: Path) -> dict[str, str]:
    """Play the story below a folder; return each screen by its name."""
    prepare(place)
    session = Session(place)
    for person, command in _BEFORE:
        session.say(person, command)
    return {
        name: drawn(name, [(who, line, on_terminal(session, who, line)) for who, line in lines])
        for name, lines in SCREENS.items()
    }


def text_of(svg: str) -> str:
    """Return the words of a screen."""
    root = ElementTree.fromstring(svg)
    texts = ("".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text"))
    return re.sub(r"\s+", " ", " ".join(texts))


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, svg in screens(Path(folder) / "story").items():
            (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
            print(FOLDER / f"{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
