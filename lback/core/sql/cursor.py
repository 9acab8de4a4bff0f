"""A place in the tokens of one statement; what is left over there is an error of the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lback.core.sql.outcome import HOLE, CannotRead, Impossible
from lback.core.sql.tokens import EVERY_GRAMMAR, Grammars, Token

DEEPEST = 100
# PostgreSQL cuts names after so many bytes.
_LONGEST_NAME = 63
_OPENING = {"(": ")", "[": "]"}
_END = Token("end", "", "", 0, 0)


def brackets(tokens: list[Token]) -> dict[int, int]:
    """Return where each bracket closes; raises CannotRead where they do not match."""
    closing: dict[int, int] = {}
    stack: list[tuple[int, str]] = []
    for place, token in enumerate(tokens):
        text = token.text
        if text in _OPENING and token.kind == "symbol":
            stack.append((place, _OPENING[text]))
            if len(stack) > DEEPEST:
                raise CannotRead("SQL that is nested too deep")
        elif text in (")", "]") and token.kind == "symbol":
            if not stack or stack[-1][1] != text:
                raise Impossible("SQL with brackets that do not match")
            closing[stack.pop()[0]] = place
    if stack:
        raise Impossible("SQL with brackets that do not match")
    return closing


class Cursor:
    """Reads tokens one after the other, up to `end`."""

    __slots__ = ("asked", "closing", "end", "grammars", "place", "text", "tokens")

    def __init__(
        self,
        tokens: list[Token],
        text: str,
        grammars: Grammars = EVERY_GRAMMAR,
        closing: Mapping[int, int] | None = None,
        asked: Grammars | None = None,
    ) -> None:
        self.tokens = tokens
        self.text = text
        self.grammars = grammars
        # All grammars that may be meant, those that cut the text in other ways as well.
        self.asked = asked or grammars
        self.closing = brackets(tokens) if closing is None else closing
        self.place = 0
        self.end = len(tokens)

    def window(self, start: int, end: int) -> Cursor:
        """Return a cursor over a part of the tokens."""
        inner = Cursor(self.tokens, self.text, self.grammars, self.closing, self.asked)
        inner.place, inner.end = start, end
        return inner

    def copy(self) -> Cursor:
        """Return a cursor that stands here, too."""
        return self.window(self.place, self.end)

    # -- one token -----------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Tell whether nothing is left."""
        return self.place >= self.end

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without taking it; an empty one at the end."""
        place = self.place + ahead
        return self.tokens[place] if place < self.end else _END

    @property
    def word(self) -> str:
        """Return the keyword that comes next, or ""."""
        return self.tokens[self.place].upper if self.place < self.end else ""

    def before(self) -> Token:
        """Return the token that was taken last."""
        return self.tokens[self.place - 1] if self.place else _END

    def next(self) -> Token:
        """Take one token; raises CannotRead where there is none."""
        if self.place >= self.end:
            raise CannotRead
        self.place += 1
        return self.tokens[self.place - 1]

    def take(self, *words: str) -> bool:
        """Take these keywords or symbols if they are what comes next."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if word != token.upper and (word != token.text or token.kind != "symbol"):
                return False
        self.place += len(words)
        return True

    def take_any(self, *words: str) -> str:
        """Take one of these keywords; return it, or ""."""
        upper = self.word
        if upper and upper in words:
            self.place += 1
            return upper
        return ""

    def need(self, *words: str) -> None:
        """Take these keywords or symbols; raises CannotRead where they are not there."""
        if not self.take(*words):
            raise CannotRead

    def need_any(self, *words: str) -> str:
        """Take one of these keywords; raises CannotRead where none is there."""
        taken = self.take_any(*words)
        if not taken:
            raise CannotRead
        return taken

    def finish(self) -> None:
        """Raise CannotRead where something is left that nobody has read."""
        if not self.done:
            raise CannotRead

    def string(self) -> Token:
        """Take a string."""
        token = self.next()
        if token.kind != "string":
            raise CannotRead
        return token

    def literal(self) -> Token:
        """Take a string, a number or a parameter, or a word that stands for a value."""
        token = self.next()
        if token.text in ("-", "+") and token.kind == "symbol":
            token = self.next()
        if token.kind not in ("string", "number", "parameter", "word", "quoted", "variable"):
            raise CannotRead
        return token

    # -- names ---------------------------------------------------------------------

    def identifier(self) -> str:
        """Take one identifier as the database will know it, without its quotes."""
        token = self.peek()
        if token.kind == "word":
            self.place += 1
            return self._folded(token.text)
        if token.kind == "quoted" or (token.kind == "string" and self._takes_strings(token)):
            self.place += 1
            return self._unquoted(token.text)
        if token.kind == "string":
            raise Impossible
        raise CannotRead

    def name(self) -> str:
        """Take a possibly qualified name: "a", "a.b"; of "a.b.c" the last two."""
        parts = self.parts()
        if len(parts) > 3:
            raise CannotRead
        return ".".join(parts[-2:])

    def parts(self) -> list[str]:
        """Take a name with all its parts."""
        parts = [self.identifier()]
        while self.peek().text == "." and self.peek().kind == "symbol":
            self.place += 1
            parts.append(self.identifier())
        return parts

    def parts_of_column(self) -> list[str]:
        """Take the parts of a column's name; the last may be "*"."""
        parts = [self.identifier()]
        while self.peek().text == "." and self.peek().kind == "symbol":
            self.place += 1
            parts.append("*" if self.take("*") else self.identifier())
        return parts

    def names(self) -> list[str]:
        """Take names separated by commas."""
        names = [self.name()]
        while self.take(","):
            names.append(self.name())
        return names

    def guard(self) -> bool:
        """Take IF EXISTS or IF NOT EXISTS; tell whether it was there."""
        return self.take("IF", "NOT", "EXISTS") or self.take("IF", "EXISTS")

    def _folded(self, name: str) -> str:
        if self.grammars != ("postgresql",):
            return name
        return _cut("".join(c.lower() if c.isascii() else c for c in name))

    def _takes_strings(self, token: Token) -> bool:
        """Tell whether a string may be a name: SQLite takes 'users' for one."""
        return "sqlite" in self.grammars and token.text[0] == "'"

    def _unquoted(self, text: str) -> str:
        if text[0] in "uU":
            raise CannotRead
        close = text[-1]
        name = text[1:-1] if close == "]" else text[1:-1].replace(close * 2, close)
        if not name or "." in name or "\0" in name:
            raise CannotRead("SQL with a name that has a dot in it")
        return _cut(name) if self.grammars == ("postgresql",) else name

    # -- groups --------------------------------------------------------------------

    def group(self) -> Cursor:
        """Take a parenthesised group; return a cursor over what is inside."""
        start = self.place
        if not self.take("("):
            raise CannotRead
        return self._inside(start)

    def bracketed(self) -> Cursor:
        """Take a group of either kind of brackets."""
        start = self.place
        if not (self.take("(") or self.take("[")):
            raise CannotRead
        return self._inside(start)

    def _inside(self, start: int) -> Cursor:
        close = self.closing[start]
        if close >= self.end:
            raise CannotRead
        self.place = close + 1
        return self.window(start + 1, close)

    def opens(self) -> bool:
        """Tell whether a parenthesis comes next."""
        token = self.peek()
        return token.text == "(" and token.kind == "symbol"

    def skip(self) -> Token:
        """Take one token, or a group as a whole; return its first token."""
        token = self.next()
        if token.kind == "symbol" and token.text in _OPENING:
            self.place = self.closing[self.place - 1] + 1
        return token

    def until(self, *words: str) -> Cursor:
        """Take everything up to one of these words or symbols outside of brackets."""
        start = self.place
        while not self.done:
            token = self.peek()
            symbol = token.kind == "symbol" and token.text in words
            if symbol or (token.upper and token.upper in words):
                break
            self.skip()
        return self.window(start, self.place)

    def commas(self) -> Iterator[Cursor]:
        """Take all that is left, cut at the commas outside of brackets."""
        while not self.done:
            part = self.until(",")
            if part.done:
                raise CannotRead
            yield part
            if self.take(",") and self.done:
                raise CannotRead

    def rest(self) -> Cursor:
        """Take all that is left."""
        inner = self.copy()
        self.place = self.end
        return inner

    def exactly(self) -> str:
        """Return what is left as the text has it, letter by letter."""
        if self.done:
            return ""
        return self.text[self.tokens[self.place].start : self.tokens[self.end - 1].end]

    def written(self) -> str:
        """Return what is left as the text has it, on one line."""
        if self.done:
            return ""
        start, end = self.tokens[self.place].start, self.tokens[self.end - 1].end
        return " ".join(self.text[start:end].split())


def _cut(name: str) -> str:
    """Cut a name after 63 bytes, between characters."""
    if len(name) * 4 <= _LONGEST_NAME:
        return name
    return name.encode()[:_LONGEST_NAME].decode("utf-8", "ignore")


def short(text: str, width: int = 48) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text[: width * 20].replace(HOLE, "…").split())
    return line if len(line) <= width else line[: width - 1] + "…"
