"""SQL text cut into tokens and statements, as each family of databases cuts it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from lback.core.dialects import Dialects
from lback.core.sql.outcome import CannotRead, Impossible, TooMuch

Grammar = Literal["postgresql", "mysql", "sqlite"]
Grammars = tuple[Grammar, ...]

EVERY_GRAMMAR: Grammars = ("postgresql", "mysql", "sqlite")
# The databases that read SQL by each of them.
_SPEAKERS: dict[Grammar, frozenset[str]] = {
    "postgresql": frozenset({"postgresql", "cockroachdb", "redshift"}),
    "mysql": frozenset({"mysql", "mariadb"}),
    "sqlite": frozenset({"sqlite"}),
}
_SPOKEN = frozenset().union(*_SPEAKERS.values())


@lru_cache(maxsize=256)
def grammars_of(dialects: Dialects) -> Grammars:
    """Return the grammars that count for some dialects.

    A database that has none of them, as SQL Server, may mean what any of them means: then all
    three have to agree.
    """
    if dialects.but:
        left = (grammar for grammar in EVERY_GRAMMAR if grammar not in dialects.names)
        return tuple(left) or EVERY_GRAMMAR
    if not dialects.names or not dialects.names <= _SPOKEN:
        return EVERY_GRAMMAR
    return tuple(grammar for grammar in EVERY_GRAMMAR if dialects.names & _SPEAKERS[grammar])


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
    readings: list[tuple[list[Token], Grammars]] = []
    problem: Impossible | None = None
    for grammar in grammars:
        try:
            mine = cut(text, grammar)
        except Impossible as refused:
            problem = refused
            continue
        for place, (theirs, who) in enumerate(readings):
            if mine == theirs:
                readings[place] = (theirs, (*who, grammar))
                break
        else:
            readings.append((mine, (grammar,)))
    if not readings:
        raise problem or Impossible
    return readings


def cut(text: str, grammar: Grammar = EVERY_GRAMMAR[0]) -> list[Token]:
    """Cut a text into tokens, without white space and comments; raises Impossible or TooMuch."""
    tokens: list[Token] = []
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
            tokens.append(Token("string", text[position:end], "", position, end))
        elif kind != "skip":
            tokens.append(_token(kind, match.group(), position, end))
            if len(tokens) > MOST_TOKENS:
                raise TooMuch("SQL that is too long to be read")
        position = end
    if conditional:
        raise Impossible("SQL with a comment that is never closed")
    return tokens


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


_HAVE_BODIES = frozenset({"TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"})
# END of these says which one it is the end of.
_INNER_ENDS = frozenset({"IF", "LOOP", "WHILE", "REPEAT"})


def split(tokens: list[Token], grammars: Grammars) -> Iterator[list[Token]]:
    """Split tokens into statements at semicolons outside of brackets and BEGIN ... END bodies."""
    current: list[Token] = []
    depth = brackets = 0
    body = False
    for place, token in enumerate(tokens):
        if token.kind == "symbol":
            if token.text == ";" and depth == 0 and brackets <= 0:
                if current:
                    yield current
                current, body, brackets = [], False, 0
                continue
            brackets += (token.text == "(") - (token.text == ")")
        elif token.upper:
            if len(current) < 12 and token.upper in _HAVE_BODIES and current:
                body = body or current[0].upper == "CREATE"
            if body:
                depth += _opens(tokens, place, grammars)
        current.append(token)
    if depth > 0:
        raise CannotRead("SQL with a body that does not end")
    if current:
        yield current


def _opens(tokens: list[Token], place: int, grammars: Grammars) -> int:
    """Return by how much a word of a routine's body deepens it."""
    word = tokens[place].upper
    before = tokens[place - 1].upper if place else ""
    after = tokens[place + 1].upper if place + 1 < len(tokens) else ""
    if word == "BEGIN":
        if grammars == ("postgresql",) and after != "ATOMIC":
            return 0
        return 1
    if word == "CASE":
        return 0 if before == "END" else 1
    if word == "END":
        return 0 if after in _INNER_ENDS else -1
    return 0
