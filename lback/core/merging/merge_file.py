"""The merge revision: id, name and bytes are a function of the heads alone.

Two people who merge the same fork, each alone, write the same file, so git has nothing
to merge. Nothing here may depend on clock, user, machine or any version: a change of
the template is a change of `lback-merge/1` and needs a new number there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date as calendar_date
from hashlib import sha256
from typing import NamedTuple

from lback.errors import LbackError

# The parents stand one a line with a trailing comma: formatters leave that alone at
# any line length. No imports, since nothing would use them. env.py may give arguments of its own
# to run_migrations(), which every revision gets: a merge takes any.
_TEMPLATE = '''\
"""Merge {title}

Revision ID: {revision}
Revises: {title}
{create_date}"""

# revision identifiers, used by Alembic.
revision = {literal}
down_revision = (
{parents})
branch_labels = None
depends_on = None


def upgrade(*args, **kwargs) -> None:
    pass


def downgrade(*args, **kwargs) -> None:
    pass
'''

# Together with id, "_merge_" and ".py" the name stays below 200 bytes.
_NAME_PART = 80
_UNSAFE_IN_NAME = re.compile(r"[^0-9A-Za-z.]+")
_ESCAPED = re.compile(r"[^ !#-\[\]-~]")
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|([+-])(\d\d):?(\d\d))?"
)


class MergeFile(NamedTuple):
    """A merge revision to be written; `name` is the file name, `parents` are sorted."""

    revision: str
    name: str
    content: bytes
    parents: tuple[str, ...]


def merge_id(heads: Iterable[str]) -> str:
    """Return the id of the merge of these heads, in whatever order they come."""
    text = "lback-merge/1\n" + "\n".join(sorted(set(heads)))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def merge_file(heads: Iterable[str], create_dates: Mapping[str, str]) -> MergeFile:
    """Return the merge revision of these heads; `create_dates` gives the text of each, or ''.

    Raises LbackError when there are fewer than two heads.
    """
    parents = tuple(sorted(set(heads)))
    if len(parents) < 2:
        raise LbackError("A merge needs at least two heads.", "see `lback heads`")
    revision = merge_id(parents)
    title = ", ".join(map(_escaped, parents))
    newest = newest_date(create_dates.get(parent, "") for parent in parents)
    content = _TEMPLATE.format(
        title=title,
        revision=revision,
        create_date=f"Create Date: {_escaped(newest)}\n" if newest else "",
        literal=f'"{revision}"',
        parents="".join(f'    "{_escaped(parent)}",\n' for parent in parents),
    )
    name = f"{revision}_merge_{_name_part(parents[0])}_{_name_part(parents[1])}.py"
    return MergeFile(revision, name, content.encode("ascii"), parents)


def newest_date(dates: Iterable[str]) -> str:
    """Return the latest of these texts; what is no date counts as older than any date."""
    return max((date.strip() for date in dates), key=_moment, default="")


def _moment(date: str) -> tuple[int, int, str]:
    """Return a key that sorts dates by time, in microseconds; without a zone they are UTC."""
    parts = _DATE.fullmatch(date)
    if parts is None:
        return 0, 0, date
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    try:
        days = calendar_date(year, month, day).toordinal()
    except ValueError:
        return 0, 0, date
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    if parts.group(9):
        ahead = int(parts.group(10)) * 3600 + int(parts.group(11)) * 60
        seconds -= ahead if parts.group(9) == "+" else -ahead
    micros = int((parts.group(7) or "").ljust(6, "0")[:6])
    return 1, seconds * 1_000_000 + micros, date


def _escaped(text: str) -> str:
    """Return text for between double quotes, the same whatever Python writes it.

    Quotes become codes too, since formatters may turn quotes around an escaped one.
    """
    return _ESCAPED.sub(_code, text)


def _code(match: re.Match[str]) -> str:
    letter = match.group()
    number = ord(letter)
    if letter == "\\":
        return "\\\\"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _name_part(text: str) -> str:
    return _UNSAFE_IN_NAME.sub("_", text)[:_NAME_PART]
