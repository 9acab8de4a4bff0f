"""Policy comes from the base: what a branch changes of the rules is named, and does not count."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lback.cli.terminal import render as render_text
from lback.core.checks.report import CheckResult
from lback.errors import UsageError
from lback.formats.render import render
from lback.formats.style import Style
from tests.check.team import Team, content
from tests.reports import checked
from tests.worlds.texts import VERSIONS

INI = "[alembic]\nscript_location = {}\n"
REASON = "because I say so"


@pytest.fixture
def forked(team: Team) -> Team:
    """Return a clone on `mine`, whose c3 drops a table and forks from main's d4."""
    team.branch("mine")
    team.write(f"{VERSIONS}/c3.py", content("c3", "b2", "op.drop_table('users')", "pass"))
    team.commit()
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    team.git("checkout", "-q", "mine")
    return team


def settings(team: Team, text: str, name: str = "pyproject.toml") -> None:
    team.write(name, text)
    team.commit("Settings")


def on_main(team: Team, text: str, name: str = "pyproject.toml") -> None:
    """Give main settings that the branch has from there."""
    team.git("checkout", "-q", "-b", "begin", "main~1")
    settings(team, text, name)
    for branch in ("main", "mine"):
        team.git("rebase", "-q", "begin", branch)


def copy(team: Team, folder: str, old: str = "", new: str = "") -> None:
    for name in ("a1", "b2"):
        text = (team.path / VERSIONS / f"{name}.py").read_text()
        team.write(f"{folder}/versions/{name}.py", text.replace(old, new) if old else text)


def changes(result: CheckResult) -> list[str]:
    return [
        f"{one.path}:{one.line} {one.message}" for one in result.findings if one.code == "LB112"
    ]


def errors(result: CheckResult) -> list[str]:
    return [one.code for one in result.findings if one.severity == "error"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('ignore = ["LB102"]', "`ignore` of [tool.lback] from none to LB102"),
        ('select = ["LB4"]', "`select` of [tool.lback] from none to LB4"),
        ('severity = { LB102 = "note" }', "`severity` of [tool.lback] from none to LB102=note"),
        ('heads = ["c3", "d4"]', "`heads` of [tool.lback] from none to c3, d4"),
        ('ignore_folders = ["x"]', "`ignore_folders` of [tool.lback] from none to x"),
        ('upstream = "mine"', "`upstream` of [tool.lback] from none to mine"),
        ('wrappers = { f = "drop" }', "`wrappers` of [tool.lback] from none to f=drop"),
        ('big_tables = ["users"]', "`big_tables` of [tool.lback] from none to users"),
        ('models = ["nothing.py"]', "`models` of [tool.lback] from none to nothing.py"),
    ],
)  # fmt: skip
def test_settings_of_the_branch_do_not_count(forked: Team, line: str, told: str) -> None:
    for name, text in (
        ("pyproject.toml", f"[project]\nname = 'x'\n\n[tool.lback]\n{line}\n"),
        ("pyproject.toml", f"tool.lback.{line}\n"),
    ):
        settings(forked, text, name)
        for at in ("worktree", "index", "mine", forked.git("rev-parse", "HEAD")):
            result = forked.check(at=at, against="main")
            assert errors(result) == ["LB102"], (at, result.findings)
            number = text.count("\n")
            assert changes(result) == [f"pyproject.toml:{number} the branch changes {told}"]
        assert result.exit_code == 1


def test_settings_in_an_ini(forked: Team) -> None:
    settings(forked, INI.format("migrations") + "[lback]\nignore = LB102\n", "alembic.ini")
    result = forked.check(against="main")
    assert errors(result) == ["LB102"]
    told = "the branch changes `ignore` of [tool.lback] from none to LB102"
    assert changes(result) == [f"alembic.ini:4 {told}"]


def test_what_says_how_commands_work_is_not_told(forked: Team) -> None:
    settings(forked, '[tool.lback]\non_fork = "tell"\nledger = false\napp = "a:b"\n')
    assert changes(forked.check(against="main")) == []


def test_settings_of_main_count_whatever_the_branch_makes_of_them(forked: Team) -> None:
    on_main(forked, '[tool.lback]\nignore = ["LB401"]\nseverity = { LB402 = "error" }\n')
    assert changes(forked.check(against="main")) == []
    settings(forked, '[tool.lback]\nseverity = { LB401 = "error" }\n')
    result = forked.check(against="main")
    assert errors(result) == ["LB102", "LB402"]
    assert result.data["left_out"] == {
        "settings": 1, "command_line": 0, "comments": 0, "baseline": 0
    }  # fmt: skip
    assert len(changes(result)) == 2
    assert "from LB401 to none" in changes(result)[0]
    forked.git("rm", "-q", "pyproject.toml")
    forked.commit()
    result = forked.check(against="main")
    assert errors(result) == ["LB102", "LB402"] and len(changes(result)) == 2


def test_settings_that_main_has_changed_meanwhile_are_not_the_branchs(forked: Team) -> None:
    forked.git("checkout", "-q", "main")
    settings(forked, '[tool.lback]\nignore = ["LB4"]\n')
    forked.git("checkout", "-q", "mine")
    result = forked.check(against="main")
    assert changes(result) == []
    assert result.data["left_out"]["settings"] == 2


def test_without_a_branch_to_judge_by_the_trees_own_settings_hold(forked: Team) -> None:
    settings(forked, '[tool.lback]\nignore = ["LB102", "LB4"]\n')
    result = forked.check()
    assert (list(result.findings), result.data["left_out"]["settings"]) == ([], 3)


def test_the_callers_word_counts(forked: Team) -> None:
    result = forked.check(against="main", ignore="LB102")
    assert errors(result) == [] and result.data["left_out"]["command_line"] == 1
    result = forked.check(against="main", select="LB4")
    assert errors(result) == [] and result.data["left_out"]["command_line"] == 1
    settings(forked, '[tool.lback]\nignore = ["LB112"]\nselect = ["LB2"]\n')
    assert len(changes(forked.check(against="main", select="LB4"))) == 2
    assert changes(forked.check(against="main", ignore="LB112")) == []


def test_nothing_that_the_branch_brings_silences_the_note(forked: Team) -> None:
    text = f"# lback: ignore[LB112] {REASON}\n[tool.lback]\nignore = ['LB112']\n"
    settings(forked, text + "severity = { LB112 = 'note' }\n")
    forked.edit("c3", "import op", f"import op  # lback: ignore[LB112] {REASON}")
    forked.commit()
    assert len(changes(forked.check(against="main"))) == 3


def test_comments_in_a_new_file(forked: Team) -> None:
    codes = "LB102, LB401, LB402, LB101, LB301"
    forked.edit("c3", "import op", f"import op  # lback: ignore[{codes}] {REASON}")
    forked.commit()
    result = forked.check(against="main")
    assert errors(result) == ["LB102"]
    assert "does not count" in result.findings[0].hint
    assert result.data["left_out"]["comments"] == 2
    [told] = changes(result)
    assert told.startswith(f"{VERSIONS}/c3.py:2 ") and codes in told and REASON in told


def test_comments_in_a_published_file(forked: Team) -> None:
    forked.edit("b2", "import op", f"import op  # lback: ignore[LB201] {REASON}\nX = 1")
    forked.git("mv", f"{VERSIONS}/b2.py", f"{VERSIONS}/b2_renamed.py")
    forked.commit()
    result = forked.check(against="main")
    assert errors(result) == ["LB102", "LB201"]
    assert "does not count until main has it" in next(
        one.hint for one in result.findings if one.code == "LB112"
    )


def test_comments_of_main_count(team: Team) -> None:
    team.edit("b2", "import op", "import op  # lback: ignore[LB201] fixed by hand everywhere")
    team.commit()
    team.branch("mine")
    team.edit("b2", "sa.Integer", "sa.BigInteger")
    team.commit()
    result = team.check(against="main")
    assert (errors(result), changes(result)) == ([], [])
    assert result.data["left_out"]["comments"] == 1
    # Taken away by the branch, it counts all the same; the other way round it does not.
    team.edit("b2", "  # lback: ignore[LB201] fixed by hand everywhere", "")
    team.commit()
    assert errors(team.check(against="main")) == []
    team.git("checkout", "-q", "main")
    team.edit("b2", "  # lback: ignore[LB201] fixed by hand everywhere", "")
    team.commit()
    assert errors(team.check(at="mine", against="main")) == ["LB201"]


def test_the_places_move_and_the_fork_stays_behind(forked: Team) -> None:
    """A clean copy where the branch's configuration looks, and the fork where main's does."""
    copy(forked, "clean")
    settings(forked, INI.format("clean"), "alembic.ini")
    result = forked.check(against="main")
    assert "LB102" in errors(result), result.findings
    told = "the branch changes `script_location` of [tool.alembic] from migrations to clean"
    assert changes(result) == [f"alembic.ini:2 {told}"]


def test_the_places_move_to_nothing(team: Team) -> None:
    team.branch("mine")
    team.write("empty/versions/.keep", "")
    settings(team, INI.format("empty"), "alembic.ini")
    result = team.check(against="main")
    assert set(errors(result)) == {"LB107", "LB202"}
    assert len(changes(result)) == 1


def test_the_places_move_to_edited_copies(team: Team) -> None:
    team.branch("mine")
    copy(team, "db", "sa.Integer", "sa.BigInteger")
    settings(team, INI.format("db"), "alembic.ini")
    assert {"LB104", "LB201"} <= set(errors(team.check(against="main")))


def test_a_move_of_everything_is_only_told(team: Team) -> None:
    team.branch("mine")
    team.git("mv", "migrations", "db")
    settings(team, INI.format("db"), "alembic.ini")
    result = team.check(against="main")
    assert [one.code for one in result.findings] == ["LB112", "LB205", "LB205"]


def test_another_configuration_file_comes_first(team: Team) -> None:
    """Main is configured by its pyproject.toml; the branch adds an ini that Alembic prefers."""
    toml = "[tool.alembic]\nscript_location = 'migrations'\n"
    team.git("rm", "-q", "alembic.ini")
    settings(team, toml)
    team.branch("mine")
    team.write("empty/versions/.keep", "")
    settings(team, INI.format("empty"), "alembic.ini")
    result = team.check(against="main")
    assert "LB202" in errors(result)
    assert "from migrations to empty" in changes(result)[0]


def test_version_locations_and_subfolders(forked: Team) -> None:
    forked.write("more/x.py", "")
    more = f"version_locations = {VERSIONS} more\nrecursive_version_locations = true\n"
    settings(forked, INI.format("migrations") + more, "alembic.ini")
    told = changes(forked.check(against="main"))
    assert told == [
        f"alembic.ini:3 the branch changes `version_locations` of [tool.alembic] from none to "
        f"{VERSIONS}, more",
        "alembic.ini:4 the branch changes `recursive_version_locations` of [tool.alembic] "
        "from false to true",
    ]


def test_a_configuration_that_is_gone(team: Team, tmp_path: Path) -> None:
    team.branch("mine")
    team.git("rm", "-q", "alembic.ini")
    team.commit()
    team.git("checkout", "-q", "main")
    result = team.check(at="mine", against="main")
    assert errors(result) == ["LB112"] and "is missing at mine" in changes(result)[0]
    bare = team.clone(tmp_path / "bare.git", "--bare")
    assert errors(bare.check(at="mine", against="main")) == ["LB112"]


def test_a_configuration_that_cannot_be_read(team: Team, tmp_path: Path) -> None:
    team.branch("mine")
    settings(team, "[tool.lback\n")
    team.git("checkout", "-q", "main")
    bare = team.clone(tmp_path / "bare.git", "--bare")
    for place in (team, bare):
        result = place.check(at="mine", against="main")
        assert errors(result) == ["LB112"]
        assert "pyproject.toml" in changes(result)[0] and "not valid TOML" in changes(result)[0]
    # Main itself has it, and the branch repairs it: the defaults hold.
    team.git("merge", "-q", "mine")
    team.branch("repair")
    settings(team, '[tool.lback]\nignore = ["LB102"]\n')
    team.add("e5", "a1")
    result = team.check(against="main")
    assert errors(result) == ["LB101", "LB102"] or errors(result) == ["LB101"]
    assert any("the defaults hold" in one for one in changes(result))


def test_settings_of_main_that_mean_nothing(forked: Team) -> None:
    on_main(forked, '[tool.lback]\nignore = ["LB999"]\n')
    result = forked.check(against="main")
    assert errors(result) == ["LB102"]
    assert "LB999" in changes(result)[0]


def test_main_has_no_project_yet(team: Team) -> None:
    team.git("checkout", "-q", "--orphan", "fresh")
    team.git("rm", "-rfq", ".")
    team.write("README", "new")
    team.commit()
    team.branch("mine", "fresh")
    team.write("alembic.ini", INI.format("migrations"))
    team.write("pyproject.toml", '[tool.lback]\nignore = ["LB101"]\n')
    team.revision("a1")
    team.revision("b2", "a1")
    team.revision("c3", "a1")
    team.commit()
    result = team.check(against="fresh")
    assert errors(result) == ["LB101"]
    assert changes(result) == [
        "pyproject.toml:2 the branch changes `ignore` of [tool.lback] from none to LB101"
    ]


def test_a_configuration_that_git_does_not_have_is_the_callers(forked: Team) -> None:
    forked.git("checkout", "-q", "main")
    forked.git("rm", "-q", "--cached", "alembic.ini")
    forked.write(".gitignore", "alembic.ini\npyproject.toml\n")
    forked.commit()
    forked.git("checkout", "-q", "mine", "--force")
    forked.git("rm", "-q", "--cached", "alembic.ini")
    forked.write(".gitignore", "alembic.ini\npyproject.toml\n")
    forked.commit()
    forked.write("alembic.ini", INI.format("migrations"))
    forked.write("pyproject.toml", '[tool.lback]\nignore = ["LB102"]\n')
    result = forked.check(against="main")
    assert (errors(result), changes(result)) == ([], [])
    assert result.data["left_out"]["settings"] == 1


def test_the_branch_to_judge_by_is_not_here(forked: Team, tmp_path: Path) -> None:
    text = '[tool.lback]\nignore = ["LB108"]\nseverity = { LB108 = "note" }\n'
    settings(forked, text)
    clone = forked.clone(tmp_path / "clone", "--depth", "1", "--branch", "mine")
    result = clone.check(against="origin/main")
    assert errors(result) == ["LB108"] and result.exit_code == 1


def test_a_baseline_of_the_branch(forked: Team) -> None:
    forked.check(against="main", baseline=str(forked.path / "old.json"), write_baseline=True)
    wishes = {"against": "main", "baseline": str(forked.path / "old.json")}
    assert errors(forked.check(**wishes)) == []  # git has none of it: the caller's own
    forked.commit()
    result = forked.check(**wishes)
    assert errors(result) == ["LB102"]
    assert changes(result) == [
        "old.json:1 the branch changes the baseline: 3 findings added, 0 removed"
    ]
    forked.git("checkout", "-q", "main")
    forked.git("checkout", "mine", "--", "old.json")
    forked.commit()
    forked.git("checkout", "-q", "mine")
    result = forked.check(**wishes)
    assert (errors(result), changes(result)) == ([], [])
    assert result.data["left_out"]["baseline"] == 3


@pytest.mark.parametrize("known", [True, False])
def test_a_link_of_the_branch_in_place_of_the_baseline(
    forked: Team, tmp_path: Path, known: bool
) -> None:
    """What lies outside of git may come with a submodule or a build of the branch's."""
    outside = tmp_path / "list.json"
    forked.check(against="main", baseline=str(outside), write_baseline=True)
    place = forked.path / "ci" / "old.json"
    if known:
        forked.git("checkout", "-q", "main")
        forked.write("ci/old.json", '{"lback_baseline": 1, "findings": []}')
        forked.commit()
        forked.git("checkout", "-q", "mine")
    place.parent.mkdir()
    place.symlink_to(outside)
    forked.commit()
    assert errors(forked.check(against="main", baseline=str(place))) == ["LB102"]
    if not known:
        forked.git("rm", "-q", "ci/old.json")
        (forked.path / "ci").symlink_to(tmp_path)
        forked.commit()
        again = forked.check(against="main", baseline=str(forked.path / "ci" / "list.json"))
        assert errors(again) == ["LB102"]
        assert errors(forked.check(against="main", baseline=str(outside))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "is missing at worktree"), ("[alembic", "alembic.ini:1: the file is not a valid")],
)
def test_a_branch_that_leaves_no_configuration(forked: Team, text: str | None, said: str) -> None:
    forked.git("rm", "-q", "alembic.ini")
    if text is not None:
        forked.write("alembic.ini", text)
    forked.commit()
    with pytest.raises(UsageError):
        forked.check()
    with pytest.raises(UsageError):
        forked.check(against="nowhere")
    result = forked.check(against="main")
    assert errors(result) == ["LB102", "LB112"] and result.exit_code == 1
    assert any(said in one.message for one in result.findings)


def test_several_environments(team: Team) -> None:
    team.write("two/alembic.ini", INI.format("migrations"))
    team.write("two/migrations/versions/x1.py", content("x1", None, "pass"))
    team.commit()
    team.branch("mine")
    team.write("two/migrations/versions/x2.py", content("x2", "x1", "op.drop_table('t')"))
    settings(team, "[tool.lback]\nignore = ['LB4']\n", "two/pyproject.toml")
    result = Team(team.path / "two").check(against="main")
    assert "LB402" in [one.code for one in result.findings]
    assert changes(result)[0].startswith("two/pyproject.toml:2 ")
    assert changes(team.check(against="main")) == []
    # A new section of one ini is a new project: what lback is told beside it is main's.
    settings(
        team, INI.format("migrations") + "[two]\nscript_location = two/migrations\n", "alembic.ini"
    )
    assert team.codes(against="main", options={"name": "two"}) == ["LB402"]


def test_siblings_are_judged_by_main_as_well(forked: Team) -> None:
    forked.branch("other", "main~1")
    forked.add("e5", "b2")
    forked.git("checkout", "-q", "mine")
    settings(forked, '[tool.lback]\nheads = ["c3", "d4", "e5"]\nignore = ["LB302"]\n')
    codes = forked.codes(against="main", siblings=True)
    assert codes.count("LB302") == 1


@pytest.fixture
def all_at_once(forked: Team) -> Team:
    """A branch that tries everything, against a main that leaves out LB401 and has a baseline."""
    forked.git("checkout", "-q", "main")
    forked.write("pyproject.toml", '[tool.lback]\nignore = ["LB401"]\n')
    forked.commit()
    forked.git("checkout", "-q", "mine")
    copy(forked, "clean")
    forked.write("alembic.ini", INI.format("clean"))
    forked.write("pyproject.toml", '[tool.lback]\nselect = ["LB5"]\nheads = ["c3", "d4"]\n')
    forked.edit("c3", "import op", f"import op  # lback: ignore[LB402,LB102] {REASON}")
    forked.commit()
    return forked


FORMS = ("text", "concise", "json", "github", "gitlab", "sarif", "junit", "markdown")


def told(result: CheckResult, form: str) -> str:
    if form == "text":
        return "\n".join(render_text(result, Style()))
    return json.dumps(checked(result)) if form == "json" else render(result, form)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_names_and_counts(all_at_once: Team, form: str, tmp_path: Path) -> None:
    baseline = tmp_path / "old.json"
    result = all_at_once.check(against="main")
    assert "LB102" in errors(result) and result.exit_code == 1
    all_at_once.check(against="main", baseline=str(baseline), write_baseline=True)
    data = json.loads(baseline.read_text())
    data["findings"] = data["findings"][:1]
    baseline.write_text(json.dumps(data))
    result = all_at_once.check(against="main", baseline=str(baseline))
    counts = result.data["left_out"]
    assert counts["settings"] and counts["comments"] and counts["baseline"]
    text = told(result, form)
    for word in ("script_location", "select", "heads", "LB402"):
        assert word in text.replace("&#95;", "_"), (word, text)
    if form == "json":
        assert json.loads(text)["data"]["left_out"] == counts
    elif form == "junit":
        rows = ElementTree.fromstring(text).iter("property")
        assert {row.get("name"): row.get("value") for row in rows} == {
            f"left_out.{by}": str(number) for by, number in counts.items()
        }
    else:
        for by, words in (
            ("settings", "by settings"),
            ("comments", "by comments"),
            ("baseline", "by the baseline"),
        ):
            assert f"{counts[by]} {words}" in text
    if form == "sarif":
        assert json.loads(text)["runs"][0]["properties"]["leftOut"] == counts


def test_an_unknown_branch_is_wrong_usage(team: Team) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        team.check(against="main", policy="nowhere")


def label(team: Team, name: str, text: str) -> None:
    path = team.path / VERSIONS / f"{name}.py"
    path.write_text(path.read_text().replace("labels = None", f"labels = ({text!r},)"))
    team.commit(f"Label {name}")


def test_a_label_of_the_branch_is_no_leave_to_fork(team: Team, tmp_path: Path) -> None:
    team.branch("mine")
    team.add("c3", "a1")
    label(team, "c3", "apart")
    result = team.check(against="main")
    assert errors(result) == ["LB101"]
    assert changes(result)[0].startswith(f"{VERSIONS}/c3.py:")
    assert "the branch adds the branch label apart on c3" in changes(result)[0]
    assert team.check().exit_code == 0  # by its own word
    # Declared in main first, it counts.
    team.git("checkout", "-q", "main")
    settings(team, '[tool.lback]\nheads = ["apart"]\n')
    assert errors(team.check(at="mine", against="main")) == []


def test_a_line_of_its_own_may_have_a_label(team: Team) -> None:
    team.branch("mine")
    team.add("x1")
    label(team, "x1", "apart")
    result = team.check(against="main")
    assert errors(result) == [] and "branch label apart on x1" in changes(result)[0]
    team.git("checkout", "-q", "main")
    team.git("merge", "-q", "mine")
    team.branch("next")
    team.add("x2", "x1")
    assert team.codes(against="main") == []
