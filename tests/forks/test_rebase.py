"""`lback rebase` by real git on real databases."""

from __future__ import annotations

from typing import Any

import pytest

from lback.app.rebase import rebase
from lback.errors import LbackError
from lback.project.console import SilentConsole
from lback.project.context import Context
from lback.project.options import Options
from lback.project.rebasing import RebaseOptions
from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import VERSIONS, adds, creates

EVERYTHING = {"users": {"id", "nick"}, "orders": {"id"}, "coupons": {"id"}}


def forked(shop: Shop) -> None:
    """Leave a chain a, b here beside the published s2; the database has run a and b."""
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.local("b", ("a",), *creates("coupons"))
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))


def answer(shop: Shop, *arguments: str, code: int = 0) -> dict[str, Any]:
    said = shop.lback(*arguments, "--json", code=code)
    report: dict[str, Any] = report_of(said[said.index("{") :])
    return report


def test_what_the_database_has_run_is_run_again_above_the_new_ancestors(any_shop: Shop) -> None:
    shop = any_shop
    forked(shop)
    assert shop.schema() == {"users": {"id", "nick"}, "coupons": {"id"}}
    told = shop.lback("rebase")
    assert "moved a from s1 onto s2" in told
    assert "has undone b, a, and then run s2, a, b" in told
    assert shop.schema() == EVERYTHING
    assert shop.stamp() == ["b"]
    assert shop.git("diff", "--cached", "--stat").count("|") == 1
    diff = shop.git("diff", "--cached", "-U0").splitlines()
    assert [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-Revises: s1",
        "+Revises: s2",
        "-down_revision = 's1'  # keep this comment",
        "+down_revision = 's2'  # keep this comment",
    ]
    assert "nothing to do" in shop.lback("migrate")
    assert "nothing to rebase" in shop.lback("rebase")


def test_a_database_that_has_run_both_sides_is_not_undone(any_shop: Shop) -> None:
    shop = any_shop
    forked(shop)
    shop.lback("migrate", "s2")
    shop.rows("insert into coupons (id) values (7)")
    told = shop.lback("rebase")
    assert "only its stamp changes" in told
    assert shop.stamp() == ["b"]
    assert shop.schema() == EVERYTHING
    assert len(shop.rows("select * from coupons")) == 1


def test_rows_are_not_lost_without_consent(shop: Shop) -> None:
    forked(shop)
    shop.rows("insert into coupons (id) values (7)")
    before = shop.migrations()
    told = shop.lback("rebase", "--no-backup", code=3)
    assert "This deletes 1 row of coupons." in told
    assert "--yes" in told
    assert "lback migrate s2" in told
    assert shop.migrations() == before
    assert shop.stamp() == ["b"]
    assert shop.schema() == {"users": {"id", "nick"}, "coupons": {"id"}}
    shop.lback("rebase", "--no-backup", "--yes")
    assert shop.schema() == EVERYTHING
    assert shop.rows("select * from coupons") == []


def test_rows_come_back_above_what_they_move_onto(any_shop: Shop) -> None:
    shop = any_shop
    forked(shop)
    shop.rows("insert into coupons (id) values (7)")
    shop.lback("rebase")
    assert shop.schema() == EVERYTHING
    assert [tuple(row) for row in shop.rows("select id from coupons")] == [(7,)]


def test_more_rows_than_were_asked_about_stop_a_rebase(shop: Shop) -> None:
    forked(shop)
    shop.rows("insert into coupons (id) values (7)")
    before = shop.migrations()

    class Meanwhile(SilentConsole):
        def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
            assert "This deletes 1 row of coupons." in question
            shop.rows("insert into coupons (id) values (8)")
            return True

    ctx = Context(Options(directory=str(shop.folder)))
    ctx.console = Meanwhile()
    with pytest.raises(LbackError, match="2 rows of coupons now"):
        rebase(ctx, RebaseOptions(no_backup=True))
    assert shop.migrations() == before
    assert shop.stamp() == ["b"]
    assert len(shop.rows("select * from coupons")) == 2


MEANWHILE = """
from pathlib import Path

with Path({counter!r}).open("a+") as counter:
    counter.write("run\\n")
    counter.seek(0)
    if len(counter.readlines()) == 2:
        with Path({edited!r}).open("a") as file:
            file.write("# meanwhile\\n")
"""


def test_a_file_that_is_edited_meanwhile_is_not_overwritten(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    edited, counter = shop.folder / VERSIONS / "a.py", shop.folder.parent / "runs"
    env = shop.folder / "migrations" / "env.py"
    meanwhile = MEANWHILE.format(counter=str(counter), edited=str(edited))
    env.write_text(meanwhile + env.read_text())
    before = shop.text("a")
    assert "a.py changed while this was being planned." in shop.lback("rebase", code=3)
    assert shop.text("a") == before + "# meanwhile\n"
    assert "moved a from s1 onto s2" in shop.lback("rebase")


def test_what_cannot_go_down_is_refused_and_can_be_had_otherwise(shop: Shop) -> None:
    shop.local("a", ("s1",), creates("coupons")[0], "pass")
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))
    before = shop.migrations()
    told = shop.lback("rebase", "--yes", code=3)
    assert "its downgrade() is empty" in told
    assert "lback migrate s2" in told
    assert shop.migrations() == before
    assert shop.stamp() == ["a"]
    shop.lback("migrate", "s2")
    shop.lback("rebase")
    assert shop.stamp() == ["a"]
    assert "down_revision = 's2'" in shop.text("a")


def test_a_migration_that_fails_on_the_way_down_leaves_all_files(any_shop: Shop) -> None:
    shop = any_shop
    shop.local("a", ("s1",), creates("coupons")[0], 'op.execute("drop table nonsense")')
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))
    before = shop.migrations()
    told = shop.lback("rebase", "--yes", code=3)
    assert "nonsense" in told
    assert shop.migrations() == before
    assert shop.stamp() == ["a"]


def test_a_migration_that_fails_on_the_way_up_leaves_the_database_below(any_shop: Shop) -> None:
    shop = any_shop
    up, down = creates("coupons")
    shop.local("a", ("s1",), f'assert not __import__("os").path.exists("failing")\n{up}', down)
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.write("failing", "")
    shop.lback("rebase", "--yes", code=3)
    assert "down_revision = 's2'" in shop.text("a")
    # What it is stamped with it has run, and a comes again once it is corrected.
    assert set(shop.stamp()) <= {"s1", "s2"}
    shop.revise("a", ("s2",), *creates("coupons"))
    shop.lback("migrate")
    assert shop.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}


def test_what_is_known_to_fail_there_is_moved_and_not_run(any_shop: Shop) -> None:
    shop = any_shop
    shop.local("a", ("s1",), *creates("orders"))
    shop.local("b", ("a",), *creates("coupons"))
    shop.lback("migrate")
    shop.publish("s2", ("s1",), *creates("orders"))
    assert answer(shop, "rebase", "--plan")["data"]["held"] == ["a"]
    told = shop.lback("rebase", "--yes")
    assert "both would make it" in told
    assert "has undone b, a, and then run s2" in told
    assert "next: edit a, which cannot run as it is" in told.lower()
    assert shop.stamp() == ["s2"]
    assert shop.schema() == {"users": {"id"}, "orders": {"id"}}
    shop.revise("a", ("s2",), *adds("users", "nick"))
    shop.lback("migrate")
    assert shop.schema() == EVERYTHING


def test_what_stays_above_what_moves_may_be_known_to_fail_as_well(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.local("b", ("a",), *adds("users", "mail"))
    shop.publish("s2", ("s1",), *adds("users", "mail"))
    told = shop.lback("rebase", "--no-database")
    assert "moved a from s1 onto s2" in told
    assert "next: edit b, which cannot run as it is" in told.lower()
    assert "LB307" in shop.lback("check", code=1)


def test_who_has_what_moves_is_told_with_what_they_have_to_run(shop: Shop) -> None:
    forked(shop)
    shop.git("push", "-q", "origin", "HEAD~2:refs/heads/topic")
    report = answer(shop, "rebase", "--force", "--plan")
    ((branch, author),) = [(row["branch"], row["author"]) for row in report["data"]["pushed_to"]]
    assert (branch, author) == ("origin/topic", "Grace")
    told = shop.lback("rebase", "--force", "--no-database")
    assert "origin/topic has it, too  Grace" in told
    assert "whoever has run a: `git pull`, then `lback migrate`" in told


def test_a_plan_changes_nothing(shop: Shop) -> None:
    forked(shop)
    before = shop.migrations()
    told = shop.lback("rebase", "--plan")
    assert "would move a from s1 onto s2" in told
    assert "would undo b, a" in told
    report = answer(shop, "rebase", "--plan")
    assert report["data"]["action"] == "rebase"
    assert report["data"]["rewrites"] == [
        {
            "revision": "a",
            "path": f"{VERSIONS}/a.py",
            "from": ["s1"],
            "to": ["s2"],
            "published": False,
        }
    ]
    assert report["data"]["database"]["down"] == ["b", "a"]
    assert shop.migrations() == before
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.parametrize("options", [(), ("--force",), ("--force", "--yes", "--no-database")])
def test_what_is_published_never_moves_however_it_is_called(
    shop: Shop, options: tuple[str, ...]
) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("push", "-q", "origin", "HEAD:main")
    shop.git("switch", "-q", "-c", "feature", "HEAD~1")
    shop.local("b", ("s1",), *creates("orders"))
    shop.git("branch", "mine")
    shop.git("merge", "-q", "--no-edit", "main")
    before = shop.migrations()
    told = shop.lback("rebase", "--onto", "mine", *options, code=3)
    assert "a is published and never moves" in told
    assert "lback merge" in told
    assert shop.migrations() == before
    assert answer(shop, "rebase", "--onto", "mine", *options, code=3)["data"]["action"] == "refused"


def test_what_is_pushed_moves_by_force_only(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("push", "-q", "origin", "HEAD:refs/heads/feature")
    shop.publish("s2", ("s1",), *creates("orders"))
    assert "a is pushed" in shop.lback("rebase", code=3)
    assert "down_revision = 's1'" in shop.text("a")
    shop.lback("rebase", "--force")
    assert "down_revision = 's2'" in shop.text("a")


def test_a_checkout_that_lacks_shared_revisions_is_told_what_brings_them(shop: Shop) -> None:
    shop.git("switch", "-q", "-c", "feature")
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("switch", "-q", "main")
    shop.publish("s2", ("s1",), *creates("orders"))
    shop.git("switch", "-q", "feature")
    told = shop.lback("rebase", code=3)
    assert "origin/main has 1 revision that this checkout lacks (s2)" in told
    assert "Run `git merge origin/main`; then" in told
    assert "Run `git merge origin/main` to get" in shop.lback("status", "--no-database")
    shop.git("switch", "-q", "--detach", "feature")
    assert "Run `git switch main`, then `git pull`" in shop.lback("status", "--no-database")
    shop.git("switch", "-q", "feature")
    shop.git("branch", "-q", "--set-upstream-to", "origin/main")
    assert "Run `git pull` to get" in shop.lback("status", "--no-database")
    shop.git("merge", "-q", "--no-edit", "origin/main")
    assert "lacks" not in shop.lback("rebase")


def test_a_database_that_does_not_answer_stops_it_unless_left_out(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    shop.publish("s2", ("s1",), *creates("orders"))
    env = shop.folder / "migrations" / "env.py"
    env.write_text("raise RuntimeError('no server')\n")
    told = shop.lback("rebase", code=3)
    assert "no server" in told
    assert "--no-database" in told
    assert "down_revision = 's1'" in shop.text("a")
    shop.lback("rebase", "--no-database")
    assert "down_revision = 's2'" in shop.text("a")


def test_a_merge_that_the_hook_has_staged_goes_again(shop: Shop) -> None:
    forked(shop)
    shop.lback("merge")
    assert len(shop.migrations()) == 5
    told = shop.lback("rebase")
    assert "the merge has nothing left to merge" in told
    assert sorted(shop.migrations()) == ["a.py", "b.py", "s1.py", "s2.py"]
    assert shop.git("status", "--porcelain") == f"M  {VERSIONS}/a.py\n"
    assert shop.schema() == EVERYTHING


def test_stale_bytecode_goes_and_other_edits_are_not_staged(shop: Shop) -> None:
    forked(shop)
    cache = shop.folder / VERSIONS / "__pycache__"
    cache.mkdir(exist_ok=True)
    for name in ("a.cpython-311.pyc", "a.cpython-312.opt-1.pyc", "b.cpython-311.pyc"):
        (cache / name).write_bytes(b"old")
    path = shop.folder / VERSIONS / "a.py"
    path.write_text(path.read_text() + "\n# not to be staged yet\n")
    told = shop.lback("rebase", "--yes")
    assert sorted(one.name for one in cache.glob("?.*.pyc")) == ["b.cpython-311.pyc"]
    assert shop.git("diff", "--cached", "--name-only") == ""
    assert "`git add` and commit" in told


def test_a_crlf_file_keeps_every_other_byte(shop: Shop) -> None:
    shop.local("a", ("s1",), *creates("coupons"))
    path = shop.folder / VERSIONS / "a.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    shop.commit("Windows")
    shop.publish("s2", ("s1",), *creates("orders"))
    before = path.read_bytes()
    shop.lback("rebase")
    assert path.read_bytes() == before.replace(b"Revises: s1", b"Revises: s2").replace(
        b"= 's1'", b"= 's2'"
    )


def test_outside_of_git_there_is_nothing_to_rebase_onto(tmp_path: Any) -> None:
    person = Shop("Ada", tmp_path)
    person.write("alembic.ini", "[alembic]\nscript_location = migrations\n")
    person.write("migrations/env.py", "")
    told = person.lback("rebase", code=3)
    assert "not in a git repository" in told


def test_overlaps_are_shown_with_their_authors(shop: Shop) -> None:
    shop.local("a", ("s1",), *adds("users", "nick"))
    shop.publish("s2", ("s1",), *adds("users", "nick"))
    (overlap,) = answer(shop, "rebase", "--plan")["data"]["overlaps"]
    assert overlap["verdict"] == "conflict"
    assert overlap["left"]["commit"]["author"] == "Grace"
    assert "column users.nick" in shop.lback("rebase", "--plan")
