"""What POSIX alone has is called in one module, so that the rest runs on Windows as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ONE = "lback/system.py"
# Modules that Windows has not, and those that only it has.
_MODULES = """
crypt fcntl grp msvcrt nis pty pwd posix readline resource spwd syslog termios tty winreg
"""
# What Windows has not, or what is something else there.
_OS = """
O_CLOEXEC WEXITSTATUS WIFEXITED WIFSIGNALED WNOHANG WTERMSIG chown chroot fchmod fchown fork forkpty
getegid geteuid getgid getgroups getpgid getpgrp getpriority getsid getuid initgroups kill killpg
lchown major mkfifo mknod name nice openpty posix_spawn posix_spawnp set_blocking setegid seteuid
setgid setpgid setpgrp setpriority setsid setuid statvfs sync tcgetpgrp tcsetpgrp ttyname uname wait
wait3 wait4 waitid waitpid waitstatus_to_exitcode
"""
_SIGNAL = """
CTRL_BREAK_EVENT CTRL_C_EVENT SIGALRM SIGBREAK SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT
SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH alarm pause pthread_kill pthread_sigmask setitimer
siginterrupt sigpending sigtimedwait sigwait sigwaitinfo
"""
MODULES = frozenset(_MODULES.split())
NAMES = {
    "os": frozenset(_OS.split()),
    "signal": frozenset(_SIGNAL.split()),
    "sys": frozenset({"platform", "getwindowsversion"}),
    "socket": frozenset({"AF_UNIX", "socketpair"}),
}


def uses(source: str) -> Iterator[str]:
    """Yield each name of a system's own in a text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module.split(".")[0] in MODULES:
                yield node.module
            names = NAMES.get(node.module, frozenset())
            yield from (f"{node.module}.{one.name}" for one in node.names if one.name in names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in NAMES.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg in ("preexec_fn", "start_new_session"):
            yield node.arg


def test_no_call_of_one_system_outside_of_one_module() -> None:
    sources = [*(ROOT / "lback").rglob("*.py"), ROOT / "manage.py"]
    found = {
        f"{path.relative_to(ROOT).as_posix()}: {name}"
        for path in sources
        if path.relative_to(ROOT).as_posix() != ONE
        for name in uses(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_the_one_module_and_others_like_it_are_seen() -> None:
    assert {"fcntl", "termios", "os.posix_spawn", "sys.platform"} <= {
        *uses((ROOT / ONE).read_text(encoding="utf-8"))
    }
    assert {*uses("import pwd\nfrom signal import SIGHUP\nos.geteuid()\nrun(preexec_fn=f)\n")} == {
        "pwd", "signal.SIGHUP", "os.geteuid", "preexec_fn"
    }  # fmt: skip
