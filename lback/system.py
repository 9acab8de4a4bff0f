"""All that POSIX alone has, and what stands for it elsewhere.

No other module asks which system it is on: `tests/house/test_systems.py` looks.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # a kept answer goes through here as well, and has no time for `typing`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

IS_POSIX = os.name == "posix"
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # whose libraries do not stand it


def hung_up() -> tuple[int, ...]:
    """Return the signals that tell that the terminal is gone."""
    return _signals("SIGHUP")


def interrupts() -> tuple[int, ...]:
    """Return the signals of a Ctrl-C, and of what stands for it."""
    return _signals("SIGINT", "SIGBREAK")


def _signals(*names: str) -> tuple[int, ...]:
    import signal  # enumerations, for which a kept answer has no time

    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


def tell(pid: int, number: int) -> None:
    """Send a signal to a process of ours, as near to it as there is; it may have ended."""
    import signal

    if sys.platform == "win32":
        number = signal.CTRL_BREAK_EVENT if number == signal.SIGINT else signal.SIGTERM
    try:
        os.kill(pid, number)
    except OSError:
        return


if sys.platform == "win32":  # pragma: no cover
    import msvcrt
    import time

    # Far behind the text, so that others may still read who holds it.
    _PLACE = 1 << 30

    def lock(handle: int, *, wait: bool) -> None:
        """Lock an open file; OSError where another has it and nobody waits."""
        os.lseek(handle, _PLACE, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
                break
            except OSError:
                if not wait:
                    raise
            time.sleep(0.05)
        os.lseek(handle, 0, os.SEEK_SET)

    def user_number() -> str:
        """Return the number of the user, "unknown" where users have none."""
        return "unknown"

    def in_front(_terminal: int) -> bool:
        """Tell whether this process is the one that the terminal is for."""
        return True

    def has_echo(_terminal: int) -> bool:
        """Tell whether a terminal shows what is typed: not where a password is typed."""
        return True

    APART: Mapping[str, Any] = {"creationflags": 0x200}  # a process group of its own
    """What `subprocess` needs to start one that a terminal's Ctrl-C is not meant for."""
    LAST = 15
    """The signal that nobody can refuse."""

    def lead_group() -> None:
        """Leave the group that a terminal's Ctrl-C is meant for."""

    def fork() -> int:
        """Become two processes; 0 in the new one. Only where CAN_FORK."""
        raise NotImplementedError

    def never_wait(_descriptor: int) -> None:
        """Let reading from a descriptor end where there is nothing yet. Only where CAN_FORK."""
        raise NotImplementedError

    def exit_status(_pid: int) -> int | None:
        """Return the exit status of a fork that has ended, None while it runs."""
        raise NotImplementedError

    def spawn(
        _program: str,
        _words: tuple[str, ...],
        _environ: Mapping[str, str],
        _descriptors: Mapping[int, int | None],
    ) -> int:
        """Start a program. Only where IS_POSIX."""
        raise NotImplementedError

    def wait_for(_pid: int) -> int:
        """Return the exit status of what `spawn` started, once it has ended."""
        raise NotImplementedError

else:
    import fcntl

    _ITS_OWN = (2, 13)  # SIGINT and SIGPIPE, which Python or a caller may ignore

    APART: Mapping[str, Any] = {"start_new_session": True}
    """What `subprocess` needs to start one that a terminal's Ctrl-C is not meant for."""
    LAST = 9
    """The signal that nobody can refuse."""

    def lock(handle: int, *, wait: bool) -> None:
        """Lock an open file; OSError where another has it and nobody waits."""
        # flock, not lockf: a POSIX record lock is lost when any other handle of this
        # process on the file is closed.
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def user_number() -> str:
        """Return the number of the user, "unknown" where users have none."""
        return str(os.getuid())

    def in_front(terminal: int) -> bool:
        """Tell whether this process is the one that the terminal is for."""
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False

    def has_echo(terminal: int) -> bool:
        """Tell whether a terminal shows what is typed: not where a password is typed."""
        import termios

        try:
            return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        except termios.error:
            return False

    def lead_group() -> None:
        """Leave the group that a terminal's Ctrl-C is meant for."""
        try:
            os.setpgid(0, 0)
        except OSError:
            return

    def fork() -> int:
        """Become two processes; 0 in the new one. Only where CAN_FORK."""
        return os.fork()

    def never_wait(descriptor: int) -> None:
        """Let reading from a descriptor end where there is nothing yet. Only where CAN_FORK."""
        os.set_blocking(descriptor, False)

    def exit_status(pid: int) -> int | None:
        """Return the exit status of a fork that has ended, None while it runs."""
        found, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None

    def spawn(
        program: str,
        words: tuple[str, ...],
        environ: Mapping[str, str],
        descriptors: Mapping[int, int | None],
    ) -> int:
        """Start a program, quicker than by `subprocess`; return its id.

        `descriptors` says what it gets as 0, 1 or 2: one of ours, or None for nothing. Ctrl-C and
        a pipe that nobody reads do to it what they do to any program.
        """
        actions: list[Any] = [
            (os.POSIX_SPAWN_OPEN, to, os.devnull, os.O_RDWR, 0)
            if given is None
            else (os.POSIX_SPAWN_DUP2, given, to)
            for to, given in descriptors.items()
        ]
        return os.posix_spawn(program, words, environ, file_actions=actions, setsigdef=_ITS_OWN)

    def wait_for(pid: int) -> int:
        """Return the exit status of what `spawn` started, once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
