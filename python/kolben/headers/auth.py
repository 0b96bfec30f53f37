"""``Authorization`` and ``WWW-Authenticate``."""

from __future__ import annotations

import typing as t

from werkzeug.datastructures import CallbackDict, auth

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

if t.TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Authorization", "WWWAuthenticate"]


_INIT = auth.WWWAuthenticate.__init__
_SETATTR = auth.WWWAuthenticate.__setattr__
_new_object = object.__new__


class Authorization(auth.Authorization):
    """The credentials of a request, read and written by the core."""

    if compiled is not None and not t.TYPE_CHECKING:
        from_header = classmethod(compiled.parse_authorization)


class WWWAuthenticate(auth.WWWAuthenticate):
    """The challenge of a response, read and written by the core."""

    @classmethod
    def from_header(cls, value: str | None) -> Self | None:
        """Parse ``WWW-Authenticate``, ``None`` if it is empty."""
        if not value or compiled is None:
            return super().from_header(value)
        scheme, parameters, token = compiled.credentials(value)
        if cls.__init__ is not _INIT or cls.__setattr__ is not _SETATTR:
            return cls(scheme, parameters, token)
        # PERF: bench www-authenticate; the attributes go past __setattr__, which is slow.
        result = _new_object(cls)
        changing: t.Any = CallbackDict(parameters, lambda _: result._trigger_on_update())
        vars(result).update(_type=scheme, _parameters=changing, _token=token, _on_update=None)
        return result
