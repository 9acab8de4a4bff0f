"""Text from a file, from git or from a database, made visible on one line of a terminal."""

from __future__ import annotations

import re
import unicodedata

# Letters and marks by their category, and nothing to be seen by their shape: fillers, joiners,
# and the variation selectors that no writing uses.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What a build log takes for a command: GitHub's at the beginning of a line, the older form of
# it, Azure's and TeamCity's anywhere.
_COMMAND = re.compile(r"^\s*::")
_ANYWHERE = re.compile(r"##(?=\w*\[)")


def visible(text: str) -> str:
    r"""Return a text with every character that acts or hides spelled out, as `\x1b` or `\u202e`.

    Those are line breaks, control characters, marks of writing direction, zero-width, private,
    unassigned and undecodable ones. What a person can read stays as it is, and so does a text
    that went through here before.
    """
    if text.isprintable() and (text.isascii() or not _BLANK.search(text)):
        return text  # as nearly always
    return "".join(char if _is_seen(char) else _escape(char) for char in text)


def harmless_line(text: str) -> str:
    """Return a visible text that no reader of build logs takes for a command."""
    if "::" in text:
        text = _COMMAND.sub(lambda match: f"{match[0][:-2]}\\x3a:", text)
    return mute(text, "\\x23")


def mute(text: str, hash_sign: str) -> str:
    """Return a text without the commands that may stand anywhere in a line of a build log.

    `hash_sign` is how the format at hand spells a `#`.
    """
    return _ANYWHERE.sub(f"#{hash_sign}".replace("\\", "\\\\"), text) if "##" in text else text


def escaped(text: str, *, everything: bool = False) -> str:
    r"""Return JSON on which no terminal acts: what `visible` spells out, as `\u202e`.

    With `everything` only ASCII is left.
    """
    text = mute(text, "\\u0023")
    if text.isascii():
        return text  # json.dumps has escaped the rest, and the line breaks are its own
    return "".join(
        char if char == "\n" or (char.isascii() if everything else _is_seen(char)) else _unit(char)
        for char in text
    )


def _unit(char: str) -> str:
    number = ord(char)
    if number < 0x10000:
        return f"\\u{number:04x}"
    number -= 0x10000
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"


def _is_seen(char: str) -> bool:
    if char.isprintable():
        return not _BLANK.match(char)
    return unicodedata.category(char) == "Zs"  # spaces of other widths


def _escape(char: str) -> str:
    number = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= number <= 0xDCFF:  # a byte that is no UTF-8, as Python keeps it
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def encoded(text: str) -> bytes:
    """Return the bytes of any text: those of a name that is no UTF-8 as they were.

    Half of a surrogate pair, which a literal of Python may hold, is no character of UTF-8.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
