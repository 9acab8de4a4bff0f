"""The pre-commit framework's variables as git's arguments and input."""

from __future__ import annotations

import pytest

from lback.vcs.environment import framework_call

PUSHED = {
    "PRE_COMMIT_REMOTE_NAME": "origin",
    "PRE_COMMIT_REMOTE_URL": "url",
    "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/x",
    "PRE_COMMIT_TO_REF": "new",
    "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main",
    "PRE_COMMIT_FROM_REF": "old",
}


@pytest.mark.parametrize(
    ("hook", "environ", "expected"),
    [
        ("pre-commit", {}, ((), "")),
        ("post-merge", {"PRE_COMMIT_IS_SQUASH_MERGE": "1"}, (("1",), "")),
        ("post-rewrite", {"PRE_COMMIT_REWRITE_COMMAND": "rebase"}, (("rebase",), "")),
        (
            "post-checkout",
            {
                "PRE_COMMIT_FROM_REF": "a",
                "PRE_COMMIT_TO_REF": "b",
                "PRE_COMMIT_CHECKOUT_TYPE": "1",
            },
            (("a", "b", "1"), ""),
        ),
        ("pre-push", PUSHED, (("origin", "url"), "refs/heads/x new refs/heads/main old\n")),
        ("post-merge", {}, None),
    ],
)
def test_the_call(
    hook: str, environ: dict[str, str], expected: tuple[tuple[str, ...], str] | None
) -> None:
    assert framework_call(hook, {**environ, "PRE_COMMIT": "1"}) == expected
    assert framework_call(hook, environ) is None
