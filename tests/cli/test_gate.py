"""Whatever happens inside a command, it ends with a status of the contract and one object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import click
import pytest

from lback.app.heads import HeadsResult
from lback.cli.gate import guarded
from lback.cli.running import run
from lback.errors import LbackError, UsageError
from lback.project.options import Options
from tests.reports import report_of


def program(raises: Callable[[], object], *, after: bool = False) -> click.Group:
    """Return a program whose command `heads` does that, before or after it has answered."""

    @click.group()
    @click.option("--json", "as_json", is_flag=True)
    def group(as_json: bool) -> None:
        click.get_current_context().ensure_object(Options)

    @group.command("heads")
    def heads() -> None:
        if after:
            run(lambda ctx: HeadsResult(at="worktree", heads=()))
        raises()

    return group


def throw(error: BaseException) -> Callable[[], object]:
    def thrower() -> object:
        raise error

    return thrower


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ZeroDivisionError("x"), 70),
        (asyncio.CancelledError(), 70),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (SystemExit(1), 3),
        (SystemExit("words"), 3),
        (SystemExit(), 3),
        (MemoryError(), 3),
        (RecursionError(), 3),
        (OSError(28, "No space left on device"), 3),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), 3),
        (LbackError("No.", "Try something else."), 3),
        (UsageError("Wrong."), 2),
        (click.UsageError("Wrong."), 2),
        (click.BadParameter("Wrong."), 2),
    ],
    ids=repr,
)
def test_every_end_is_one_object(
    error: BaseException, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(program(throw(error)), ["--json", "heads"], "lback") == status
    report = report_of(capsys.readouterr().out)
    assert (report["command"], report["exit_code"]) == ("heads", status)
    assert report["error"]["message"]
    # What fails after the answer is told beside it.
    assert guarded(program(throw(error), after=True), ["--json", "heads"], "lback") == status
    out, err = capsys.readouterr()
    assert report_of(out)["data"] == {"at": "worktree", "heads": []}
    assert "error: " in err
    assert guarded(program(throw(error)), ["heads"], "lback") == status
    out, err = capsys.readouterr()
    assert not out
    assert "error: " in err
    assert "Traceback" not in err


def test_a_folder_called_hook_does_not_make_a_hook(capsys: pytest.CaptureFixture[str]) -> None:
    from lback.cli.main import program as lback

    assert guarded(lback, ["-C", "hook", "check"], "lback") == 2
    assert guarded(lback, ["--config", "hook", "heads"], "lback") == 2
    assert guarded(lback, ["--config=hook", "explain", "hook"], "lback") == 2
    assert capsys.readouterr().err.count("error: ") == 3


def test_a_hook_that_fails_is_one_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    from lback.cli.main import program as lback

    for line in (["hook"], ["-C", "/nowhere", "hook", "pre-commit"], ["hook", ""]):
        assert guarded(lback, [*line, "--json"], "lback") == 0
        out, err = capsys.readouterr()
        report = report_of(out)
        assert (report["command"], report["exit_code"]) == ("hook", 0)
        assert report["error"]["message"] in err
        assert guarded(lback, line, "lback") == 0
        assert not capsys.readouterr().out
