"""Requests and responses: Werkzeug's classes, read from the core on first use.

A :class:`Request` keeps the environ and computes everything else when it is read. Where this
differs from Werkzeug on purpose: a request reads the environ when an attribute is first used, not
when it is made; a status line with CR, LF or NUL raises :exc:`ValueError`.
"""

from __future__ import annotations

from .request import Request
from .response import Response

__all__ = ["Request", "Response"]
