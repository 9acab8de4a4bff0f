"""Pieces of PL/pgSQL made into the SQL that they stand for."""

from __future__ import annotations

from collections.abc import Callable

from lback.core.sql.cursor import Cursor
from lback.core.sql.outcome import CannotRead, Does, NotUnderstood, Outcome
from lback.core.sql.queries import whole_expression, whole_group, whole_query
from lback.core.sql.seen import QueryScope, Seen
from lback.core.sql.tokens import body_of, cut

_CLAUSES = frozenset({"FROM", "WHERE", "ORDER", "LIMIT", "USING", "GROUP", "SELECT", "RETURNING"})


def as_select(part: Cursor) -> Cursor:
    """Return `SELECT` with all that is left behind it: what PERFORM and expressions stand for."""
    word = part.peek()
    select = word._replace(kind="word", text="SELECT", upper="SELECT")
    tokens = [select, *part.tokens[part.place : part.end]]
    part.rest()
    return Cursor(tokens, part.text, part.grammars)


def without_variables(part: Cursor) -> Cursor:
    """Leave out INTO variables, which PL/pgSQL puts into queries."""
    place = part.place
    if part.word in ("INSERT", "MERGE"):
        place += 2
    while place < part.end:
        token = part.tokens[place]
        if token.text in ("(", "[") and token.kind == "symbol":
            place = part.closing[place]
        elif token.upper == "INTO":
            end = place + 1
            end += part.tokens[end].upper == "STRICT" if end < part.end else 0
            while end < part.end and (
                part.tokens[end].kind in ("quoted",)
                or (part.tokens[end].kind == "word" and part.tokens[end].upper not in _CLAUSES)
                or part.tokens[end].text in (".", ",")
            ):
                end += 1
            tokens = part.tokens[part.place : place] + part.tokens[end : part.end]
            return Cursor(tokens, part.text, part.grammars)
        place += 1
    return part


ReadStatement = Callable[[Cursor], Outcome]
ReadText = Callable[[str], "list[Outcome]"]


class Block:
    """Reads the statements of a block; `seen` holds what its expressions look at and call."""

    def __init__(self, cursor: Cursor, statement: ReadStatement, text: ReadText) -> None:
        self.cursor = cursor
        self.read_statement = statement
        self.read_text = text
        self.seen = Seen()
        self.outcomes: list[Outcome] = []
        self.variables: set[str] = set()

    def read(self) -> Outcome:
        """Read the whole text of the block."""
        self._label()
        self._block()
        self.cursor.take(";")
        self.cursor.finish()
        return self._together()

    def _together(self) -> Outcome:
        """Return what all statements come to; each may or may not run."""
        effects = [effect._replace(certain=False) for effect in self.seen.effects]
        doubts = list(self.seen.doubts)
        for outcome in self.outcomes:
            if isinstance(outcome, NotUnderstood):
                doubts.append(outcome)
                continue
            looks_at = outcome.looks_at if isinstance(outcome, Does) else outcome
            self.seen.tables.update(dict.fromkeys(looks_at.tables))
            self.seen.uses.update(dict.fromkeys(looks_at.uses))
            if isinstance(outcome, Does):
                effects += [effect._replace(certain=False) for effect in outcome.effects]
                doubts += outcome.doubts
        if not effects and not doubts:
            return self.seen.looks_at()
        return Does(tuple(effects), self.seen.looks_at(), tuple(dict.fromkeys(doubts)))

    # -- structure -----------------------------------------------------------------

    def _label(self) -> None:
        while self.cursor.take("<", "<"):
            self.cursor.identifier()
            self.cursor.need(">", ">")

    def _block(self) -> None:
        if self.cursor.take("DECLARE"):
            while self.cursor.word != "BEGIN":
                self._declaration()
        self.cursor.need("BEGIN")
        self._statements("END", "EXCEPTION")
        if self.cursor.take("EXCEPTION"):
            while self.cursor.take("WHEN"):
                self.cursor.until("THEN")
                self.cursor.need("THEN")
                self._statements("WHEN", "END")
        self.cursor.need("END")
        if self.cursor.peek().kind in ("word", "quoted"):
            self.cursor.identifier()

    def _declaration(self) -> None:
        part = self.cursor.until(";", "BEGIN")
        self.cursor.need(";")
        self.variables.add(part.identifier().casefold())
        while not part.done:
            if part.take(":=") or part.take("=") or part.take("DEFAULT"):
                self._value(part.rest())
            elif part.take("CURSOR"):
                if part.opens():
                    part.group()
                if not part.take("FOR"):
                    part.need("IS")
                whole_query(part.rest(), self.seen)
            else:
                part.skip()

    def _statements(self, *ends: str) -> None:
        while self.cursor.word not in ends:
            if self.cursor.done:
                raise CannotRead
            self._label()
            self._statement()

    def _statement(self) -> None:
        cursor = self.cursor
        word = cursor.word
        if word in ("DECLARE", "BEGIN"):
            self._block()
        elif word == "IF":
            self._if()
            return
        elif word == "CASE":
            self._case()
            return
        elif word in ("WHILE", "FOR", "FOREACH", "LOOP"):
            self._loop()
            return
        else:
            part = cursor.until(";")
            cursor.need(";")
            self._simple(part)
            return
        cursor.need(";")

    def _if(self) -> None:
        cursor = self.cursor
        cursor.need("IF")
        self._value(self._up_to("THEN"))
        self._statements("ELSIF", "ELSEIF", "ELSE", "END")
        while cursor.take_any("ELSIF", "ELSEIF"):
            self._value(self._up_to("THEN"))
            self._statements("ELSIF", "ELSEIF", "ELSE", "END")
        if cursor.take("ELSE"):
            self._statements("END")
        cursor.need("END", "IF", ";")

    def _case(self) -> None:
        cursor = self.cursor
        cursor.need("CASE")
        if cursor.word != "WHEN":
            self._value(cursor.until("WHEN"))
        while cursor.take("WHEN"):
            self._value(self._up_to("THEN"))
            self._statements("WHEN", "ELSE", "END")
        if cursor.take("ELSE"):
            self._statements("END")
        cursor.need("END", "CASE", ";")

    def _loop(self) -> None:
        cursor = self.cursor
        word = cursor.next().upper
        if word == "WHILE":
            self._value(self._up_to("LOOP"))
        elif word in ("FOR", "FOREACH"):
            self._source(self._up_to("LOOP"))
        else:
            cursor.place -= 1
            cursor.need("LOOP")
        self._statements("END")
        cursor.need("END", "LOOP")
        if cursor.peek().kind == "word":
            cursor.identifier()
        cursor.need(";")

    def _up_to(self, word: str) -> Cursor:
        """Take a condition; the THEN of a CASE inside belongs to it."""
        cursor = self.cursor
        start, depth = cursor.place, 0
        while not cursor.done:
            upper = cursor.word
            if upper == "CASE":
                depth += 1
            elif upper == "END" and depth:
                depth -= 1
            elif upper == word and depth == 0:
                break
            cursor.skip()
        window = cursor.window(start, cursor.place)
        cursor.need(word)
        return window

    def _source(self, part: Cursor) -> None:
        """Read what a FOR loop goes through: a query, numbers, SQL made at run time."""
        names = part.until("IN", "SLICE")
        for token in names.tokens[names.place : names.end]:
            self.variables.add(token.text.casefold())
        if part.take("SLICE"):
            part.literal()
        part.need("IN")
        part.take("REVERSE")
        part.take("ARRAY")
        if part.take("EXECUTE"):
            self._execute(part)
        elif part.word in ("SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE"):
            self._run(part)
        else:
            self._value(part)

    # -- statements ----------------------------------------------------------------

    def _simple(self, part: Cursor) -> None:
        word = part.word
        if word == "NULL":
            part.next()
            part.finish()
        elif word in ("RETURN", "EXIT", "CONTINUE", "RAISE", "ASSERT"):
            self._flow(part)
        elif word == "GET":
            part.rest()
        elif word == "EXECUTE":
            part.next()
            self._execute(part)
        elif word == "PERFORM":
            self._perform(part)
        elif word in ("OPEN", "CLOSE", "FETCH", "MOVE"):
            self._cursor(part)
        elif self._assigns(part):
            self._assignment(part)
        else:
            self._run(part)

    def _flow(self, part: Cursor) -> None:
        word = part.next().upper
        if word == "RAISE":
            part.take_any("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "EXCEPTION")
            if part.take("SQLSTATE"):
                part.string()
        if word == "RETURN":
            part.take("NEXT")
        if word == "RETURN" and part.take("QUERY"):
            if part.take("EXECUTE"):
                self._execute(part)
            else:
                self._run(part)
            return
        whole_expression(part, QueryScope(), self.seen)

    def _cursor(self, part: Cursor) -> None:
        opens = part.next().upper == "OPEN"
        if not opens:
            part.rest()
            return
        part.identifier()
        if part.opens():
            self._value(part.group())
        if part.take("FOR"):
            if part.take("EXECUTE"):
                self._execute(part)
            else:
                whole_query(part.rest(), self.seen)

    def _perform(self, part: Cursor) -> None:
        """Read PERFORM: a SELECT whose result nobody wants."""
        part.next()
        whole_query(as_select(part), self.seen)

    def _execute(self, part: Cursor) -> None:
        """Read EXECUTE of a plain string; any other is made at run time."""
        text = part.peek()
        part.next()
        if text.kind != "string" or not (part.done or part.word in ("USING", "INTO", "LOOP")):
            self.seen.doubt("a DO block that runs SQL made at run time")
            part.rest()
            return
        self.outcomes += self.read_text(body_of(text))
        if part.take("INTO"):
            part.until("USING")
        if part.take("USING"):
            whole_expression(part, QueryScope(), self.seen)
        part.finish()

    def _assigns(self, part: Cursor) -> bool:
        look = part.copy()
        if look.peek().kind not in ("word", "quoted"):
            return False
        look.parts()
        while look.peek().text == "[":
            look.bracketed()
        return look.peek().text in (":=", "=")

    def _assignment(self, part: Cursor) -> None:
        part.parts()
        while part.peek().text == "[":
            self._value(part.bracketed())
        part.next()
        self._value(part)

    def _value(self, part: Cursor) -> None:
        """Read an expression of the block; behind its first value it may go on as a query does."""
        if part.done:
            raise CannotRead
        if any(token.upper == "FROM" for token in part.tokens[part.place : part.end]) and not (
            part.word in ("EXISTS", "NOT") or part.opens()
        ):
            whole_query(as_select(part), self.seen)
            return
        whole_group(part, QueryScope(), self.seen)

    def _run(self, part: Cursor) -> None:
        self.outcomes.append(self.read_statement(without_variables(part)))


def read_do(cursor: Cursor, statement: ReadStatement, text: ReadText) -> Outcome:
    """Read what follows DO."""
    languages = []
    if cursor.take("LANGUAGE"):
        languages.append(cursor.identifier().lower())
    body = body_of(cursor.string())
    if cursor.take("LANGUAGE"):
        languages.append(cursor.identifier().lower())
    cursor.finish()
    if any(language != "plpgsql" for language in languages):
        raise CannotRead("a DO block in a language that is not read")
    inner = Cursor(cut(body, "postgresql"), body, ("postgresql",))
    return Block(inner, statement, text).read()
