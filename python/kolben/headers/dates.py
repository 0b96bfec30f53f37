"""Dates and ages."""

from __future__ import annotations

import typing as t
from time import time

from werkzeug import http

from ..core import compiled

if t.TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from time import struct_time

__all__ = ["dump_age", "http_date", "parse_age", "parse_date"]

# Werkzeug's own, held here: a test may put ours in their place.
_parse_date = http.parse_date
_http_date = http.http_date
_parse_age = http.parse_age

dump_age = http.dump_age


def parse_date(value: str | None) -> datetime | None:
    """Parse a date as mail and HTTP write it into an aware datetime, ``None`` if it is none.

    :param value: the text; without a zone it is in UTC.
    """
    if value is None:
        return None
    if compiled is not None:
        found = compiled.read_date(value)
        if found is not NotImplemented:
            return t.cast("datetime | None", found)
    return _parse_date(value)


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


def parse_age(value: str | None = None) -> timedelta | None:
    """Parse a count of seconds, ``None`` if it is none or negative."""
    if compiled is not None and value:
        found = compiled.read_age(value)
        if found is not NotImplemented:
            return t.cast("timedelta", found)
    return _parse_age(value)
