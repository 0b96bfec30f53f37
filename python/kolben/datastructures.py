"""Headers: Werkzeug's classes with the core's look-ups before them.

Where this differs from Werkzeug on purpose: a header name or value that holds CR, LF or NUL raises
:exc:`ValueError`, because each of them can end a header early on its way to the client.
"""

from __future__ import annotations

import re
import typing as t
from operator import itemgetter

from werkzeug import datastructures as _werkzeug

from .core import compiled
from .headers import dump_options_header

if t.TYPE_CHECKING:
    import collections.abc as cabc

__all__ = ["EnvironHeaders", "Headers"]

_ends_a_line = re.compile(r"[\r\n\0]").search


def _checked_name(name: t.Any) -> t.Any:
    if isinstance(name, str) and _ends_a_line(name) is not None:
        raise ValueError(f"Header names must not contain newline or NUL characters: {name!r}")
    return name


def _checked_value(value: t.Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if _ends_a_line(text) is not None:
        raise ValueError("Header values must not contain newline characters or NUL.")
    return text


def _with_parameters(value: str, parameters: dict[str, t.Any]) -> str:
    return dump_options_header(
        value, {name.replace("_", "-"): parameter for name, parameter in parameters.items()}
    )


class _CheckedHeaders(_werkzeug.Headers):
    """Werkzeug's headers, which check names and NUL as well."""

    def add(self, key: str, value: t.Any, /, **kwargs: t.Any) -> None:
        if kwargs:
            value = _with_parameters(value, kwargs)
        super().add(_checked_name(key), _checked_value(value))

    def set(self, key: str, value: t.Any, /, **kwargs: t.Any) -> None:
        if kwargs:
            value = _with_parameters(value, kwargs)
        super().set(_checked_name(key), _checked_value(value))

    def __setitem__(self, key: t.Any, value: t.Any) -> None:
        if isinstance(key, str):
            self.set(key, value)
        elif isinstance(key, int):
            self._list[key] = _checked_name(value[0]), _checked_value(value[1])
        else:
            self._list[key] = [(_checked_name(name), _checked_value(text)) for name, text in value]

    def items(self, lower: bool = False) -> cabc.Iterator[tuple[str, str]]:
        """Iterate over the pairs, with the names in lower case if asked."""
        if lower:
            return ((name.lower(), value) for name, value in self)
        return iter(self)

    def keys(self, lower: bool = False) -> cabc.Iterator[str]:
        """Iterate over the names, a name once per header."""
        return map(itemgetter(0), self.items(lower))

    def values(self) -> cabc.Iterator[str]:
        """Iterate over the values."""
        return map(itemgetter(1), self.items())

    def __eq__(self, other: object) -> bool:
        mine, theirs = type(self), type(other)
        # COMPAT: equal needs one class; Kolben's and Werkzeug's own count as one
        # (tests/unit/test_datastructures.py::test_equals_werkzeugs_own_headers).
        if mine is not theirs and not (mine is Headers and theirs is _werkzeug.Headers):
            return NotImplemented
        return _folded(self._list) == _folded(t.cast("Headers", other)._list)

    __hash__ = None


def _folded(entries: list[tuple[str, str]]) -> set[tuple[str, ...]]:
    return {(entry[0].lower(), *entry[1:]) for entry in entries}


if t.TYPE_CHECKING or compiled is None:

    class _HeadersCore:
        """What stands before Werkzeug's class in the pure mode: nothing."""

    class _EnvironHeadersCore:
        """What stands before Werkzeug's class in the pure mode: nothing."""
else:
    _HeadersCore = compiled.HeadersCore
    _EnvironHeadersCore = compiled.EnvironHeadersCore


class Headers(_HeadersCore, _CheckedHeaders):
    """Headers in order, names in any case, any number of each.

    A :class:`werkzeug.datastructures.Headers` in every respect, except that CR, LF and NUL raise
    :exc:`ValueError` in names as in values.

    :param defaults: Headers, a mapping or pairs to begin with.
    """


class EnvironHeaders(  # type: ignore[misc]
    _EnvironHeadersCore, _werkzeug.EnvironHeaders, Headers
):
    """The headers of a WSGI environ: a live, read-only view.

    :param environ: The environ to read.
    """
