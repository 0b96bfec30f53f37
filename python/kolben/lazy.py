"""Attributes that are computed when they are first read."""

from __future__ import annotations

import typing as t

from .core import compiled

__all__ = ["lazy"]


class _PlainLazy:
    """An attribute that is computed when it is first read, then kept in the instance.

    It has no ``__set__``: what is kept, or assigned, is read without coming here again.
    """

    def __init__(self, function: t.Callable[[t.Any], t.Any]) -> None:
        self.fget = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __get__(self, instance: t.Any, owner: type | None = None) -> t.Any:
        if instance is None:
            return self
        # A subclass may have a descriptor of its own in front, which comes here every time.
        own = instance.__dict__
        if self.__name__ in own:
            return own[self.__name__]
        value = own[self.__name__] = self.fget(instance)
        return value


if t.TYPE_CHECKING:
    from werkzeug.utils import cached_property as lazy
else:
    lazy = _PlainLazy if compiled is None else compiled.Lazy
