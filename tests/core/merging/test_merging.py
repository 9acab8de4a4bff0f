from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from lback.core.effects import Effects
from lback.core.graph.revision import Header
from lback.core.header import read_header
from lback.core.interpreter.reading import read_effects
from lback.core.merging.merge_file import merge_file, merge_id
from lback.errors import LbackError

DATES = {"b2": "2024-01-02 10:00:00.5", "a1": "2023-05-05 10:00:00"}

EXPECTED = b'''"""Merge a1, b2

Revision ID: 68231b12ba4f
Revises: a1, b2
Create Date: 2024-01-02 10:00:00.5
"""

# revision identifiers, used by Alembic.
revision = "68231b12ba4f"
down_revision = (
    "a1",
    "b2",
)
branch_labels = None
depends_on = None


def upgrade(*args, **kwargs) -> None:
    pass


def downgrade(*args, **kwargs) -> None:
    pass
'''


def test_the_bytes_are_fixed() -> None:
    file = merge_file(["b2", "a1"], DATES)
    assert file.content == EXPECTED
    assert file.name == "68231b12ba4f_merge_a1_b2.py"
    assert (file.revision, file.parents) == ("68231b12ba4f", ("a1", "b2"))


def test_the_id_is_what_the_contract_says() -> None:
    text = b"lback-merge/1\na1\nb2"
    assert merge_id(["b2", "a1", "b2"]) == hashlib.sha256(text).hexdigest()[:12]


@pytest.mark.parametrize("heads", list(permutations("cab")))
def test_the_order_of_heads_does_not_matter(heads: tuple[str, ...]) -> None:
    dates = {head: f"2024-01-0{number} 00:00:00" for number, head in enumerate("abc", 1)}
    assert merge_file(heads, dates) == merge_file(sorted(heads), dates)


@pytest.mark.parametrize(
    ("dates", "newest"),
    [
        (("", ""), None),
        (("2024-01-01", ""), "2024-01-01"),
        (("soon", "2001-01-01 00:00:00"), "2001-01-01 00:00:00"),
        (("soon", "later"), "soon"),
        (("2024-99-01", "2001-01-01"), "2001-01-01"),
        (("2024-05-01 00:30:00+02:00", "2024-04-30 23:00:00"), "2024-04-30 23:00:00"),
        (("2024-05-01T00:30:00Z", "2024-04-30 23:00:00-02:00"), "2024-04-30 23:00:00-02:00"),
        (("2024-01-01 10:00:00.9", "2024-01-01 10:00:00.12"), "2024-01-01 10:00:00.9"),
        (("2024-01-01 10:00:00", "2024-01-01 10:00"), "2024-01-01 10:00:00"),
    ],
)
def test_the_newest_date_of_the_parents(dates: tuple[str, str], newest: str | None) -> None:
    for pair in (dates, dates[::-1]):
        content = merge_file(["a", "b"], dict(zip("ab", pair, strict=True))).content.decode()
        line = f"Create Date: {newest}\n"
        assert (line in content) if newest else ("Create Date" not in content)


def test_odd_ids_make_safe_names_and_exact_parents() -> None:
    heads = ['a"b\\c', "d/e: éĀ\u2028", "x" * 300, "-"]
    file = merge_file(heads, {})
    assert file.name == f"{file.revision}_merge___a_b_c.py"
    header = read_header(file.content, file.name)
    assert isinstance(header, Header)
    assert header.down_revisions == tuple(sorted(heads))


def test_long_names_stay_below_200_bytes() -> None:
    assert len(merge_file(["x" * 300, "y" * 300], {}).name.encode()) < 200


@given(st.sets(st.text(min_size=1, max_size=20), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_ids_come_back(heads: set[str]) -> None:
    file = merge_file(heads, {})
    header = read_header(file.content, file.name)
    assert isinstance(header, Header)
    assert header.down_revisions == tuple(sorted(heads))
    assert header.revision == file.revision
    compile(file.content, file.name, "exec")


@pytest.mark.parametrize("options", [[], ["--line-length", "40"], ["--line-length", "300"]])
@pytest.mark.parametrize("heads", [["a1", "b2"], ['q"uote', "it's"], ["a" * 120, "\\d\n"]])
def test_formatters_leave_it_alone(options: list[str], heads: list[str]) -> None:
    content = merge_file(heads, {heads[0]: "2024-01-01 00:00:00"}).content
    command = [sys.executable, "-m", "ruff", "format", "--isolated", *options, "-"]
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    assert done.stdout == content
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E4,E7,E9,F,I,W", "-"]
    subprocess.run(command, input=content, capture_output=True, check=True)


def test_alembic_reads_it(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    for one in ("a1", "b2"):
        (versions / f"{one}.py").write_text(f'revision = "{one}"\ndown_revision = None\n')
    file = merge_file(["a1", "b2"], DATES)
    (versions / file.name).write_bytes(file.content)
    config = Config()
    config.set_main_option("script_location", str(tmp_path))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [file.revision]
    merge = script.get_revision(file.revision)
    assert merge.doc == "Merge a1, b2"
    # Alembic's multidb template runs `context.run_migrations(engine_name=name)`.
    assert merge.module.upgrade(engine_name="one") is None
    assert merge.module.downgrade(engine_name="one") is None
    assert read_effects(file.content) == Effects(downgrade_gap="empty")


def test_one_head_is_no_merge() -> None:
    with pytest.raises(LbackError, match="at least two heads"):
        merge_file(["a", "a"], {})
