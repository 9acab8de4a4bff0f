"""What is said of a question that nobody answers."""

from __future__ import annotations

from lback.errors import LbackError


def unanswered(question: str, option: str) -> LbackError:
    """Say which option answers a question that could not be asked."""
    return LbackError(
        f"A question needs an answer and there is no terminal to ask on: {question}",
        f"answer it with {option}",
    )
