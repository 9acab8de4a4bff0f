"""Heads that labels keep apart, where a label is a constant of another module of the project."""

from __future__ import annotations

import json

from tests.forks.shop import Shop
from tests.worlds.texts import VERSIONS, creates, revision

CONSTANTS = "migrations/branches.py"


def labelled(shop: Shop, name: str, label: str, *change: str) -> None:
    text = revision(name, ("s1",), *change)
    header = f"from migrations import branches\nbranch_labels = {label}\n\ndef upgrade"
    shop.write(f"{VERSIONS}/{name}.py", text.replace("def upgrade", header, 1))


def two_lines(shop: Shop, constants: str) -> None:
    shop.write(CONSTANTS, constants)
    labelled(shop, "e1", "branches.EXPAND", *creates("orders"))
    labelled(shop, "c1", "(branches.CONTRACT,)", *creates("coupons"))
    shop.git("add", "-A")
    shop.git("commit", "-q", "--no-verify", "-m", "Two lines")


def test_they_are_read_as_what_they_are(shop: Shop) -> None:
    two_lines(shop, 'EXPAND = "expand"\nCONTRACT = "contract"\n')
    heads = json.loads(shop.lback("heads", "--json"))["data"]["heads"]
    assert {head["revision"]: head["branch_labels"] for head in heads} == {
        "c1": ["contract"],
        "e1": ["expand"],
    }
    assert "nothing found" in shop.lback("check")
    assert "apart by design" in shop.lback("merge")
    shop.lback("hooks", "install")
    assert "merge" not in shop.lback("hook", "post-merge", "0")
    shop.lback("migrate", "expand@head")
    assert shop.stamp() == ["e1"]
    # The constant is no revision file, and still it decides.
    shop.write(CONSTANTS, "import os\nEXPAND = CONTRACT = os.environ.get('LABEL')\n")
    assert "LB101" in shop.lback("heads")
    assert "expand" in shop.lback("heads", "--at", "HEAD")


def test_what_only_running_would_tell_is_no_fork_and_no_peace(shop: Shop) -> None:
    two_lines(shop, "import os\nEXPAND = CONTRACT = os.environ.get('LABEL')\n")
    before = shop.git("rev-parse", "HEAD")
    told = shop.lback("check", code=1)
    assert "LB101" in told
    assert "c1 and e1 may be apart by design: `branch_labels` of c1 is computed" in told
    for verb in ("merge", "resolve", "rebase"):
        told = shop.lback(verb, code=3)
        assert f"`branch_labels` of c1 is computed ({VERSIONS}/c1.py:" in told
        assert "Write the label of c1 as a plain string." in told
    shop.lback("hooks", "install")
    assert "may be apart by design" in shop.lback("hook", "post-merge", "0")
    assert shop.git("status", "--porcelain") == ""
    assert shop.git("rev-parse", "HEAD") == before
    assert "wrote and staged" in shop.lback("merge", "--force")
