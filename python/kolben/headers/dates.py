"""Dates and ages."""

from __future__ import annotations

import typing as t
from time import time

from werkzeug import http

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

if t.TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from time import struct_time

__all__ = ["dump_age", "http_date", "parse_age", "parse_date"]

# Werkzeug's own, held here: a test may put ours in its place.
_http_date = http.http_date

dump_age = http.dump_age

# Where the core gives the very value, its functions stand here themselves.
_source: t.Any = compiled or http
parse_age: t.Callable[..., timedelta | None] = _source.parse_age
parse_date: t.Callable[[str | None], datetime | None] = _source.parse_date


def http_date(
    timestamp: datetime | date | int | float | struct_time | None = None,
) -> str:
    """Write a date as HTTP has it.

    :param timestamp: the date, by default the present. A naive datetime is in UTC, and a plain
        date is its midnight.
    """
    if compiled is not None:
        found = compiled.write_date(time() if timestamp is None else timestamp)
        if found is not None:
            return t.cast("str", found)
    return _http_date(timestamp)
