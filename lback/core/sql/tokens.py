"""SQL text cut into tokens, as each grammar cuts it."""

from __future__ import annotations

import re
from typing import NamedTuple

from lback.core.sql.grammar import EVERY_GRAMMAR, Grammar, Grammars
from lback.core.sql.outcome import Impossible, TooMuch

MOST_TOKENS = 100_000
# Newer conditional comments of MySQL run on some servers and not on others.
_SURE_VERSION = 50_700


class Token(NamedTuple):
    """One token; `upper` is the keyword it may be ("" for what is no bare word)."""

    kind: str
    text: str
    upper: str
    start: int
    end: int


_PARAMETER = r"%\(\w+\)s|%s\b|(?<![:\w]):[A-Za-z_]\w*|\?\d*|\$\d+"
_SYMBOL = r"::|:=|<=>|<=|>=|<>|!=|\|\||->>|->|\#>>|\#>|=>|@>|<@|."
_NUMBER = r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUOTED = r"'[^']*(?:''[^']*)*'"
_ESCAPED = r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'"
_IDENTIFIER = r'"[^"]*(?:""[^"]*)*"'
_TICKED = r"`[^`]*(?:``[^`]*)*`"


def _pattern(**parts: str) -> re.Pattern[str]:
    groups = [f"(?P<{name}>{pattern})" for name, pattern in parts.items()]
    return re.compile("|".join(groups), re.DOTALL)


_PATTERNS: dict[Grammar, re.Pattern[str]] = {
    "postgresql": _pattern(
        skip=r"[ \t\n\r\f\v\ufeff]+|--[^\n\r]*|\\(?=:)",
        comment=r"/\*",
        string=rf"[eE]{_ESCAPED}|(?:[uU]&|[nNbBxX])?{_QUOTED}",
        quoted=rf"(?:[uU]&)?{_IDENTIFIER}|{_TICKED}",
        dollar=r"\$(?:[^\W\d]\w*)?\$",
        parameter=_PARAMETER,
        number=_NUMBER,
        word=r"[^\W\d][\w$]*",
        symbol=_SYMBOL,
    ),
    "mysql": _pattern(
        skip=r"[ \t\n\r\f\v\ufeff]+|--(?=[\0-\x20]|\Z)[^\n]*|\#[^\n]*|\\(?=:)",
        comment=r"/\*",
        string=rf'[nNbBxX]?{_ESCAPED}|"[^"\\]*(?:(?:""|\\.)[^"\\]*)*"',
        quoted=_TICKED,
        variable=rf"@{{1,2}}(?:[\w.$]+|{_QUOTED}|{_TICKED})",
        parameter=_PARAMETER,
        number=rf"(?:{_NUMBER})(?![\w$])",
        word=r"[\w$]+",
        symbol=_SYMBOL,
    ),
    "sqlite": _pattern(
        skip=r"[ \t\n\r\f\v\ufeff]+|--[^\n]*|\\(?=:)",
        comment=r"/\*",
        string=rf"[xX]?{_QUOTED}",
        quoted=rf"{_IDENTIFIER}|{_TICKED}|\[[^\]]*\]",
        variable=r"\$(?:[^\W\d]\w*)?\$|[@$][A-Za-z_]\w*",
        parameter=_PARAMETER,
        number=_NUMBER,
        word=r"[^\W\d][\w$]*",
        symbol=_SYMBOL,
    ),
}
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_BRACKETED = re.compile(r"\[[^\W\d][\w $]*\]$")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_CONDITIONAL = re.compile(r"/\*(M?)!(\d*)")
# What the grammars cut in different ways; a text without it has the same tokens in all.
_CONTENTIOUS = re.compile(
    r"""["\[#\\$@&]|/\*|--(?![ \t\n\f\v]|\r\n|\Z)|--[^\n]*\r(?!\n)|\b\d+[A-Za-z_]|\b[eE]'"""
)
# The ends of texts that no database accepts: a quote that is never closed.
_NEVER_CLOSED = frozenset("'\"`")


def streams(text: str, grammars: Grammars) -> list[tuple[list[Token], Grammars]]:
    """Return the different ways in which some grammars cut a text, with those that do so.

    A grammar that refuses the text is left out; raises Impossible where all of them do.
    """
    if len(grammars) > 1 and _CONTENTIOUS.search(text) is None:
        return [(cut(text, "sqlite" if "sqlite" in grammars else grammars[0]), grammars)]
    found: list[tuple[list[Token], Grammars]] = []
    problem: Impossible | None = None
    for grammar in grammars:
        try:
            mine = cut(text, grammar)
        except Impossible as refused:
            problem = refused
            continue
        for place, (theirs, who) in enumerate(found):
            if mine == theirs:
                found[place] = (theirs, (*who, grammar))
                break
        else:
            found.append((mine, (grammar,)))
    if not found:
        raise problem or Impossible
    return found


def cut(text: str, grammar: Grammar = EVERY_GRAMMAR[0]) -> list[Token]:
    """Cut a text into tokens, without white space and comments; raises Impossible or TooMuch."""
    found: list[Token] = []
    match_at = _PATTERNS[grammar].match
    position, size, conditional = 0, len(text), False
    while position < size:
        if conditional and text.startswith("*/", position):
            conditional, position = False, position + 2
            continue
        match = match_at(text, position)
        assert match is not None  # a symbol is any character
        kind, end = match.lastgroup or "symbol", match.end()
        if kind == "comment":
            opened = _CONDITIONAL.match(text, position) if grammar == "mysql" else None
            if opened is not None:
                _check_condition(opened, nested=conditional)
                conditional, end = True, opened.end()
            else:
                end = _end_of_comment(text, position, nests=grammar == "postgresql")
        elif kind == "dollar":
            closing = text.find(match.group(), end)
            if closing < 0:
                raise Impossible("SQL with a quote that is never closed")
            end = closing + len(match.group())
            found.append(Token("string", text[position:end], "", position, end))
        elif kind != "skip":
            found.append(_token(kind, match.group(), position, end))
            if len(found) > MOST_TOKENS:
                raise TooMuch("SQL that is too long to be read")
        position = end
    if conditional:
        raise Impossible("SQL with a comment that is never closed")
    return found


def _token(kind: str, word: str, start: int, end: int) -> Token:
    if word[0] == "$" and kind in ("word", "symbol", "variable") and _DOLLAR.match(word):
        raise Impossible("SQL with quotes that only PostgreSQL has")
    if kind == "quoted" and word[0] == "[" and not _BRACKETED.match(word):
        raise Impossible("SQL with arrays, which only PostgreSQL has")
    if kind == "symbol" and word in _NEVER_CLOSED:
        raise Impossible("SQL with a quote that is never closed")
    return Token(kind, word, word.upper() if kind == "word" else "", start, end)


def _check_condition(opened: re.Match[str], *, nested: bool) -> None:
    if nested or opened.group(1) or int(opened.group(2) or 0) > _SURE_VERSION:
        raise TooMuch("SQL in a comment that only some servers run")


def _end_of_comment(text: str, start: int, *, nests: bool) -> int:
    if not nests:
        end = text.find("*/", start + 2)
        if end >= 0:
            return end + 2
    else:
        depth = 0
        for mark in _COMMENT_MARK.finditer(text, start):
            depth += 1 if mark.group() == "/*" else -1
            if depth == 0:
                return mark.end()
    raise Impossible("SQL with a comment that is never closed")


def body_of(token: Token) -> str:
    """Return what stands inside a string, dollar-quoted or ordinary; escapes are kept."""
    text = token.text
    if text.startswith("$"):
        size = text.index("$", 1) + 1
        return text[size:-size]
    quote = text[-1]
    return text[text.index(quote) + 1 : -1].replace(quote * 2, quote)
