"""Commands inside messages: what a person may paste into sh, whatever the names in it are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from lback.core.display import encoded, visible

_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
_OPTION = re.compile(r"(?:^|\s)-[\w-]+$")
# `"$(printf ...)"` loses line breaks at its end; the default IFS is space, tab, line break.
_MAGIC = re.compile(r"[*?\[\\]|^[^\w./]")
_OF_A_PROJECT = re.compile(r"`lback (?!-|(?:explain|demo|init)\b)")
_LINE_BREAK = '"${IFS#??}"'


def command(start: str, *names: str, then: str = "") -> str:
    """Return a command between backticks, such as `git merge 'a;b'`.

    `start` and `then` are ours and stand as they are written; each of `names` between them is
    one word of data, quoted for sh where it needs to be. A "--" among them stays what it is,
    and one is put before a name that would be read as an option.
    """
    words = [start]
    shielded = "--" in (*start.split(), *names) or bool(_OPTION.search(start))
    for name in names:
        if name.startswith("-") and not shielded:
            words.append("--")
            shielded = True
        words.append(word(name))
    return f"`{' '.join([*words, then] if then else words)}`"


def given(flag: str, value: str) -> tuple[str, ...]:
    """Return an option with its value: as one word where the value would be taken for an option."""
    if not value.startswith("-"):
        return flag, value
    return (f"{flag}={value}" if flag.startswith("--") else f"{flag}{value}",)


def place(words: Iterable[str]) -> str:
    """Return options and their values, such as `-C 'a b'`, as they are given to a command."""
    return " ".join(map(word, words))


def placed(text: str, where: str) -> str:
    """Return a message whose commands of lback are told which environment they are about.

    `where` comes from `place`. A command that says it already, or needs none, stays.
    """
    return _OF_A_PROJECT.sub(lambda found: f"{found[0]}{where} ", text) if where else text


def named(text: str) -> str:
    """Return a name between backticks, quoted where sh would take it for more than one word."""
    return f"`{word(text)}`"


def code(text: str) -> str:
    """Return a piece of Python between backticks, to be read and typed."""
    shown = visible(text).replace("`", "'")
    return f"`{shown}`"


def sql(text: str) -> str:
    """Return SQL between backticks; MariaDB's own in it stay, so that it can be pasted."""
    return f"`{visible(text)}`"


def typed(line: str) -> str:
    """Return a command line that was written down, quoted anew: anybody may have done that."""
    try:
        words = shlex.split(line)
    except ValueError:
        return named(line)
    return f"`{' '.join(map(word, words))}`"


def word(text: str) -> str:
    """Return a text as one word of sh that can be seen and pasted as it is.

    What cannot be seen, and a backtick, is spelled for printf: a terminal would swallow the
    one, and the other would end the command in our message.
    """
    if visible(text) == text and "`" not in text and "##" not in text:
        return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", "'\"'\"'") + "'"
    body = text.rstrip("\n")
    spelled = "".join(map(_spelled, encoded(body)))
    if spelled.startswith("-"):  # printf would take it for an option
        spelled = f"\\055{spelled[1:]}"
    return f"\"$(printf '{spelled}')\"" + _LINE_BREAK * (len(text) - len(body))


def _spelled(byte: int) -> str:
    char = chr(byte)
    if char == "%":
        return "%%"
    if char.isascii() and (char.isalnum() or char in ' !"$&()*+,-./:;<=>?@[]^_{|}~'):
        return char
    return f"\\{byte:03o}"


def pathspec(path: str) -> str:
    """Return a path from the top of the repository as git understands it from any folder in it."""
    if path.isascii() and not _MAGIC.search(path):
        return f":/{path}"
    return f":(top,literal){path}"
