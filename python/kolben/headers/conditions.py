"""Entity tags and ranges: what makes a request conditional or partial."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from werkzeug import http
from werkzeug.datastructures import ContentRange, ETags, IfRange, Range

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds
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

# Werkzeug's own, held here: a test may put ours in its place.
_parse_range_header = http.parse_range_header

generate_etag = http.generate_etag
is_byte_range_valid = http.is_byte_range_valid
quote_etag = http.quote_etag

#: As many ranges as one header may ask for; the core has the same number.
_MOST_RANGES = 100


def _parse_few_ranges(value: str | None, make_inclusive: bool = True) -> Range | None:
    if value and value.count(",") >= _MOST_RANGES:
        return None
    return _parse_range_header(value, make_inclusive)


# Where the core gives the very value, its functions stand here themselves.
_source: t.Any = compiled or http
parse_etags: t.Callable[[str | None], ETags] = _source.parse_etags
parse_if_range_header: t.Callable[[str | None], IfRange] = _source.parse_if_range_header
parse_content_range_header: t.Callable[..., ContentRange | None]
parse_content_range_header = _source.parse_content_range_header
parse_range_header: t.Callable[..., Range | None]
parse_range_header = _parse_few_ranges if compiled is None else compiled.parse_range_header

if t.TYPE_CHECKING:
    from werkzeug.http import unquote_etag
else:
    unquote_etag = _source.unquote_etag


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
