"""Whether this process is about to end.

A worker of ``kolben serve`` says so when it is told to stop; ``/readyz`` asks.
"""

from __future__ import annotations

import threading

__all__ = ["begin", "draining"]

_draining = threading.Event()


def begin() -> None:
    """Say that this process takes no new work for long."""
    _draining.set()


def draining() -> bool:
    """Say whether it does not."""
    return _draining.is_set()
