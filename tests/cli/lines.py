"""Random command lines: options in any mixture, odd values, odd places; and how each must end."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import random
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
from jsonschema import ValidationError

from lback.cli.gate import guarded
from lback.cli.group import COMMANDS
from lback.cli.main import program
from tests.cli.places import PLACES, Places
from tests.reports import report_of

# None may name a real place outside of the situation: `init`, `--write-baseline` write.
ODD = (
    "", " ", ",", "-", "--", "-1", "+1", "-x", "--json", "--nonsense", "HEAD", "main", "topic",
    "HEAD~1", "HEAD^{tree}", "@{u}", "@", "^", "~", ":", ":/x", "..", "main..topic", "index",
    "worktree", "base", "head", "heads", "current", "a1", "b2", "c3", "d4", "a", "a1:b2", "b2-1",
    "a1+1", "head-1", "heads@head", "@head", "users", "orders", "public.users", "nothing", "é",
    "日本", "x" * 300, "a\nb", "a\tb", "\x1b[31mred", "\0", "\udcff", "%s", "%(here)s", "{}",
    "$HOME", "`id`", "a;b", "'", '"', "\\", "*", "[", "LB101", "LB1,LB2", "lb201", "LB", "nan",
    "inf", "-5", "0", "1", "2", "1e400", "99999999999999999999", "users.name:users.full", "a=b",
    "=", "k=", "=v", "users.x=1", "refs/heads/main", "refs/heads/*", "main:alembic.ini", ".",
    "migrations", "migrations/versions", "alembic.ini", "pyproject.toml", "models.py", ".git",
    "gone/deep", "models:Base", "app.models:Base", "always", "never", "new", "all", "text",
    "json", "sarif", "mermaid", "revert", "downgrade", "post-merge", "pre-commit", "alembic",
)  # fmt: skip
_ALEMBIC = (
    "branches", "check", "current", "downgrade", "edit", "ensure_version", "heads", "history",
    "init", "list_templates", "merge", "revision", "show", "stamp", "upgrade", "--help",
    "--version", "--sql", "--verbose", "-m", "-r", "--rev-id", "--autogenerate", "--raiseerr",
    "-q", "--splice", "--head", "--branch-label",
)  # fmt: skip
_ALEMBIC_LINES = (
    "branches -v", "check", "current -v", "downgrade -1", "downgrade base --sql", "edit head",
    "ensure_version", "heads", "history -v", "history -r a1:b2", "init new", "list_templates",
    "merge heads", "merge -m x c3 d4", "revision -m x", "revision --autogenerate -m x",
    "revision --head b2 --splice -m x", "show head", "stamp head", "stamp --purge a1",
    "upgrade head", "upgrade +1", "upgrade b2 --sql", "upgrade a1:b2 --sql", "--version", "-h",
    "upgrade heads --tag x", "-q upgrade a1", "-x a=b current", "downgrade base",
)  # fmt: skip
_HOOKS = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push", "post-commit")
# Their statuses are part of the contract; 130 would take somebody at the keyboard.
_STATUSES = frozenset({0, 1, 2, 3})


class Line(NamedTuple):
    """One command line in one kind of folder."""

    place: str
    arguments: list[str]


class Ended(NamedTuple):
    """How a line ended."""

    status: int
    out: str
    err: str


def lines(seed: int, count: int) -> Iterator[Line]:
    """Yield lines that are the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        yield Line(chance.choice(list(PLACES)), _line(chance))


def _line(chance: random.Random) -> list[str]:
    name = chance.choice([*COMMANDS, "hooks", "check", "rollback", "migrate"])
    context = click.Context(program, info_name="lback")
    odd = chance.choice((0.0, 0.0, 0.05, 0.5))
    command = program.get_command(context, name)
    before: list[str] = []
    words = [name]
    after: list[str] = []
    if isinstance(command, click.Group) and chance.random() < 0.95:
        sub = chance.choice(list(command.commands))
        command = command.commands[sub]
        words.append(sub)
    assert command is not None
    for option in _options(chance, command, odd):
        place = before if option in program.params and chance.random() < 0.5 else after
        place.extend(_option(chance, option, odd))
    given = " ".join(after)
    for one in command.params:
        named = "--revision" in given or "--steps" in given
        if isinstance(one, click.Argument) and chance.random() < (0.1 if named else 0.9):
            after.append(_value(chance, one, odd))
    if chance.random() < odd / 2:
        after.append(chance.choice(ODD))
    if name == "alembic":
        whole = chance.choice(_ALEMBIC_LINES).split()
        after = [*after, *whole] if chance.random() >= odd else chance.choices(_ALEMBIC, k=2)
    if name == "hook":
        after = [chance.choice(_HOOKS), *after]
    if name == "demo":  # it plays for seconds; the story has tests of its own
        after.append(chance.choice(("--help", "--nonsense")) if len(after) < 2 else "--help")
    if chance.random() < odd:
        chance.shuffle(after)
    if chance.random() < odd / 4:
        after.insert(chance.randint(0, len(after)), "--")
    whole = [*before, *words, *after]
    if chance.random() < 0.03 and name != "demo":
        chance.shuffle(whole)
    return whole


def _options(
    chance: random.Random, command: click.Command, odd: float
) -> Iterator[click.Parameter]:
    """Choose some options of a command, each once, and some that all commands have."""
    everywhere = [one for one in program.params if isinstance(one, click.Option)]
    common = {one.name for one in everywhere}
    own = [one for one in command.params if isinstance(one, click.Option)]
    own = [one for one in own if one.name not in common]
    yield from chance.sample(own, min(len(own), chance.choice((0, 1, 1, 2, 3))))
    yield from chance.sample(everywhere, chance.choice((0, 0, 1, 2)))
    if chance.random() < odd:
        yield from chance.choices([*own, *everywhere], k=2)


def _option(chance: random.Random, option: click.Parameter, odd: float) -> list[str]:
    name = chance.choice([*option.opts, *option.secondary_opts])
    if isinstance(option, click.Option) and option.is_flag:
        return [name]
    if chance.random() < odd / 4:
        return [name]
    value = _value(chance, option, odd)
    if name.startswith("--") and chance.random() < 0.3:
        return [f"{name}={value}"]
    return [name, value]


def _value(chance: random.Random, param: click.Parameter, odd: float) -> str:
    if isinstance(param.type, click.Choice) and chance.random() >= odd / 2:
        return str(chance.choice(list(param.type.choices)))
    known: dict[str | None, tuple[str, ...]] = {
        "tables": ("users", "orders"),
        "output": ("page.html",),
        "table": ("users", "orders", "carts"),
        "revision": ("a1", "b2", "c3", "head", "base", "head-1"),
        "at": ("HEAD", "main", "topic", "index", "HEAD~1"),
        "against": ("main", "topic", "HEAD~1"),
        "onto": ("main", "topic"),
        "ref": ("main", "topic"),
        "code": ("LB101", "LB301"),
        "name": ("add_things",),
        "common_directory": (".", "migrations", ".."),
        "common_config": ("alembic.ini", "pyproject.toml"),
        "common_name": ("alembic", "other"),
        "common_script_location": ("migrations", "."),
        "lock_timeout": ("0", "1", "2.5"),
        "select": ("LB1", "LB101,LB301"),
        "baseline": ("old.json",),
        "ignore": ("LB4", "LB401"),
        "refs": ("refs/heads/*",),
        "models": ("models:Base",),
        "directory": (".", "new"),
        "file": ("saved.jsonl.gz",),
        "column": ("label",),
        "head": ("b2", "c3"),
        "steps": ("1", "2"),
        "renames": ("users:people",),
        "defaults": ("users.label=x",),
    }
    if param.name in known and chance.random() >= odd:
        return chance.choice(known[param.name])
    return chance.choice(ODD)


# Playing them


class Theatre:
    """Folders of every kind, made once and copied for each line."""

    def __init__(self, folder: Path, places: Places = PLACES) -> None:
        self.folder = folder
        self.places = places
        self.made: dict[str, Path] = {}
        self.number = 0

    def stage(self, place: str) -> Path:
        """Return a fresh folder of one kind; what is written beside it stays in its box."""
        if place not in self.made:
            self.made[place] = self.folder / "made" / place
            self.made[place].mkdir(parents=True)
            self.places[place](self.made[place])
        self.number += 1
        box = self.folder / f"{self.number:05}"
        shutil.copytree(self.made[place], box / "a" / "b" / "here", symlinks=True)
        return box / "a" / "b" / "here"

    def clear(self, stage: Path) -> None:
        """Remove a stage and what was written around it."""
        shutil.rmtree(stage.parents[2], ignore_errors=True)


def play(line: Line, theatre: Theatre, run: Callable[[Path, list[str]], Ended]) -> list[str]:
    """Run one line; return what is wrong with how it ended."""
    stage = theatre.stage(line.place)
    try:
        ended = run(stage, line.arguments)
        return [f"{line!r}: {one}" for one in wrong(line, ended)]
    finally:
        theatre.clear(stage)


def wrong(line: Line, ended: Ended) -> Iterator[str]:
    """Yield everything about an end that the contract forbids."""
    shown = f"{ended.status}\n{ended.out[-1500:]}{ended.err[-1500:]}"
    if ended.status not in _STATUSES:
        yield f"status {shown}"
    if "Traceback" in ended.err + ended.out and "--debug" not in line.arguments:
        yield f"traceback {shown}"
    if ended.status == 1 and not _found_something(line, ended):
        yield f"1 without a finding {shown}"
    if ended.status in (2, 3) and not (ended.err.strip() or ended.out.strip()):
        yield f"no word {shown}"
    if wants_json(line):
        try:
            report = report_of(ended.out)
        except ValueError:
            yield f"not one object {shown}"
        except ValidationError as err:
            yield f"not by its schema: {err.message} {shown}"
        else:
            if report["exit_code"] != ended.status:
                yield f"another status inside {shown}"


def wants_json(line: Line) -> bool:
    """Tell whether the answer has to be one object."""
    options = line.arguments
    options = options[: options.index("--")] if "--" in options else options
    return "--json" in options and "hook" not in options


def _found_something(line: Line, ended: Ended) -> bool:
    text = ended.out + ended.err
    pending = "makemigrations" in line.arguments and "--check" in line.arguments
    return bool(re.search(r"LB\d\d\d", text)) or "doctor" in line.arguments or pending


def in_process(stage: Path, arguments: list[str], typed: str | None = None) -> Ended:
    """Run a line here, as the program would, and leave this process as it was.

    `typed` is what somebody answers on a terminal; None: nobody is there.
    """
    out, err = _Text(), _Text()
    out.terminal = err.terminal = typed is not None
    before = Path.cwd(), list(sys.path), set(sys.modules), dict(os.environ), sys.stdin
    os.environ.update(EDITOR="true", VISUAL="true", GIT_CEILING_DIRECTORIES=str(stage.parents[2]))
    os.chdir(stage)
    # What another test has left for "." holds where its folder is of the same time, as copies are.
    sys.path_importer_cache.pop(".", None)
    importlib.invalidate_caches()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            warnings.simplefilter("ignore")
            sys.stdin = _Text(typed or "")
            sys.stdin.terminal = typed is not None
            status = guarded(program, arguments, "lback")
    finally:
        os.chdir(before[0])
        sys.path[:] = before[1]
        sys.path_importer_cache.pop(".", None)  # Python remembers where "." was
        for name in set(sys.modules) - before[2]:
            if name.partition(".")[0] in ("models", "env", "env_py", "app"):
                del sys.modules[name]
        os.environ.clear()
        os.environ.update(before[3])
        sys.stdin = before[4]
    return Ended(status, out.getvalue(), err.getvalue())


class _Text(io.StringIO):
    encoding = "utf-8"
    terminal = False

    def isatty(self) -> bool:
        return self.terminal


DOORS = {
    "open": "",
    "closed": ">&-",
    "full": ">/dev/full",
    "cut": "| head -1",
    "mute": "2>&-",
    "nothing": "<&- >&- 2>&-",
}


def through(door: str) -> Callable[[Path, list[str]], Ended]:
    """Return what runs a line as a process with its streams led there."""

    def run(stage: Path, arguments: list[str]) -> Ended:
        shell = ["bash", "-c", f'set -o pipefail; "$@" {DOORS[door]}', "bash"]
        child = subprocess.run(
            [*shell, sys.executable, "-m", "lback", *(one.replace("\0", "") for one in arguments)],
            cwd=stage,
            env=os.environ | {"EDITOR": "true", "GIT_CEILING_DIRECTORIES": str(stage.parents[2])},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        told = child.stderr.decode(errors="replace")
        if "Exception ignored" in told:
            told += "Traceback"
        return Ended(child.returncode, child.stdout.decode(errors="replace"), told)

    return run


def allowed_through(door: str, line: Line, ended: Ended) -> Iterator[str]:
    """Yield what the contract forbids where the result could not go where it should."""
    allowed = {0, 2, 3} if door in ("closed", "full", "nothing") else _STATUSES
    if ended.status not in allowed and "hook" not in line.arguments:
        yield f"{line!r} {door}: status {ended.status}\n{ended.err[-1500:]}"
    if "Traceback" in ended.err and "--debug" not in line.arguments:
        yield f"{line!r} {door}: traceback\n{ended.err[-1500:]}"
