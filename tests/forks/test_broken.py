"""lback broken on purpose: every git command succeeds, with one line that says so."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable

import pytest

from tests.forks.shop import Shop
from tests.worlds.texts import VERSIONS, creates

HOOKS = ("pre-commit", "post-merge", "post-checkout", "post-rewrite", "pre-push")


def shims(shop: Shop, line: str, new: str) -> None:
    """Change a line of all shims, as a world that moved on since would have it."""
    for name in HOOKS:
        path = shop.folder / ".git/hooks" / name
        text, count = re.subn(rf"^{line}=.*", f"{line}={new}", path.read_text(), flags=re.M)
        assert count == 1
        path.write_text(text)


def bare_path(shop: Shop) -> None:
    """Leave git and the shell's needs on PATH: no python3, no lback."""
    folder = shop.folder.parent / "bin"
    folder.mkdir()
    for name in ("git", "sh", "cat", "rm"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    shop.env["PATH"] = str(folder)


def no_python(shop: Shop) -> None:
    shims(shop, "python", "'/nowhere/bin/python'")
    bare_path(shop)


def no_module(shop: Shop) -> None:
    bare = shop.write("../bare-python", f'#!/bin/sh\nexec {sys.base_prefix}/bin/python3 -S "$@"\n')
    bare.chmod(0o755)
    shims(shop, "python", f"'{bare}'")
    shims(shop, "home", "'/nowhere'")
    bare_path(shop)


def bad_pyproject(shop: Shop) -> None:
    shop.write("pyproject.toml", '[tool.lback\nupstream = "x"\n')


def bad_ini(shop: Shop) -> None:
    (shop.folder / "alembic.ini").write_bytes(b"\xff\xfe[alembic\n\x00script_location\n")


def no_ini(shop: Shop) -> None:
    (shop.folder / "alembic.ini").unlink()
    (shop.folder / "alembic.ini").mkdir()


def bad_git_folder(shop: Shop) -> None:
    """Put a file where the cache would be."""
    shutil.rmtree(shop.folder / ".git/lback", ignore_errors=True)
    (shop.folder / ".git/lback").write_text("no folder\n")


def everyday(shop: Shop) -> dict[str, str]:
    """Let all five hooks have something to look at; return what each git command said."""
    told = {}
    shop.git("switch", "-q", "-c", "feature")
    shop.revise("a", ("s1",), *creates("coupons"))
    shop.git("add", VERSIONS)
    told["pre-commit"] = shop.git("commit", "-m", "Add a")
    shop.revise("a", ("s1",), *creates("vouchers"))
    shop.git("add", VERSIONS)
    told["pre-commit and post-rewrite"] = shop.git("commit", "--amend", "-m", "Add a better")
    told["pre-push"] = shop.git("push", "origin", "HEAD")
    told["post-checkout"] = shop.git("switch", "main")
    told["post-merge"] = shop.git("merge", "--no-edit", "feature")
    return told


@pytest.mark.parametrize(
    ("breaks", "said"),
    [
        (no_python, "run 'lback hooks install' again"),
        (no_module, "run 'lback hooks install' again"),
        (bad_pyproject, "pyproject.toml:1: the file is not valid TOML"),
        (bad_ini, "alembic.ini"),
        (no_ini, "no Alembic configuration"),
    ],
)
def test_every_git_command_succeeds_with_one_line(
    shop: Shop, breaks: Callable[[Shop], None], said: str
) -> None:
    shop.lback("hooks", "install")
    breaks(shop)
    for command, told in everyday(shop).items():
        lines = [line for line in told.splitlines() if "lback" in line]
        # An amendment that needs nothing of the project is done before it is looked for.
        assert len(lines) in ((1, 2) if " and " in command else (1,)), (command, told)
        assert all(said in line and "skipped" in line for line in lines), (command, told)
        assert "Traceback" not in told


def test_a_cache_that_cannot_be_kept_stops_nothing(shop: Shop) -> None:
    shop.lback("hooks", "install")
    bad_git_folder(shop)
    told = everyday(shop)
    assert "1 revision arrived" in told["post-merge"]
    assert "Traceback" not in "".join(told.values())


@pytest.mark.parametrize(
    "env", ["raise OSError('no server')\n", "def :\n", "import nothing_like_it\n"]
)
def test_a_database_that_is_down_is_one_line(shop: Shop, env: str) -> None:
    shop.git("config", "lback.onCheckout", "switch")
    shop.lback("hooks", "install")
    shop.write("migrations/env.py", env)
    told = everyday(shop)
    lines = [line for line in told["post-checkout"].splitlines() if "lback" in line]
    assert len(lines) == 1, told
    assert "skipped" in lines[0]
    # The others ask no database, and so have nothing to complain of.
    assert "skipped" not in told["pre-commit"] + told["pre-push"] + told["post-merge"]
