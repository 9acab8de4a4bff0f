"""The terminal: prints results to standard output and everything else to standard error."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any, TextIO, cast

import click

from lback.cli import streams
from lback.cli.pager import paged
from lback.core.checks.findings import Finding
from lback.core.display import escaped, harmless_line, visible
from lback.core.messages.questions import unanswered
from lback.core.results import Result
from lback.core.shell import place, placed, word
from lback.errors import UsageError
from lback.formats.style import Script, Style, inked, safe, to_ascii
from lback.project.options import Options
from lback.secrets import KNOWN, cleaned
from lback.vcs.noted import INPUTS


class Spoken(io.TextIOBase):
    """A stream for another program's text, which hands on whole lines."""

    encoding = "utf-8"

    def __init__(self, hand_on: Callable[[str], None]) -> None:
        self._hand_on = hand_on
        self._rest = ""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str, /) -> int:
        """Take a piece of text."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._hand_on(line)
        return len(text)

    def close(self) -> None:
        """Hand on a last line without an end."""
        rest, self._rest = self._rest, ""
        if rest:
            self._hand_on(rest)
        super().close()


# They print what they do while they do it.
_TOLD = ("alembic", "demo")
# What fits its findings onto one screen with the rest.
_FITTED = ("status",)
# What may be long and is read from its top.
_PAGED = ("blame", "graph", "history", "log", "radar")


def render(result: Result, style: Style) -> Iterator[str]:
    """Yield the lines of a result; findings come last, where the eye ends."""
    if result.command not in _TOLD:
        module = import_module(f"lback.cli.commands.{result.command}")
        yield from module.lines(result, style)
    if result.command not in _FITTED:
        yield from findings(result.findings, style)


def findings(listed: Iterable[Finding], style: Style) -> Iterator[str]:
    """Yield findings as `path:line: CODE message` with the hint below."""
    paint = {"error": style.red, "warning": style.yellow, "note": style.cyan}
    for finding in listed:
        place = f"{safe(finding.path)}:{finding.line}: " if finding.path and finding.line else ""
        if finding.path and not finding.line:
            place = f"{safe(finding.path)}: "
        yield f"{place}{paint[finding.severity](finding.code)} {safe(finding.message)}"
        if finding.hint:
            yield f"    {style.cyan('next:')} {safe(finding.hint[:1].upper() + finding.hint[1:])}"


class Terminal:
    """A `Console` on the standard streams."""

    def __init__(self, options: Options, prog: str = "lback") -> None:
        self.options = options
        self.prog = prog

    # Results

    def show(self, result: Result, form: str = "text") -> int:
        """Print a result in a form, text or one of the formats; return its exit status."""
        if self.options.json:
            self.answer(result.as_dict())
            return result.exit_code
        if form != "text":
            self.document(self.rendered(result, form))
            if form in ("mermaid", "dot", "html", "entities"):
                self.beside(result)
            return result.exit_code

        lines = render(result, self.style(streams.result()))
        if result.command in _PAGED and not self.options.no_pager and _is_terminal():
            self._page(lines)
            lines = iter(())
        for line in lines:
            if isinstance(line, Script):
                self.script(line)
            else:
                self.print(self.spell(line))
        if result.failed and result.message:
            self.error(result.message, result.hint)
        return result.exit_code

    def _page(self, lines: Iterable[str]) -> None:
        """Print lines, by the pager where they are more than the terminal has."""
        out = streams.result()
        clean = (self._clean(out, self.spell(line), words=False) for line in lines)
        text = "".join(f"{line}\n" for line in clean)
        if not text:
            return
        INPUTS.said(text)
        out.flush()
        streams.let_nothing_wait()
        if not paged(text.encode(out.encoding, out.errors or "strict"), out.fileno()):
            out.write(text)

    def beside(self, result: Result) -> None:
        """Tell the findings on standard error: a picture has no place for them."""
        for line in findings(result.findings, self.style(sys.stderr)):
            self.line(line)

    def rendered(self, result: Result, form: str) -> str:
        """Return a result in a format that machines read, without any password."""
        from lback.formats.render import render

        return render(cleaned(result, _without_password), form)

    def script(self, text: str) -> None:
        """Write SQL to standard output: as it is into a file, visible on a terminal."""
        text = KNOWN.redact_known(text)
        if streams.result().isatty():
            for line in text.split("\n"):
                self.print(line)
        else:
            self.document(text)

    def print(self, text: str) -> None:
        """Write one line to standard output."""
        self._write(streams.result(), text, words=False)

    def heading(self, name: str, *, first: bool) -> None:
        """Begin what is said of one of several environments."""
        if not first:
            self.print("")
        self.print(self.style(streams.result()).bold(f"{safe(name)}:"))

    def answer(self, report: dict[str, Any]) -> None:
        """Write the one object that `--json` promises, on which no terminal acts."""
        error = cleaned(report["error"], KNOWN.redact)
        if error and error["hint"]:
            error["hint"] = self.spell(error["hint"])
        for finding in report["findings"]:
            finding["hint"] = finding["hint"] and self.spell(finding["hint"])
        report = {**report, "error": error}
        indent = None if self.options.json_lines else 2
        text = json.dumps(cleaned(report, _without_password), ensure_ascii=False, indent=indent)
        self._json(text)
        self.options.answered = True

    def answer_line(self, row: Mapping[str, Any]) -> None:
        """Write a part of the answer at once, as a line of JSON of its own."""
        self._json(json.dumps(cleaned(row, _without_password), ensure_ascii=False))
        streams.result().flush()

    def _json(self, text: str) -> None:
        out = streams.result()
        # An escape is JSON under every encoding, also for a file name that is no text.
        utf = "utf" in (getattr(out, "encoding", None) or "ascii").lower()
        _put(out, escaped(text) if utf else escaped(text, everything=True))

    def document(self, text: str) -> None:
        """Write a text that its format has made safe to standard output, line breaks included."""
        out = streams.result()
        _put(out, self._fit(out, text))

    # Console

    def tell(self, text: str) -> None:
        """Print a part of the result at once, unless the result is JSON."""
        if not self.options.json:
            self.print(text)
            streams.result().flush()

    def output(self) -> TextIO:
        """Return standard output itself, for what is printed as it is."""
        INPUTS.doubt()
        return streams.result()

    def spoken(self) -> TextIO:
        """Return standard output for another program's lines, which are made safe like ours."""

        return cast("TextIO", Spoken(self.print))

    def note(self, text: str) -> None:
        """Say what is going on, unless `--quiet`."""
        if not self.options.quiet:
            self._write(sys.stderr, self.spell(text))

    def detail(self, text: str) -> None:
        """Say something under `--verbose`."""
        if self.options.verbose:
            self._write(sys.stderr, self.spell(text))

    def warn(self, text: str) -> None:
        """Say something that should not be missed."""
        style = self.style(sys.stderr)
        self._write(sys.stderr, f"{style.yellow('warning:')} {self.spell(text)}")

    def error(self, message: str, hint: str) -> None:
        """Say why it failed and what to do now."""
        style = self.style(sys.stderr)
        self._write(sys.stderr, f"{style.red('error:')} {self.spell(message)}")
        if hint:
            hint = hint[:1].upper() + hint[1:]
            self._write(sys.stderr, f"{style.cyan('next:')} {self.spell(hint)}")

    def trace(self) -> None:
        """Show the traceback of the exception at hand, without the source lines it passed."""
        from lback.cli.tracing import lines

        for line in lines(sys.exc_info()[1]):
            self.line(line)

    def line(self, text: str) -> None:
        """Write one plain line to standard error."""
        self._write(sys.stderr, self.spell(text))

    def confirm(self, question: str, *, option: str, default: bool = False) -> bool:
        """Ask for consent; without a terminal raise, naming the option that answers."""
        if not self.asks:
            raise unanswered(question, option)
        with _quitting():
            return click.confirm(self._clean(sys.stderr, question), default=default, err=True)

    def ask(self, question: str, *, option: str, default: str | None = None) -> str:
        """Ask for a value; without a terminal use the default or raise."""
        if not self.asks:
            if default is None:
                raise unanswered(question, option)
            return default
        answer: str = self._prompted(self._clean(sys.stderr, question), default=default)
        return answer

    def choose(self, question: str, choices: Sequence[str], default: int | None) -> int:
        """Show numbered choices, as wide as the terminal, and ask for a number."""
        self._wrapped(question, "", "")
        for number, choice in enumerate(choices, 1):
            self._wrapped(choice, f"{number:>3}) ", "     ")

        def chosen(text: str) -> int:
            if text.strip() not in map(str, range(1, len(choices) + 1)):
                raise click.UsageError(f"Write a number from 1 to {len(choices)}.")
            return int(text) - 1

        answer: int = self._prompted(
            "Number (Ctrl-C to quit)",
            value_proc=chosen,
            default=None if default is None else str(default + 1),
        )
        return answer

    def value(self, question: str, check: Callable[[str], str]) -> str:
        """Ask until the answer is one that can be used."""

        def checked(text: str) -> str:
            try:
                return check(text)
            except UsageError as err:
                raise click.UsageError("\n".join(self._lines(err.message, 8))) from None

        self._wrapped(question, "", "")
        answer: str = self._prompted("Value (Ctrl-C to quit)", value_proc=checked)
        return answer

    def _wrapped(self, text: str, first: str, later: str) -> None:
        for number, line in enumerate(self._lines(text, 1 + len(later))):
            self._write(sys.stderr, (later if number else first) + line)

    def _lines(self, text: str, less: int) -> list[str]:
        """Return a text in lines that are so much less than the terminal is wide."""
        import textwrap

        width = self.style(sys.stderr).width - less
        return textwrap.wrap(self._clean(sys.stderr, text), width) or [""]

    def _prompted(self, text: str, **options: Any) -> Any:
        with _quitting():
            return click.prompt(text, err=True, **options)

    # Inner parts

    @property
    def asks(self) -> bool:
        """Tell whether there is somebody to ask."""
        if self.options.no_input or self.options.json:
            return False
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def style(self, stream: IO[str]) -> Style:
        """Return colours and width for one stream; NO_COLOR is respected."""
        wish = self.options.color
        colour = wish == "always" or (
            wish != "never"
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
            and stream.isatty()
        )
        return Style(colour=colour, width=_width())

    def spell(self, text: str) -> str:
        """Name the commands the way this user calls them, with the environment at hand."""
        if "`lback " not in text:
            return text
        text = placed(text, place(self.options.place))
        if self.prog == "lback":
            return text
        return text.replace("`lback ", f"`python {word(self.prog)} ")

    def _clean(self, stream: IO[str], text: str, *, words: bool = True) -> str:
        """Return one line that shows everything and does nothing, our own colours excepted."""
        line = inked(text, lambda part: visible(KNOWN.redact(part, words=words)))
        return self._fit(stream, harmless_line(line))

    def _fit(self, stream: IO[str], text: str) -> str:
        encoding = (getattr(stream, "encoding", None) or "ascii").lower()
        return text if "utf" in encoding else to_ascii(text)

    def _write(self, stream: IO[str], text: str, *, words: bool = True) -> None:
        _put(stream, self._clean(stream, text, words=words))


@contextmanager
def _quitting() -> Iterator[None]:
    """Let Ctrl-C and Ctrl-D pass through an env.py that runs: what fails there is translated."""
    try:
        yield
    except click.Abort:
        raise KeyboardInterrupt from None


def _put(stream: IO[str], text: str) -> None:
    """Write one text and a line break: the only place in lback that writes for a person."""
    if stream is sys.stderr:
        INPUTS.doubt()
        # A closed standard error must not stop the work.
        try:
            # Where both go to one place, what was said first stands first.
            streams.result().flush()
            stream.write(text + "\n")
            stream.flush()
        except (OSError, ValueError):
            return
    else:
        INPUTS.said(text + "\n")
        stream.write(text + "\n")


def _is_terminal() -> bool:
    """Tell whether the result goes to a real terminal."""
    try:
        return os.isatty(streams.result().fileno())
    except (AttributeError, OSError, ValueError):
        return False


def _without_password(text: str) -> str:
    return KNOWN.redact(text, words=False)


def _width() -> int:
    # What shutil.get_terminal_size does; importing shutil costs a twentieth of `heads`.
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return max(60, int(columns))
    try:
        return max(60, os.get_terminal_size(streams.result().fileno()).columns)
    except (AttributeError, ValueError, OSError):
        return 100
