"""`python -m bench.blame_truth CLONE [--config FILE] [--tables a,b]`: blame beside git's own log.

For each column that `lback blame` tells of, git alone is asked since which commit the revision's
file speaks of the column: `git log --follow` of the file back to its addition, and the file as each
commit left it. Taken from lback are only the revision and the names that are to be checked. Prints
what differs; the exit status is 1 where something does.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cases import LBACK

_DROPS_ALL = ("drop_table", "drop table")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.blame_truth", description=__doc__)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--config", help="the configuration, if lback does not find it by itself")
    parser.add_argument("--script-location", help="the folder of the revisions instead")
    parser.add_argument(
        "--tables", help="by name, with commas; the ten with most changes otherwise"
    )
    options = parser.parse_args(argv)
    where = ["-C", str(options.clone)]
    if options.config:
        where += ["--config", options.config]
    if options.script_location:
        where += ["--script-location", options.script_location]
    tables = options.tables.split(",") if options.tables else _busiest(where)
    truth = Truth(options.clone)
    seen: Counter[str] = Counter()
    for table in tables:
        for verdict, words in _judged(table, _ask([*where, "blame", table]), truth):
            seen[verdict] += 1
            if verdict != "right":
                print(f"{verdict}: {table}.{words}")
    print(f"{len(tables)} tables ({', '.join(tables)}): {dict(seen)}")
    return 1 if seen["wrong"] else 0


def _ask(arguments: list[str]) -> dict[str, Any]:
    done = subprocess.run([*LBACK, *arguments, "--json"], capture_output=True, check=True)
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def _busiest(where: list[str]) -> list[str]:
    changes = _ask([*where, "history"])["changes"]
    counted = Counter(t for one in changes for t in {o["table"] for o in one["operations"]} if t)
    return [table for table, _ in counted.most_common(10)]


def _judged(table: str, data: dict[str, Any], truth: Truth) -> Iterator[tuple[str, str]]:
    for column in [*data["columns"], *data["gone"]]:
        for key in ("added_by", "changed_by", "dropped_by"):
            by = column[key]
            if by is None:
                continue
            words = f"{column['name']} {key} {by['revision']}"
            names = list(column["names"] or [column["name"]])
            told = (by["commit"] or {}).get("sha")
            alters = key == "changed_by"
            true = truth.first(by["path"], by["revision"], names, data["names"], alters)
            if true is None:
                yield "not to be checked", f"{words}: git finds no such name in {by['path']}"
            elif told != true:
                twin = told is not None and truth.brings(told, by["path"], names)
                words += f": lback {str(told)[:9]}, git {true[:9]}  {by['path']}"
                yield "one of two that brought it" if twin else "wrong", words
            elif truth.person(true) != (by["commit"]["author"], by["commit"]["date"]):
                yield "wrong", f"{words}: author or date of {true[:9]}"
            else:
                yield "right", words


class Truth:
    """What git says of one file's past; each answer is worked out once."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self._pasts: dict[str, list[tuple[str, str]]] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def first(
        self, path: str, revision: str, names: list[str], tables: list[str], alters: bool
    ) -> str | None:
        """Return the commit since which the file speaks of the column, without a gap."""
        past = self._past(path)
        said = [self._upgrade(commit, place, revision) for commit, place in past]
        whole = [text for text in said if text is not None]
        alters = alters and any(_speaks(text, name, True) for text in whole[:1] for name in names)
        for wanted in ([*names], [*tables] if _drops(whole) else []):
            found = None
            for (commit, _), text in zip(past, said, strict=True):
                # None: another revision's file, which git took for this one's ancestor
                if text is None or not any(_speaks(text, name, alters) for name in wanted):
                    break
                found = commit
            if found is not None:
                return found
        return None

    def brings(self, commit: str, path: str, names: list[str]) -> bool:
        """Tell whether a commit, too, is where the file began to speak of the column."""
        try:
            after = self._git("show", f"{commit}:{path}")
        except subprocess.CalledProcessError:
            return False
        try:
            before = self._git("show", f"{commit}^:{path}")
        except subprocess.CalledProcessError:
            before = ""
        return any(_speaks(after, name) and not _speaks(before, name) for name in names)

    def person(self, commit: str) -> tuple[str, str]:
        author, date = self._git("show", "-s", "--format=%aN%n%aI", commit).splitlines()
        return author, date

    def _past(self, path: str) -> list[tuple[str, str]]:
        """Return commits back to the file's addition, newest first, with its path in each."""
        if path not in self._pasts:
            form = ("--name-status", "--format=%x01%H", "--", path)
            try:
                past, whole = self._log("--follow", *form)
            except subprocess.CalledProcessError:
                past, whole = [], False  # a clone that lacks what likeness is measured by
            if not whole:  # added while a merge was made, which --follow does not look into
                past, _ = self._log("-c", "--full-history", "-M100%", *form)
                past += self._before_merge(*past[-1]) if past else []
            self._pasts[path] = past
        return self._pasts[path]

    def _before_merge(self, commit: str, path: str) -> list[tuple[str, str]]:
        """Return the past of a file that a merge gave its name, under the name that it had."""
        parents = self._git("show", "-s", "--format=%P", commit).split()
        for parent in parents if len(parents) > 1 else ():
            rows = self._git("diff-tree", "-r", "-M", "--name-status", parent, commit).splitlines()
            for row in rows:
                status, *names = row.split("\t")
                if status.startswith("R") and names[1] == path:
                    form = ("--name-status", "--format=%x01%H", parent, "--", names[0])
                    return self._log("--follow", *form)[0]
        return []

    def _log(self, *arguments: str) -> tuple[list[tuple[str, str]], bool]:
        found = []
        for record in self._git("log", *arguments).split("\x01")[1:]:
            commit, _, rest = record.partition("\n")
            status = rest.strip().split("\t")
            if status[0] and not status[0].startswith("D"):
                found.append((commit, status[-1]))
            if status[0].startswith("A"):
                return found, True
        return found, False

    def _upgrade(self, commit: str, path: str, revision: str) -> str | None:
        """Return upgrade() as the file had it, None where the file is of another revision."""
        if (commit, path) not in self._texts:
            self._texts[commit, path] = self._git("show", f"{commit}:{path}")
        text = self._texts[commit, path]
        slug = revision.lstrip("0123456789") or revision  # a number may change, the words stay
        if slug not in text and slug not in path:
            return None
        _, _, after = text.partition("\ndef upgrade(")
        return after.partition("\ndef downgrade(")[0]

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.clone), *arguments]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode(
            "utf-8", "replace"
        )


def _speaks(text: str, name: str, alters: bool = False) -> bool:
    found = rf"(?<!\w){re.escape(name)}(?!\w)"
    if alters:
        found = rf"(?is)(alter|rename)(?:(?!add_column|\n\n).)*?{found}"
    return re.search(found, text) is not None


def _drops(texts: list[str]) -> bool:
    return any(word in text.lower() for text in texts for word in _DROPS_ALL)


if __name__ == "__main__":
    sys.exit(main())
