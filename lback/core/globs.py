"""git's glob patterns for files (`:(top,glob)`), matched in a time that no pattern can stretch.

git itself tries every way to spread the stars of a pattern: twelve of them keep it busy for
a minute over one long name, and anybody's branch can bring the pattern and the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

# What one place of a pattern takes: a letter that fits; None stands for a star.
_Token = Callable[[str], bool] | None
_WILD = re.compile(r"[*?\[\\]")
# What git itself matches at once, whatever the names are.
_FEW = 2


def matching(globs: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Return the paths that any of the patterns means, as git's pathspecs do."""
    patterns = [pattern for glob in dict.fromkeys(globs) for pattern in _patterns(glob)]
    chosen = []
    for path in paths:
        names = path.split("/")
        if any(_matches(segments, names) for segments in patterns):
            chosen.append(path)
    return tuple(chosen)


def leaves(glob: str) -> bool:
    """Tell whether a pattern cannot mean a file below the root."""
    return "\0" in glob or glob.startswith("/") or ".." in glob.split("/")


def fits(pattern: str, text: str) -> bool:
    """Tell whether a pattern means a whole text; a star takes slashes, too."""
    return _fits(pattern, text)


def light(glob: str) -> str:
    """Return a pattern that means at least the same files, and that git matches at once."""
    glob = "/".join(part for part in glob.split("/") if part != ".")
    if len(re.findall(r"\*+", glob)) <= _FEW + glob.count("**/") and glob.count("**/") <= _FEW:
        return glob
    fixed: list[str] = []
    for part in glob.split("/"):
        if _WILD.search(part):
            break
        fixed.append(part)
    return "/".join((*fixed, "**"))


def _patterns(glob: str) -> list[list[str]]:
    """Return a pattern's parts; without wildcards it is a file, or a folder with all in it."""
    parts = [part for part in glob.split("/") if part != "."]
    if any(_WILD.search(part) for part in parts):
        return [parts]  # one that ends with a slash means folders, and so no file
    below = [part for part in parts if part]
    return [parts, [*below, "**"]]


def _matches(segments: list[str], names: list[str]) -> bool:
    reach = {0}
    for number, segment in enumerate(segments):
        if segment == "**":
            last = number == len(segments) - 1
            stop = len(names) if not last else len(names) + 1
            first = min(reach, default=stop)
            reach = set(range(first + (1 if last else 0), stop))
        else:
            reach = {at + 1 for at in reach if at < len(names) and _fits(segment, names[at])}
        if not reach:
            return False
    return len(names) in reach


@lru_cache(maxsize=8192)
def _fits(segment: str, name: str) -> bool:
    """Match one name: greedy, going back to the last star only, which is enough."""
    tokens = _tokens(segment)
    at = here = 0
    star, mark = -1, 0
    while at < len(name):
        token = tokens[here] if here < len(tokens) else _NEVER
        if token is None:
            star, mark, here = here, at, here + 1
        elif token(name[at]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = mark, star + 1
        else:
            return False
    return all(token is None for token in tokens[here:])


def _never(_: str) -> bool:
    return False


_NEVER: _Token = _never


@lru_cache(maxsize=256)
def _tokens(segment: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(segment):
        letter = segment[at]
        at += 1
        if letter == "*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif letter == "?":
            tokens.append(lambda _: True)
        elif letter == "[":
            token, at = _class(segment, at)
            tokens.append(token)
        elif letter == "\\" and at == len(segment):
            tokens.append(_never)
        else:
            if letter == "\\":
                letter, at = segment[at], at + 1
            tokens.append(letter.__eq__)
    return tokens


def _class(segment: str, at: int) -> tuple[_Token, int]:
    """Read `[a-z]` or `[!a-z]` after its bracket; one that is not closed fits nothing."""
    not_these = segment[at : at + 1] in ("!", "^") and bool(segment[at:])
    start = at = at + not_these
    pairs: list[tuple[str, str]] = []
    while at < len(segment) and (segment[at] != "]" or at == start):
        if segment[at] == "\\" and at + 1 < len(segment):
            at += 1
        low = high = segment[at]
        if segment[at + 1 : at + 2] == "-" and segment[at + 2 : at + 3] not in ("", "]"):
            at += 2
            high = segment[at]
        pairs.append((low, high))
        at += 1
    if at >= len(segment):
        return _never, at
    return (lambda name: any(a <= name <= b for a, b in pairs) != not_these), at + 1
