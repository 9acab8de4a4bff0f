"""Shell sessions in Markdown: played with real git and real databases, compared line by line.

A fence marked `console` holds commands (`ada$ git pull`, continued by `> `) and below each
what it prints; Ada writes what a fence marked `python` has below the name of a file. In a scenario
Ada and Grace have clones with hooks and a migrated database from the start, Eve has an empty
folder.
Ids of revisions and dates are the same in every run; commits, seconds and the names of backups
are not, and count as equal.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.worlds.people import Developer
from tests.worlds.processes import programs
from tests.worlds.projects import found_shop

_ROOT = Path(__file__).parents[2]
_SITE = Path(__file__).parent / "site"
_FENCE = re.compile(
    r"^```console\n(?P<session>.*?)^```$|`(?P<file>[\w.]+)`[^`\n]*:\n\n```python\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^(?P<person>[a-z]+)\$ (?P<text>.*)$")
_COMMIT = re.compile(r"\b[0-9a-f]{7}\b")
_SECONDS = re.compile(r"\b\d+\.\d\d s\b")
_STAMP = re.compile(r"\b\d{8}T\d{6}\b")


@dataclass
class Session:
    """One story below a folder of its own, where each person has a folder."""

    place: Path
    minutes: int = 0

    def say(self, name: str, command: str) -> str:
        """Type one command as one person; return what it prints."""
        self.minutes += 1
        person = self.person(name)
        person.folder = self.place / name
        said = person.run("sh", "-c", f"{{ {command}\n}} 2>&1; true")
        return said.replace(str(self.place), "/home")

    def person(self, name: str) -> Developer:
        """Return somebody who stands in the common folder."""
        date = f"2026-01-05T{10 + self.minutes // 60}:{self.minutes % 60:02}:00+01:00"
        path = {"PYTHONPATH": f"{_SITE}{os.pathsep}{_ROOT}"}
        folders = (programs(os.environ | path), Path(sys.executable).parent, os.environ["PATH"])
        return Developer(
            name.title(),
            self.place,
            {
                **path,
                "PATH": os.pathsep.join(map(str, folders)),
                "COUNTER": str(self.place / "count"),
                "GIT_AUTHOR_DATE": date,
                "GIT_COMMITTER_DATE": date,
                "COLUMNS": "100",
            },
        )


def prepare(place: Path) -> None:
    """Make what every story starts from; it may be copied to another place."""
    (place / "eve").mkdir(parents=True)
    (place / "count").write_text("0")
    session = Session(place)
    found_shop(session.person("ada"))
    session.person("grace").git("clone", "-q", "shop.git", "grace")
    for name in ("ada", "grace"):
        person = session.person(name)
        person.folder = place / name
        person.git("remote", "set-url", "origin", "../shop.git")
        person.lback("hooks", "install")
        person.manage("migrate")


def play(page: str, place: Path) -> str:
    """Play the sessions of a page in a prepared place; return it with what is printed today."""
    session = Session(place)

    def typed(found: re.Match[str]) -> str:
        if found["file"]:
            (place / "ada" / found["file"]).write_text(found["text"])
            return found[0]
        return f"```console\n{_fence(found['session'], session)}```"

    return _FENCE.sub(typed, page)


def _fence(text: str, session: Session) -> str:
    played = []
    for person, command in _commands(text):
        shown = command.replace("\n", "\n> ").replace("> \n", ">\n")
        said = session.say(person, command).rstrip("\n")
        played.append(f"{person}$ {shown}\n" + (f"{said}\n" if said else ""))
    return "\n".join(played)


def _commands(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        found = _COMMAND.match(line)
        if found is None:
            continue
        command = [found["text"]]
        for more in lines[at + 1 :]:
            if not more.startswith(">"):
                break
            command.append(more[2:])
        yield found["person"], "\n".join(command)


def settled(page: str) -> str:
    """Return a page without what differs from run to run."""
    for pattern, same in ((_COMMIT, "abcdef0"), (_SECONDS, "0.00 s"), (_STAMP, "20260105T100000")):
        page = pattern.sub(same, page)
    return page
