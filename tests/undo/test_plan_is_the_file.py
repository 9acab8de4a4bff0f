"""`--plan` names the very file that is written, and two people write the same one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from lback.errors import LbackError
from tests.servers import fresh_database
from tests.undo.team import Shop
from tests.undo.test_rollback_places import under_unrelated

_DATED = (
    "%%(year)d/%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d%%(second).2d_%%(rev)s_%%(slug)s"
)


def _shop(tmp_path: Path, url: str, template: str) -> Shop:
    shop = Shop.at(tmp_path / "ada", url)
    ini = shop.folder / "alembic.ini"
    lines = f"file_template = {template}\nrecursive_version_locations = true\n"
    kept = [one for one in ini.read_text().splitlines() if not one.startswith("file_template")]
    ini.write_text("\n".join(kept).replace("[alembic]\n", f"[alembic]\n{lines}", 1))
    under_unrelated(shop)
    return shop


@pytest.mark.parametrize("dated", [True, False], ids=["Create Date", "no date"])
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not committed"])
def test_a_reverting_revision_is_what_the_plan_named(
    tmp_path: Path, dated: bool, committed: bool
) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = _shop(tmp_path, url, _DATED)
        path = shop.written["r5"]
        if dated:
            text = path.read_text().replace(
                '\n"""', '\nCreate Date: 2026-01-02 03:04:05.123\n"""', 1
            )
            path.write_text(text)
        if committed:
            shop.commit("Add migrations")
        shop.migrate()
        plans = [shop.roll("users", plan=True, strategy="revert") for _ in range(2)]
        named = {(plan.data["writes"], *plan.data["target"]) for plan in plans}
        done = shop.roll("users", yes=True, strategy="revert")
        assert named == {(done.data["writes"], *done.data["target"])}
        assert (shop.folder / done.data["writes"]).is_file()
        if dated:
            assert "/2026/01_02_030405_" in done.data["writes"]
            text = (shop.folder / done.data["writes"]).read_text()
            assert "Create Date: 2026-01-02 03:04:05.123" in text


def test_two_people_write_one_file(tmp_path: Path) -> None:
    (tmp_path / "hers").mkdir()
    with (
        fresh_database("sqlite", tmp_path) as url,
        fresh_database("sqlite", tmp_path / "hers") as two,
    ):
        ada = _shop(tmp_path, url, _DATED)
        ada.commit("Add migrations")
        shutil.copytree(ada.folder, tmp_path / "grace")
        grace = Shop("Grace", tmp_path / "grace", {"DATABASE_URL": two}, url=two)
        for one in (ada, grace):
            one.migrate()
            one.roll("users", yes=True, strategy="revert")
        assert ada.files() == grace.files()
        ours, theirs = (sorted(one.folder.rglob("2*/*.py")) for one in (ada, grace))
        assert [one.read_bytes() for one in ours] == [one.read_bytes() for one in theirs]
        assert len(ours) == 1


def test_what_is_written_already_is_not_written_twice(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = _shop(tmp_path, url, "%%(rev)s")
        shop.commit("Add migrations")
        shop.migrate()
        wish: dict[str, Any] = {"revision": "r5", "yes": True, "strategy": "revert"}
        (revision,) = shop.roll(**wish).data["target"]
        with pytest.raises(LbackError, match="undoes r5 already"):
            shop.roll(**wish)
        # What brings the change back is another revision.
        again = shop.roll(revision=revision, yes=True, strategy="revert")
        assert again.data["target"] != [revision]


def test_a_table_has_one_file_by_whichever_name_it_is_called(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        shop = Shop.at(tmp_path / "ada", url)
        shop.add("r1", 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))')
        shop.add("r2", 'op.rename_table("users", "people")', 'op.rename_table("people", "users")')
        add = 'op.add_column("people", sa.Column("age", sa.Integer()))'
        shop.add("r3", add, 'op.drop_column("people", "age")')
        shop.migrate()
        plans = [
            shop.roll(name, plan=True, strategy="revert").data["writes"]
            for name in ("people", "users", "PEOPLE", "main.people")
        ]
        assert len({*plans}) == 1 and plans[0].endswith("_revert_people_r3_does_it.py")
