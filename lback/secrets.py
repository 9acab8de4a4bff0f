"""What must never be shown: passwords, by the places they stand in and by what is known of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, NamedTuple

MASK = "***"

_END_OF_WORD = re.compile(r"[\s'\"`<>]")
_FURTHER = re.compile(r"(?:[^\n@]|@(?=\s)){0,100}@[\w.-]+(?=[:/'\"\s]|\Z)")
_PORT = re.compile(r"\d{1,5}(?![^/?,\s])")
_NAMES = r"password|passwd|passphrase|passwort|(?:(?<![a-z])|(?<=%3b))pwd"
_MORE_NAMES = (
    r"secret(?:_?key)?|token|api_?key|access_?key|private_?key|credentials?|(?<![a-z])pass"
)
# Every part either matches in the end or cannot begin, so that the time grows with the text alone.
_VALUE = (
    r"(?P<value>\\+(?P<mark>[\"']).*?(?:\\+(?P=mark)|\Z)"
    r"|[bBrRuUfF]{0,2}(?:'(?:[^'\\]|\\.)*(?:'|\\?\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z))"
    r"|\{[^}]*(?:\}|\Z)"
    r"|[^\s'\"\\](?:(?!&[\w.-]+=)\S)*)"
)
_ASSIGNED = (
    rf"(?is)(?:(?:{_NAMES})(?P<a>\\*[\"']?\]?[ ]{{0,3}}(?:=>|:=|[:=]|%3D)\s{{0,3}})"
    rf"|(?:{_MORE_NAMES})(?P<b>\\*[\"']?\]?[ ]{{0,3}}=\s{{0,3}}|\\*[\"']\]?[ ]{{0,3}}:\s{{0,3}})"
    rf"|(?:{_NAMES}|(?<!revision[ ])identified[ ](?:with[ ]\S{{1,99}}[ ])?(?:by|as))"
    rf"(?P<c>\s{{1,3}}|[ ]?\([ ]?)(?=['\"])){_VALUE}"
)
_HINTS = re.compile(r"(?i)pass|pwd|secret|token|key|credential|identified")
# What drivers quote of a connection string that they cannot take apart: where a password holds
# a space, a percent sign or an @, a part of it. A plain word is a mistyped option.
_SAID = re.compile(
    r"(?P<head>(?:missing \"=\" after|percent-encoded token:|connection option"
    r"|URI query parameter:) \")(?![a-z_]+\")[^\"\n]*(?=\")"
    r"|(?P<host>\b(?:host(?:name| name)?|server on|address) ?[\"'])[^\"'\n]*(?=@)"
)
_NEXT_URL = re.compile(r"(?i)[\s,;|'\"\[\](){}]+(?=[a-z][a-z0-9+.-]{2,30}://)")
_NOTHING = frozenset({"", "none", "null", "true", "false", "yes", "no", MASK})
_PRIVATE_NAME = re.compile(r"(?i)password|passwd|passphrase|secret|token|api_?key|_(?:pwd|pass)$")
_SPECIAL = re.compile(r"(?:%[0-9a-fA-F]{2}|[^\w.~!$*+-])+")
_LONGEST = 512  # of a password; longer ones are masked where they stand only


class _Login(NamedTuple):
    """What stands between `://` and the host in one word of a text."""

    start: int
    end: int
    user: str
    password: str
    host: str


def _logins(text: str) -> Iterator[_Login]:
    """Yield every password of a URL; unescaped ones may hold @, :, /, ? and #."""
    at = text.find("://")
    while at >= 0:
        begin = at + 3
        end = _end_of_url(text, begin)
        login = _login(text[begin:end], begin, text[max(0, at - 6) : at])
        if login is not None:
            yield login
        at = text.find("://", max(end, begin))


def _end_of_url(text: str, begin: int) -> int:
    """Return where a URL ends; before its last @ a password may hold quotes and spaces."""
    stop = _END_OF_WORD.search(text, begin)
    end = stop.start() if stop else len(text)
    # After an @ stands a host, so one that ends the word is not the last.
    found = text.find("@", begin, end) >= 0 and text[end - 1] != "@"
    if stop is None or found or text.find(":", begin, end) < 0:
        return end
    colon = text.find(":", begin, end)
    if "/" in text[begin:colon] or colon == begin or _PORT.match(text, colon + 1):
        return end
    further = _FURTHER.match(text, end)
    return further.end() if further else end


def _login(word: str, begin: int, scheme: str) -> _Login | None:
    last, colon = word.rfind("@"), word.find(":")
    user = word[: max(colon, 0)]
    if last >= 0 and (colon < 0 or colon > last):
        # A token alone, as git's remotes have it; who stands before a database is a name.
        if not scheme.endswith(("http", "https")) or last < 16:
            return None
        return _Login(begin, begin + last, "", word[:last], _host(word[last + 1 :]))
    if last >= 0:
        start = begin + colon + 1
        host = _host(word[last + 1 :])
        return _Login(start, begin + last, user, word[colon + 1 : last], host)
    if colon <= 0 or "/" in user or _PORT.match(word, colon + 1) or "http" in scheme:
        return None
    return _Login(begin + colon + 1, begin + len(word), user, word[colon + 1 :], "")


def _host(rest: str) -> str:
    return re.split(r"[:/?#,]", rest, maxsplit=1)[0]


class Secrets:
    """The passwords that this run has come across."""

    def __init__(self) -> None:
        self._strong: set[str] = set()
        self._weak: set[str] = set()
        self._hosts: set[str] = set()
        self._public: set[str] = set()
        self._compiled: tuple[re.Pattern[str] | None, re.Pattern[str] | None] | None = None

    def learn(self, password: str | None, *public: str | None) -> None:
        """Remember a password in every spelling that a message may use; `public` never is one."""
        self._public.update(name for name in public if name)
        if not password or len(password) > _LONGEST or password in self._public:
            return
        self._compiled = None
        spellings = _spellings(password)
        for spelling in spellings:
            self._add(spelling)
        for part in {part for spelling in spellings for part in _SPECIAL.split(spelling)}:
            if _is_strong(part):
                self._add(part)

    def learn_text(self, text: str | None) -> None:
        """Remember the passwords of the URLs in a text, such as a setting's value."""
        if not text or "://" not in text:
            return
        for login in _logins(text):
            self.learn(login.password, login.user, login.host)
            # The first @ may be the right one: what follows it was a host then.
            first, _, rest = login.password.partition("@")
            if rest:
                self.learn(first, login.user)
            if login.host:
                self._hosts.add(login.host)

    def learn_url(self, url: str | None) -> None:
        """Remember the password of a URL that is a text of its own, spaces and quotes included."""
        _, separator, rest = (url or "").partition("://")
        login = _login(rest, 0, "") if separator else None
        if login is not None:
            self.learn(login.password, login.user, login.host)
        self.learn_text(url)

    def learn_values(self, values: Mapping[Any, Any]) -> None:
        """Remember what stands under a private name, and the URLs under any name."""
        for name, value in values.items():
            if not isinstance(value, str) or len(value) > 8 * _LONGEST:
                continue
            # Of several, one would be the password of the first and name the others' hosts.
            for url in _NEXT_URL.split(value):
                self.learn_url(url)
            if _PRIVATE_NAME.search(str(name)) and _is_strong(value) and "://" not in value:
                self.learn(value)

    def learn_file(self, text: str) -> None:
        """Remember the passwords of a file of `name = value` lines: an ini, TOML or .env."""
        for line in text.splitlines() if "://" in text or _PRIVATE_NAME.search(text) else ():
            name, _, value = line.partition("=")
            if "://" in name:  # a line of a list
                name, value = "", line
            self.learn_values({name.strip(): value.strip().strip("'\"")})

    def redact(self, text: str, *, words: bool = True) -> str:
        """Return a text without passwords.

        `words` is for what an exception says: also masked are a known password that is a common
        word, what follows `password:`, and what stands before a known host. In a result these
        are names of tables, messages of revisions and addresses of people.
        """
        text = redact(text, words=words)
        if words:
            text = _SAID.sub(lambda said: f"{said['head'] or said['host']}{MASK}", text)
        for host in self._hosts if words else ():
            text = _before_host(text, f"@{host}")
        strong, weak = self._patterns()
        if strong is not None:
            text = strong.sub(MASK, text)
        if words and weak is not None:
            text = weak.sub(MASK, text)
        return text

    def redact_known(self, text: str) -> str:
        """Return a text that must stay exact without the passwords that are known for certain."""
        strong, _ = self._patterns()
        return strong.sub(MASK, text) if strong is not None else text

    def _add(self, spelling: str) -> None:
        if spelling.casefold() in _NOTHING or spelling in self._public or len(spelling) < 4:
            return
        (self._strong if _is_strong(spelling) else self._weak).add(spelling)

    def _patterns(self) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
        if self._compiled is None:
            weak = self._weak - self._public
            self._compiled = (
                _alternatives(self._strong - self._public, "{}"),
                _alternatives(weak, r"(?<!\w)(?:{})(?!\w)"),
            )
        return self._compiled


def redact(text: str, *, words: bool = True) -> str:
    """Return a text without what stands where passwords stand; in time that grows with it."""
    if "://" in text:
        pieces, done = [], 0
        for login in _logins(text):
            pieces += [text[done : login.start], MASK]
            done = login.end
        text = "".join([*pieces, text[done:]])
    if not _HINTS.search(text):
        return text
    return _assigned().sub(_masked if words else _masked_where_sure, text)


def cleaned(data: Any, clean: Callable[[str], str]) -> Any:
    """Return data, or a result made of frozen rows, with every text gone through `clean`."""
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, Mapping):
        return {cleaned(key, clean): cleaned(value, clean) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        parts = [cleaned(value, clean) for value in data]
        return data._make(parts) if hasattr(data, "_make") else type(data)(parts)
    if is_dataclass(data) and not isinstance(data, type):
        return replace(
            data, **{at.name: cleaned(getattr(data, at.name), clean) for at in fields(data)}
        )
    return data


@cache
def _assigned() -> re.Pattern[str]:
    return re.compile(_ASSIGNED)  # 4 ms, and nearly no text needs it


def _masked(match: re.Match[str]) -> str:
    value = match["value"]
    if value.strip("'\"").casefold().rstrip(",;)]}") in _NOTHING:
        return match[0]
    head = match[0][: match.start("value") - match.start()]
    if value[0] in "\\{" or value.lstrip("bBrRuUfF")[:1] in ("'", '"'):
        return f"{head}{MASK}"
    return f"{head}{MASK}{value[len(value.rstrip(_CLOSERS)) :]}"


def _masked_where_sure(match: re.Match[str]) -> str:
    """Leave `password: longer` and `password = :value` of a result: they are words and SQL."""
    sign = (match["a"] or match["b"] or "").upper()
    sure = sign in ("=", "%3D") or sign.startswith(("'", '"', "\\"))
    return _masked(match) if sure else match[0]


_CLOSERS = ")]}'\",;"


def _before_host(text: str, host: str) -> str:
    """Mask what stands before a known host in the same word: the tail of a password."""
    if host not in text:
        return text
    pieces, done = [], 0
    at = text.find(host)
    while at >= 0:
        begin = max(map(text.rfind, _BREAKS, [done] * len(_BREAKS), [at] * len(_BREAKS))) + 1
        begin = max(begin, done)
        if begin < at and not text.startswith(MASK, at - len(MASK)):
            pieces += [text[done:begin], MASK]
            done = at
        at = text.find(host, at + len(host))
    return "".join([*pieces, text[done:]])


_BREAKS = " \t\n'\"`<>/:"


def _is_strong(word: str) -> bool:
    """Tell whether a word says nothing but itself, so that it may go wherever it stands."""
    if len(word) < 6:
        return False
    return len(word) >= 16 or not re.fullmatch(r"[A-Z]?[a-z_-]+|[A-Z_]+|[\d.:]{1,8}|[/~].*", word)


def _spellings(password: str) -> set[str]:
    # Importing these costs a tenth of `heads`, which learns no password.
    import json
    from urllib.parse import quote, quote_plus, unquote, unquote_plus

    plain = {password, unquote(password), unquote_plus(password), password.replace("%%", "%")}
    plain |= {unquote(name) for name in plain}
    spellings = set(plain)
    for name in plain:
        spellings |= {quote(name, safe="", errors="replace"), quote_plus(name, errors="replace")}
        spellings |= {name.replace("%", "%%"), repr(name)[1:-1], json.dumps(name)[1:-1]}
    return spellings


def _alternatives(words: set[str], shape: str) -> re.Pattern[str] | None:
    if not words:
        return None
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(shape.format("|".join(map(re.escape, longest_first))))


KNOWN = Secrets()


def learn_environment() -> None:
    """Remember the passwords that this process was started with."""
    KNOWN.learn_values(os.environ)
