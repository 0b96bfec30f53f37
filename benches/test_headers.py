"""Header parsing and writing, Kolben beside Werkzeug."""

from __future__ import annotations

import datetime
import typing as t
from urllib.parse import parse_qsl

import pytest
from werkzeug import datastructures, http, urls
from werkzeug.sansio import utils as sansio_utils

from kolben import headers

BROWSER_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)
DIGEST = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html",'
    " algorithm=SHA-256, nonce=7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v, nc=00000001,"
    ' cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth,'
    ' response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"'
)
DATE = datetime.datetime(2026, 11, 20, 12, 30, 15, tzinfo=datetime.timezone.utc)


def cookies(count: int) -> str:
    """A cookie header such as analytics and sessions make it."""
    return "; ".join(f"name{index}=GA1.2.{index}94857.1700000{index}" for index in range(count))


def query(count: int) -> str:
    """A query string with some escapes."""
    return "&".join(f"field{index}=some+value%20{index}%C3%A9" for index in range(count))


def parse_query(text: str) -> datastructures.MultiDict[str, str]:
    """What Werkzeug does for `request.args`."""
    pairs = parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote")
    return datastructures.ImmutableMultiDict(pairs)


def kolben_query(text: str) -> datastructures.MultiDict[str, str]:
    """The same in Kolben."""
    return headers.parse_query(text, datastructures.ImmutableMultiDict)


def both(name: str, *arguments: t.Any, source: t.Any = http, **options: t.Any) -> tuple[t.Any, ...]:
    """A case of a function that both have under one name."""
    ours, theirs = getattr(headers, name), getattr(source, name)
    return ours, theirs, arguments, options


MIME = datastructures.MIMEAccept
RESPONSE_CACHE = datastructures.ResponseCacheControl
CASES: dict[str, tuple[t.Any, ...]] = {
    "cookie-3": both("parse_cookie", cookies(3)),
    "cookie-20": both("parse_cookie", cookies(20)),
    "cookie-quoted": both("parse_cookie", r'a="b\073 c\054\303\251"; d=e'),
    "accept-browser": both("parse_accept_header", BROWSER_ACCEPT, MIME),
    "accept-language": both(
        "parse_accept_header", "de-DE,de;q=0.9,en;q=0.8", datastructures.LanguageAccept
    ),
    "accept-one": both("parse_accept_header", "*/*", MIME),
    "options-type": both("parse_options_header", "application/json; charset=utf-8"),
    "options-file": both(
        "parse_options_header", 'form-data; name="upload"; filename="a file name.txt"'
    ),
    "options-bare": both("parse_options_header", "application/json"),
    "options-extended": both(
        "parse_options_header", "attachment; filename*=UTF-8''na%C3%AFve%20file.txt"
    ),
    "cache-request": both("parse_cache_control_header", "max-age=0, no-cache"),
    "cache-response": both(
        "parse_cache_control_header",
        "public, max-age=31536000, immutable, stale-while-revalidate=60",
        None,
        RESPONSE_CACHE,
    ),
    "dict": both("parse_dict_header", 'a=b, c="d, e", f, g="h"'),
    "dict-long": both("parse_dict_header", DIGEST.partition(" ")[2]),
    "list": both("parse_list_header", 'gzip, deflate, br, "quoted, value"'),
    "list-short": both("parse_list_header", "gzip"),
    "set": both("parse_set_header", "Accept-Encoding, Cookie, Origin"),
    "csp": both("parse_csp_header", "default-src 'self'; img-src *; script-src cdn.example.com"),
    "date": both("parse_date", "Fri, 20 Nov 2026 12:30:15 GMT"),
    "date-rfc850": both("parse_date", "Friday, 20-Nov-26 12:30:15 GMT"),
    "date-invalid": both("parse_date", "not a date"),
    "age": both("parse_age", "3600"),
    "range": both("parse_range_header", "bytes=0-499"),
    "range-5": both("parse_range_header", "bytes=0-4, 10-14, 20-24, 30-34, -5"),
    "content-range": both("parse_content_range_header", "bytes 0-499/1234"),
    "if-range-date": both("parse_if_range_header", "Fri, 20 Nov 2026 12:30:15 GMT"),
    "if-range-etag": both("parse_if_range_header", '"686897696a7c876b7e"'),
    "etags": both("parse_etags", '"686897696a7c876b7e", W/"c3piozzzz"'),
    "etags-10": both("parse_etags", ", ".join(f'W/"tag-{index}"' for index in range(10))),
    "dump-cookie": both("dump_cookie", "session", "eyJhIjoiYiJ9.aBcDeF.x-y_z", httponly=True),
    "dump-cookie-full": both(
        "dump_cookie", "session", 'a "value", quoted', max_age=3600, domain="example.com",
        secure=True, httponly=True, samesite="Lax",
    ),
    "dump-options": both("dump_options_header", "text/html", {"charset": "utf-8"}),
    "dump-options-file": both(
        "dump_options_header", "attachment", {"filename": "a file name.txt", "size": 5}
    ),
    "dump-list": both("dump_header", ["gzip", "br", "a b"]),
    "dump-dict": both("dump_header", {"max-age": 5, "no-cache": None, "private": "a b"}),
    "http-date": both("http_date", DATE),
    "http-date-timestamp": both("http_date", 1_790_000_000),
    "http-date-now": both("http_date"),
    "authorization-basic": (
        headers.Authorization.from_header,
        datastructures.Authorization.from_header,
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",),
        {},
    ),
    "authorization-bearer": (
        headers.Authorization.from_header,
        datastructures.Authorization.from_header,
        ("Bearer mF_9.B5f-4.1JqM",),
        {},
    ),
    "authorization-digest": (
        headers.Authorization.from_header,
        datastructures.Authorization.from_header,
        (DIGEST,),
        {},
    ),
    "www-authenticate": (
        headers.WWWAuthenticate.from_header,
        datastructures.WWWAuthenticate.from_header,
        ('Basic realm="simple"',),
        {},
    ),
    "query-2": (kolben_query, parse_query, ("page=2&sort=name",), {}),
    "query-20": (kolben_query, parse_query, (query(20),), {}),
    "query-100": (kolben_query, parse_query, (query(100),), {}),
    "dump-query": (
        headers.dump_query, urls._urlencode, ({"page": "2", "sort": "a name é"},), {},
    ),
    "host": both(
        "get_host", "https", "www.example.com:443", None, ["www.example.com"], source=sansio_utils
    ),
    "current-url": both(
        "get_current_url", "https", "www.example.com", "", "/a/é", b"a=b", source=sansio_utils
    ),
    "iri-to-uri": both("iri_to_uri", "/a/é?b=c", source=urls),
    "uri-to-iri": both("uri_to_iri", "http://example.com/a/%C3%A9?b=c", source=urls),
    "content-length": both("get_content_length", "1234", source=sansio_utils),
    "resource-modified": both(
        "is_resource_modified", {"HTTP_IF_NONE_MATCH": '"abc"'}, '"abc"'
    ),
}  # fmt: skip


@pytest.mark.parametrize("who", ["kolben", "werkzeug"])
@pytest.mark.parametrize("case", CASES)
def test_header(benchmark: t.Any, case: str, who: str) -> None:
    ours, theirs, arguments, options = CASES[case]
    benchmark.group = case
    benchmark(ours if who == "kolben" else theirs, *arguments, **options)
