"""Kolben: Flask's API on a Rust core."""

from __future__ import annotations

from .core import CoreStatus as CoreStatus
from .core import CoreUnavailableWarning as CoreUnavailableWarning
from .core import core_status as core_status


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - takes milliseconds to import

        return version("kolben")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
