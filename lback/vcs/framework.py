"""What the pre-commit framework tells a hook, said again in git's own way."""

from __future__ import annotations

from collections.abc import Mapping

_ARGUMENTS = {
    "post-merge": ("PRE_COMMIT_IS_SQUASH_MERGE",),
    "post-checkout": (
        "PRE_COMMIT_FROM_REF",
        "PRE_COMMIT_TO_REF",
        "PRE_COMMIT_CHECKOUT_TYPE",
    ),
    "post-rewrite": ("PRE_COMMIT_REWRITE_COMMAND",),
    "pre-push": ("PRE_COMMIT_REMOTE_NAME", "PRE_COMMIT_REMOTE_URL"),
}
_PUSHED = (
    "PRE_COMMIT_LOCAL_BRANCH",
    "PRE_COMMIT_TO_REF",
    "PRE_COMMIT_REMOTE_BRANCH",
    "PRE_COMMIT_FROM_REF",
)


def framework_call(hook: str, environ: Mapping[str, str]) -> tuple[tuple[str, ...], str] | None:
    """Return the arguments and the standard input that git gave to the framework.

    None where the framework did not start this, or has not said enough. It passes
    on neither: it has variables (https://pre-commit.com/#hook-environment-variables).
    For `post-rewrite` the input stays empty, since the framework drops it; for
    `pre-push` it is one line: of several refs the framework picks one, and of a new
    branch it names the first commit that the remote has instead of zeros.
    """
    if environ.get("PRE_COMMIT") != "1":
        return None
    names = _ARGUMENTS.get(hook, ())
    pushed = _PUSHED if hook == "pre-push" else ()
    if any(name not in environ for name in (*names, *pushed)):
        return None
    given = " ".join(environ[name] for name in pushed)
    return tuple(environ[name] for name in names), f"{given}\n" if given else ""
