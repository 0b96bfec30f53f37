"""Which core this process runs on: the compiled one, or Werkzeug's own Python code."""

from __future__ import annotations

import os
import types
import typing as t
import warnings

__all__ = ["CoreError", "CoreStatus", "CoreUnavailableWarning", "compiled", "core_status"]


class CoreStatus(t.NamedTuple):
    """What :func:`core_status` reports."""

    #: Whether the Rust core answers.
    compiled: bool
    #: Why it does, or why it does not.
    reason: str

    def __str__(self) -> str:
        return f"{'compiled' if self.compiled else 'pure'}: {self.reason}"


class CoreUnavailableWarning(RuntimeWarning):
    """The compiled core could not load, and nobody had asked for the pure mode."""


def _load() -> tuple[types.ModuleType | None, CoreStatus]:
    asked = os.environ.get("KOLBEN_PURE", "")
    if asked not in ("", "0"):
        return None, CoreStatus(False, f"KOLBEN_PURE={asked} is set")
    try:
        from . import _core  # noqa: PLC0415 - a failed import is an answer here
    except ImportError as error:
        reason = f"kolben._core does not load: {error}"
        warnings.warn(
            f"Kolben runs in its pure mode, several times slower: {reason}."
            " Set KOLBEN_PURE=1 to ask for this mode and silence the warning.",
            CoreUnavailableWarning,
            # Past this module and kolben/__init__.py, to whoever imports Kolben.
            stacklevel=4,
        )
        return None, CoreStatus(False, reason)
    return _core, CoreStatus(True, f"kolben._core {_core.__version__} is loaded")


#: The module ``kolben._core``, or ``None`` in the pure mode.
compiled, _status = _load()


if t.TYPE_CHECKING or compiled is None:

    class CoreError(RuntimeError):
        """A fault of the core, caught before it could do harm."""
else:
    CoreError = compiled.CoreError


def core_status() -> CoreStatus:
    """Say whether the compiled core answers in this process, and why."""
    return _status
