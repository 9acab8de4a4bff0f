"""Other branches and where they left, compared with git's own merge-base."""

from __future__ import annotations

from lback.vcs.lookups import bare_name, blob_sizes, branch_points, differences, path_ids, siblings


def test_branch_points_are_the_merge_bases_of_git(box):
    trunk = []
    for number in range(3):
        trunk.append(box.commit(f"trunk {number}"))
    tips = {}
    for number, start in enumerate(trunk):
        box.git("checkout", "-q", "-b", f"side{number}", start)
        tips[f"side{number}"] = box.commit(f"side {number}")
    box.git("checkout", "-q", "side0")
    box.git("merge", "-q", "-m", "catch up", trunk[1])
    tips["side0"] = box.commit("more")
    tips["old"] = trunk[0]
    box.git("checkout", "-q", "--orphan", "alone")
    tips["alone"] = box.commit("no history in common")
    box.git("checkout", "-q", "main")
    found = branch_points(box.repository, trunk[2], tips.values())
    for name, tip in tips.items():
        assert found[tip] == (box.git("merge-base", trunk[2], tip, check=False) or None), name
    assert branch_points(box.repository, trunk[2], []) == {}


def test_a_branch_and_its_copy_of_the_remote_are_one(box, remote, clone):
    clone.git("checkout", "-q", "-b", "feature/x")
    clone.commit("work")
    clone.git("push", "-q", "origin", "feature/x")
    names = [one.name for one in siblings(clone.repository)]
    assert sorted(names) == ["feature/x", "main"]
    assert [one.name for one in siblings(clone.repository, "refs/heads/feature/*")] == ["feature/x"]
    assert bare_name("refs/remotes/origin/feature/x") == "feature/x"


def test_sizes_and_ids_need_no_contents(box):
    commit = box.git("rev-parse", "HEAD")
    ids = path_ids(box.repository, [commit], ["db/versions/a1.py", "nothing.ini"])
    blob = box.git("rev-parse", "HEAD:db/versions/a1.py")
    assert ids == {commit: (blob, "")}
    size = len((box.path / "db/versions/a1.py").read_bytes())
    assert blob_sizes(box.repository, [blob, "0" * 40]) == {blob: size}
    assert blob_sizes(box.repository, []) == {}


def test_differences_since_the_point(box):
    point = box.git("rev-parse", "HEAD")
    box.git("checkout", "-q", "-b", "one")
    one = box.commit("add", c3="x")
    box.git("checkout", "-q", "-b", "two", "main")
    box.git("mv", "db/versions/a1.py", "db/versions/moved.py")
    two = box.commit("move", b2="edited")
    box.git("checkout", "-q", "-b", "three", "main")
    box.write("README", "words")
    three = box.commit("words")
    found = differences(box.repository, dict.fromkeys((one, two, three), point), ["db/versions"])
    assert {tip: [(d.status, d.path) for d in items] for tip, items in found.items()} == {
        one: [("A", "db/versions/c3.py")],
        two: [
            ("D", "db/versions/a1.py"),
            ("M", "db/versions/b2.py"),
            ("A", "db/versions/moved.py"),
        ],
        three: [],
    }
    assert found[one][0].blob == box.git("rev-parse", f"{one}:db/versions/c3.py")
