"""What each request is answered with."""

from __future__ import annotations


def answer(number: int) -> str:
    """The answer to a request: long enough to be cut, and like no other."""
    return f"{number}:" + f"{number:08d}" * 300
