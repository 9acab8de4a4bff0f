"""Who takes a lock: the person, the host, the process and the command, for others to read."""

from __future__ import annotations

import getpass
import os
import re
import socket
from typing import NamedTuple

from lback.core.messages import locks as messages
from lback.system import user_number

LONGEST = 63
"""Bytes of PostgreSQL's application name; what is longer is cut by the server."""
_NAME = re.compile(r"lback (?P<user>\S+)@(?P<host>\S+) (?P<pid>\d+) (?P<command>.+?)(?: \[.*)?")


class Caller(NamedTuple):
    """The process that migrates."""

    user: str
    host: str
    pid: int
    command: str

    @classmethod
    def current(cls, command: str) -> Caller:
        """Return this process."""
        return cls(user_name(), socket.gethostname(), os.getpid(), command)

    def application(self, own: str = "") -> str:
        """Return `lback user@host pid command`, short enough for the server.

        `own` is the name that the project gives its sessions; what fits of it comes last.
        """
        user, command = _plain(self.user)[:16], _plain(self.command, " ")[:20] or "migrate"
        room = LONGEST - len(f"lback {user}@ {self.pid} {command}")
        name = f"lback {user}@{_cut(_plain(self.host), room)} {self.pid} {command}"
        left = LONGEST - len(name) - len(" []")
        own = _plain(own, " ")
        return f"{name} [{own[:left]}]" if own and left > 3 else name

    @classmethod
    def read(cls, application: str) -> Caller | None:
        """Read what `application` has written; None for any other name."""
        match = _NAME.fullmatch(application)
        if match is None:
            return None
        return cls(match["user"], match["host"], int(match["pid"]), match["command"])

    def told(self, since: str, more: str = "") -> str:
        """Say who it is, for a person who waits."""
        return messages.holder(self.user, self.host, self.pid, self.command, since, more)


def user_name() -> str:
    """Return who runs this process, as the machine calls them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without a name
        return user_number()


def _plain(text: str, also: str = "") -> str:
    """Return a text that needs no quotes, and that no driver takes a parameter out of."""
    safe = {*"-_.:+@/", *also} - {"@"}
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in safe) else "_"
        for letter in text
    ).strip("_ ")


def _cut(host: str, room: int) -> str:
    """Leave out the middle of a long name: the end is what tells pods of one job apart."""
    if len(host) <= room:
        return host
    end = max(room // 2, 1)
    return f"{host[: max(room - end - 2, 0)]}..{host[-end:]}"
