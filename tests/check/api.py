"""A small API of comments on 127.0.0.1, as GitHub's and GitLab's are."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Comments:
    """What the server has, and which requests it has got."""

    url: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    token: str = ""
    refuses: bool = False
    locked: set[int] = field(default_factory=set)


@contextmanager
def serving() -> Iterator[Comments]:
    """Serve until the end of the block."""
    comments = Comments()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

        def answer(self, code: int, data: object) -> None:
            body = json.dumps(data).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle_any(self) -> None:
            comments.asked.append((self.command, self.path))
            given = json.loads(
                self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}"
            )
            token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN")
            if comments.refuses or token != comments.token:
                return self.answer(403, {"message": "Resource not accessible by integration"})
            url = urlsplit(self.path)
            if self.command == "GET":
                query = parse_qs(url.query)
                size, page = int(query["per_page"][0]), int(query["page"][0])
                return self.answer(200, comments.rows[(page - 1) * size : page * size])
            if self.command == "POST":
                row = {"id": len(comments.rows) + 1, **given, "user": {"type": "Bot"}}
                comments.rows.append(row)
                return self.answer(201, row)
            found = re.search(r"/(\d+)$", url.path)
            assert found
            row = next(one for one in comments.rows if one["id"] == int(found[1]))
            if row["id"] in comments.locked:
                return self.answer(403, {"message": "403 Forbidden"})
            row.update(given)
            return self.answer(200, row)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    comments.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield comments
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
