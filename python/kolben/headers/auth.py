"""``Authorization`` and ``WWW-Authenticate``."""

from __future__ import annotations

import contextlib
import copyreg
import typing as t

from werkzeug.datastructures import auth

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

__all__ = ["Authorization", "WWWAuthenticate"]


if t.TYPE_CHECKING or compiled is None:

    class _AuthorizationCore:
        """What stands before Werkzeug's class in the pure mode: nothing."""
else:
    _AuthorizationCore = compiled.AuthorizationCore


class Authorization(_AuthorizationCore, auth.Authorization):
    """The credentials of a request, read and written by the core."""

    if compiled is not None and not t.TYPE_CHECKING:
        # Python would add one that knows nothing of the core's fields.
        __dict__ = vars(compiled.AuthorizationCore)["__dict__"]

        def __getstate__(self) -> t.Any:
            slots = {}
            for name in copyreg._slotnames(type(self)):
                with contextlib.suppress(AttributeError):
                    slots[name] = object.__getattribute__(self, name)
            state = self.__dict__ or None
            return (state, slots) if slots else state


if compiled is not None:
    compiled.hold_authorization(Authorization)


class WWWAuthenticate(auth.WWWAuthenticate):
    """The challenge of a response, read and written by the core."""

    if compiled is not None and not t.TYPE_CHECKING:
        from_header = classmethod(compiled.parse_challenge)
