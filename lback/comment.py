"""Posts the report of a check below a pull or merge request: one comment, found and updated.

`python -m lback.comment github|gitlab FILE` with FILE from `lback check --format markdown`. Where
and as whom comes from the variables that the CI sets, see docs/ci.md.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib import error, parse, request

from lback.core.display import visible
from lback.formats.markdown import MARK
from lback.secrets import KNOWN

_PAGE = 100
_PAGES = 100
_NOT_OURS = (401, 403, 404, 410)  # somebody else's, or gone by now
_LONGEST = 60_000  # GitHub takes 65,536 characters
_SECONDS = 30


class Refused(Exception):
    """Why there is no comment, in one line; with the status that the API answered, if it did."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class CommentPlace:
    """The comments of one request: where they are listed, where one is changed, and how."""

    comments: str
    comment: str
    headers: Mapping[str, str]
    change: str


def github(environ: Mapping[str, str]) -> CommentPlace:
    """Return the comments of a pull request on GitHub."""
    api = environ.get("GITHUB_API_URL") or "https://api.github.com"
    repository = f"{api}/repos/{_needed(environ, 'GITHUB_REPOSITORY')}/issues"
    number = _number(environ, "LBACK_PULL_REQUEST")
    headers = {
        "Authorization": f"Bearer {_needed(environ, 'GITHUB_TOKEN')}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return CommentPlace(
        f"{repository}/{number}/comments", f"{repository}/comments", headers, "PATCH"
    )


def gitlab(environ: Mapping[str, str]) -> CommentPlace:
    """Return the notes of a merge request on GitLab."""
    # A pipeline of a fork runs in the fork, and the request is one of the project it goes to.
    target = "CI_MERGE_REQUEST_PROJECT_ID"
    project = _needed(environ, target if environ.get(target) else "CI_PROJECT_ID")
    api = _needed(environ, "CI_API_V4_URL")
    number = _number(environ, "CI_MERGE_REQUEST_IID")
    notes = f"{api}/projects/{parse.quote(project, safe='')}/merge_requests/{number}/notes"
    headers = {"PRIVATE-TOKEN": _needed(environ, "LBACK_GITLAB_TOKEN")}
    return CommentPlace(notes, notes, headers, "PUT")


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip()  # a token is often saved with the end of its line
    if not value:
        raise Refused(f"the variable {name} is not set")
    if not value.isprintable() or " " in value:
        raise Refused(f"the variable {name} holds a space or a line break")
    return value


def _number(environ: Mapping[str, str], name: str) -> str:
    value = _needed(environ, name)
    if not value.isdecimal():
        raise Refused(f"the variable {name} is no number")
    return value


def publish(place: CommentPlace, body: str) -> str:
    """Update the comment that begins with our mark, or post a first one; say which."""
    body = _fitted(body if body.startswith(MARK) else f"{MARK}\n{body}")
    known = [
        comment for comment in _comments(place) if str(comment.get("body") or "").startswith(MARK)
    ]
    # Somebody may have written one that looks like ours; that of the CI's own account comes first.
    known.sort(key=lambda row: (row.get("user") or {}).get("type") != "Bot")
    for row in known:
        try:
            _call(place, place.change, f"{place.comment}/{row['id']}", {"body": body})
        except Refused as err:
            if err.status not in _NOT_OURS:
                raise
        else:
            return "updated the comment"
    _call(place, "POST", place.comments, {"body": body})
    return "posted a comment"


def _comments(place: CommentPlace) -> Iterator[Mapping[str, Any]]:
    for page in range(1, _PAGES + 1):
        rows = _call(place, "GET", f"{place.comments}?per_page={_PAGE}&page={page}")
        if not isinstance(rows, list):
            raise Refused("the answer is not a list of comments")
        for row in rows:
            if isinstance(row, dict) and isinstance(row.get("id"), int):
                yield row
        if len(rows) < _PAGE:
            return
    raise Refused(f"there are more than {_PAGE * _PAGES} comments")


def _fitted(body: str) -> str:
    # GitLab obeys a line of a note that begins with a slash, such as `/merge`.
    body = re.sub(r"^/", "&#47;", body, flags=re.MULTILINE)
    if len(body) <= _LONGEST:
        return body
    kept = body[:_LONGEST].rpartition("\n")[0]
    fences = sum(line.startswith("```") for line in kept.split("\n"))
    return kept + ("\n```" if fences % 2 else "") + "\n\n… the rest is in the job's log."


class _NoRedirect(request.HTTPRedirectHandler):
    """Follows nobody elsewhere: the token is for this address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _call(place: CommentPlace, method: str, url: str, data: Mapping[str, str] | None = None) -> Any:
    if not url.startswith(("https://", "http://")):
        raise Refused("the address of the API is not one of the web")
    sent = json.dumps(data).encode() if data is not None else None
    headers = {**place.headers, "Content-Type": "application/json", "User-Agent": "lback"}
    try:
        asked = request.Request(url, data=sent, headers=headers, method=method)
        with request.build_opener(_NoRedirect).open(asked, timeout=_SECONDS) as answer:
            return json.loads(answer.read() or b"null")
    except error.HTTPError as err:
        err.close()
        raise Refused(f"{method} was answered with {err.code} {err.reason}", err.code) from None
    except (OSError, ValueError, HTTPException) as err:
        raise Refused(f"{method} failed: {err}") from None


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Post a file; 0 when it is there, 3 when not, 2 when called wrongly."""
    places = {"github": github, "gitlab": gitlab}
    if len(arguments) != 2 or arguments[0] not in places:
        sys.stderr.write("usage: python -m lback.comment github|gitlab FILE\n")
        return 2
    try:
        body = Path(arguments[1]).read_text(encoding="utf-8")
        said = publish(places[arguments[0]](environ), body)
    except (Refused, OSError, UnicodeError) as err:
        sys.stderr.write(f"lback: no comment: {visible(KNOWN.redact(str(err)))}\n")
        return 3
    sys.stdout.write(f"lback: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
