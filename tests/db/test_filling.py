"""Whatever a name holds, a new file says it and does nothing that the template does not."""

from __future__ import annotations

import ast
import shutil
from datetime import datetime
from pathlib import Path

import alembic
import pytest
from alembic.util import format_as_comma
from hypothesis import given, settings
from hypothesis import strategies as st
from mako.template import Template

from lback.db.filling import fill
from lback.errors import LbackError
from tests.cli.inside import lback
from tests.db.projects import MakeProject

SHIPPED = Path(__file__).parents[2] / "lback/db/skeleton/script.py.mako.txt"
GENERIC = Path(alembic.__file__).parent / "templates/generic/script.py.mako"
REST = "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n"
OWN = {
    "single": "'''${message}\n\nRevises: ${down_revision | comma,n}'''\n" + REST,
    "ended": '"""${message}"""\n' + REST,
    "repr": "__doc__ = ${repr(message)}\n" + REST,
    "comment": '# ${message}\n"""${message}"""\n' + REST,
    "assigned": 'title = "${message}"\nagain = "%s" % (${repr(message)},)\n' + REST,
    "unfiltered": '"""${message | n}"""\n' + REST,
}
CODE = 'open("ran", "w")'
NAMES = (
    "add users", "O'Brien's", f'x"""\n{CODE}\n"""', f"x'''\n{CODE}\n'''", f'x"\n{CODE}#', "back\\",
    'q"', '"q', '"""', "\x00", "a\rb", f"a\r{CODE}", "\u2028", "\udc80", "${x}", f"<% {CODE} %>",
    "${" + CODE + "}", "%% x", "% if True:", "## c", "%(rev)s", "../../x", "/etc/x", "", "x" * 9000,
    "two\nlines", "é漢", "\u202e", "x\n# coding: utf-7\n+AAo-", "{x}", "\\N{BULLET}", "\t", "\x85",
    "\nRevises: nobody\n", "#", "\\", "\\x41", "'", "a\\'b", '\\"',
)  # fmt: skip


def filled(
    source: Path, message: str, parent: str = "a1", encoding: str = "utf-8"
) -> tuple[ast.Module, str]:
    text = fill(
        source,
        encoding,
        {
            "message": message, "up_revision": "b2", "down_revision": parent,
            "branch_labels": None, "depends_on": None, "create_date": datetime(2026, 1, 1),
            "comma": format_as_comma, "imports": "", "upgrades": "pass", "downgrades": "pass",
        },
    )  # fmt: skip
    return ast.parse(text), text.decode(encoding)


def means(source: Path, message: str) -> None:
    made, _ = filled(source, message)
    plain, _ = filled(source, "STAND")
    for node in ast.walk(plain):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = node.value.replace("STAND", message)
    assert ast.dump(made) == ast.dump(plain)


@pytest.mark.parametrize("source", [SHIPPED, GENERIC], ids=["shipped", "generic"])
def test_a_name_is_a_docstring(source: Path) -> None:
    for message in NAMES:
        means(source, message)


@given(st.text(st.characters() | st.sampled_from("\"'\\\n\r#${}%<>ab"), max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_name_is_a_docstring(message: str) -> None:
    means(GENERIC, message)


@pytest.mark.parametrize("template", OWN)
def test_templates_of_ones_own(tmp_path: Path, template: str) -> None:
    source = tmp_path / "script.py.mako"
    source.write_text(OWN[template])
    for message in NAMES:
        if template == "comment" and "coding" in message:
            # In a comment of the first lines this is how Python reads the file.
            with pytest.raises(LbackError, match="cannot stand in a file made by"):
                filled(source, message)
        else:
            means(source, message)


@pytest.mark.parametrize("message", NAMES[:1] + NAMES[2:6] + NAMES[9:16])
def test_the_shipped_template_needs_nobody(message: str) -> None:
    """Plain Alembic knows nothing of `fill`."""
    given = {
        "message": message, "up_revision": "b2", "down_revision": ("a1", message),
        "branch_labels": (message,), "depends_on": None, "create_date": datetime(2026, 1, 1),
        "comma": format_as_comma, "imports": "", "upgrades": "pass", "downgrades": "pass",
    }  # fmt: skip
    text = Template(filename=str(SHIPPED)).render_unicode(**given)
    module = ast.parse(text.encode())
    doc = ast.get_docstring(module, clean=False) or ""
    assert doc.startswith(f"{message}\n\nRevision ID: b2\nRevises: a1, {message}\n")
    assert len(module.body) == 9


def test_what_reads_well_stays_as_it_is() -> None:
    for message in ('add "users" and don\'t', "two\n\nparagraphs", "prix en €, 漢"):
        assert filled(GENERIC, message)[1].startswith(f'"""{message}\n')


@pytest.mark.parametrize("paste", ["${message}", "x = ${message}", "x = f'{1}${message}'"])
def test_a_template_that_pastes_code_is_refused(tmp_path: Path, paste: str) -> None:
    source = tmp_path / "script.py.mako"
    source.write_text(f"{paste}\n{REST}")
    with pytest.raises(LbackError, match=r"cannot stand in a file made by|does not make a Python"):
        filled(source, '{__import__("os")}')


@pytest.mark.parametrize("name", ['a"""\nopen()', "a\\", "a'", "a\nb", "\x1b"])
def test_parents_are_names_too(tmp_path: Path, name: str) -> None:
    for source in (SHIPPED, GENERIC):
        made, _ = filled(source, "x", parent=name)
        assert name in (ast.get_docstring(made, clean=False) or "")
        assert f"value=Constant(value={name!r})" in ast.dump(made)


def test_an_encoding_that_lacks_the_letter() -> None:
    made, text = filled(GENERIC, 'größer "漢"', encoding="ascii")
    assert text.isascii() and 'größer "漢"' in (ast.get_docstring(made) or "")


def test_makemigrations_runs_no_name(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(url="sqlite:///app.db")
    shutil.copy(GENERIC, project.root / "migrations/script.py.mako")
    monkeypatch.chdir(project.root)
    for name in (f'x"""\n{CODE}\n"""', f"x'''\n{CODE}\n'''", "../../up", "\x1b]0;x\x07", "q\\"):
        done = lback(project.root, "makemigrations", "--empty", name)
        assert done.code == 0, done.said
        assert "\x1b" not in done.said
    assert not list(project.root.rglob("ran"))
    files = list((project.root / "migrations").rglob("*.py"))
    assert all(one.parent.name == "versions" for one in files if one.name != "env.py")


def test_a_file_template_that_leads_out_is_refused(make_project: MakeProject) -> None:
    project = make_project(url="sqlite:///app.db")
    ini = project.root / "alembic.ini"
    ini.write_text(ini.read_text() + "\nfile_template = ../../../%%(rev)s_%%(slug)s\n")
    done = lback(project.root, "makemigrations", "--empty", "x")
    assert done.code == 3 and "outside of" in done.err
