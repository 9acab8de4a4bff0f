"""SQL text cut into tokens and statements, for every dialect at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>[EeNnBbXxUu]?&?'(?:[^'\\]|''|\\.)*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[A-Za-z_][\w ]*\])
  | (?P<parameter>%\(\w+\)s|%s|(?<!:):[A-Za-z_]\w*|\?|\$\d+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<symbol>::|<=|>=|<>|!=|:=|\|\||->>|->|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DOLLAR = re.compile(r"\$([A-Za-z_]\w*)?\$")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `upper` is the keyword it may be ("" for what is no bare word)."""

    kind: str
    text: str
    upper: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Cut SQL text into tokens; white space and comments are left out."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        dollar = _DOLLAR.match(text, position)
        if dollar is not None:
            end = text.find(dollar.group(), dollar.end())
            stop = len(text) if end < 0 else end + len(dollar.group())
            found.append(Token("dollar", text[position:stop], "", position, stop))
            position = stop
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            break
        kind = match.lastgroup or "symbol"
        if kind != "skip":
            word = match.group()
            upper = word.upper() if kind == "word" else ""
            found.append(Token(kind, word, upper, match.start(), match.end()))
        position = match.end()
    return found


def body_of(token: Token) -> str:
    """Return what stands inside a dollar-quoted or ordinary string."""
    if token.kind == "dollar":
        mark = _DOLLAR.match(token.text)
        size = len(mark.group()) if mark else 2
        return token.text[size:-size]
    inner = token.text[token.text.index("'") + 1 : -1]
    return inner.replace("''", "'")


def statements(found: list[Token]) -> Iterator[list[Token]]:
    """Split tokens into statements at semicolons outside of BEGIN ... END bodies."""
    current: list[Token] = []
    depth = 0
    for token in found:
        if token.text == ";" and depth == 0:
            if current:
                yield current
            current = []
            continue
        if token.upper in ("BEGIN", "CASE") and current and _has_body(current):
            depth += 1
        elif token.upper == "END" and depth:
            depth -= 1
        current.append(token)
    if current:
        yield current


def _has_body(current: list[Token]) -> bool:
    """Tell whether a statement is one that may hold others (CREATE TRIGGER, FUNCTION ...)."""
    if current[0].upper != "CREATE":
        return False
    return any(one.upper in ("TRIGGER", "PROCEDURE", "FUNCTION", "EVENT") for one in current[:8])


class Cursor:
    """A place in the tokens of one statement."""

    def __init__(self, found: list[Token], text: str = "") -> None:
        self.tokens = found
        self.text = text
        self.place = 0

    @property
    def done(self) -> bool:
        """Tell whether nothing is left."""
        return self.place >= len(self.tokens)

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it; an empty one at the end."""
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else _END

    def next(self) -> Token:
        """Take one token."""
        token = self.peek()
        self.place += 1
        return token

    def take(self, *words: str) -> bool:
        """Take these keywords or symbols if they are what comes next."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if word not in (token.upper, token.text):
                return False
        self.place += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Take one of these keywords; return it, or ""."""
        upper = self.peek().upper
        if upper and upper in words:
            self.place += 1
            return upper
        return ""

    def guard(self) -> bool:
        """Take IF EXISTS or IF NOT EXISTS; tell whether it was there."""
        return self.take("IF", "NOT", "EXISTS") or self.take("IF", "EXISTS")

    def identifier(self) -> str | None:
        """Take one identifier without its quotes."""
        token = self.peek()
        if token.kind == "word":
            self.place += 1
            return token.text
        if token.kind == "quoted":
            self.place += 1
            quote = token.text[-1]
            return token.text[1:-1].replace(quote * 2, quote)
        return None

    def name(self) -> str | None:
        """Take a possibly qualified name: "a", "a.b"; of "a.b.c" the last two."""
        first = self.identifier()
        if first is None:
            return None
        parts = [first]
        while self.peek().text == "." and self.peek(1).kind in ("word", "quoted"):
            self.place += 1
            parts.append(self.identifier() or "")
        return ".".join(parts[-2:])

    def names(self) -> list[str]:
        """Take names separated by commas."""
        found: list[str] = []
        while True:
            one = self.name()
            if one is None:
                return found
            found.append(one)
            self.take("*")
            if not self.take(","):
                return found

    def group(self) -> list[Token]:
        """Take a parenthesised group; return what is inside."""
        if not self.take("("):
            return []
        depth, start = 1, self.place
        while not self.done and depth:
            text = self.next().text
            depth += (text == "(") - (text == ")")
        return self.tokens[start : self.place - 1]

    def until_comma(self) -> list[Token]:
        """Take everything up to the next comma outside of parentheses."""
        depth, start = 0, self.place
        while not self.done:
            text = self.peek().text
            if depth == 0 and text == ",":
                break
            depth += (text == "(") - (text == ")")
            self.place += 1
        return self.tokens[start : self.place]

    def rest(self) -> list[Token]:
        """Return what is left."""
        return self.tokens[self.place :]


_END = Token("end", "", "", 0, 0)


def split_commas(found: list[Token]) -> list[list[Token]]:
    """Split tokens at commas outside of parentheses."""
    cursor = Cursor(found)
    parts = []
    while not cursor.done:
        part = cursor.until_comma()
        cursor.take(",")
        if part:
            parts.append(part)
    return parts


def plain_columns(found: list[Token]) -> tuple[str, ...]:
    """Return those of a list of columns that are plain names (an index may have expressions)."""
    names = []
    for part in split_commas(found):
        name = Cursor(part).identifier()
        if name is not None and not (len(part) > 1 and part[1].text in ("(", ".")):
            names.append(name)
    return tuple(names)
