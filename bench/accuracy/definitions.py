"""`python -m bench.accuracy.definitions TREE`: the columns of `blame` beside the catalogue.

Each column's type, NULL and default as `blame` tells them at the last revision, and each change of
one by a revision, are compared with what the database says. Ends with 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from bench.accuracy.judging import Truth
from bench.accuracy.reading import read
from bench.accuracy.running import DIALECTS, run
from bench.accuracy.sites import SITES, prepared
from bench.timing import environment
from bench.trees import WORK, Absent
from lback.core.dialects import Dialects
from lback.core.effects import Effects
from lback.core.graph.graph import Graph
from lback.core.naming import bare
from lback.core.tables import ColumnLife, TableLife, life

_MODULES: dict[str, Any] = {"postgresql": postgresql, "mysql": mysql, "sqlite": sqlite}
_CAST = re.compile(r"::[\w \"]+(\([\d, ]+\))?(\[\])?")
_SPELLINGS = {
    "now()": "current_timestamp",
    "current_timestamp()": "current_timestamp",
    "true": "1",
    "false": "0",
}


def compared(
    graph: Graph, effects: Mapping[str, Effects], truths: Iterable[Truth], dialect: str
) -> Iterator[tuple[str, str]]:
    """Yield a word and a place for each type, NULL, default and change that can be compared.

    "right", "wrong", "open" (lback says that it is not certain or not in the text), "spelled"
    (a default or a type that cannot be compared by its text).
    """
    ups = [one for one in truths if one.direction == "upgrade"]
    if not ups:
        return
    ran = frozenset(one.revision for one in ups)
    foreign = {bare(one) for one in ups[0].before}
    lives: dict[str, TableLife] = {}
    for name, about in sorted(ups[-1].after.items()):
        if bare(name) in foreign or not name:
            continue
        told = lives[bare(name)] = life(
            name, graph, effects, ran, Dialects(frozenset({dialect}), but=False)
        )
        known = {one.name.casefold(): one for one in told.columns}
        for column, real in about["columns"].items():
            path = known.get(column.casefold())
            if path is not None:
                yield from _column(f"{name}.{column}", path, real, dialect)
    for truth in ups:
        yield from _changes(truth, lives)


def _column(
    place: str, path: ColumnLife, real: list[Any], dialect: str
) -> Iterator[tuple[str, str]]:
    sure = path.certain and all(one.effect.certain for one in path.deeds)
    judged = (
        ("type", _type(path, real[0], dialect)),
        ("NULL", _nullable(path, real[1])),
        ("default", _default(path, real[2])),
    )
    for what, verdict in judged:
        word = "open" if verdict == "wrong" and not sure else verdict
        said = {key: path.definition.get(key) for key in ("type", "nullable", "default")}
        yield word, f"{place} {what}: {said} is {real}"


def _nullable(path: ColumnLife, real: bool) -> str:
    said = path.definition.get("nullable", "?")
    return "open" if said == "?" else "right" if (said == "yes") is real else "wrong"


def _default(path: ColumnLife, real: str | None) -> str:
    said = path.definition.get("default", "")
    if said == "?":
        return "open"
    made = {"identity", "computed"} & path.definition.keys() or "nextval" in (real or "")
    if made:
        return "spelled"
    if bool(said) is not bool(real):
        empty = said.casefold() == "null" or (real or "").casefold() == "null"
        return "right" if empty and not (said and real) else "wrong"
    return "right" if not said or _plain(said) == _plain(real or "") else "spelled"


def _plain(text: str) -> str:
    shown = _CAST.sub("", text).strip()
    while shown.startswith("(") and shown.endswith(")"):
        shown = shown[1:-1].strip()
    shown = re.sub(r"^[eE]?'(.*)'$", r"\1", shown, flags=re.DOTALL).replace("''", "'")
    return _SPELLINGS.get(shown.casefold(), shown.casefold())


def _type(path: ColumnLife, real: str, dialect: str) -> str:
    said = path.definition.get("type", "?")
    spelled = _spelled(said, dialect)
    if said == "?" or spelled is None:
        return "open" if said == "?" else "spelled"
    return "right" if spelled == _family(real) else "wrong"


def _spelled(text: str, dialect: str) -> str | None:
    """Return a type as the database's catalogue spells it, None where only its library can."""
    try:
        node = ast.parse(text, mode="eval").body
        name = node.func.id if isinstance(node, ast.Call) else node.id  # type: ignore[attr-defined]
        given = [ast.literal_eval(one) for one in getattr(node, "args", ())]
        named = {one.arg: ast.literal_eval(one.value) for one in _keywords(node)}
        module = _MODULES[dialect]
        kind = getattr(module, name, None) or getattr(sa, name)
        if name.casefold() in ("enum", "interval", "array"):
            return None
        made = kind(*given, **named)
        return _family(made.compile(dialect=module.dialect()))
    except (SyntaxError, ValueError, AttributeError, TypeError, KeyError):
        pass
    except sa.exc.SQLAlchemyError:
        return None
    if text.endswith("()"):
        return None  # a type of the project's own
    known = text.upper().partition("(")[0].strip()
    return _family(text.upper()) if known in _FAMILIES or known.startswith("VARCHAR") else None


def _keywords(node: ast.expr) -> list[ast.keyword]:
    """Return the named arguments that show in the catalogue."""
    return [one for one in getattr(node, "keywords", ()) if one.arg != "astext_type"]


# What one catalogue calls by one name.
_FAMILIES = {
    "INT": "INTEGER",
    "INT4": "INTEGER",
    "INTEGER": "INTEGER",
    "SERIAL": "INTEGER",
    "BIGSERIAL": "BIGINT",
    "BIGINT": "BIGINT",
    "BOOL": "BOOLEAN",
    "BOOLEAN": "BOOLEAN",
    "CHARACTER VARYING": "VARCHAR",
    "VARCHAR": "VARCHAR",
    "TEXT": "TEXT",
    "DECIMAL": "NUMERIC",
    "NUMERIC": "NUMERIC",
    "DOUBLE": "DOUBLE PRECISION",
    "DOUBLE PRECISION": "DOUBLE PRECISION",
    "FLOAT": "DOUBLE PRECISION",
    "REAL": "REAL",
    "JSON": "JSON",
    "JSONB": "JSONB",
    "UUID": "UUID",
    "DATE": "DATE",
    "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "DATETIME": "DATETIME",
}


def _family(text: str) -> str:
    shown = " ".join(text.upper().split())
    if shown == "FLOAT(53)":
        return "DOUBLE PRECISION"
    name, _, rest = shown.partition("(")
    name = name.strip()
    size = f"({rest}" if rest else ""
    return _FAMILIES.get(name, name) + size.replace(" ", "").replace(",0)", ")")


def _changes(truth: Truth, lives: Mapping[str, TableLife]) -> Iterator[tuple[str, str]]:
    """Yield whether each column that a revision really altered has that in its life."""
    for name, about in truth.after.items():
        told = lives.get(bare(name))
        before = truth.before.get(name)
        if told is None or before is None or not name:
            continue
        for column, real in about["columns"].items():
            old = before["columns"].get(column)
            if old is None or old == real:
                continue
            paths = [one for one in (*told.columns, *told.gone) if _called(one, column)]
            known = any(d.revision == truth.revision for one in paths for d in one.deeds)
            warned = any(one.revision == truth.revision for one in told.doubts)
            word = "right" if known else "open" if warned else "wrong"
            yield word, f"{name}.{column} changed by {truth.revision}: {old} -> {real}"


def _called(path: ColumnLife, name: str) -> bool:
    return name.casefold() in (one.casefold() for one in path.names)


def counted(found: Iterable[tuple[str, str]]) -> tuple[Counter[str], list[str]]:
    """Return the counts by word, and the places that are wrong."""
    rows = list(found)
    return Counter(word for word, _ in rows), [place for word, place in rows if word == "wrong"]


def main(argv: list[str] | None = None) -> int:
    """Compare what `blame` says of the columns of some trees with a catalogue."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy.definitions")
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--on", choices=DIALECTS, default="postgresql")
    parser.add_argument("--work", type=Path, default=WORK, help="where everything goes")
    options = parser.parse_args(argv)
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    env = environment(work)
    worst = 0
    for site in SITES:
        if site.name not in options.trees or options.on not in site.kinds:
            continue
        ready = prepared(site, work, env)
        if isinstance(ready, Absent):
            print(f"not to be had: {ready.name}: {ready.reason}")
            continue
        graph, effects = read(ready.root)
        ran = run(ready, options.on, work, env, down=False, seed=False, reuse=True)
        truths = [one for one in ran if isinstance(one, Truth)]
        found, wrong = counted(compared(graph, effects, truths, DIALECTS[options.on]))
        print(f"{site.name} on {options.on}: {len(truths)} upgrades, {dict(found)}")
        print(*(f"    wrong: {place}" for place in wrong), sep="\n")
        worst = max(worst, len(wrong))
    return 1 if worst else 0


if __name__ == "__main__":
    raise SystemExit(main())
