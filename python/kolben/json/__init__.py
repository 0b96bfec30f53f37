"""JSON as the current app reads and writes it; without an app, as the standard library does."""

from __future__ import annotations

import json as _json
import typing as t

from ..globals import current_app
from .provider import _default, _read

if t.TYPE_CHECKING:
    from ..wrappers import Response

__all__ = ["dump", "dumps", "jsonify", "load", "loads"]


def dumps(obj: t.Any, **kwargs: t.Any) -> str:
    """Write a value as JSON.

    :param obj: The value.
    :param kwargs: For the app's provider, or for :func:`json.dumps`.
    """
    if current_app:
        return current_app.json.dumps(obj, **kwargs)
    return _json.dumps(obj, **{"default": _default, **kwargs})


def dump(obj: t.Any, fp: t.IO[str], **kwargs: t.Any) -> None:
    """Write a value as JSON into a file.

    :param obj: The value.
    :param fp: The file, open for text.
    :param kwargs: For the app's provider, or for :func:`json.dump`.
    """
    if current_app:
        current_app.json.dump(obj, fp, **kwargs)
    else:
        _json.dump(obj, fp, **{"default": _default, **kwargs})


def loads(s: str | bytes, **kwargs: t.Any) -> t.Any:
    """Read a value from JSON.

    :param s: The JSON.
    :param kwargs: For the app's provider, or for :func:`json.loads`.
    """
    if current_app:
        return current_app.json.loads(s, **kwargs)
    return _read(_json.loads, s, kwargs)


def load(fp: t.IO[t.AnyStr], **kwargs: t.Any) -> t.Any:
    """Read a value from JSON in a file.

    :param fp: The file.
    :param kwargs: For the app's provider, or for :func:`json.load`.
    """
    if current_app:
        return current_app.json.load(fp, **kwargs)
    return _read(_json.load, fp, kwargs)


def jsonify(*args: t.Any, **kwargs: t.Any) -> Response:
    """Make a JSON response of one value, of several as a list, or of keywords as an object.

    It needs a current app, whose provider makes the response. A view that returns a dict or a
    list does not need it.

    :param args: The value or values; none stands for ``None``.
    :param kwargs: An object, in place of values.
    """
    return current_app.json.response(*args, **kwargs)
