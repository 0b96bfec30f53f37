"""Entity tags and ranges: what makes a request conditional or partial."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from werkzeug import http
from werkzeug.datastructures import ContentRange, ETags, IfRange, Range
from werkzeug.sansio import http as sansio_http

from ..core import compiled
from .dates import parse_date

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = [
    "generate_etag",
    "is_byte_range_valid",
    "is_resource_modified",
    "parse_content_range_header",
    "parse_etags",
    "parse_if_range_header",
    "parse_range_header",
    "quote_etag",
    "unquote_etag",
]

# Werkzeug's own, held here: a test may put ours in their place.
_parse_etags = http.parse_etags
_parse_range_header = http.parse_range_header
_parse_content_range_header = http.parse_content_range_header
_is_resource_modified = sansio_http.is_resource_modified

generate_etag = http.generate_etag
is_byte_range_valid = http.is_byte_range_valid
quote_etag = http.quote_etag
unquote_etag = http.unquote_etag

#: As many ranges as one header may ask for; the core has the same number.
_MOST_RANGES = 100
_ETAGS_INIT = ETags.__init__
_RANGE_INIT = Range.__init__
_CONTENT_RANGE_INIT = ContentRange.__init__
_CONTENT_RANGE_SET = ContentRange.set
_new_object = object.__new__


def parse_etags(value: str | None) -> ETags:
    """Parse ``If-Match`` or ``If-None-Match``."""
    if not value:
        return ETags()
    if value == "*":
        return ETags(star_tag=True)
    if compiled is None or ETags.__init__ is not _ETAGS_INIT:
        return _parse_etags(value)
    result = _new_object(ETags)
    result._strong, result._weak = compiled.etags(value)
    result.star_tag = False
    return result


def parse_if_range_header(value: str | None) -> IfRange:
    """Parse ``If-Range``, which is a date or an entity tag."""
    if not value:
        return IfRange()
    date = parse_date(value)
    if date is not None:
        return IfRange(date=date)
    return IfRange(unquote_etag(value)[0])


def parse_range_header(value: str | None, make_inclusive: bool = True) -> Range | None:
    """Parse ``Range``, ``None`` if it is malformed or, unlike Werkzeug, has over 100 ranges.

    :param value: the header.
    :param make_inclusive: without effect, as in Werkzeug.
    """
    if not value:
        return None
    if compiled is not None:
        found = compiled.read_range(value)
        if found is None:
            return None
        if found is not NotImplemented:
            if Range.__init__ is _RANGE_INIT:
                result = _new_object(Range)
                result.units, result.ranges = found
                return result
            return Range(*found)
    elif value.count(",") >= _MOST_RANGES:
        return None
    return _parse_range_header(value, make_inclusive)


def parse_content_range_header(
    value: str | None, on_update: t.Callable[[ContentRange], None] | None = None
) -> ContentRange | None:
    """Parse ``Content-Range``, ``None`` if it is malformed.

    :param value: the header.
    :param on_update: called with the result at once and whenever that changes.
    """
    if value is None:
        return None
    if compiled is not None:
        found = compiled.read_content_range(value)
        if found is None:
            return None
        if found is not NotImplemented:
            units, start, stop, length = found
            return ContentRange(units, start, stop, length, on_update)
    return _parse_content_range_header(value, on_update)


def is_resource_modified(
    environ: WSGIEnvironment,
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: datetime | str | None = None,
    ignore_if_range: bool = True,
) -> bool:
    """Say whether a conditional request must be answered in full.

    :param environ: the request's.
    :param etag: the entity tag of what would be sent.
    :param data: what would be sent, to compute the tag from.
    :param last_modified: when that last changed.
    :param ignore_if_range: disregard ``If-Range``.
    """
    get = environ.get
    return is_modified(
        get("HTTP_RANGE"),
        get("HTTP_IF_RANGE"),
        get("HTTP_IF_MODIFIED_SINCE"),
        get("HTTP_IF_NONE_MATCH"),
        get("HTTP_IF_MATCH"),
        etag,
        data,
        last_modified,
        ignore_if_range,
    )


def is_modified(
    http_range: str | None = None,
    http_if_range: str | None = None,
    http_if_modified_since: str | None = None,
    http_if_none_match: str | None = None,
    http_if_match: str | None = None,
    etag: str | None = None,
    data: bytes | None = None,
    last_modified: datetime | str | None = None,
    ignore_if_range: bool = True,
) -> bool:
    """Say the same from the headers; ``werkzeug.sansio.http.is_resource_modified``."""
    if data is not None:
        if etag is not None:
            raise TypeError("both data and etag given")
        etag = quote_etag(generate_etag(data))
    if_range = None
    if not ignore_if_range and http_range is not None:
        if_range = parse_if_range_header(http_if_range)
    unmodified = False
    if isinstance(last_modified, str):
        last_modified = parse_date(last_modified)
    if last_modified is not None:
        since = if_range.date if if_range is not None else None
        if since is None:
            since = parse_date(http_if_modified_since)
        unmodified = since is not None and _in_utc(last_modified.replace(microsecond=0)) <= since
    if not etag:
        return not unmodified
    tag = unquote_etag(etag)[0]
    if if_range is not None and if_range.etag is not None:
        return if_range.etag != tag
    if none_match := parse_etags(http_if_none_match):
        # RFC 9110, 13.1.2: weak comparison.
        unmodified = none_match.contains_weak(tag)
    if match := parse_etags(http_if_match):
        # RFC 9110, 13.1.1: strong comparison.
        unmodified = not match.is_strong(tag)
    return not unmodified


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)
