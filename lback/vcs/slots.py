"""One hook file: what is in it, our shim put in its place, the earlier hook kept and given back."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lback.errors import LbackError
from lback.files import is_plain, put_with_mode, write_beside, write_whole
from lback.vcs.shims import KEPT, Mark, read_mark

_EDITED = ".lback-edited"
_MODE = 0o777  # git starts only what may be executed
# The pre-commit framework and lefthook rename what they find when they install themselves.
_MOVED = (".legacy", ".old")
_OWN_NAME = re.compile(
    rb"basename\W[^\n]*\$(0|BASH_SOURCE)|\$\{(0|BASH_SOURCE)##"
    rb"|basename\(\$(0|PROGRAM_NAME)\)|basename\(__file__\)|argv\[0\]|# husky"
)


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """What was done to one hook: an action word and a sentence for the reader."""

    action: str  # installed | updated | unchanged | removed | restored | absent | refused
    message: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """The file that git starts for one hook; a symbolic link counts as itself."""

    path: Path

    @property
    def kept(self) -> Path:
        """Return where the hook from before lback is kept, in the same folder."""
        return self.path.with_name(self.path.name + KEPT)

    def content(self) -> bytes | None:
        """Read the hook; None where there is none, empty bytes where it cannot be read."""
        if not os.path.lexists(self.path):
            return None
        try:
            return self.path.read_bytes() if is_plain(self.path) else b""
        except OSError:
            return b""

    def mark(self) -> Mark | None:
        """Read our marker line; None where the hook is missing or foreign."""
        return read_mark(self.content() or b"")

    def is_executable(self) -> bool:
        """Tell whether git would start it."""
        return os.access(self.path, os.X_OK)

    def moved(self) -> Slot | None:
        """Find our shim under the name that another hook manager gave it."""
        for suffix in _MOVED:
            other = Slot(self.path.with_name(self.path.name + suffix))
            if other.mark() is not None:
                return other
        return None

    def put(self, text: bytes, *, force: bool = False) -> SlotOutcome:
        """Install our shim; an earlier hook is kept, an edited shim is refused or set aside."""
        with _said(self.path):
            current, mark = self.content(), self.mark()
            if current is None:
                write_whole(self.path, text, _MODE)
                return SlotOutcome("installed", self._kept_again())
            if mark is None:
                return self._put_before(current, text)
            if mark.intact:
                return self._put_again(current, text)
            if not force:
                return SlotOutcome(
                    "refused",
                    f"{self.path} was edited after lback wrote it; move your lines elsewhere, "
                    "or use --force: the edited file is set aside then",
                )
            aside = self._set_aside()
            write_whole(self.path, text, _MODE)
            return SlotOutcome("updated", f"the edited one is now {aside}")

    def take_out(self, *, force: bool = False) -> SlotOutcome:
        """Remove our shim and give the earlier hook back, with its bytes and its mode."""
        with _said(self.path):
            current, mark = self.content(), self.mark()
            has_kept = os.path.lexists(self.kept)
            if current is not None and mark is None:
                return self._leave_foreign(has_kept)
            message = ""
            if mark is not None and not mark.intact:
                if not force:
                    return SlotOutcome(
                        "refused",
                        f"{self.path} was edited after lback wrote it; delete it yourself, "
                        "or use --force: it is set aside then",
                    )
                message = f"the edited one is now {self._set_aside()}"
            if has_kept:
                self.kept.replace(self.path)
                return SlotOutcome("restored", message)
            if current is None:
                return SlotOutcome("absent")
            if not message:
                self.path.unlink()
            return SlotOutcome("removed", message)

    def _leave_foreign(self, has_kept: bool) -> SlotOutcome:
        if has_kept and self._half_kept():
            self.kept.unlink()
            return SlotOutcome("absent")
        if has_kept:
            return SlotOutcome(
                "refused",
                f"{self.path} was replaced after lback installed its own; the hook from before is "
                f"{self.kept}: choose one and delete the other",
            )
        return SlotOutcome("absent", f"{self.path} is not lback's")

    def _put_before(self, current: bytes, text: bytes) -> SlotOutcome:
        if self.path.is_dir():
            return SlotOutcome("refused", f"{self.path} is a folder; git cannot run it either")
        if os.path.lexists(self.kept) and not self._half_kept():
            return SlotOutcome(
                "refused",
                f"{self.path} was replaced after lback installed its own, and {self.kept} is the "
                "hook from before: choose one, delete the other, and install again",
            )
        new = write_beside(self.path, text, _MODE)
        try:
            self._keep()
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)
        message = f"the hook that was here is kept as {self.kept.name} and runs first"
        if not os.access(self.kept, os.X_OK):
            message = f"the hook that was here is kept as {self.kept.name}; it is not executable"
        if _OWN_NAME.search(current):
            message += "; it seems to look at its own file name, which is new: try it"
        return SlotOutcome("installed", message)

    def _put_again(self, current: bytes, text: bytes) -> SlotOutcome:
        if current == text and self.is_executable() and not self.path.is_symlink():
            return SlotOutcome("unchanged")
        write_whole(self.path, text, _MODE)
        return SlotOutcome("updated")

    def _keep(self) -> None:
        # A second name first, so that git finds a hook at every moment.
        if os.path.lexists(self.kept):
            return
        try:
            os.link(self.path, self.kept, follow_symlinks=False)
        except FileExistsError:
            return
        except (OSError, NotImplementedError):
            self.path.rename(self.kept)

    def _half_kept(self) -> bool:
        # An install that was cut off between its two steps leaves one file with two names.
        ours, kept = self.path.lstat(), self.kept.lstat()
        return (ours.st_dev, ours.st_ino) == (kept.st_dev, kept.st_ino)

    def _kept_again(self) -> str:
        if not os.path.lexists(self.kept):
            return ""
        return f"the hook kept earlier as {self.kept.name} runs first again"

    def _set_aside(self) -> Path:
        number, aside = 1, self.path.with_name(self.path.name + _EDITED)
        while os.path.lexists(aside):
            number += 1
            aside = self.path.with_name(f"{self.path.name}{_EDITED}.{number}")
        self.path.rename(aside)
        aside.chmod(aside.stat().st_mode & ~0o111)
        return aside


def replace_text(path: Path, text: bytes) -> None:
    """Replace a file's text in one step, behind a symbolic link too, and keep its mode."""
    target = path.resolve()
    with _said(target):
        put_with_mode(write_beside(target, text, _MODE), target)


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise LbackError(
            f"{err.filename or path} cannot be written: {err.strerror or err}",
            "Check who owns the folder and whether the disk is full; nothing was changed there.",
        ) from err
