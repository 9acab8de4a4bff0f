"""Small projects, each odd in a way that real ones are: folder -> file -> bytes."""

from __future__ import annotations

INI = """\
[alembic]
script_location = %(here)s/migrations
path_separator = os
"""
TWO_FOLDERS = INI + "version_locations = %(here)s/migrations/versions:%(here)s/plugin/versions\n"
RECURSIVE = INI + "recursive_version_locations = true\n"


def revision(
    name: str,
    parents: str = "None",
    *,
    doc: str = "",
    labels: str = "None",
    depends_on: str = "None",
) -> bytes:
    """Return a file in the style of Alembic's template; the values are source text."""
    return (
        f'"""{doc or name}\n\nRevision ID: {name}\nRevises: {parents}\n'
        f'Create Date: 2026-01-02 03:04:05.000000\n\n"""\n'
        "from typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\n"
        f"revision: str = {name!r}\n"
        f"down_revision: Union[str, Sequence[str], None] = {parents}\n"
        f"branch_labels: Union[str, Sequence[str], None] = {labels}\n"
        f"depends_on: Union[str, Sequence[str], None] = {depends_on}\n\n\n"
        "def upgrade() -> None:\n    pass\n\n\ndef downgrade() -> None:\n    pass\n"
    ).encode()


def versions(**files: bytes) -> dict[str, bytes]:
    return {f"migrations/versions/{name}.py": content for name, content in files.items()}


SAMPLES: dict[str, tuple[str, dict[str, bytes]]] = {
    "empty": (INI, {"migrations/versions/README": b"none yet"}),
    "chain": (
        INI,
        versions(a1=revision("a1"), b2=revision("b2", "'a1'"), c3=revision("c3", '"b2"')),
    ),
    "fork and merge": (
        INI,
        versions(
            a1=revision("a1"),
            b2=revision("b2", "'a1'"),
            c3=revision("c3", "'a1'"),
            d4=revision("d4", "('c3', 'b2')"),
            e5=revision("e5", "['d4']"),
        ),
    ),
    "three heads, two bases": (
        INI,
        versions(
            a1=revision("a1"),
            b2=revision("b2", "'a1'"),
            c3=revision("c3", "'a1'"),
            z1=revision("z1"),
        ),
    ),
    "labels and dependencies": (
        INI,
        versions(
            a1=revision("a1", labels="('core',)"),
            b2=revision("b2", "'a1'"),
            n1=revision("n1", labels="'network'", depends_on="'a1'"),
            n2=revision("n2", "'n1'", depends_on="('core', 'b2')"),
            n3=revision("n3", "'n2'", labels="['late', 'later']"),
        ),
    ),
    "a dependency on a head": (
        INI,
        versions(
            a1=revision("a1"),
            b2=revision("b2", "'a1'"),
            x1=revision("x1"),
            x2=revision("x2", "'x1'", depends_on="'b2'"),
        ),
    ),
    "header styles": (
        INI,
        {
            "migrations/versions/plain.py": b"revision = 'plain'\ndown_revision = None\n",
            "migrations/versions/wrapped.py": (
                b'"""Wrapped."""\nrevision = (\n    "wrapped"  # why\n)\n'
                b"down_revision = (\n    'plain',\n)  # one\n"
            ),
            "migrations/versions/glued.py": (
                b"'glued'\nrevision = 'gl' 'ued'\ndown_revision = ('wrap'\n  'ped')\n"
            ),
            "migrations/versions/constant.py": (
                b"PARENT = 'glued'\nrevision = 'constant'\ndown_revision = PARENT\n"
            ),
            "migrations/versions/late.py": (
                b"'''Late: the header comes last.'''\n\ndef upgrade():\n    pass\n\n"
                b"revision = 'late'\ndown_revision = 'constant'\n"
            ),
            "migrations/versions/both.py": b"revision = x = 'both'\ndown_revision = 'late'\n",
            "migrations/versions/semi.py": b"revision = 'semi'; down_revision = 'both'\n",
            "migrations/versions/raw.py": b'revision = r"""raw"""\ndown_revision = u"semi"\n',
            "migrations/versions/twice.py": (
                b"revision = 'first'\nrevision = 'twice'\ndown_revision = 'raw'\n"
            ),
        },
    ),
    "docstrings": (
        INI,
        versions(
            a1=revision("a1", doc="One line"),
            b2=revision("b2", "'a1'", doc="\n\n  Over\nthree\n  lines  "),
            c3=revision("c3", "'b2'", doc="tab\\tand \\u00e9scape"),
            d4=b"# no docstring\nrevision = 'd4'\ndown_revision = 'c3'\n",
            e5=b'revision = "e5"\n"""not a docstring"""\ndown_revision = "d4"\n',
            f6=b'r"""raw \\d doc\n\nrest"""\nrevision = "f6"\ndown_revision = "e5"\n',
            g7=b'"two " "strings"\nrevision = "g7"\ndown_revision = "f6"\n',
        ),
    ),
    "bytes": (
        INI,
        versions(
            a1=revision("a1").replace(b"\n", b"\r\n"),
            b2=b"\xef\xbb\xbf" + revision("b2", "'a1'", doc="caf\u00e9"),
            c3=b"# -*- coding: latin-1 -*-\n"
            + "'''caf\u00e9'''\n".encode("latin-1")
            + b"revision = 'c3'\ndown_revision = 'b2'\n",
            d4=revision("d4", "'c3'").replace(b"\n", b"\r"),
            e5=revision("e5", "'d4'", doc="\u65e5\u672c\u8a9e \U0001f600"),
        ),
    ),
    "names": (
        INI,
        {
            "migrations/versions/0001 first one.py": revision("0001 first one"),
            "migrations/versions/0002_zw\u00f6lf.py": revision(
                "0002_zw\u00f6lf", "'0001 first one'"
            ),
            "migrations/versions/2026.py": revision("2026.01.3", "'0002_zw\u00f6lf'"),
            "migrations/versions/a:b.py": revision("a_b", "'2026.01.3'"),
            "migrations/versions/__init__.py": b"",
            "migrations/versions/.#lock.py": b"this is not Python",
            "migrations/versions/notes.txt": b"revision = 'nothing'",
            "migrations/versions/abc123.py": b"down_revision = 'a_b'\n",
            "migrations/versions/nested/deep.py": revision("deep", "'a_b'"),
        },
    ),
    "two folders": (
        TWO_FOLDERS,
        {
            "migrations/versions/a1.py": revision("a1"),
            "plugin/versions/p1.py": revision("p1", depends_on="'a1'", labels="'plugin'"),
            "plugin/versions/p2.py": revision("p2", "'p1'"),
        },
    ),
    "recursive": (
        RECURSIVE,
        {
            "migrations/versions/a1.py": revision("a1"),
            "migrations/versions/2025/b2.py": revision("b2", "'a1'"),
            "migrations/versions/2026/01/c3.py": revision("c3", "'b2'"),
        },
    ),
    "missing parent": (INI, versions(b2=revision("b2", "'gone'"), c3=revision("c3", "'b2'"))),
    "cycle": (INI, versions(a1=revision("a1", "'b2'"), b2=revision("b2", "'a1'"))),
    "forbidden id": (INI, versions(a1=revision("a1"), b2=revision("b-2", "'a1'"))),
    "not Python": (INI, versions(a1=revision("a1"), b2=b"def (:\nrevision = 'b2'\n")),
    "conflict markers": (
        INI,
        versions(
            a1=revision("a1"),
            b2=b"revision = 'b2'\n<<<<<<< ours\ndown_revision = 'a1'\n=======\n"
            b"down_revision = 'a0'\n>>>>>>> theirs\n",
        ),
    ),
}
