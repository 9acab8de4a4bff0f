"""Other hook managers: which one owns a hook, and the lines that call lback from it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lback.files import is_plain, leads_out
from lback.vcs.slots import replace_text

_CALL = (
    'lback_hook="$(git rev-parse --git-common-dir)/lback/hooks/{name}"; [ ! -x "$lback_hook" ] ||'
)
_READS_INPUT = ("post-rewrite", "pre-push")
_INPUT_IS_READ = re.compile(r"(?m)^[^#\n]*\b(read|cat|tee|xargs|lfs)\b")
# What the pre-commit framework tells its hooks, and in which order git would have said it.
_FRAMEWORK_ARGUMENTS = {
    "pre-commit": "",
    "post-commit": "",
    "post-merge": ' "$PRE_COMMIT_IS_SQUASH_MERGE"',
    "post-checkout": (' "$PRE_COMMIT_FROM_REF" "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE"'),
    "post-rewrite": ' "$PRE_COMMIT_REWRITE_COMMAND" </dev/null',
    "pre-push": ' "$PRE_COMMIT_REMOTE_NAME" "$PRE_COMMIT_REMOTE_URL"',
}
_FRAMEWORK_INPUT = (
    'printf "%s %s %s %s\\n" "$PRE_COMMIT_LOCAL_BRANCH" "$PRE_COMMIT_TO_REF"'
    ' "$PRE_COMMIT_REMOTE_BRANCH" "$PRE_COMMIT_FROM_REF" | '
)
_LEFTHOOK = tuple(
    f"{start}lefthook.{end}"
    for start in ("", ".", ".config/")
    for end in ("yml", "yaml", "toml", "json", "jsonc")
)
_LINE_BREAK = " (with the line break before it)"
_CREATED = " (with this file)"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who runs a hook instead of us: a file of theirs, and the lines to put into it."""

    name: str  # husky | lefthook | overcommit | pre-commit | folder
    file: Path
    lines: tuple[str, ...]
    insert: Callable[[str], bool] | None  # tells whether the lines can go to the end of this text
    note: str = ""
    root: Path | None = None  # the work tree, which nothing is written outside of

    def is_wired(self, hook: str) -> bool:
        """Tell whether the file calls lback for this hook already."""
        text = (_read(self.file) or b"").decode("utf-8", "replace")
        return any(
            re.search(rf"(?m)^[^#\n]*{re.escape(sign)}(?![\w-])", text)
            for sign in (f"lback/hooks/{hook}", f"lback hook {hook}", f"id: lback-{hook}")
        )

    def is_older(self, hook: str) -> bool:
        """Tell whether the lines that `write` wrote are not those that it would write now."""
        match = _written(_read(self.file) or b"", hook)
        return match is not None and match["lines"].decode().splitlines() != list(self.lines)

    def write(self, hook: str) -> bool:
        """Append the lines between two comments; False where that is not safe."""
        if self.insert is None or (self.root is not None and leads_out(self.file, self.root)):
            return False
        if not os.path.lexists(self.file):
            return self._create(hook)
        try:
            before = (_read(self.file) or b"\r").decode("utf-8")
        except UnicodeDecodeError:
            return False
        if "\r" in before or not self.insert(before):
            return False
        broken = bool(before) and not before.endswith("\n")
        remark = _LINE_BREAK if broken else ""
        after = before + ("\n" if broken else "") + self._block(hook, remark)
        replace_text(self.file, after.encode())
        return True

    def _create(self, hook: str) -> bool:
        if self.name not in {"husky", "folder"}:
            return False
        replace_text(self.file, f"#!/bin/sh\n{self._block(hook, _CREATED)}".encode())
        return True

    def _block(self, hook: str, remark: str) -> str:
        begin, end = f"# lback: begin {hook}{remark}", f"# lback: end {hook}"
        return "\n".join((begin, *self.lines, end)) + "\n"


def _written(text: bytes, hook: str) -> re.Match[bytes] | None:
    """Find the lines that `Manager.write` wrote."""
    name = re.escape(hook.encode())
    begin, end = b"# lback: begin " + name, b"# lback: end " + name
    return re.search(
        rb"(?ms)^" + begin + rb"(?P<remark>(?: \([^\n]*\))?)\n(?P<lines>.*?)^" + end + rb"\n", text
    )


def erase(file: Path, hook: str) -> bool:
    """Take the lines that `Manager.write` wrote out again; False where there are none."""
    text = _read(file)
    match = _written(text, hook) if text is not None else None
    if text is None or match is None:
        return False
    before, after = text[: match.start()], text[match.end() :]
    if match["remark"].decode() == _CREATED and before + after == b"#!/bin/sh\n":
        file.unlink()
        return True
    if match["remark"].decode() == _LINE_BREAK and not after:
        before = before.removesuffix(b"\n")
    replace_text(file, before + after)
    return True


def manager_of(hook: str, folder: Path, root: Path | None, *, ours: bool) -> Manager | None:
    """Find who owns this hook; None where the folder is git's own and nobody else's.

    `folder` is where git looks for hooks, `ours` says that it lies in the
    repository's own git directory.
    """
    manager = _manager_of(hook, folder, root, ours=ours)
    return None if manager is None else replace(manager, root=root)


def _manager_of(hook: str, folder: Path, root: Path | None, *, ours: bool) -> Manager | None:
    if not ours:
        return _folder(hook, folder, root)
    if root is None:
        return None
    for name in _LEFTHOOK:
        if (root / name).is_file():
            return _lefthook(hook, root / name)
    if hook != "post-applypatch" and (root / ".overcommit.yml").is_file():
        return _overcommit(hook, root / ".overcommit.yml")
    installed = _read(folder / hook) or b""
    if b"hook-type=" in installed and b"pre_commit" in installed:
        return _framework(hook, root / ".pre-commit-config.yaml")
    return None


def shell_call(hook: str, arguments: str = '"$@"') -> str:
    """Return the line of shell that starts lback's shim where there is one, and else nothing."""
    return f'{_CALL.format(name=hook)} "$lback_hook" {arguments}'.rstrip()


def _folder(hook: str, folder: Path, root: Path | None) -> Manager:
    is_husky = ".husky" in folder.parts
    parent = folder.parent if is_husky and folder.name == "_" else folder
    if hook in _READS_INPUT and _reads_input(parent / hook, hook):
        first = "at the beginning of the file: what follows reads standard input as well"
        name = "husky" if is_husky else "folder"
        return Manager(name, parent / hook, _with_input(hook), None, first)
    if is_husky:
        return Manager("husky", parent / hook, (shell_call(hook),), _plain_script)
    inside = root is not None and folder.is_relative_to(root)
    return Manager(
        "folder",
        folder / hook,
        _with_status(hook),
        _plain_script if inside else None,
        "" if inside else "other repositories share this folder; the line does nothing in those",
    )


def _reads_input(file: Path, hook: str) -> bool:
    """Tell whether a script leaves nothing of its standard input for lines at its end."""
    text = _read(file) or b""
    match = _written(text, hook)
    own = text if match is None else text[: match.start()]
    return bool(_INPUT_IS_READ.search(own.decode("utf-8", "replace")))


def _with_input(hook: str) -> tuple[str, ...]:
    """Return lines that give standard input to lback, and again to what follows."""
    given = """printf '%s\\n' "$lback_input" |"""
    call = shell_call(hook)
    start = call.index('"$lback_hook" "$@"')
    return (
        "lback_input=$(cat)",
        f"{call[:start]}{given} {call[start:]} || exit",
        "exec <<LBACK_INPUT",
        "$lback_input",
        "LBACK_INPUT",
    )


def _with_status(hook: str) -> tuple[str, ...]:
    """Return lines at whose end the status is what it was before them, unless lback stops git.

    A hook that is a script of its own ends as its last command does.
    """
    if hook.startswith("pre-"):
        keeps = '[ "$lback_status" -eq 0 ] || exit "$lback_status"'
        return ("lback_status=$?", keeps, shell_call(hook))
    return ("lback_status=$?", shell_call(hook), '(exit "$lback_status")')


def _lefthook(hook: str, file: Path) -> Manager:
    def insert(text: str) -> bool:
        return _is_block_mapping(text) and hook not in _keys(text)

    lines = [f"{hook}:", "  commands:", "    lback:"]
    lines.append(f"      run: '{shell_call(hook, '{0}')}'")
    if hook in _READS_INPUT:
        lines.append("      use_stdin: true")
    is_yaml = file.suffix in {".yml", ".yaml"}
    note = "then run `lefthook install`"
    return Manager("lefthook", file, tuple(lines), insert if is_yaml else None, note)


def _overcommit(hook: str, file: Path) -> Manager:
    section = "".join(part.capitalize() for part in hook.split("-"))
    lines = (
        f"{section}:",
        "  Lback:",
        "    enabled: true",
        f"    command: ['sh', '-c', '{shell_call(hook)}', 'lback']",
    )
    return Manager("overcommit", file, lines, None, "then run `overcommit --sign`")


def _framework(hook: str, file: Path) -> Manager:
    call = shell_call(hook, _FRAMEWORK_ARGUMENTS[hook].lstrip())
    if hook == "pre-push":
        start = call.index('"$lback_hook" "$PRE')
        call = call[:start] + _FRAMEWORK_INPUT + call[start:]
    indent = _list_indent((_read(file) or b"").decode("utf-8", "replace"))
    margin = " " * (indent if indent is not None else 2)
    lines = (
        "- repo: local",
        "  hooks:",
        f"    - id: lback-{hook}",
        f"      name: lback {hook}",
        "      language: system",
        "      entry: >-",
        f"        sh -c '{call}'",
        f"      stages: [{hook}]",
        "      always_run: true",
        "      pass_filenames: false",
        "      verbose: true",
    )

    def insert(text: str) -> bool:
        return _list_indent(text) is not None

    return Manager("pre-commit", file, tuple(margin + line for line in lines), insert)


def _read(file: Path) -> bytes | None:
    """Return what is in a file; None where there is none, or where it never ends."""
    try:
        return file.read_bytes() if is_plain(file) else None
    except OSError:
        return None


def _plain_script(text: str) -> bool:
    # Lines at the end of these would never run, or run in another language.
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and not re.search(r"[/ ](sh|bash|dash|zsh|ksh)\b", first):
        return False
    return not re.search(r"(?m)^\s*(exit|exec|return)\b|<<|\\\s*\Z", text)


def _keys(text: str) -> list[str]:
    return re.findall(r"(?m)^[\"']?([A-Za-z_][\w-]*)[\"']?\s*:", text)


def _is_block_mapping(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    starts: Sequence[str] = lines[1:] if lines and lines[0].rstrip() == "---" else lines
    return bool(starts) and all(re.match(r"\s|[\"'\w-]+\s*:|- ", line) for line in starts)


def _list_indent(text: str) -> int | None:
    """Return how far the items of `repos:` stand in, if new ones can follow at the file's end."""
    if not _is_block_mapping(text) or _keys(text)[-1:] != ["repos"]:
        return None
    match = re.search(r"(?m)^repos:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( *)- ", text)
    return len(match[1]) if match else None
