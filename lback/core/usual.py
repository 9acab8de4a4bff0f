"""The fast way to a header: only for files of the usual shape, and then with certainty.

Every line down to the last header variable must be one of a few shapes that cannot
mean anything else, and no header variable may be named after it; any doubt is None,
and the parser decides. Many times faster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = "revision|branch_labels|depends_on|__doc__"
_WORD = re.compile(_WORDS)
_NOT_A_WORD = rf"(?![^\n]*(?:{_WORDS}))"
_NOT_A_NAME = rf"(?![^()]*(?:{_WORDS}))"
_STRING = r"""(?:"[^"\\\n]*"|'[^'\\\n]*')"""
_STRINGS = rf"(?:{_STRING}\s*(?:,\s*{_STRING}\s*)*(?:,\s*)?)?"
_END = r"[ \t]*(?:\#[^\n]*)?(?:\n|\Z)"

_BLANK = re.compile(r"(?:[ \t\f]*(?:#[^\n]*)?\n)*")
_SAFE = re.compile(
    rf"""(?:
        [ \t\f]*(?:\#[^\n]*)?\n
      | import[ \t]{_NOT_A_WORD}[\w., \t]+{_END}
      | {_NOT_A_WORD}[A-Za-z_]\w*[ \t]*=[ \t]*[\w.]+\([\w., \t]*\){_END}
      | from[ \t]+{_NOT_A_WORD}[\w.]+[ \t]+import[ \t]+(?:
            [\w., \t*]+{_END}
          | \({_NOT_A_NAME}[\w,\s]*\){_END}
        )
    )+""",
    re.VERBOSE,
)
_ASSIGNMENT = re.compile(
    rf"""
    (?P<name>revision|down_revision|branch_labels|depends_on)
    (?:[ \t]*:[ \t]*[\w.,|\[\] \t"']+?)?
    [ \t]*=[ \t]*
    (?:None|(?P<one>{_STRING})|\(\s*(?P<many>{_STRINGS})\)|\[\s*(?P<list>{_STRINGS})\])
    {_END}
    """,
    re.VERBOSE,
)
_ITEM = re.compile(_STRING)

# A line at the margin that could begin a statement which binds a header variable:
# all but definitions and assignments of other names, none of which names one.
_DOUBTFUL = re.compile(
    rf"""\n(?!
        [#)\]}}\s]|\Z
      | {_NOT_A_WORD}(?:@|(?:async[ ]+def|def|class)[ ]|[A-Za-z_]\w*[ ]*(?::[^=\n]*)?=)
    )""",
    re.VERBOSE,
)
_REBINDS = re.compile(r":=|\bglobal\b|\\\n")


@dataclass(slots=True)
class UsualHeader:
    """A header whose values are plain literals."""

    revision: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]
    docstring: str
    line: int


def usual_header(text: str) -> UsualHeader | None:
    """Return the header of a file of the usual shape, or None when in any doubt."""
    found = _docstring(text)
    if found is None:
        return None
    docstring, at = found
    values: dict[str, tuple[str, ...]] = {}
    place = -1
    while True:
        if skipped := _SAFE.match(text, at):
            at = skipped.end()
        assigned = _ASSIGNMENT.match(text, at)
        if assigned is None:
            break
        name, one, many, listed = assigned.group("name", "one", "many", "list")
        many = many or listed
        if name == "revision":
            place = at
        ids = [one] if one else _ITEM.findall(many) if many else ()
        values[name] = tuple([item[1:-1] for item in ids if len(item) > 2])
        at = assigned.end()
    if "down_revision" not in values or len(values.get("revision", ())) != 1:
        return None
    if _WORD.search(text, at) and not _is_harmless(text, at - 1):
        return None
    return UsualHeader(
        values["revision"][0],
        values["down_revision"],
        values.get("depends_on", ()),
        values.get("branch_labels", ()),
        docstring,
        text.count("\n", 0, place) + 1,
    )


def _is_harmless(text: str, at: int) -> bool:
    """Tell whether no statement after `at` can bind a header variable, though it names one.

    Every top-level statement begins at the margin, whatever strings the text holds.
    """
    return not _DOUBTFUL.search(text, at) and not _REBINDS.search(text, at)


def _docstring(text: str) -> tuple[str, int] | None:
    """Return the docstring and the index after its line; None when it needs the parser."""
    blank = _BLANK.match(text)
    at = blank.end() if blank else 0
    quotes = text[at : at + 3]
    if quotes not in ('"""', "'''"):
        # No string, hence no docstring; what follows decides whether it is usual.
        return None if quotes[:1] in ('"', "'") else ("", at)
    end = text.find(quotes, at + 3)
    if end < 0:
        return None
    body = text[at + 3 : end]
    after = text.find("\n", end + 3)
    if after < 0 or "\\" in body or text[end + 3 : after].strip(" \t"):
        return None
    return body, after + 1
