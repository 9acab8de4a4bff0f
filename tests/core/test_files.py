"""Files come into being whole, and one place of the house knows how."""

from __future__ import annotations

import ast
import os
import stat
import threading
from pathlib import Path

import pytest

from lback.errors import UsageError
from lback.files import (
    FileLock,
    alone,
    put_with_mode,
    replacing,
    write_beside,
    write_new,
    write_to,
    write_whole,
)

HOUSE = Path(__file__).parents[2] / "lback"
# What only a writer or a lock needs.
WRITERS = {
    *("mkstemp", "NamedTemporaryFile", "fsync", "fdatasync", "flock", "lockf", "locking"),
    *("write_bytes", "write_text", "fcntl", "msvcrt"),
}
ELSEWHERE = {
    "system.py": {"fcntl", "flock", "msvcrt", "locking"},  # what files.py locks with
    "vcs/merged_view.py": {"write_bytes"},  # into a folder of its own that goes again
    "cli/commands/graph.py": {"mkstemp"},  # which makes a file of its own
    "app/demo.py": {"write_text"},  # into a folder that it has just made
}


def words(path: Path) -> set[str]:
    """Return the names and attributes that a module uses, and what it imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


def test_one_module_writes_and_locks() -> None:
    for path in HOUSE.rglob("*.py"):
        place = path.relative_to(HOUSE).as_posix()
        if place != "files.py":
            used = words(path) & WRITERS - ELSEWHERE.get(place, set())
            assert not used, place


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    place = tmp_path / "new" / "file"
    write_whole(place, b"one")
    with pytest.raises(ZeroDivisionError), replacing(place) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert place.read_bytes() == b"one"
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_whole(tmp_path / "folder", b"two")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["file", "folder", "new"]


def test_a_link_in_the_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim, place = tmp_path / "victim", tmp_path / "place"
    victim.write_bytes(b"mine")
    place.symlink_to(victim)
    write_whole(place, b"new")
    assert victim.read_bytes() == b"mine"
    assert place.read_bytes() == b"new" and not place.is_symlink()


def test_nothing_takes_the_place_of_a_device_or_a_pipe(tmp_path: Path) -> None:
    """As root, a picture for /dev/null once left the whole machine without it."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for place in (pipe, link):
        for write in (write_whole, write_beside, write_new):
            with pytest.raises(UsageError, match="is no plain file"):
                write(place, b"new")
    with pytest.raises(UsageError, match="is no plain file"):
        write_to(link, b"new")
    for place in ("/dev/stdout", "/dev/fd/1", "/dev/lback"):
        with pytest.raises(UsageError, match="is no plain file"):
            write_to(Path(place), b"new")
    assert stat.S_ISFIFO(pipe.lstat().st_mode) and link.is_symlink()
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_to(pipe, b"new")
    assert os.read(reader, 9) == b"new"
    os.close(reader)
    write_to(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_modes(tmp_path: Path) -> None:
    earlier = os.umask(0o027)
    try:
        write_whole(tmp_path / "plain", b"")
        write_whole(tmp_path / "own", b"", 0o600)
        write_whole(tmp_path / "tool", b"", 0o777)
        put_with_mode(write_beside(tmp_path / "tool", b"again"), tmp_path / "tool")
    finally:
        os.umask(earlier)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert modes == {"plain": 0o640, "own": 0o600, "tool": 0o750}
    assert (tmp_path / "tool").read_bytes() == b"again"


def test_names_at_the_limit_of_the_disk(tmp_path: Path) -> None:
    place = tmp_path / ("é" * 126 + ".py")
    write_whole(place, b"x")
    assert place.read_bytes() == b"x"


def test_many_writers_of_one_file(tmp_path: Path) -> None:
    place = tmp_path / "file"
    texts = [bytes([65 + at]) * 100_000 for at in range(6)]
    threads = [threading.Thread(target=write_whole, args=(place, one)) for one in texts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert place.read_bytes() in texts
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_lock_is_followed_to_the_file_that_is_there(tmp_path: Path) -> None:
    one, two = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.attempt()
    assert not two.attempt()
    waiting = threading.Thread(target=lambda: two.attempt(wait=True))
    waiting.start()
    one.release()  # removes the file that the other may hold open
    waiting.join()
    assert (tmp_path / "lock").exists() and not one.attempt()
    two.release()
    assert not (tmp_path / "lock").exists()


def test_a_lock_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="lock"):
        FileLock(tmp_path / "lock").attempt()
    assert not (tmp_path / "elsewhere").exists()


def test_alone_where_nothing_can_be_locked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with alone(tmp_path / "file" / "folder"):
        assert (tmp_path / "file").is_file()
