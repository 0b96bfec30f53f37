"""``Authorization`` and ``WWW-Authenticate``."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import auth

from ..core import compiled

if t.TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Authorization", "WWWAuthenticate"]


class Authorization(auth.Authorization):
    """The credentials of a request, read and written by the core."""

    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Parse ``Authorization``, ``None`` if it is empty or malformed."""
        if value and compiled is not None:
            found = compiled.credentials(value, True)
            if found is not None:
                return cls(*found)
        return super().from_header(value)


class WWWAuthenticate(auth.WWWAuthenticate):
    """The challenge of a response, read and written by the core."""

    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Parse ``WWW-Authenticate``, ``None`` if it is empty."""
        if value and compiled is not None:
            return cls(*compiled.credentials(value, False))
        return super().from_header(value)
