"""Every option of every command changes how it ends somewhere; an option without a place fails."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from lback.cli.group import COMMANDS
from lback.cli.main import program
from tests.cli.lines import Ended, Theatre, in_process
from tests.cli.situations import ASKS, LINES, SHOWN, STAGES, TALKS, UNSEEN, Shown

_COMMON = {one.name for one in program.params}
# Chance and clock: new ids, dates, how long it took, where the copy lies.
_VARIES = (
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])"), "ID"),
    (re.compile(r"\d{4}-?\d\d-?\d\d[T ]?(\d\d:?\d\d(:?\d\d(\.\d+)?)?)?"), "DATE"),
    (re.compile(r"\d+\.\d\d s\b"), "TIME"),
    (re.compile(r"\S*/a/b/here"), "HERE"),
    (re.compile(r"-[0-9a-f]{8}\.jsonl"), "-X.jsonl"),
)
# What git and lback keep for themselves; hooks, refs and saved rows are what a user sees.
_OWN_MATTER = re.compile(r"\.git(?!/(hooks|refs|lback/backups)/)")


Once = Callable[[str, str], tuple[str, ...]]


@pytest.fixture(scope="session")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("options"), STAGES)


@cache
def commands() -> dict[str, click.Command]:
    """Return every command by its whole name."""
    context = click.Context(program, info_name="lback")
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {sub}": one for sub, one in command.commands.items()}
        else:
            found[name] = command
    return found


def own_options(command: click.Command) -> Iterator[click.Option]:
    """Yield the options that a command does not share with all others."""
    for one in command.params:
        if isinstance(one, click.Option) and one.name not in _COMMON:
            yield one


def ended(theatre: Theatre, place: str, line: str, typed: str | None = None) -> tuple[str, ...]:
    """Return how a line ends in a fresh copy: status, both streams, files, index."""
    stage = theatre.stage(place)
    try:
        with _lock(stage if place.startswith("locked") else None):
            done = in_process(stage, shlex.split(line), typed)
        return _plain(done, stage)
    finally:
        theatre.clear(stage)


@pytest.fixture(scope="session")
def once(theatre: Theatre) -> Once:
    """Return how a line ends; what is asked again is known, since it ended alike twice."""

    @cache
    def ends(place: str, line: str) -> tuple[str, ...]:
        first = ended(theatre, place, line)
        assert ended(theatre, place, line) == first
        return first

    return ends


class _lock:
    def __init__(self, stage: Path | None) -> None:
        self.stage = stage

    def __enter__(self) -> None:
        if self.stage is not None:
            self.handle = os.open(self.stage / "app.db.lback-lock", os.O_RDWR | os.O_CREAT)
            fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        if self.stage is not None:
            os.close(self.handle)


def _plain(done: Ended, stage: Path) -> tuple[str, ...]:
    names = [one.relative_to(stage).as_posix() for one in sorted(stage.rglob("*"))]
    files = [one for one in names if "__pycache__" not in one and not _OWN_MATTER.match(one)]
    index = ""
    if (stage / ".git").exists():
        index = subprocess.run(
            ["git", "status", "--porcelain"], cwd=stage, capture_output=True, text=True, check=True
        ).stdout
    texts = [str(done.status), done.out, done.err, "\n".join(files), index]
    for pattern, word in _VARIES:
        texts = [pattern.sub(word, text) for text in texts]
    # A new id has another place in the order as well.
    texts[3:] = ["\n".join(sorted(text.splitlines())) for text in texts[3:]]
    return tuple(texts)


def test_every_option_has_a_place_where_it_shows() -> None:
    assert set(SHOWN) == set(LINES) == set(commands()) - UNSEEN
    for name, command in commands().items():
        if name in UNSEEN:
            continue
        shown = {one.option.split()[0] for one in SHOWN[name]}
        wanted = {max(names, key=len) for one in own_options(command) for names in _spellings(one)}
        assert wanted == shown, name


def _spellings(option: click.Option) -> list[list[str]]:
    return [names for names in (option.opts, option.secondary_opts) if names]


@pytest.mark.parametrize(
    "shown",
    [one for rows in SHOWN.values() for one in rows],
    ids=lambda one: f"{one.line} {one.option}",
)
def test_an_option_changes_something(theatre: Theatre, once: Once, shown: Shown) -> None:
    without = once(shown.place, shown.line)
    given = ended(theatre, shown.place, f"{shown.line} {shown.option}")
    assert given != without, without
    assert "Traceback" not in given[2]
    assert given[0] in ("0", "1", "2", "3"), given
    # Whatever differs is told, or is to be seen among the files.
    assert given[1:] != without[1:], without


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", list(LINES))
def test_the_common_options_change_something(
    theatre: Theatre, once: Once, name: str, every: bool
) -> None:
    """CI tries --json with every command, and of the others two in turn."""
    place, line = LINES[name]
    turn = list(LINES).index(name)
    without = once(place, line)
    for number, option in enumerate(
        ("--json", "-v", "-C gone", "-c gone.ini", "-n gone", "-x a=b", "--db gone")
    ):
        if number and not every and number % 3 != turn % 3:
            continue
        # Before the command and after it in turn; what follows it is Alembic's for `alembic`.
        first = (number + len(name)) % 2 or name == "alembic"
        whole = f"{option} {line}" if first else f"{line} {option}"
        assert ended(theatre, place, whole) != without, whole
    if not every and turn % 3:
        return
    assert ended(theatre, place, f"--script-location gone {line}") != without
    wrong = ended(theatre, place, f"-C gone {line}")
    assert ended(theatre, place, f"-C gone --debug {line}") != wrong
    assert ended(theatre, place, f"-C gone --color always {line}") != wrong


@pytest.mark.parametrize("name", list(LINES))
def test_quiet_and_no_input(theatre: Theatre, name: str) -> None:
    talks = TALKS[name]
    if talks is not None:
        place, line = talks
        loud, quiet = (ended(theatre, place, one) for one in (line, f"--quiet {line}"))
        assert loud[2] != quiet[2]
        assert len(quiet[2]) < len(loud[2])
        assert loud[:2] == quiet[:2]
    place, line = ASKS.get(name, LINES[name])
    asked, silent = (
        ended(theatre, place, one, typed="n\n" * 5) for one in (line, f"--no-input {line}")
    )
    assert (asked != silent) == (name in ASKS)
