"""Every format is what its readers expect, whatever a branch calls its files."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import junitparser
import pytest
import sarif_om
from jsonschema import Draft7Validator

from lback.cli.terminal import render as render_text
from lback.core.checks.findings import CODES
from lback.core.checks.report import CheckResult
from lback.formats.render import render
from lback.formats.style import Style
from tests.check.schemas import SARIF, stored
from tests.check.team import Team, content
from tests.worlds.texts import VERSIONS

ROOT = Path(__file__).parents[2]
# Alembic takes no file with a line break in its name, but any folder.
HOSTILE = 'x"\n::error file=pwned::owned\n<b>|`@all` ]]> %0A,\udcff/e.py'
FORMATS = ("concise", "github", "gitlab", "sarif", "junit", "markdown")


@pytest.fixture
def forked(team: Team) -> Team:
    team.branch("mine")
    text = content("c3", "b2", "op.drop_table('users')", "pass")
    team.write(f"{VERSIONS}/c3.py", text)
    team.write(f"{VERSIONS}/none.py", "down_revision = compute()\n")
    team.commit()
    team.git("checkout", "-q", "main")
    team.add("d4", "b2")
    team.git("checkout", "-q", "mine")
    return team


@pytest.fixture
def result(forked: Team) -> CheckResult:
    found = forked.check(against="main", describe=True)
    assert {one.severity for one in found.findings} == {"error", "warning"}
    return found


@pytest.fixture
def hostile(team: Team) -> CheckResult:
    """A branch whose author wants to speak in the name of the checker."""
    team.branch("mine")
    recursive = "recursive_version_locations = true\n"
    team.write("alembic.ini", f"[alembic]\nscript_location = migrations\n{recursive}")
    header = 'revision = "c3\\n::error::pwned"\ndown_revision = "a1"\n'
    team.write(f"{VERSIONS}/{HOSTILE}", header)
    team.write(f"{VERSIONS}/::warning::d.py", 'revision = compute("\x1b[31m")\n')
    team.git("add", "-A")
    team.git("commit", "-q", "-m", "Evil")
    found = team.check(against="main")
    assert {"LB101", "LB106"} <= {one.code for one in found.findings}
    assert any("\n" in one.path for one in found.findings)
    return found


def test_the_schema_would_refuse_what_is_wrong(result: CheckResult) -> None:
    data = json.loads(render(result, "sarif"))
    data["runs"][0]["results"][0]["level"] = "fatal"
    assert list(Draft7Validator(stored(SARIF)).iter_errors(data))


def test_clean_reports_are_valid(team: Team) -> None:
    clean = team.check()
    assert json.loads(render(clean, "gitlab")) == []
    assert sarif(render(clean, "sarif")).runs[0]["results"] == []
    assert junit(render(clean, "junit")).failures == 0
    assert "✓ nothing found" in render(clean, "markdown")
    assert render(clean, "github") == "lback check: ✓ nothing found"


def test_github(result: CheckResult) -> None:
    *commands, last = render(result, "github").split("\n")
    assert len(commands) == len(result.findings)
    assert last.startswith("lback check: ✗ ")
    for one, command in zip(result.findings, commands, strict=True):
        kind, properties, data = parsed(command)
        assert kind == one.severity
        assert properties["title"] == f"{one.code} {CODES[one.code][1]}"
        assert properties.get("file", "") == one.path
        assert data.startswith(one.message)


def test_github_lets_nobody_else_speak(hostile: CheckResult) -> None:
    lines = render(hostile, "github").split("\n")
    assert len(lines) == len(hostile.findings) + 1
    for one, command in zip(hostile.findings, lines[:-1], strict=True):
        _, properties, _ = parsed(command)
        assert set(properties) <= {"file", "line", "title"}
        assert properties.get("file", "") == shown(one.path)


def test_concise(result: CheckResult) -> None:
    """What vim's default errorformat and every editor's problem matcher jump to."""
    *lines, last = render(result, "concise").split("\n")
    assert len(lines) == len(result.findings)
    assert last.startswith("lback check: ✗ ")
    for one, line in zip(result.findings, lines, strict=True):
        found = re.fullmatch(r"(.+?):(\d+):(\d+): (LB\d{3}) (.+)", line)
        assert found, line
        assert found[1] == (one.path or ".") and found[4] == one.code
        assert int(found[2]) == (one.line or 1) and found[3] == "1"


def test_concise_is_a_line_a_finding_whatever_its_name(hostile: CheckResult) -> None:
    lines = render(hostile, "concise").split("\n")
    assert len(lines) == len(hostile.findings) + 1
    assert not any("\x1b" in line for line in lines)


def parsed(command: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner does (ActionCommand.TryParseV2)."""
    found = re.fullmatch(r"::(\w+) ([^:]*(?:(?!::):[^:]*)*)::(.*)", command)
    assert found, command
    pairs = [pair.split("=", 1) for pair in found[2].split(",")]
    return found[1], {name: unescaped(value) for name, value in pairs}, unescaped(found[3])


def unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def shown(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@pytest.mark.parametrize("which", ["result", "hostile"])
def test_gitlab(which: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(which)
    rows = json.loads(render(found, "gitlab"))
    assert len(rows) == len(found.findings)
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    for one, row in zip(found.findings, rows, strict=True):
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert all(isinstance(row[key], str) and row[key] for key in set(row) - {"location"})
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["path"] == (shown(one.path) or ".")
        assert row["location"]["lines"]["begin"] >= 1


@pytest.mark.parametrize("which", ["result", "hostile"])
def test_sarif(which: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(which)
    run = sarif(render(found, "sarif")).runs[0]
    assert len(run["results"]) == len(found.findings)
    for one, row in zip(found.findings, run["results"], strict=True):
        assert run["tool"]["driver"]["rules"][row["ruleIndex"]]["id"] == row["ruleId"] == one.code
        assert row["level"] in {"error", "warning", "note"}
        for place in row.get("locations", ()):
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert not re.search(r'[\s"<>:\\]', uri)
            assert unquote_to_bytes(uri) == os.fsencode(one.path)


@pytest.mark.parametrize("which", ["result", "hostile"])
def test_what_code_scanning_asks_of_sarif(which: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(which)
    run = json.loads(render(found, "sarif"))["runs"][0]
    driver = run["tool"]["driver"]
    home = re.search(r'^Source = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert home is not None and driver["informationUri"] == home[1]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", driver["semanticVersion"])
    for rule in driver["rules"]:
        assert rule["helpUri"].startswith(home[1])
        assert rule["helpUri"].endswith(f"/docs/checks/{rule['id']}.md")
        for key in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[key]["text"]) <= 1024 and rule[key]["text"][-1] in ".:!?"
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}: ")
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
    marks = [row["partialFingerprints"] for row in run["results"]]
    assert len({mark["lback/v1"] for mark in marks}) == len(marks)
    assert len({mark["primaryLocationLineHash"] for mark in marks}) == len(marks)
    for row in run["results"]:
        [place] = row["locations"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert place["physicalLocation"]["artifactLocation"]["uri"]


def test_a_finding_without_a_place_is_about_the_configuration(team: Team) -> None:
    found = team.check(against="1234567890" * 4)
    assert [one.path for one in found.findings] == [""]
    [row] = json.loads(render(found, "sarif"))["runs"][0]["results"]
    place = row["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "alembic.ini" and place["region"]["startLine"] == 1


# Which class of the object model a property holds; the others are plain values.
_CLASSES: dict[str, Any] = {
    "runs": sarif_om.Run,
    "tool": sarif_om.Tool,
    "driver": sarif_om.ToolComponent,
    "rules": sarif_om.ReportingDescriptor,
    "results": sarif_om.Result,
    "message": sarif_om.Message,
    "locations": sarif_om.Location,
    "physicalLocation": sarif_om.PhysicalLocation,
    "artifactLocation": sarif_om.ArtifactLocation,
    "region": sarif_om.Region,
    "shortDescription": sarif_om.MultiformatMessageString,
    "help": sarif_om.MultiformatMessageString,
    "defaultConfiguration": sarif_om.ReportingConfiguration,
}


def sarif(text: str) -> Any:
    """Build the log from the classes of the standard's object model, which know every key."""
    data = json.loads(text)
    assert data["version"] == "2.1.0" and data["$schema"] == SARIF
    errors = [error.message for error in Draft7Validator(stored(SARIF)).iter_errors(data)]
    assert errors == []
    return built(sarif_om.SarifLog, data)


def built(kind: Any, data: dict[str, Any]) -> Any:
    names = {}
    for field in kind.__attrs_attrs__:
        names[field.metadata["schema_property_name"]] = field.name
    values = {}
    for key, value in data.items():
        assert key in names, f"{kind.__name__} has no {key}"
        if key in _CLASSES:
            for one in value if isinstance(value, list) else [value]:
                built(_CLASSES[key], one)
        values[names[key]] = value
    return kind(**values)


@pytest.mark.parametrize("which", ["result", "hostile"])
def test_junit(which: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(which)
    suite = junit(render(found, "junit"))
    errors = [one for one in found.findings if one.severity == "error"]
    assert suite.failures == len({one.code for one in errors})
    assert suite.tests == len(list(suite))
    run = {code for code in CODES if code >= "LB5"}
    assert [case.name[:5] for case in suite] == sorted(set(CODES) - run)
    for one in found.findings:
        [case] = [case for case in suite if case.name.startswith(one.code)]
        assert case.name == f"{one.code} {CODES[one.code][1]}"


# What junit-10.xsd of Jenkins' xunit plugin allows; no package ships the file itself.
_JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "skipped": (set(), set()),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"skipped", "errors", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def fits(node: ElementTree.Element) -> bool:
    attributes, children = _JUNIT[node.tag]
    return (
        set(node.attrib) <= attributes
        and {child.tag for child in node} <= children
        and all(map(fits, node))
    )


def junit(text: str) -> Any:
    assert fits(ElementTree.fromstring(text.encode()))
    xml = junitparser.JUnitXml.fromfile(io.BytesIO(text.encode()))
    [suite] = list(xml)
    assert (xml.tests, xml.failures) == (suite.tests, suite.failures)
    return suite


def test_markdown(result: CheckResult) -> None:
    text = render(result, "markdown")
    assert text.startswith("<!-- lback check -->\n### Migrations: ✗ ")
    assert "<code>lback rebase</code>" in text
    assert '["c3"]:::here' not in text  # it has a message
    assert ":::here" in text and ":::there" in text and ":::both" in text


def test_markdown_says_what_the_branch_does_and_whom_it_meets(forked: Team) -> None:
    forked.git("checkout", "-q", "-b", "other", "main~1")
    drop = "op.add_column('users', sa.Column('x', sa.Integer))"
    forked.write(f"{VERSIONS}/e5.py", content("e5", "b2", drop, "pass"))
    forked.commit()
    forked.git("checkout", "-q", "mine")
    text = render(forked.check(against="main", siblings=True, describe=True), "markdown")
    assert "- <code>c3</code>" in text
    assert "  - 🗑️ <code>drop table users</code>" in text
    _, _, met = text.partition("#### Other open branches on the same tables")
    assert "- <code>other</code> (Ada" in met


def test_the_verdict_stands_above_whatever_is_too_long(result: CheckResult) -> None:
    [first, *_] = result.findings
    findings = tuple(first._replace(message="long " * 400) for _ in range(60))
    text = render(replace(result, findings=findings), "markdown")
    assert text.startswith("<!-- lback check -->\n### Migrations: ✗ ")
    assert len(text) < 60_000 and "would be 2 heads" in text


def test_what_a_revision_does_is_read_where_it_is_shown(forked: Team) -> None:
    assert forked.check(against="main").new == ()
    assert [row.revision for row in forked.check(against="main", describe=True).new] == ["c3"]


def test_markdown_is_a_comment_that_a_forge_takes(result: CheckResult) -> None:
    [row] = result.new
    many = replace(result, new=tuple(replace(row, doc="long " * 200) for _ in range(60)))
    text = render(many, "markdown")
    assert len(text) < 60_000
    assert text.endswith("The rest is too long for a comment; `lback check` prints it.")
    assert "```mermaid" in text


def test_markdown_of_a_hostile_branch(hostile: CheckResult) -> None:
    text = render(hostile, "markdown").split("```mermaid")[0]
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert len(rows) == len(hostile.findings) + 1
    for row in rows:
        assert row.count("|") == 5
        assert "@all" not in row and "<b>" not in row and "`" not in row


def test_a_hostile_branch_on_a_terminal(hostile: CheckResult) -> None:
    for line in render_text(hostile, Style()):
        assert line.isprintable()
        assert not line.lstrip().startswith("::")


@pytest.mark.parametrize("form", FORMATS)
def test_no_line_of_a_log_is_a_command_of_the_branch(hostile: CheckResult, form: str) -> None:
    lines = [line.lstrip() for line in render(hostile, form).split("\n")]
    titles = tuple(f"title={one.code}" for one in hostile.findings)
    ours = [line for line in lines if line.startswith("::")]
    assert all(any(title in line for title in titles) for line in ours)
    assert len(ours) == (len(hostile.findings) if form == "github" else 0)


@pytest.mark.parametrize("form", FORMATS)
def test_any_encoder_takes_it(hostile: CheckResult, form: str) -> None:
    render(hostile, form).encode("utf-8")


def test_pages_of_all_codes() -> None:
    folder = Path(__file__).parents[2] / "docs" / "checks"
    for code, (_, title) in CODES.items():
        page = (folder / f"{code}.md").read_text()
        assert page.startswith(f"# {code}: {title}\n"), code
        assert "**Fix:**" in page, code
