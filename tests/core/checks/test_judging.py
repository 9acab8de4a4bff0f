"""Whose rules a branch is judged by, and which findings count."""

from __future__ import annotations

from pathlib import Path

import pytest

from lback.core.checks.findings import CODES, Finding, finding
from lback.core.checks.policy import (
    SettingChange,
    baseline_changed,
    changed_places,
    changed_settings,
    comments_added,
    configuration_gone,
    counts_later,
    judging,
    label_added,
    labels_added,
    setting_changed,
    setting_place,
    shown,
    unreadable,
)
from lback.core.checks.silencing import (
    CodeChoice,
    Comment,
    Comments,
    LeftOut,
    arranged,
    baseline_text,
    by_code,
    can_be_old,
    comments_in,
    fails,
    fingerprints,
    may_be_silenced_by_its_branch,
    not_silenced,
    read_baseline,
    read_choice,
    shortened,
    without_old,
)
from lback.core.preferences import LbackSettings
from lback.errors import UsageError
from tests.approved import approved
from tests.core.checks.findings import page
from tests.core.graphs import graph

HERE = Path(__file__).parent
QUIET = (
    "against",
    "app",
    "ledger",
    "lock_timeout",
    "merge_commit",
    "on_fork",
    "powerless",
    "protected",
    "scratch_url",
    "warnings",
)

# -- the rules that a branch changes ----------------------------------------------------


def test_settings_that_decide_are_theirs() -> None:
    theirs = LbackSettings(upstream="main", heads=("a",), app="x", lock_timeout=1.0, ledger=False)
    own = LbackSettings(
        upstream="mine", select=("LB4",), app="y", on_fork="rebase", warnings=("w",)
    )
    assert judging(theirs, own) == LbackSettings(
        upstream="main", heads=("a",), app="y", on_fork="rebase", warnings=("w",)
    )


@pytest.mark.parametrize("key", LbackSettings._fields)
def test_each_setting_decides_or_says_nothing(key: str) -> None:
    changed = LbackSettings()._replace(**{key: "x"})
    found = list(changed_settings(LbackSettings(), changed))
    assert [one.key for one in found] == ([] if key in QUIET else [key])
    assert [one.new for one in found] == ([] if key in QUIET else ["x"])


def test_what_changed_is_shown() -> None:
    old, new = (
        LbackSettings(heads=("a", "b")),
        LbackSettings(severity={"LB2": "note", "LB1": "error"}),
    )
    assert list(changed_settings(old, new)) == [
        SettingChange("tool.lback", "heads", "a, b", "none"),
        SettingChange("tool.lback", "severity", "none", "LB1=error, LB2=note"),
    ]
    places = {"script_location": "a", "prepend": "", "same": "s"}
    assert list(changed_places(places, {**places, "script_location": "b", "prepend": "c"})) == [
        SettingChange("tool.alembic", "script_location", "a", "b"),
        SettingChange("tool.alembic", "prepend", "none", "c"),
    ]
    assert next(changed_places(places, {**places, "script_location": ""})).new == "none"
    assert [shown(one) for one in (None, 1.5, [], ["a", 1])] == ["none", "1.5", "none", "a, 1"]


TOML = """\
[project]
select = 1
[tool.other]
heads = 1
[tool.lback]
ignore = []
"big-tables" = []
[tool.lback.severity]
LB101 = "note"
[[tool.lback.heads]]
"""
INI = "[alembic]\nscript_location = m\n[lback]\nselect: LB4\n"


@pytest.mark.parametrize(
    ("table", "key", "files", "expected"),
    [
        ("tool.lback", "ignore", [("p.toml", TOML)], ("p.toml", 6)),
        ("tool.lback", "big_tables", [("p.toml", TOML)], ("p.toml", 7)),
        ("tool.lback", "severity", [("p.toml", TOML)], ("p.toml", 8)),
        ("tool.lback", "heads", [("p.toml", TOML)], ("p.toml", 10)),
        ("tool.lback", "models", [("p.toml", TOML)], ("p.toml", 5)),
        ("tool.lback", "models", [("p.toml", "tool.lback.models = []")], ("p.toml", 1)),
        ("tool.lback", "severity", [("p.toml", "[tool]\nlback.severity.LB1 = 1")], ("p.toml", 2)),
        ("tool.lback", "select", [("p.toml", "a = 1"), ("a.ini", INI)], ("a.ini", 4)),
        ("tool.lback", "models", [("p.toml", "a = 1"), ("a.ini", INI)], ("a.ini", 3)),
        ("tool.lback", "models", [("p.toml", TOML), ("a.ini", INI)], ("p.toml", 5)),
        ("tool.lback", "select", [("p.toml", TOML), ("a.ini", INI)], ("a.ini", 4)),
        ("tool.alembic", "script_location", [("a.ini", INI)], ("a.ini", 2)),
        ("tool.lback", "models", [("p.toml", "a = 1"), ("q.toml", "")], ("p.toml", 0)),
        ("tool.lback", "models", [], ("", 0)),
    ],
)
def test_a_setting_is_found_in_its_file(
    table: str, key: str, files: list[tuple[str, str]], expected: tuple[str, int]
) -> None:
    assert setting_place(SettingChange(table, key, "", ""), files) == expected


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("a; b<a; z", "a", {"zz": True, "bb": False}),
        ("a; b<a; z; y<z", "a; z", {"bb": False, "zz": False}),
        ("b; z", "a", {"bb": True, "zz": True}),
    ],
)
def test_a_label_of_a_line_of_its_own_counts(
    mine: str, theirs: str, expected: dict[str, bool]
) -> None:
    assert labels_added(graph(mine, b="bb", z="zz"), graph(theirs)) == expected
    assert labels_added(graph(mine, b="bb", z="zz"), graph(mine, b="bb", z="zz")) == {}


def told_of_policy() -> dict[str, list[Finding]]:
    until = "until main has it"
    comments = [Comment("LB402", "why", 3), Comment("LB101", "why", 3), Comment("LB403", "", 5)]
    labelled = graph("a; b<a", b="left")
    drop = finding("LB402", "a table goes", "Keep it.", path="v.py", line=3)
    return {
        "settings": [
            setting_changed(SettingChange("tool.lback", "heads", "a", "b"), ("p.toml", 3), until),
            setting_changed(
                SettingChange("tool.alembic", "script_location", "a", "b"), ("a.ini", 1), until
            ),
        ],
        "comments in an old file": list(comments_added("v/a.py", [], comments, until)),
        "comments in a new file": list(comments_added("v/a.py", None, comments, until)),
        "comments that were there": list(
            comments_added(
                "v/a.py", [Comment("LB402", "so", 1), Comment("LB101", "", 2)], comments, until
            )
        ),
        "a configuration": [
            unreadable("HEAD", "no TOML", "p.toml", ours=True, name="main"),
            unreadable("main", "no TOML", "p.toml", ours=False, name="main"),
            configuration_gone("HEAD", "main", "a.ini"),
        ],
        "labels": [
            label_added(labelled, "left", until, counts=True),
            label_added(labelled, "left", until, counts=False),
        ],
        "comments that silence nothing": [
            *not_silenced([drop], {"v.py": Comments({"LB402": ""}, {})})[0],
            *not_silenced([drop], {"v.py": Comments({}, {"LB402": "so"})})[0],
        ],
        "a baseline": [baseline_changed("base.json", 2, 1, until)],
    }


def test_a_push_that_replaces_the_branch_brings_its_rules_too_late() -> None:
    assert counts_later("main", replaced=False) == "until main has it"
    assert counts_later("main", replaced=True) == "in this push"


def test_what_is_said_of_the_rules() -> None:
    approved(HERE / "told_of_policy.txt", page(told_of_policy()))


def test_each_code_has_its_severity_and_title() -> None:
    lines = [f"{code} {severity}: {title}" for code, (severity, title) in CODES.items()]
    approved(HERE / "codes.txt", "\n".join(lines) + "\n")


# -- which findings count ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("select", "ignore", "code", "by"),
    [
        ((), (), "LB401", None),
        (("LB4",), (), "LB401", None),
        (("LB4",), (), "LB301", "settings"),
        (("LB4",), (), "LB107", None),
        ((), ("LB4",), "LB401", "settings"),
        ((), ("LB4",), "LB301", None),
        ((), ("LB1",), "LB107", None),
        ((), ("LB1",), "LB101", "settings"),
        ((), ("LB107",), "LB107", "settings"),
        (("LB4",), ("LB401",), "LB401", "settings"),
        (("LB4",), ("LB401",), "LB402", None),
    ],
)  # fmt: skip
def test_who_leaves_a_code_out(
    select: tuple[str, ...], ignore: tuple[str, ...], code: str, by: str | None
) -> None:
    assert CodeChoice(select, ignore).left_out_by(code) == by
    assert CodeChoice(select, ignore).wants(code) is (by is None)
    expected = None if by is None else "command line"
    assert CodeChoice(said=CodeChoice(select, ignore)).left_out_by(code) == expected


@pytest.mark.parametrize("code", ["LB106", "LB107", "LB108", "LB109", "LB112", "LB505"])
def test_what_was_not_looked_at_is_left_out_by_its_full_name_only(code: str) -> None:
    assert CodeChoice(("LB4",), (code[:4],)).wants(code)
    assert CodeChoice((), (code,)).left_out_by(code) == "settings"
    assert can_be_old(Finding(code, "")) is (code in ("LB106", "LB109"))


def test_severities_are_the_projects() -> None:
    choice = read_choice((), (), {"lb401": "error"})
    assert choice.graded(finding("LB401", "x")).severity == "error"
    assert choice.graded(finding("LB402", "x")).severity == "warning"


def test_choices_are_read_and_checked() -> None:
    assert read_choice(["lb4, LB301", ""], ["LB1,,"], {}) == CodeChoice(("LB4", "LB301"), ("LB1",))
    said = CodeChoice(("LB2",))
    assert read_choice(["LB4"], [], {}, said) == CodeChoice((), (), {}, said)
    assert read_choice(["LB4"], [], {}, CodeChoice(ignore=("LB2",))).select == ("LB4",)
    for words in (["QQ"], ["LB4,QQ "]):
        with pytest.raises(UsageError) as raised:
            read_choice(words, (), {})
        assert raised.value.message == "There is no code QQ"
        assert raised.value.hint == "Known: LB1, LB2, LB3, LB4, LB5 …"
    with pytest.raises(UsageError) as raised:
        read_choice((), ["LB4011"], {})
    assert raised.value.hint == "Known: LB401, LB501, LB405 …"
    with pytest.raises(UsageError) as raised:
        read_choice((), (), {"LB401": "loud"})
    assert raised.value.message == "severity of LB401 cannot be 'loud'"
    assert raised.value.hint == "allowed: error, warning, note"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a = 1", ()),
        (b"# lback: ignore[LB401] why", (("LB401", "why", 1),)),
        (b"\n#lback:ignore[lb401,LB402]\nx = 1 # lback: ignore[LB403] so it is \r\n",
         (("LB401", "", 2), ("LB402", "", 2), ("LB403", "so it is", 3))),
        (b"# lback: ignore[ , LB401 ,]\twhy", (("LB401", "why", 1),)),
        (b"# lback: ignore[LB401;] why", ()),
        (b"'# lback: ignore[LB401] why'", ()),
        (b"a = '''\n# lback: ignore[LB401] why\n'''\n# lback: ignore[LB402] x",
         (("LB402", "x", 4),)),
        (b"a = '\\'' # lback: ignore[LB401] why", (("LB401", "why", 1),)),
        (b"a\r\nb\rc\n# lback: ignore[LB401] \xe9", (("LB401", "�", 4),)),
        (b"# lback: ignore[LB401] a # lback: ignore[LB402] b",
         (("LB401", "a # lback: ignore[LB402] b", 1),)),
    ],
)  # fmt: skip
def test_comments(text: bytes, expected: tuple[tuple[str, str, int], ...]) -> None:
    assert comments_in(text) == tuple(Comment(*one) for one in expected)


def test_the_last_comment_of_a_code_counts() -> None:
    comments = [Comment("LB401", "a", 1), Comment("LB401", "b", 2), Comment("LB402", "", 2)]
    assert by_code(comments) == {"LB401": "b", "LB402": ""}


@pytest.mark.parametrize(
    ("code", "theirs", "own", "is_new", "expected"),
    [
        ("LB401", {}, {}, False, "counts"),
        ("LB401", {"LB401": "why"}, {}, False, "why"),
        ("LB402", {"LB401": "why"}, {}, False, "counts"),
        ("LB401", {"LB401": ""}, {}, False, "hinted"),
        ("LB401", {}, {"LB401": ""}, True, "hinted"),
        ("LB401", {}, {"LB401": "so"}, True, "so"),
        ("LB401", {}, {"LB401": "so"}, False, "hinted"),
        ("LB401", {"LB401": "why"}, {"LB401": "so"}, True, "why"),
        ("LB201", {}, {"LB201": "so"}, True, "hinted"),
        ("LB302", {}, {"LB302": "so"}, True, "so"),
        ("LB107", {"LB107": "why"}, {}, False, "counts"),
        ("LB112", {"LB112": "why"}, {"LB112": "so"}, True,
         "hinted"),
        ("LB109", {"LB109": "why"}, {}, False, "why"),
    ],
)  # fmt: skip
def test_a_comment_silences_by_its_reason(
    code: str, theirs: dict[str, str], own: dict[str, str], is_new: bool, expected: str
) -> None:
    one = finding(code, "x", "hint", path="a.py")
    comments = {"a.py": Comments(theirs, own, is_new)}
    kept, silenced = not_silenced([one, finding("LB401", "elsewhere")], comments)
    assert kept[-1].message == "elsewhere"
    if expected == "counts":
        assert (kept[:-1], silenced) == ([one], [])
    elif len(expected) < 4:
        assert (kept[:-1], silenced) == ([], [LeftOut(one, "comments", expected)])
    else:
        assert silenced == []
        assert kept[0]._replace(hint="") == one._replace(hint="")
        assert kept[0].hint.startswith(f"The comment that ignores {code} ")


@pytest.mark.parametrize("code", CODES)
def test_what_a_branch_may_silence_by_itself(code: str) -> None:
    assert may_be_silenced_by_its_branch(code, "error") is code.startswith("LB4")
    told_always = code in ("LB106", "LB107", "LB108", "LB109", "LB112", "LB505")
    assert may_be_silenced_by_its_branch(code, "warning") is not told_always


def test_a_fingerprint_stays_while_lines_move() -> None:
    one = finding("LB401", "x", path="v/a.py", line=3, revisions=("a", "b"), tables=("t", "u"))
    (name,) = fingerprints([one])
    assert name == "c9a2befea92c1dec90c75eb493a483c8"
    alike = [
        one._replace(line=9, message="y", hint="z", path="w/a.py"),
        one._replace(revisions=("b", "a"), tables=("u", "t")),
    ]
    assert fingerprints([one, *alike]) == [name, f"{name}-2", f"{name}-3"]
    other = [
        one._replace(code="LB402"),
        one._replace(path="v/b.py"),
        one._replace(revisions=("a",)),
        one._replace(tables=("t",)),
        one._replace(revisions=("a", "b", "t"), tables=("u",)),
        one._replace(revisions=("\udcff",)),
    ]
    assert len({name, *fingerprints(other)}) == 7


@pytest.mark.parametrize(
    ("severity", "fail_on", "expected"),
    [
        ("error", "error", True), ("warning", "error", False), ("note", "error", False),
        ("error", "warning", True), ("warning", "warning", True), ("note", "warning", False),
        ("error", "never", False),
    ],
)  # fmt: skip
def test_what_fails(severity: str, fail_on: str, expected: bool) -> None:
    one = finding("LB401", "x")._replace(severity=severity)  # type: ignore[arg-type]
    note = one._replace(severity="note")
    assert fails([note, one], fail_on) is expected  # type: ignore[arg-type]
    assert not fails([], fail_on)  # type: ignore[arg-type]


def test_a_long_report_is_cut_by_code() -> None:
    many = [finding("LB401", str(number)) for number in range(2002)]
    others = [finding("LB101", "x")] * 2000
    kept = shortened([*many, *others])
    assert kept[:2000] == many[:2000]
    assert kept[2000:4000] == others
    assert kept[4000:] == [
        Finding("LB401", "2 more findings of this kind are left out", severity="warning")
    ]
    assert shortened([*many[:2000]]) == many[:2000]
    assert shortened(many * 2)[2000].message.startswith("2,004 more")


def test_findings_are_arranged_by_severity_code_and_place() -> None:
    first = finding("LB101", "a", path="b.py")
    second = finding("LB401", "b", path="a.py", line=2)
    third = second._replace(path="b.py", line=1)
    fourth = third._replace(line=3)
    fifth = fourth._replace(message="c")
    sixth = finding("LB402", "a", path="a.py")
    note = finding("LB205", "a")
    order = [first, second, third, fourth, fifth, sixth, note]
    assert arranged([*reversed(order), *order]) == order


def test_a_baseline_lists_what_is_old() -> None:
    old = [finding("LB401", "b", path="b.py"), finding("LB101", "a", path="a.py")]
    blind = finding("LB108", "nothing was looked at")
    text = baseline_text([*old, blind])
    assert [line.rpartition(", ")[2] for line in text.splitlines()[1:-1]] == [
        '"message": "a"},',
        '"message": "b"}',
    ]
    listed = read_baseline("x", text.encode())
    new = finding("LB402", "c", path="b.py")
    assert without_old([*old, blind, new], listed) == ([blind, new], old)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"lback_baseline": 2, "findings": []}'])
def test_another_file_is_no_baseline(text: str) -> None:
    with pytest.raises(UsageError, match="x is not a baseline"):
        read_baseline("x", text.encode())
