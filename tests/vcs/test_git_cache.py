"""The cache never lies and never complains."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lback.vcs.cache import Store

A, B, C = ("a" * 40, "b" * 40, "c" * 64)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lback"


def test_round_trip(folder):
    store = Store(folder)
    assert store.get("headers-1", A) is None
    store.put("headers-1", A, b'["x"]')
    store.put_many("headers-1", {B: b"", C: "ü".encode()})
    for fresh in (store, Store(folder)):
        assert fresh.get("headers-1", A) == b'["x"]'
        assert fresh.get_many("headers-1", [A, C, "d" * 40, B]) == {
            A: b'["x"]', C: "ü".encode(), B: b"",
        }  # fmt: skip
    assert Store(folder).get("effects-1", A) is None


@given(
    st.lists(st.dictionaries(st.sampled_from([A, B, C, "d" * 40, "d" * 64]), st.binary().map(
        lambda data: data.replace(b"\n", b" ")
    ), min_size=1), max_size=4),
    st.lists(st.sampled_from([A, B, C, "d" * 40, "d" * 64, "e" * 40]), max_size=12),
)  # fmt: skip
def test_few_rows_are_found_as_all_are(tmp_path_factory, puts, wanted):
    folder = tmp_path_factory.mktemp("rows") / "lback"
    for values in puts:
        Store(folder).put_many("k", values)
    whole = Store(folder)
    whole.get_many("k", [str(number) for number in range(20)])
    assert "k" in whole._rows
    for few in (wanted, wanted[:1], wanted[:8]):
        assert Store(folder).get_many("k", few) == whole.get_many("k", few)


def test_last_value_wins(folder):
    Store(folder).put("k", A, b"1")
    Store(folder).put("k", A, b"2")
    assert Store(folder).get("k", A) == b"2"


def test_value_of_several_lines_is_refused(folder):
    with pytest.raises(ValueError, match="single line"):
        Store(folder).put("k", A, b"1\n2")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "A"])
def test_odd_names_are_refused(folder, name):
    with pytest.raises(ValueError, match="not a name"):
        Store(folder).put_table(name, b"")


@pytest.mark.parametrize(
    "junk",
    [b"", b"junk", b"\0" * 1000, b"\nlback-rows-1 5 0\nabcde\n", b"\nlback-rows-2 1 0\nx\n",
     b"\nlback-rows-1 ", b"\nlback-rows-1 x y\n", b"\nlback-rows-1 -5 00000000\n"],
)  # fmt: skip
def test_foreign_content_is_rebuilt(folder, junk):
    folder.mkdir()
    (folder / "k.rows").write_bytes(junk)
    store = Store(folder)
    assert store.get("k", A) is None
    store.put("k", A, b"1")
    assert Store(folder).get("k", A) == b"1"


def test_torn_segment_costs_only_itself(folder):
    for key, value in ((A, b"1"), (B, b"2"), (C, b"3")):
        Store(folder).put("k", key, value)
    path = folder / "k.rows"
    data = path.read_bytes()
    at = data.index(B.encode())
    path.write_bytes(data[: at + 5] + data[at + 9 :])
    store = Store(folder)
    assert store.get_many("k", [A, B, C]) == {A: b"1", C: b"3"}
    store.put("k", B, b"2")
    assert Store(folder).get_many("k", [A, B, C]) == {A: b"1", B: b"2", C: b"3"}


@given(st.integers(0, 400), st.binary(max_size=3))
def test_any_damage_is_survived(tmp_path_factory, place, junk):
    folder = tmp_path_factory.mktemp("cache")
    Store(folder).put_many("k", {A: b"1", B: b"2"})
    Store(folder).put_many("k", {C: b"3"})
    path = folder / "k.rows"
    data = path.read_bytes()
    path.write_bytes(data[:place] + junk + data[place + 2 :])
    right = {A: b"1", B: b"2", C: b"3"}
    found = Store(folder).get_many("k", right)
    assert found.items() <= right.items()


def test_cut_off_anywhere(folder):
    Store(folder).put_many("k", {A: b"1", B: b"2"})
    Store(folder).put_many("k", {C: b"3"})
    path = folder / "k.rows"
    data = path.read_bytes()
    for end in range(len(data)):
        path.write_bytes(data[:end])
        assert Store(folder).get_many("k", [A, B, C]).items() <= {A: b"1", B: b"2", C: b"3"}.items()


def test_many_small_writes_are_gathered(folder):
    keys = [hashlib.sha1(b"%d" % n).hexdigest() for n in range(200)]
    for key in keys:
        Store(folder).put("k", key, b"v")
    assert (folder / "k.rows").read_bytes().count(b"lback-rows-1 ") <= 64
    assert len(Store(folder).get_many("k", keys)) == 200


def test_size_is_bounded(folder):
    store = Store(folder, limit=20_000)
    keys = [hashlib.sha1(b"%d" % n).hexdigest() for n in range(400)]
    for key in keys:
        store.put("k", key, b"v" * 100)
    assert (folder / "k.rows").stat().st_size < 25_000
    kept = Store(folder, limit=20_000).get_many("k", keys)
    assert keys[-1] in kept and keys[0] not in kept


def test_no_folder_no_cache(tmp_path):
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file" / "lback")
    store.put("k", A, b"1")
    store.put_table("t", b"1")
    assert Store(tmp_path / "file" / "lback").get("k", A) is None
    assert store.table("t") is None


def test_folder_in_the_way(folder):
    (folder / "k.rows").mkdir(parents=True)
    store = Store(folder)
    store.put("k", A, b"1")
    assert store.get("k", A) == b"1"
    assert not list(folder.glob("*.lback-new"))


def test_table(folder):
    store = Store(folder)
    assert store.table("t") is None
    store.put_table("t", b"line\n\0\xff")
    assert Store(folder).table("t") == b"line\n\0\xff"
    data = (folder / "t.table").read_bytes()
    for end in range(len(data)):
        (folder / "t.table").write_bytes(data[:end])
        assert Store(folder).table("t") is None


def test_writers_at_once(folder):
    code = (
        "import sys, hashlib; from pathlib import Path; from lback.vcs.cache import Store\n"
        "for n in range(40):\n"
        "    key = hashlib.sha1(f'{sys.argv[2]} {n}'.encode()).hexdigest()\n"
        "    Store(Path(sys.argv[1])).put('k', key, key.encode() * 50)\n"
    )
    Store(folder).put("k", A, b"1")
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(n)],
                         cwd=Path(__file__).parents[2])
        for n in range(4)
    ]  # fmt: skip
    assert [child.wait() for child in children] == [0] * 4
    keys = [hashlib.sha1(f"{w} {n}".encode()).hexdigest() for w in range(4) for n in range(40)]
    found = Store(folder).get_many("k", keys)
    assert len(found) > 60  # a row may be lost to a compaction, none may be wrong
    assert all(value == key.encode() * 50 for key, value in found.items())


def test_a_slate_is_a_table_that_is_written_in_place(tmp_path: Path) -> None:
    store = Store(tmp_path / "lback")
    slate = store.slate("note")
    slate.wipe()
    assert store.table("note") is None
    for value in (b"a long first value", b"short", b"a longer one again"):
        slate.write(value)
        assert store.table("note") == value
    other = store.slate("note")
    other.wipe()
    assert store.table("note") == b"a longer one again"
    slate.wipe()
    assert store.table("note") == b""
    (tmp_path / "lback" / "note.table").write_bytes(b"broken")
    assert store.table("note") is None
