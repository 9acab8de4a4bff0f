"""git's hooks of one repository: where they are, ours put in, taken out and looked at."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lback.core.hook_names import NAMES
from lback.errors import LbackError, UsageError
from lback.files import alone, sweep
from lback.vcs import git as git_child
from lback.vcs.configuration import hook_commands, runs_hook_commands
from lback.vcs.git import Git
from lback.vcs.managers import Manager, erase, manager_of
from lback.vcs.shims import Watched, read_mark, render
from lback.vcs.slots import Slot, SlotOutcome


@dataclass(frozen=True, slots=True)
class HookPlace:
    """Where git looks for the hooks of a repository; all paths absolute.

    `root` is the top of the work tree (None in a bare repository), `ours` says
    that `folder` lies in the repository's own git directory, so that nothing
    in it is tracked or shared with other repositories. `commands` are what git's
    configuration names for a hook (`hook.NAME.command`), `heeded` whether this git runs them.
    """

    folder: Path
    common_dir: Path
    root: Path | None
    ours: bool
    commands: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heeded: bool = False

    @property
    def private(self) -> Path:
        """Return the folder for shims that another hook manager calls."""
        return self.common_dir / "lback" / "hooks"


@dataclass(frozen=True, slots=True)
class HookRow:
    """How one hook stands, or what was done with it.

    `state` is installed | outdated | edited | foreign | missing | disabled (not executable), or
    unwired: our shim is there, but `manager` does not call it. After `install` and `uninstall` it
    is installed | updated | unchanged | removed | restored | absent | refused, or advised: then
    `lines` have to go into the file `into`, for `manager` runs this hook; `by_hand` where
    `--write` does not put them there.
    """

    hook: str
    state: str
    path: str
    message: str | None
    manager: str | None
    into: str | None
    lines: tuple[str, ...]
    by_hand: bool


def find(git: Git) -> HookPlace:
    """Find the hooks folder as git does; raise LbackError where hooks are switched off."""
    top = git.ask("rev-parse", "--show-toplevel")
    root = Path(_line(top.out)) if top.status == 0 and _line(top.out) else None
    # A relative core.hooksPath is meant from the top, wherever one stands.
    start = root or git.cwd / _line(git.run("rev-parse", "--git-dir"))
    at = Git(start, git.environ)
    out = at.run("rev-parse", "--git-common-dir", "--git-path", "hooks")
    if out.count(b"\n") == 2:
        common, folder = (start / _line(line) for line in out.split(b"\n")[:2])
    else:  # a path with a line break in it
        common = start / _line(at.run("rev-parse", "--git-common-dir"))
        folder = start / _line(at.run("rev-parse", "--git-path", "hooks"))
    common = common.resolve()
    if folder.exists() and not folder.is_dir():
        raise LbackError(
            f"Hooks are switched off here: core.hooksPath is {folder}",
            "`git config --show-origin core.hooksPath` shows where; unset it and install again.",
        )
    folder = folder.resolve()
    commands = hook_commands(git)
    return HookPlace(
        folder,
        common,
        root.resolve() if root else None,
        folder.is_relative_to(common),
        commands,
        bool(commands) and runs_hook_commands(git),
    )


def install(
    place: HookPlace,
    python: str,
    watched: Watched,
    *,
    names: Sequence[str] = NAMES,
    write: bool = False,
    force: bool = False,
) -> tuple[HookRow, ...]:
    """Install shims; what was there is kept, and installing again changes nothing.

    Where another hook manager runs a hook, the shim goes to `place.private` and
    the change carries the lines to add; `write` adds them where that is safe.
    `force` sets edited shims aside.
    """
    known = _known(names)
    with alone(place.folder):
        return tuple(
            _install(place, name, render(name, python, watched), write=write, force=force)
            for name in known
        )


def uninstall(
    place: HookPlace, *, names: Sequence[str] = NAMES, force: bool = False
) -> tuple[HookRow, ...]:
    """Remove our shims and lines only, and give back what was there byte for byte."""
    known = _known(names)
    with alone(place.folder):
        rows = tuple(_uninstall(place, name, force=force) for name in known)
        _tidy(place)
    return rows


def _tidy(place: HookPlace) -> None:
    """Take away what only our hooks needed, and what a killed install has left."""
    if not any(Slot(folder / name).mark() for folder in _folders(place) for name in NAMES):
        for trace in (place.common_dir, *place.common_dir.glob("worktrees/*")):
            for name in ("lback-looked", "lback-checked", "lback-idle"):
                (trace / name).unlink(missing_ok=True)
    for folder in _folders(place):
        sweep(folder)
    for empty in (place.private, place.private.parent):
        with contextlib.suppress(OSError):
            empty.rmdir()


def status(
    place: HookPlace, python: str | None = None, watched: Watched | None = None
) -> tuple[HookRow, ...]:
    """Tell how each hook stands; `python` and `watched` let it see what install would change."""
    rows = []
    for name in NAMES:
        text = None if python is None or watched is None else render(name, python, watched)
        rows.append(_beside_commands(place, _state(place, name, text)))
    return tuple(rows)


def _beside_commands(place: HookPlace, row: HookRow) -> HookRow:
    """Add what git's configuration runs for a hook, before the one in the folder."""
    commands = place.commands.get(row.hook, {})
    if not commands:
        return row
    names = ", ".join(f"hook.{name}.command" for name in sorted(commands))
    if not place.heeded:
        told = f"this git is too old to run {names}"
    elif any("lback" in command for command in commands.values()):
        if row.state == "missing":
            return replace(row, state="installed", message=f"git runs it by {names}")
        told = f"{names} in git's configuration runs lback as well"
    else:
        told = f"{names} in git's configuration runs first"
    return replace(row, message=f"{row.message}; {told}" if row.message else told)


def _install(place: HookPlace, name: str, text: bytes, *, write: bool, force: bool) -> HookRow:
    manager = _manager(place, name)
    if manager is not None:
        return _install_under(manager, place, name, text, write=write, force=force)
    slot = Slot(place.folder / name)
    outcome = slot.put(text, force=force)
    return _row(name, outcome.action, slot.path, outcome.message)


def _install_under(
    manager: Manager, place: HookPlace, name: str, text: bytes, *, write: bool, force: bool
) -> HookRow:
    slot = Slot(place.private / name)
    outcome = slot.put(text, force=force)
    is_older = manager.is_older(name)
    is_left = manager.is_wired(name) and not (is_older and (write or manager.insert is None))
    if outcome.action == "refused" or is_left:
        told = f"{manager.file} has older lines; --write puts the new ones there"
        message = told if is_older and not outcome.message else outcome.message
        return _row(name, outcome.action, slot.path, message, manager)
    if is_older and write:
        erase(manager.file, name)
    if write and manager.write(name):
        said = f"{manager.name}: lines added to {manager.file}"
        message = f"{said}; {manager.note}" if manager.note else said
        return _row(name, "installed", slot.path, message, manager)
    return _row(name, "advised", slot.path, manager.note, manager, manager.lines)


def _uninstall(place: HookPlace, name: str, *, force: bool) -> HookRow:
    done = _row(name, "absent", place.folder / name)
    manager = _manager(place, name)
    if manager is not None and erase(manager.file, name):
        done = _row(name, "removed", manager.file, "", manager)
    for folder in _folders(place):
        slot = Slot(folder / name)
        outcome = _take_out(slot, force=force)
        if outcome.action != "absent" or (outcome.message and done.state == "absent"):
            done = _row(name, outcome.action, slot.path, outcome.message)
        if outcome.action == "refused":
            return done
    if manager is not None and manager.is_wired(name):
        left = f"{manager.file} still calls lback; that does nothing now, remove the line yourself"
        return _row(name, done.state, done.path, left, manager)
    return done


def _take_out(slot: Slot, *, force: bool) -> SlotOutcome:
    moved = slot.moved()
    if moved is None:
        return slot.take_out(force=force)
    # Another manager renamed our shim; what we kept takes the shim's place there.
    if os.path.lexists(slot.kept):
        slot.kept.replace(moved.path)
        return SlotOutcome("restored", f"as {moved.path.name}, under another hook manager")
    moved.path.unlink()
    return SlotOutcome("removed", f"it had been renamed {moved.path.name} by another hook manager")


def _state(place: HookPlace, name: str, text: bytes | None) -> HookRow:
    manager = _manager(place, name)
    if manager is None:
        slot = Slot(place.folder / name)
        state, message = _look(slot, text)
        return _row(name, state, slot.path, message)
    slot = Slot(place.private / name)
    state, message = _look(slot, text)
    if state != "missing" and not manager.is_wired(name):
        state, message = "unwired", f"{manager.name} runs this hook and does not call lback yet"
    elif state == "missing" and Slot(place.common_dir / "hooks" / name).mark() is not None:
        message = f"lback's hook in {place.common_dir / 'hooks'} is not used: git looks elsewhere"
    lines = manager.lines if state == "unwired" else ()
    return _row(name, state, slot.path, message, manager, lines)


def _row(
    name: str,
    state: str,
    path: str | Path,
    message: str = "",
    manager: Manager | None = None,
    lines: tuple[str, ...] = (),
) -> HookRow:
    who, into = (manager.name, os.fspath(manager.file)) if manager else (None, None)
    by_hand = bool(lines) and manager is not None and manager.insert is None
    return HookRow(name, state, os.fspath(path), message or None, who, into, lines, by_hand)


def _look(slot: Slot, text: bytes | None) -> tuple[str, str]:
    content = slot.content()
    has_kept = os.path.lexists(slot.kept)
    moved = slot.moved()
    if moved is not None:
        return "foreign", f"lback's hook was renamed {moved.path.name} by another hook manager"
    if content is None:
        return "missing", f"{slot.kept.name} is not run without it" if has_kept else ""
    mark = read_mark(content)
    if mark is None:
        replaced = f"it replaced lback's; the hook from before is {slot.kept.name}"
        return "foreign", replaced if has_kept else "install keeps it and runs it first"
    kept = f"runs {slot.kept.name} first" if has_kept else ""
    if not slot.is_executable():
        return "disabled", "it is not executable"
    if not mark.intact:
        return "edited", kept
    if text is not None and content != text:
        return "outdated", "install would write another: lback, its Python or the settings moved"
    return "installed", kept


def _manager(place: HookPlace, name: str) -> Manager | None:
    return manager_of(name, place.folder, place.root, ours=place.ours)


def _folders(place: HookPlace) -> tuple[Path, ...]:
    # core.hooksPath may have been set after we installed: ours are where they were.
    own = (place.folder,) if place.ours else ()
    return tuple(dict.fromkeys((*own, place.common_dir / "hooks", place.private)))


def _known(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in NAMES:
            raise UsageError(f"There is no hook {name!r}", f"Choose from {', '.join(NAMES)}.")
    return tuple(name for name in NAMES if name in names)


def _line(output: bytes) -> str:
    return git_child.text(output.removesuffix(b"\n"))
