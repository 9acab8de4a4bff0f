"""The hooks of item 7 by real git: checkout, push, models, merge commits, cycles."""

from __future__ import annotations

import sys

import pytest

from tests.forks.shop import Shop
from tests.reports import report_of
from tests.worlds.texts import MODELS, VERSIONS, creates, table


@pytest.fixture
def hooked(shop: Shop) -> Shop:
    """Return a shop with models and all hooks."""
    shop.write("models.py", MODELS + table("users"))
    shop.commit("Add models")
    shop.git("push", "-q")
    shop.lback("hooks", "install")
    return shop


def colleague(shop: Shop, name: str) -> Shop:
    """Return one more clone with hooks and a database of its own."""
    place = shop.folder.parent
    other = Shop(name, place)
    other.git("clone", "-q", "shop.git", name.lower())
    other.folder = place / name.lower()
    other.url = f"sqlite:///{place / name.lower()}.sqlite3"
    other.lback("hooks", "install")
    return other


# post-checkout


def test_checkout_tells_what_the_database_has_run_and_the_branch_lacks(hooked: Shop) -> None:
    hooked.git("switch", "-q", "-c", "feature")
    hooked.local("a", ("s1",), *creates("coupons"))
    hooked.lback("migrate")
    told = hooked.git("switch", "main")
    assert "the database has run 1 revision that this branch lacks" in told
    assert "a  “do a”" in told
    assert "lback switch" in told
    told = hooked.git("switch", "feature")
    assert "adds" not in told
    assert "lacks" not in told


def test_checkout_tells_what_the_branch_adds(hooked: Shop) -> None:
    hooked.lback("migrate")
    hooked.git("switch", "-q", "-c", "feature")
    hooked.local("a", ("s1",), *creates("coupons"))
    assert "lacks" not in hooked.git("switch", "main")
    told = hooked.git("switch", "feature")
    assert "this branch adds 1 revision" in told
    assert "lback migrate" in told


def test_checkout_runs_nothing_of_the_branch(hooked: Shop) -> None:
    hooked.git("switch", "-q", "-c", "stranger")
    hooked.write("migrations/env.py", "open('ran', 'w')\n")
    hooked.write(f"{VERSIONS}/evil.py", "open('ran', 'w')\nrevision = 'e'\ndown_revision = 's1'\n")
    hooked.write("models.py", "open('ran', 'w')\n")
    hooked.commit("Be strange")
    hooked.git("switch", "-q", "main")
    told = hooked.git("switch", "stranger")
    assert "this branch adds 1 revision" in told
    assert not (hooked.folder / "ran").exists()


def test_on_checkout_switch_takes_the_database_along(hooked: Shop) -> None:
    hooked.git("config", "lback.onCheckout", "switch")
    hooked.git("switch", "-q", "-c", "feature")
    hooked.local("a", ("s1",), *creates("coupons"))
    hooked.lback("migrate")
    told = hooked.git("switch", "main")
    assert "the database has undone a" in told
    assert hooked.schema() == {"users": {"id"}}
    told = hooked.git("switch", "feature")
    assert "the database has run a" in told
    assert hooked.schema() == {"users": {"id"}, "coupons": {"id"}}
    hooked.rows("insert into coupons (id) values (1)")
    told = hooked.git("switch", "main")
    assert "saved 1 row in the database" in told
    assert hooked.schema() == {"users": {"id"}}
    hooked.git("switch", "feature")
    assert hooked.rows("select id from coupons") == [(1,)]
    # A database that is down is one line.
    hooked.write("migrations/env.py", "raise OSError('no server')\n")
    told = hooked.git("switch", "main", "--force")
    assert hooked.git("rev-parse", "--abbrev-ref", "HEAD") == "main\n"
    assert told.count("lback:") <= 2


def test_checkout_of_files_says_nothing(hooked: Shop) -> None:
    hooked.local("a", ("s1",), *creates("coupons"))
    assert "lback" not in hooked.git("checkout", "HEAD~1", "--", VERSIONS)


# pre-push


def test_a_push_that_forks_the_shared_branch_is_stopped(hooked: Shop) -> None:
    hooked.revise("a", ("s1",), *creates("coupons"))
    hooked.revise("b", ("s1",), *creates("labels"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", "-m", "Fork")
    told = hooked.git("push", code=1)
    assert "LB101" in told
    assert "a  “do a”  by Grace" in told
    assert "this push is stopped (`git push --no-verify` skips this check)" in told
    told = hooked.git("push", "origin", "HEAD:refs/heads/feature")
    assert "only a warning" in told
    hooked.lback("merge")
    hooked.commit("Merge migrations")
    assert "lback:" not in hooked.git("push")


@pytest.mark.parametrize("change", ["edit", "delete", "move"])
def test_a_push_that_rewrites_a_published_revision_is_stopped(hooked: Shop, change: str) -> None:
    hooked.local("a", ("s1",), *creates("coupons"))
    hooked.local("b", ("a",), *creates("labels"))
    hooked.git("push", "-q")
    path = hooked.folder / VERSIONS / "b.py"
    if change == "edit":
        path.write_text(path.read_text().replace("labels", "stickers"))
    elif change == "delete":
        path.unlink()
    else:
        path.write_text(path.read_text().replace("'a'", "'s1'"))
        third = hooked.folder / VERSIONS / "a.py"
        third.write_text(third.read_text().replace("'s1'", "'b'"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", "-m", "Rewrite")
    told = hooked.git("push", code=1)
    assert {"edit": "LB201", "delete": "LB202", "move": "LB203"}[change] in told
    assert "push is stopped" in told
    hooked.git("push", "-q", "--no-verify")


def test_a_forced_push_of_an_older_state_is_stopped(hooked: Shop) -> None:
    hooked.local("a", ("s1",), *creates("coupons"))
    hooked.git("push", "-q")
    hooked.git("reset", "-q", "--hard", "HEAD~1")
    told = hooked.git("push", "--force", code=1)
    assert "LB202" in told


def test_pushing_tags_and_deletions_is_no_matter(hooked: Shop) -> None:
    hooked.git("tag", "v1")
    assert "lback" not in hooked.git("push", "origin", "v1")
    hooked.git("push", "-q", "origin", "HEAD:refs/heads/feature")
    assert "lback" not in hooked.git("push", "origin", ":feature")


# Models


def test_a_model_that_changes_without_a_migration_is_told(hooked: Shop) -> None:
    models = hooked.folder / "models.py"
    models.write_text(models.read_text() + "    age: Mapped[int]\n")
    hooked.git("add", "-A")
    told = hooked.git("commit", "-m", "Add age")
    assert "LB305" in told
    assert "users" in told
    assert "makemigrations" in told


def test_a_model_with_its_migration_is_quiet(hooked: Shop) -> None:
    models = hooked.folder / "models.py"
    models.write_text(models.read_text() + "    age: Mapped[int]\n")
    hooked.revise("a", ("s1",), 'op.add_column("users", sa.Column("age", sa.Integer()))')
    hooked.git("add", "-A")
    assert "LB305" not in hooked.git("commit", "-m", "Add age")


def test_a_method_or_another_file_for_a_class_is_no_change(hooked: Shop) -> None:
    models = hooked.folder / "models.py"
    text = models.read_text()
    models.write_text(text + "\n    def hello(self) -> str:\n        return self.label\n")
    hooked.git("add", "-A")
    assert "LB305" not in hooked.git("commit", "-m", "Say hello")
    hooked.write("shop/models.py", text.replace("pass\n", "pass\n", 1))
    models.unlink()
    hooked.git("add", "-A")
    assert "LB305" not in hooked.git("commit", "-m", "Move it")


def test_a_merge_that_leaves_a_column_twice_is_told(hooked: Shop) -> None:
    models = hooked.folder / "models.py"
    text = models.read_text()
    hooked.git("switch", "-q", "-c", "feature")
    models.write_text(text.replace("    id: ", "    nick: Mapped[str]\n    id: "))
    hooked.git("commit", "-q", "-am", "Add nick above")
    hooked.git("switch", "-q", "main")
    models.write_text(text + "    nick: Mapped[str]\n")
    hooked.git("commit", "-q", "-am", "Add nick below")
    told = hooked.git("merge", "--no-edit", "feature")
    assert "CONFLICT" not in told
    lines = models.read_text().splitlines()
    first, second = (number for number, line in enumerate(lines, 1) if "nick" in line)
    assert f"models.py:{second}: LB306" in told
    assert f"in line {first} and in line {second}" in told


# merge_commit


def apart(shop: Shop, setting: str) -> None:
    """Leave main and origin/main with a revision each."""
    ini = shop.folder / "alembic.ini"
    ini.write_text(ini.read_text() + f"[lback]\nmerge_commit = {setting}\n")
    shop.commit("Set")
    shop.git("push", "-q")
    other = colleague(shop, "Ada")
    other.local("s2", ("s1",), *creates("orders"))
    other.git("push", "-q")
    shop.local("a", ("s1",), *creates("coupons"))


def heads_at(shop: Shop, commit: str) -> int:
    return len(report_of(shop.lback("heads", "--json", "--at", commit))["data"]["heads"])


def test_amend_puts_it_into_the_merge_commit(hooked: Shop) -> None:
    apart(hooked, "amend")
    told = hooked.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "put it into the merge commit" in told
    assert hooked.git("status", "--porcelain") == ""
    assert len(hooked.git("rev-list", "--parents", "-1", "HEAD").split()) == 3
    assert hooked.git("log", "-1", "--format=%s").startswith("Merge branch")
    assert not (hooked.folder / ".git" / "MERGE_HEAD").exists()
    # No commit of the branch ever holds two heads.
    for commit in hooked.git("rev-list", "--first-parent", "HEAD").split():
        assert heads_at(hooked, commit) == 1
    hooked.lback("migrate")
    assert "lback" not in hooked.git("push")


def test_commit_makes_a_commit_of_its_own(hooked: Shop) -> None:
    apart(hooked, "commit")
    told = hooked.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "committed it" in told
    assert hooked.git("status", "--porcelain") == ""
    assert hooked.git("log", "-1", "--format=%s %P").count(" ") == 2
    assert heads_at(hooked, "HEAD") == 1
    assert heads_at(hooked, "HEAD~") == 2


def test_after_a_rebase_nothing_is_amended(hooked: Shop) -> None:
    apart(hooked, "amend")
    told = hooked.git("pull", "-q", "--rebase")
    assert "committed it" in told
    assert hooked.git("log", "-2", "--format=%s").splitlines() == ["Merge migrations", "Add a"]


def test_other_staged_changes_keep_it_staged(hooked: Shop) -> None:
    apart(hooked, "commit")
    hooked.revise("b", ("s1",), *creates("labels"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", "-m", "Fork")
    hooked.write("other.txt", "mine")
    hooked.git("add", "other.txt")
    told = hooked.lback("hook", "post-merge", "0")
    assert "wrote and staged" in told
    assert "other changes are staged" in told
    assert "A  other.txt" in hooked.git("status", "--porcelain")


def test_a_merge_commit_that_is_pushed_is_not_amended(hooked: Shop) -> None:
    apart(hooked, "amend")
    hooked.git("pull", "-q", "--no-rebase", "--no-edit", "--no-verify")
    before = hooked.git("rev-parse", "HEAD")
    hooked.git("push", "-q")
    hooked.lback("hook", "post-merge", "0")
    assert hooked.git("rev-parse", "HEAD") == before


def test_on_fork_rebase_moves_what_no_database_has_run(hooked: Shop) -> None:
    apart(hooked, "stage\non_fork = rebase")
    told = hooked.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "rebased: a moves from s1 onto s2" in told
    assert hooked.git("status", "--porcelain") == f"M  {VERSIONS}/a.py\n"
    assert "down_revision = 's2'" in hooked.text("a")
    hooked.git("commit", "-q", "-m", "Rebase migrations")
    assert "a" in hooked.lback("migrate")
    assert hooked.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}
    assert "lback" not in hooked.git("push")


def test_on_fork_rebase_leaves_what_the_database_has_run_to_the_command(hooked: Shop) -> None:
    apart(hooked, "stage\non_fork = rebase")
    hooked.lback("migrate")
    told = hooked.git("pull", "-q", "--rebase")
    assert "not done by the hook: the database has run what moves" in told
    assert "next: `lback rebase`" in told
    assert hooked.git("status", "--porcelain") == ""
    hooked.lback("rebase")
    assert hooked.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}


def test_on_fork_rebase_takes_the_database_along_where_git_says_so(hooked: Shop) -> None:
    apart(hooked, "stage")  # what git says goes before what the project says
    hooked.lback("migrate")
    hooked.git("config", "lback.onFork", "rebase")
    told = hooked.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "rebased: a moves from s1 onto s2" in told
    assert hooked.stamp() == ["a"]
    assert hooked.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}
    hooked.lback("hooks", "uninstall")
    assert hooked.git("config", "--get-regexp", "^lback") == "lback.onfork rebase\n"


def test_a_database_that_was_moved_behind_the_hooks_back_skips_nothing(hooked: Shop) -> None:
    apart(hooked, "stage\non_fork = rebase")
    hooked.run(sys.executable, "-m", "alembic", "upgrade", "head")
    hooked.git("pull", "-q", "--no-rebase", "--no-edit")
    assert "down_revision = 's2'" in hooked.text("a")
    told = hooked.lback("status")
    assert "would never run s2" in told and "next: Take the files back" in told
    told = hooked.lback("migrate", code=3)
    assert "A hook has put a onto s2 without asking this database" in told
    hooked.run("sh", "-c", told.split("Take the files back: `")[1].split("`")[0])
    hooked.lback("rebase", "--yes")
    assert hooked.stamp() == ["a"]
    assert hooked.schema() == {"users": {"id"}, "orders": {"id"}, "coupons": {"id"}}


# Opposite rebases


def test_opposite_rebases_are_seen_and_one_of_them_gives_way(hooked: Shop) -> None:
    ada = colleague(hooked, "Ada")
    ada.git("switch", "-q", "-c", "ada")
    ada.local("a", ("s1",), *creates("coupons"))
    ada.git("push", "-q", "-u", "origin", "ada")
    grace = hooked
    grace.git("switch", "-q", "-c", "grace")
    grace.local("b", ("s1",), *creates("labels"))
    grace.git("push", "-q", "-u", "origin", "grace")
    for person, other in ((ada, "grace"), (grace, "ada")):
        person.git("fetch", "-q")
        person.git("merge", "-q", "--no-edit", f"origin/{other}")
        person.git("reset", "-q", "--", ".")
        person.git("clean", "-qfd", VERSIONS)
        person.env["GIT_AUTHOR_DATE"] = f"2026-03-0{1 if person is ada else 2}T00:00:00+00:00"
        person.lback("rebase", "--onto", f"origin/{other}", "--force", "--no-database")
        person.commit("Rebase migrations")
    assert "down_revision = 'b'" in ada.text("a")
    assert "down_revision = 'a'" in grace.text("b")
    ada.git("push", "-q")
    grace.git("push", "-q")
    ada.git("fetch", "-q")
    told = ada.git("merge", "--no-edit", "origin/grace")
    assert "a -> b -> a" in told
    assert "a was put on b by Ada" in told
    assert "b was put on a by Grace" in told
    assert "undo the later change: Grace's of b" in told
    # The other one hears the same.
    grace.git("fetch", "-q")
    assert "undo the later change: Grace's of b" in grace.git("merge", "--no-edit", "origin/ada")
    # It cannot get into the shared branch.
    refused = ada.git("push", "origin", "HEAD:main", code=1)
    assert "LB105" in refused
    assert "push is stopped" in refused
    command = next(line for line in told.splitlines() if "git checkout" in line).split("`")[1]
    ada.run("sh", "-c", command)
    ada.commit("Take Grace's back")
    assert "push is stopped" not in ada.git("push", "origin", "HEAD:main")
    ada.lback("migrate")


def test_hooks_that_have_nothing_to_say_are_silent(hooked: Shop) -> None:
    hooked.write("README", "hello")
    hooked.git("add", "-A")
    assert "lback" not in hooked.git("commit", "-m", "Say hello")
    assert "lback" not in hooked.git("push")


# while a merge is not committed yet, and what git has put aside


def two_sides(shop: Shop) -> None:
    """Stand on `feature`, with a head on it and another one on main, by somebody else."""
    shop.git("switch", "-q", "-c", "feature")
    shop.local("a", ("s1",), *creates("coupons"))
    shop.git("switch", "-q", "main")
    shop.name = "Eve"
    shop.local("b", ("s1",), *creates("orders"))
    shop.git("switch", "-q", "feature")
    shop.name = "Grace"


def test_who_brought_the_other_side_is_known_before_the_merge_is_committed(hooked: Shop) -> None:
    two_sides(hooked)
    hooked.git("merge", "-q", "--no-commit", "main")
    told = hooked.git("commit", "-m", "Merge", code=1)
    assert "b  “do b”  by Eve" in told and "a  “do a”  by Grace" in told
    assert "yours" not in told
    hooked.git("merge", "--abort")
    told = hooked.git("merge", "--squash", "main")
    assert "by Eve" in told and "yours" not in told
    # git has a message ready.
    assert "next: git commit, then `lback migrate`" in told


def test_a_commit_of_some_files_is_told_what_it_leaves_out(hooked: Shop) -> None:
    two_sides(hooked)
    hooked.git("merge", "-q", "--no-edit", "main")
    (merge,) = [name for name in hooked.migrations() if "_merge_" in name]
    hooked.write("notes.txt", "x")
    hooked.git("add", "notes.txt")
    told = hooked.git("commit", "-m", "Notes", "notes.txt", code=1)
    assert f"{VERSIONS}/{merge} closes the fork" in told
    assert "lback resolve" not in told
    hooked.git("add", "--", f"{VERSIONS}/{merge}")
    hooked.git("commit", "-q", "-m", "Notes")


def test_what_git_has_stashed_comes_back_before_a_fork_is_closed(hooked: Shop) -> None:
    eve = colleague(hooked, "Eve")
    eve.local("b", ("s1",), *creates("orders"))
    eve.git("push", "-q")
    hooked.write("notes.txt", "x")
    hooked.commit("Notes")
    hooked.revise("a", ("s1",), *creates("coupons"))
    hooked.git("add", "-A")
    told = hooked.git("pull", "--rebase", "--autostash")
    assert "git brings back what it has stashed: a" in told
    assert "b  “do b”  by Eve" in told and "a  “do a”  yours, not committed yet" in told
    assert not [name for name in hooked.migrations() if "_merge_" in name]
    hooked.lback("resolve", "--no-database")
    assert "1 head" in hooked.lback("check", "--ignore", "LB303")


# what no other hook sees: cherry-pick, revert, am


def test_a_cherry_pick_that_forks_is_told(hooked: Shop) -> None:
    two_sides(hooked)
    told = hooked.git("cherry-pick", "main")
    assert "LB101 2 heads: a, b" in told and "Close the fork with `lback resolve`" in told
    assert "b  “do b”  by Eve" in told
    assert "lback" not in hooked.git("commit", "-q", "--allow-empty", "-m", "Nothing")


def test_a_revert_of_what_is_published_is_told(hooked: Shop) -> None:
    hooked.local("a", ("s1",), *creates("coupons"))
    hooked.git("push", "-q")
    assert "LB202" in hooked.git("revert", "--no-edit", "HEAD")


def test_a_patch_that_forks_is_told(hooked: Shop) -> None:
    two_sides(hooked)
    patch = hooked.git("format-patch", "-1", "main").strip()
    told = hooked.git("am", patch)
    assert "LB101 2 heads: a, b" in told
    hooked.git("reset", "-q", "--hard", "HEAD~")
    assert "LB101" not in hooked.git("rebase", "--apply", "main")  # post-rewrite speaks of that


def test_a_commit_that_leaves_the_merge_revision_out_is_told(hooked: Shop) -> None:
    two_sides(hooked)
    hooked.git("merge", "-q", "--no-edit", "main")
    hooked.write("notes.txt", "x")
    hooked.git("add", "notes.txt")
    told = hooked.git("commit", "--no-verify", "-m", "Notes", "notes.txt")
    assert "commit without naming files" not in told  # the commit has changed no revision
    hooked.write(f"{VERSIONS}/a.py", hooked.text("a") + "\n# more\n")
    told = hooked.git("commit", "--no-verify", "-m", "More", f"{VERSIONS}/a.py")
    assert "LB101" in told and "lies staged and closes the fork" in told
