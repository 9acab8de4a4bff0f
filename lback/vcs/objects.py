"""Contents out of git's object store, many in one child."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lback.errors import HistoryMissing
from lback.vcs.git import Git, failure, raw, text
from lback.vcs.noted import INPUTS


def read_blobs(
    git: Git, ids: Iterable[str], *, hint: str, kind: bytes = b"blob"
) -> dict[str, bytes]:
    """Return contents by object id; HistoryMissing names the first that this clone lacks.

    A blob is what its id says, whatever `git replace` shows in its place here: what was worked out
    about an id is kept.
    """
    wanted = list(dict.fromkeys(ids))
    try:
        plain = {"GIT_NO_REPLACE_OBJECTS": "1"} if kind == b"blob" else {}
        found = _batch(git, wanted, (), kind, plain)
        texts = {blob: data for blob, data in found if data is not None}
    except HistoryMissing as err:  # a partial clone: the child gave up at the first one
        raise HistoryMissing(err.message, hint) from err
    missing = [blob for blob in wanted if blob not in texts]
    if missing:
        INPUTS.doubt()
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise HistoryMissing(f"git has no object {missing[0]}{more} in this clone", hint)
    return texts


def read_trees(git: Git, names: Iterable[str], size: int) -> dict[str, dict[str, tuple[str, str]]]:
    """Return what trees list, by the trees' names: mode and id by name; absent ones left out.

    `size` is that of an id in bytes.
    """
    wanted = [name for name in dict.fromkeys(names) if "\n" not in name]
    return {
        name: {
            text(item): (mode.decode("ascii"), word) for mode, item, word in tree_items(data, size)
        }
        for name, data in _batch(git, wanted, (), b"tree")
        if data is not None
    }


def read_names(git: Git, names: Iterable[str]) -> dict[str, bytes]:
    """Return contents by name ("<commit>:<path>", ":<path>" for the index); absent ones left out.

    A symbolic link in a commit is followed while it stays inside the tree.
    """
    wanted = [name for name in dict.fromkeys(names) if "\n" not in name]
    return {
        name: data for name, data in _batch(git, wanted, ("--follow-symlinks",)) if data is not None
    }


def look_up(git: Git, names: Iterable[str], *, kind: str = "blob") -> dict[str, str]:
    """Return the id behind each name that is a file (or a "tree"), without reading any."""
    wanted = [name for name in dict.fromkeys(names) if "\n" not in name]
    if not wanted:
        return {}
    form = "--batch-check=%(objecttype) %(objectname)"
    given = b"".join(raw(name) + b"\n" for name in wanted)
    lasting = all(map(_is_of_commit, wanted))
    lines = git.run("cat-file", form, "--buffer", given=given, lasting=lasting).split(b"\n")
    start = kind.encode() + b" "
    return {
        name: line[len(start) :].decode("ascii")
        for name, line in zip(wanted, lines, strict=False)
        if line.startswith(start) and b" " not in line[len(start) :]
    }


def _is_of_commit(name: str) -> bool:
    """Tell whether a name is an id, or a path in a commit by its id: it means the same for ever."""
    return len(name.partition(":")[0].removesuffix("^{tree}")) in (40, 64)


# What --follow-symlinks says instead of an id, with the size of a text on the next line.
_NOT_FOLLOWED = (b"symlink", b"dangling", b"loop", b"notdir")


def _batch(
    git: Git,
    names: list[str],
    options: tuple[str, ...],
    kind: bytes = b"blob",
    variables: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, bytes | None]]:
    if not names:
        return
    given = b"".join(raw(name) + b"\n" for name in names)
    command = ("cat-file", "--batch", "--buffer", *options)
    lasting = all(map(_is_of_commit, names))
    answer = git.ask(*command, given=given, variables=variables, lasting=lasting)
    if answer.status != 0:
        raise failure(command, answer)
    out, at = answer.out, 0
    for name in names:
        end = out.find(b"\n", at)
        head = out[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(head) == 2 and head[0] in _NOT_FOLLOWED and head[1].isdigit():
            at += int(head[1]) + 1
            yield name, None
        elif len(head) == 3 and head[2].isdigit() and head[1] in _TYPES:
            size = int(head[2])
            yield name, out[at : at + size] if head[1] == kind else None
            at += size + 1
        else:  # "<name> missing", "<name> ambiguous"
            yield name, None


_TYPES = (b"blob", b"tree", b"commit", b"tag")


def tree_items(data: bytes, size: int) -> Iterator[tuple[bytes, bytes, str]]:
    """Yield mode, name and id of each item of a tree: "<mode> <name>\\0<id of `size` bytes>"."""
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        at = end + 1 + size
        yield mode, name, data[end + 1 : at].hex()
