"""Git for Windows by default: `core.autocrlf=true`, in a folder with a space, with the hooks."""

from __future__ import annotations

from pathlib import Path

from tests.story.conftest import Join
from tests.worlds.people import Developer


def one_kind(path: Path) -> bool:
    text = path.read_bytes()
    return text.count(b"\r\n") == text.count(b"\n")


def test_files_of_crlf_are_what_they_are_in_git(join: Join) -> None:
    ada = join("Ada")
    place = ada.folder.parent
    ada.git("push", "-q", "origin", "HEAD")
    bea = Developer("Bea", place, dict(ada.env))
    origin = ada.git("remote", "get-url", "origin").strip()
    bea.git("-c", "core.autocrlf=true", "clone", "-q", origin, "bea on windows")
    bea.folder = place / "bea on windows"
    bea.git("config", "core.autocrlf", "true")
    bea.lback("hooks", "install")
    versions = bea.folder / "migrations" / "versions"
    assert all(one_kind(path) for path in versions.glob("*.py"))
    bea.lback("migrate")
    assert "edited" not in bea.lback("status")
    assert "nothing found" in bea.lback("check", "--against", "origin/main")

    before = set(versions.glob("*.py"))
    bea.lback("makemigrations", "--empty", "more")
    (new,) = set(versions.glob("*.py")) - before
    assert one_kind(new)
    bea.git("add", "-A")
    bea.git("commit", "-q", "-m", "More")  # by pre-commit
    bea.lback("migrate")
    new.write_bytes(new.read_bytes().replace(b"\r\n", b"\n"))
    assert "edited" not in bea.lback("status")
    bea.git("push", "-q", "origin", "HEAD")  # by pre-push
    ada.git("pull", "-q")
    assert "pending: 1 revision" in ada.lback("status")
