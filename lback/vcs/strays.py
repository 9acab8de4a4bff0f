"""Looks for a file that no commit has: staged once, staged elsewhere, or lying in a worktree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lback.vcs.git import text
from lback.vcs.repository import Repository
from lback.vcs.trees import PY, chosen
from lback.vcs.worktree import blob_id

_LARGEST = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that no commit has; `where` is the worktree of an index or a folder.

    `object`: git has what it held, and nobody knows its name any more, so that `path` is "".
    """

    kind: Literal["index", "folder", "object"]
    path: str
    blob: str
    text: bytes
    where: str = ""


def find_stray(
    repository: Repository,
    needle: str,
    accept: Callable[[str, bytes], bool],
    folders: Sequence[str] = (),
) -> Stray | None:
    """Return the first file with `needle` in it that is accepted, the nearest places first."""
    sign = needle.encode()
    for stray in _candidates(repository, folders):
        if sign in stray.text and accept(stray.path or "revision.py", stray.text):
            return stray
    return None


def _candidates(repository: Repository, folders: Sequence[str]) -> Iterator[Stray]:
    places = _worktrees(repository)
    for git_dir, root in places:
        yield from _in_index(repository, git_dir, root, folders)
    for _, root in places:
        if root is not None and root != repository.root:
            yield from _in_folder(root, folders)
    yield from _unreachable(repository)


def _worktrees(repository: Repository) -> list[tuple[Path, Path | None]]:
    """Return git's folder and the root of this worktree, then of all others."""
    common = Path(repository.common_dir)
    own = Path(repository.git_dir)
    rows: list[tuple[Path, Path | None]] = [(own, repository.root)]
    main = common.parent if common.name == ".git" else None
    if own != common:
        rows.append((common, main))
    for folder in sorted(common.glob("worktrees/*")):
        if folder == own:
            continue
        try:
            root = Path((folder / "gitdir").read_text().strip()).parent
        except (OSError, UnicodeDecodeError):
            continue
        rows.append((folder, root))
    return rows


def _in_index(
    repository: Repository, git_dir: Path, root: Path | None, folders: Sequence[str]
) -> Iterator[Stray]:
    index = git_dir / "index"
    if not index.is_file():
        return
    places = [place for place in chosen(folders) if place]
    answer = repository.git.ask(
        "ls-files", "-s", "-z", "--full-name", "--", *places,
        variables={"GIT_INDEX_FILE": os.fspath(index)},
    )  # fmt: skip
    if answer.status != 0:
        return
    rows = [row.partition(b"\t") for row in answer.out.split(b"\0") if row]
    blobs = {text(path): about.split(b" ")[1].decode() for about, _, path in rows}
    wanted = {path: blob for path, blob in blobs.items() if path.endswith(PY)}
    texts = repository.blobs(wanted.values())
    for path, blob in wanted.items():
        yield Stray("index", path, blob, texts[blob], os.fspath(root or git_dir))


def _in_folder(root: Path, folders: Sequence[str]) -> Iterator[Stray]:
    for folder in chosen(folders):
        for path in sorted((root / folder).glob("*.py")):
            if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
                continue
            data = path.read_bytes()
            name = path.relative_to(root).as_posix()
            yield Stray("folder", name, blob_id(data), data, os.fspath(root))


def _unreachable(repository: Repository) -> Iterator[Stray]:
    """Yield what git still has and nothing leads to: `git gc` has not taken it away yet."""
    answer = repository.git.ask("fsck", "--unreachable", "--connectivity-only", "--no-progress")
    names = [
        words[2]
        for line in answer.out.decode("ascii", "replace").splitlines()
        if (words := line.split())[:2] == ["unreachable", "blob"]
    ]
    sized = repository.git.ask(
        "cat-file", "--batch-check", given="".join(f"{name}\n" for name in names).encode()
    )
    small = [
        words[0]
        for line in sized.out.decode("ascii", "replace").splitlines()
        if len(words := line.split()) == 3 and words[2].isdigit() and int(words[2]) <= _LARGEST
    ]
    for start in range(0, len(small), 200):
        for blob, data in repository.blobs(small[start : start + 200]).items():
            yield Stray("object", "", blob, data)
