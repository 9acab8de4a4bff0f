"""Passwords out of every text that may reach a terminal or a log."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Greedy up to the last @ of the word: unescaped passwords may hold @, : and /.
_IN_URL = re.compile(r"([a-zA-Z][\w+.-]*://[^\s:/?#@'\"]*:)[^\s'\"]*(@)")
_IN_DSN = re.compile(r"(?i)\b((?:password|passwd|pwd)\s*=\s*)('[^']*'|\"[^\"]*\"|[^\s&;,)'\"]+)")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with passwords of URLs and connection strings masked.

    `secrets` are known passwords; they go wherever they stand. Very short ones are
    masked in URLs only, for they would garble every other word.
    """
    text = _IN_URL.sub(r"\1***\2", text)
    text = _IN_DSN.sub(r"\1***", text)
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return text
