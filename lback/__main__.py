"""Where the program starts: it first looks for the answer that it gave the last time."""

from __future__ import annotations

import os
import sys

from lback.start import leave_current_folder

TYPE_CHECKING = False  # `typing` takes as long as the quickest answer
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Print what was printed before where nothing has changed since; else run the program."""
    from lback.vcs.replay import replay

    answer = replay(sys.argv[1:])
    if answer is None:
        from lback.cli.main import main as run
        from lback.vcs.noted import INPUTS

        INPUTS.begin(sys.argv[1:])
        run(prog="lback")
    text, code = answer
    if _is_paged(text):
        text = b""
    try:
        while text:
            try:
                text = text[os.write(1, text) :]
            except BlockingIOError:
                _wait()
    except OSError as err:
        from lback.cli.gate import undelivered
        from lback.cli.terminal import Terminal
        from lback.project.options import Options

        code = undelivered(Terminal(Options()), code, err)
    # Nothing is open, and nothing has to be freed.
    os._exit(code)


def _is_paged(text: bytes) -> bool:
    """Show a long answer by the pager, as it was shown the last time."""
    if not os.isatty(1) or "--no-pager" in sys.argv:
        return False
    from lback.cli.pager import paged

    return paged(text, 1)


def _wait() -> None:
    import select

    select.select([], [1], [])


if __name__ == "__main__":
    leave_current_folder()
    main()
