"""Copies of a template for tests: the next one is made while the test before runs."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy.engine import URL

from lback.db.templates.building import Template
from lback.errors import LbackError


class Copies:
    """Gives a copy at a time, and takes it back to drop it; a server is at work meanwhile.

    Files are copied when they are asked for: that takes less than to hand it on.
    """

    def __init__(self, template: Template) -> None:
        self.template = template
        self._at_once = template.url.get_backend_name() == "sqlite"
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="lback-copies")
        self._next: Future[URL] | None = None

    def take(self) -> URL:
        """Return a fresh copy; LbackError where none could be made."""
        if self._at_once:
            return self.template.copy()
        ready = self._next or self._worker.submit(self.template.copy)
        self._next = None
        url = ready.result()
        self._next = self._worker.submit(self.template.copy)
        return url

    def give_back(self, url: URL) -> None:
        """Drop a copy, sooner or later."""
        if self._at_once:
            self.template.drop(url)
        else:
            self._worker.submit(self._drop, url)

    def _drop(self, url: URL) -> None:
        with suppress(LbackError):  # what is left is pruned
            self.template.drop(url)

    def close(self) -> None:
        """Drop what nobody took, and wait for all."""
        left, self._next = self._next, None
        if left is not None:
            with suppress(LbackError):
                self.give_back(left.result())
        self._worker.shutdown()
