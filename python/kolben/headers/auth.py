"""``Authorization`` and ``WWW-Authenticate``."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import auth

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

__all__ = ["Authorization", "WWWAuthenticate"]


class Authorization(auth.Authorization):
    """The credentials of a request, read and written by the core."""

    if compiled is not None and not t.TYPE_CHECKING:
        from_header = classmethod(compiled.parse_authorization)


class WWWAuthenticate(auth.WWWAuthenticate):
    """The challenge of a response, read and written by the core."""

    if compiled is not None and not t.TYPE_CHECKING:
        from_header = classmethod(compiled.parse_challenge)
