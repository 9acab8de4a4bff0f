"""What a comparison of models and schema cannot know; asked, or answered beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from lback.core.drafting.asking import Candidate, OpenQuestion
from lback.core.messages import makemigrations as messages
from lback.errors import LbackError, UsageError

DROP, KEEP = "--drop", "--no-drop"
Check = Callable[[str], str]
_Text = TypeVar("_Text", str, "str | None")


class Questioner(Protocol):
    """Somebody to ask."""

    def choose(self, question: OpenQuestion, default: int | None) -> int:
        """Return which of the choices it is, from 0."""

    def value(self, question: OpenQuestion, check: Check) -> str:
        """Return a value that `check` takes; it raises UsageError for another."""

    def name(self, proposal: str) -> str:
        """Return what the migration is called."""


class QuestionsLeft(LbackError):
    """Says what has to be answered before a migration can be written."""

    def __init__(self, why: LbackError, questions: tuple[OpenQuestion, ...]) -> None:
        super().__init__(why.message, why.hint)
        self.questions = questions


@dataclass(slots=True)
class GivenAnswers:
    """Answers from the command line; what they leave open goes to `ask`, or is kept as open.

    Names are "table" and "table.column", with the schema first where one is given.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    no_rename: bool = False
    defaults: Sequence[str] = ()
    """Each "table.column" or "table.column=value"; only who asks knows which `=` is of a name."""
    drops: frozenset[str] = frozenset()
    no_drop: bool = False
    ask: Questioner | None = None
    count: Callable[[str, str | None, str | None], int | None] | None = None
    """Counts rows elsewhere than in what is compared."""
    open: list[OpenQuestion] = field(default_factory=list)
    _used: set[str] = field(default_factory=set)
    _answered: dict[str, str] = field(default_factory=dict)
    """The column by the default that is of it."""

    @classmethod
    def from_options(
        cls,
        renames: Sequence[str] = (),
        no_rename: bool = False,
        defaults: Sequence[str] = (),
        drops: Sequence[str] = (),
        no_drop: bool = False,
        ask: Questioner | None = None,
    ) -> GivenAnswers:
        """Read the options; UsageError where one is malformed or two contradict each other."""
        pairs = _once("--rename", map(_pair, renames))
        _once("--rename", ((new, old) for old, new in pairs.items()))
        gone = _once("--drop", ((name, "") for name in drops))
        for name in gone.keys() & pairs.keys():
            raise messages.contradiction(
                f"--rename {messages.rename_of(name, pairs[name])}", f"--drop {name}"
            )
        for text in defaults:
            if "." not in text:
                raise messages.no_column_of_default(text)
        # Which `=` of several ends the name is known once the column is asked about.
        clear = (text.partition("=")[0] for text in defaults if text.count("=") < 2)
        _once("--default", ((name, "") for name in clear))
        return cls(pairs, no_rename, tuple(defaults), frozenset(gone), no_drop, ask)

    def use(self, option: str) -> None:
        """Note that an answer counted; `unused` names the others."""
        self._used.add(option)

    def became(
        self,
        name: str,
        definition: str,
        candidates: Sequence[Candidate],
        rows: Callable[[], str],
    ) -> str:
        """Return the new name of what is gone, or DROP or KEEP."""
        if name in self.drops:
            self.use(f"--drop {name}")
            return DROP
        if self.no_rename:
            candidates = ()
        if not candidates and (self.no_drop or self.no_rename):
            return KEEP if self.no_drop else DROP
        names = [candidate.name for candidate in candidates]
        question = messages.gone(name, definition, candidates, rows())
        if self.ask is None:
            self.open.append(question)
            return DROP
        chosen = self.ask.choose(question, 0 if names else None)
        return [*names, DROP, KEEP][chosen]

    def renamed_values(self, type_: str, old: Sequence[str], new: Sequence[str]) -> dict[str, str]:
        """Return which values of an enum get which names: those that others do not have yet."""
        found: dict[str, str] = {}
        for label in old:
            left = [name for name in new if name not in old and name not in found.values()]
            became = self._value(type_, label, left) if label not in new else None
            if became is not None:
                found[label] = became
        return found

    def _value(self, type_: str, old: str, new: Sequence[str]) -> str | None:
        """Return the new name of a value of an enum; None for one that goes."""
        name = f"{type_}.{old}"
        given = self.renames.get(name)
        if given is not None:
            label = given.removeprefix(f"{type_}.")
            if label not in new:
                raise messages.no_rename(name, given, f"the models have no new value {label}")
            self.use(f"--rename {messages.rename_of(name, given)}")
            return label
        if name in self.drops:
            self.use(f"--drop {name}")
            return None
        if not new or self.no_rename:
            return None
        question = messages.enum_value_gone(type_, old, new)
        if self.ask is None:
            self.open.append(question)
            return None
        chosen = self.ask.choose(question, 0)
        return [*new, None][chosen]

    def default_for(self, name: str) -> str | None:
        """Return the default that was given for a column; UsageError where it is not clear."""
        found = [text for text in self.defaults if text == name or text.startswith(f"{name}=")]
        if not found:
            return None
        free = [text for text in found if self._answered.get(text, name) == name]
        if not free:
            raise messages.given_for_two(found[0], self._answered[found[0]], name)
        if len(free) > 1:
            raise messages.given_twice("--default", name)
        self._answered[free[0]] = name
        self.use(f"--default {free[0]}")
        return free[0]

    def value(self, question: OpenQuestion, check: Check) -> str | None:
        """Return what existing rows get; None leaves them as they are."""
        name = question.name
        if (default := self.default_for(name)) is not None:
            return None if default == name else check(default[len(name) + 1 :])
        if self.ask is None:
            ends = tuple(option for other in self.open for option in other.options)
            end = messages.rename_of("", name)
            maybe = any(option.endswith(end) for option in ends)
            self.open.append(messages.unless_renamed(question) if maybe else question)
            return None
        if question.choices and self.ask.choose(question, None) == 1:
            return None
        return self.ask.value(messages.value_asked(question), check)

    def name(self, proposal: str) -> str:
        """Return the name of a migration that was given none."""
        return proposal if self.ask is None else self.ask.name(proposal)

    def finish(self) -> None:
        """Refuse what was asked in vain, and answers to what was no question."""
        self.refuse_unused()
        if self.open:
            raise QuestionsLeft(messages.open_questions(self.open), tuple(self.open))

    def refuse_unused(self) -> None:
        """Raise UsageError for answers to what was no question."""
        given = [
            *(f"--rename {messages.rename_of(old, new)}" for old, new in self.renames.items()),
            *(f"--default {text}" for text in self.defaults),
            *(f"--drop {name}" for name in self.drops),
        ]
        unused = [option for option in given if option not in self._used]
        for text in self.defaults:
            if f"--default {text}" in unused and "." not in text.partition("=")[0]:
                raise messages.no_column_of_default(text)
        if unused:
            raise messages.no_such_question(unused)


def _once(option: str, pairs: Iterable[tuple[str, _Text]]) -> dict[str, _Text]:
    found: dict[str, _Text] = {}
    for name, value in pairs:
        if name in found:
            raise messages.given_twice(option, name)
        found[name] = value
    return found


_PAIR = re.compile(r"((?:[^:]|::)+):((?:[^:]|::)+)")


def _pair(text: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--rename {text}: write OLD:NEW, as users.name:users.full_name",
            "A colon in a name is doubled.",
        )
    old, new = (name.replace("::", ":") for name in found.groups())
    if "." in old and "." not in new:  # users.name:full_name
        new = f"{old.rpartition('.')[0]}.{new}"
    if old == new:
        raise UsageError(f"--rename {text}: these are the same")
    return old, new
