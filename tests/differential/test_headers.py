"""Every header function beside Werkzeug's: same value or same exception.

Exhaustively over all short strings of the characters that have a meaning in a grammar (their
length is read from KOLBEN_EXHAUSTIVE_LENGTH), and with Hypothesis on longer, likelier values.
"""

from __future__ import annotations

import datetime
import itertools
import os
import time
import typing as t
from urllib.parse import parse_qsl

import hypothesis
import pytest
from hypothesis import strategies as st
from werkzeug import datastructures as ds
from werkzeug import http, urls
from werkzeug.sansio import http as sansio_http
from werkzeug.sansio import utils as sansio_utils

from kolben import headers
from kolben.headers import sansio

LENGTH = int(os.environ.get("KOLBEN_EXHAUSTIVE_LENGTH", "5"))


def shown(value: t.Any) -> t.Any:
    """A value with its type and everything that can be seen of it."""
    name = type(value).__name__
    if isinstance(value, ds.MultiDict):
        return name, list(value.lists())
    if isinstance(value, (ds.HeaderSet, ds.ETags, ds.Range, ds.ContentRange, ds.IfRange)):
        return name, vars(value)
    if isinstance(value, ds.Authorization):
        return name, value.type, shown(value.parameters), value.token
    if isinstance(value, ds.WWWAuthenticate):
        return name, value.type, list(value.parameters.items()), value.token, value._on_update
    if isinstance(value, dict):
        return name, list(value.items()), getattr(value, "__dict__", None)
    if isinstance(value, list):
        return name, [shown(item) for item in value], getattr(value, "__dict__", None)
    if isinstance(value, tuple):
        return name, [shown(item) for item in value]
    if isinstance(value, datetime.datetime):
        return name, value.isoformat()
    # The text of a float tells 1 from 1.0 and 0.0 from -0.0.
    return name, repr(value) if isinstance(value, (int, float)) else value


def outcome(function: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
    """What a call gives or raises."""
    try:
        return shown(function(*arguments))
    except Exception as error:
        return "raises", type(error).__name__


def unbroken(text: str) -> str:
    """Text that can start no other header."""
    return text.translate(dict.fromkeys(b"\r\n\0"))


def query(text: str) -> t.Any:
    """What Werkzeug does to a query string."""
    return ds.MultiDict(parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote"))


class Case(t.NamedTuple):
    ours: t.Callable[..., t.Any]
    theirs: t.Callable[..., t.Any]
    #: Characters that mean something, and a few that do not.
    alphabet: str
    #: Longer pieces, for Hypothesis.
    pieces: tuple[str, ...] = ()


def accept(cls: type[t.Any]) -> tuple[t.Callable[..., t.Any], t.Callable[..., t.Any]]:
    return (
        lambda value: headers.parse_accept_header(value, cls),
        lambda value: http.parse_accept_header(value, cls),
    )


def response_cache(module: t.Any) -> t.Callable[..., t.Any]:
    return lambda value: module.parse_cache_control_header(value, None, ds.ResponseCacheControl)


QUOTED = ('"', "\\", '\\"', "=", ",", ";", " ", "\t", "\n", "a", "B", "é", "%22", "\0", "\udc80")
EXTENDED = (*QUOTED, "*", "*0", "*1", "*=", "utf-8''", "''", "'", "%c3%a9", "%ff", "ascii''")
CASES = {
    "list": Case(headers.parse_list_header, http.parse_list_header, 'a,"\\ \n', QUOTED),
    "dict": Case(headers.parse_dict_header, http.parse_dict_header, 'a=,"\\* ', EXTENDED),
    "dict charset": Case(
        lambda value: headers.parse_dict_header("a*=utf-8" + value),
        lambda value: http.parse_dict_header("a*=utf-8" + value),
        "'a%2\n\" ",
        EXTENDED,
    ),
    "options": Case(
        lambda value: headers.parse_options_header("a;" + value),
        lambda value: http.parse_options_header("a;" + value),
        'b=;"\\* ',
        EXTENDED,
    ),
    "options marks": Case(
        lambda value: headers.parse_options_header("a;b*" + value),
        lambda value: http.parse_options_header("a;b*" + value),
        "b*01=;'",
        EXTENDED,
    ),
    "options pieces": Case(
        lambda value: headers.parse_options_header("a;b*0*=latin1''%e9" + value),
        lambda value: http.parse_options_header("a;b*0*=latin1''%e9" + value),
        ";b*1=%e",
        (*EXTENDED, ";b=c", ";b*1=c", ";b*1*=%c3", ";B*2*=utf-8''%a9", ";c=d", ";b*0=x"),
    ),
    "options whole": Case(
        headers.parse_options_header, http.parse_options_header, 'a=;," \t', EXTENDED
    ),
    "set": Case(headers.parse_set_header, http.parse_set_header, 'aA,"\\ ', QUOTED),
    "accept": Case(*accept(ds.Accept), "a*,;q=1", (*QUOTED, "*", ";q=", "0.5", "1", "-0", "q")),
    "accept weights": Case(
        lambda value: headers.parse_accept_header("a,b;q=" + value + ",*"),
        lambda value: http.parse_accept_header("a,b;q=" + value + ",*"),
        "01.-5 ;q",
        ("0", "1", ".", "-", "1.0", " ", "9" * 400, "e5", "_", "٣", ";q=0.3"),
    ),
    "accept mime": Case(
        *accept(ds.MIMEAccept),
        "a*/,;= ",
        (*QUOTED, "*/*", "a/*", "a/b", ";q=0.5", ";q=1", ";level=1", " ; ", "/", "*", ',"'),
    ),
    "cache": Case(
        headers.parse_cache_control_header, http.parse_cache_control_header, "a=,\"' ", QUOTED
    ),
    "cache response": Case(response_cache(headers), response_cache(http), "a=,\"' ", QUOTED),
    "policy": Case(headers.parse_csp_header, http.parse_csp_header, "ab; \t\n", QUOTED),
    "etags": Case(headers.parse_etags, http.parse_etags, 'aW/", *', (*QUOTED, "W/", "w/", "*")),
    "range": Case(
        lambda value: headers.parse_range_header("Bytes=" + value),
        lambda value: http.parse_range_header("Bytes=" + value),
        "012-, a",
        ("0", "12", "345", "-", ",", " ", "\t", "9" * 19, "9" * 5000, "_", "٣", "--", "="),
    ),
    "range whole": Case(headers.parse_range_header, http.parse_range_header, "aÉ=1- ", QUOTED),
    "content range": Case(
        lambda value: headers.parse_content_range_header("bytes " + value),
        lambda value: http.parse_content_range_header("bytes " + value),
        "012-/* ",
        ("0", "12", "345", "-", "/", "*", " ", "\t", "9" * 19, "9" * 5000, "_", "٣", "=", "a"),
    ),
    "content range whole": Case(
        headers.parse_content_range_header, http.parse_content_range_header, "a 1-/*\t", QUOTED
    ),
    "if range": Case(headers.parse_if_range_header, http.parse_if_range_header, 'aW/" *', QUOTED),
    "cookie": Case(headers.parse_cookie, http.parse_cookie, 'a=;"\\ \n', (*QUOTED, "Ã©", "\\303")),
    "cookie text": Case(
        sansio.parse_cookie, sansio_http.parse_cookie, 'a=;"\\ 1', (*QUOTED, "\\303", "\\251")
    ),
    "cookie escapes": Case(
        lambda value: sansio.parse_cookie('a="' + value + '"'),
        lambda value: sansio_http.parse_cookie('a="' + value + '"'),
        '\\0378"a',
        (*QUOTED, "\\303", "\\251", "\\377", "\\400", "\\12"),
    ),
    "query": Case(headers.parse_query, query, "a=&+%4é", ("%", "%4", "%c3", "%A9", "é", *QUOTED)),
    "query escapes": Case(
        lambda value: headers.parse_query("%" + value),
        lambda value: query("%" + value),
        "c39%aFé",
        ("%e2", "%82", "%ac", "%f0", "%9f", "%ed", "%a0", "%80", "%c0", "%", "%2", "€", "\udc80"),
    ),
    "query long": Case(
        lambda value: headers.parse_query(f"é{value * 70}={value * 90}&€={value * 60}"),
        lambda value: query(f"é{value * 70}={value * 90}&€={value * 60}"),
        "a=&+%é",
        ("%", "%4", "%c3", "%A9", "é", "€", "\U0001f600", *QUOTED),
    ),
    "cookie long": Case(
        lambda value: sansio.parse_cookie(f"é={value * 90}; €={value * 70}"),
        lambda value: sansio_http.parse_cookie(f"é={value * 90}; €={value * 70}"),
        'a=;"\\é',
        (*QUOTED, "€", "\U0001f600"),
    ),
    "authorization long": Case(
        lambda value: headers.Authorization.from_header(f"é {value * 200}"),
        lambda value: ds.Authorization.from_header(f"é {value * 200}"),
        'a =,"é',
        (*QUOTED, "€", "\U0001f600"),
    ),
    "age": Case(
        headers.parse_age,
        http.parse_age,
        "019-+_ a",
        ("9" * 5000, "0" * 700, "86399999999999", "86400000000000", "٣", "1", "\n", "\xa0", "€"),
    ),
    "etag": Case(headers.unquote_etag, http.unquote_etag, 'aWw/" é', QUOTED),
    "iri": Case(headers.iri_to_uri, urls.iri_to_uri, "/?#%é:a", ("http://", "a.b", "@", "[", "]")),
    "iri host": Case(
        lambda value: headers.iri_to_uri("HTTP://" + value),
        lambda value: urls.iri_to_uri("HTTP://" + value),
        "aA.:0/?@-",
        ("a.b", ":80", "/é", "?ü", "#", "@", "[::1]", "[", "xn--", "ß", "\t", " ", "%", "a" * 64),
    ),
    "uri": Case(headers.uri_to_iri, urls.uri_to_iri, "/?#%2f:", ("%C3%A9", "%ff", "%20", "%3D")),
    "uri host": Case(
        lambda value: headers.uri_to_iri("http://a" + value),
        lambda value: urls.uri_to_iri("http://a" + value),
        "aA.:0/?@%",
        ("a.b", ":80", "/%C3%A9", "?%26", "#%25", "@", "[::1]", "xn--", "ß", "\t", " ", "%ff"),
    ),
    "host": Case(
        headers.host_is_trusted, sansio_utils.host_is_trusted, "aG.:01-[]", ("::1", "65535", "é")
    ),
    "trusted": Case(
        lambda value: headers.host_is_trusted("a.a:1", [value]),
        lambda value: sansio_utils.host_is_trusted("a.a:1", [value]),
        "aA.:1",
        ("é", ".", "a" * 64, ":"),
    ),
    "content length": Case(
        headers.get_content_length, sansio_utils.get_content_length, "01-+_ \n", ("9" * 5000, "٣")
    ),
    "authorization": Case(
        headers.Authorization.from_header,
        ds.Authorization.from_header,
        'aB =,"é',
        ("Basic ", "Digest ", "Bearer ", "İ ", *QUOTED, "realm="),
    ),
    "authorization basic": Case(
        lambda value: headers.Authorization.from_header("bAsic " + value),
        lambda value: ds.Authorization.from_header("bAsic " + value),
        "Ox6+= é",
        ("YTpi", "YQ==", "=", "/", "_w==", "\n", "YWI=", " ", "w6k6w6k=", "/w==", "!", "\udc80"),
    ),
    "challenge": Case(
        headers.WWWAuthenticate.from_header,
        ds.WWWAuthenticate.from_header,
        'aB =,"é',
        ("Basic ", "Digest ", "İ ", *QUOTED, "realm="),
    ),
    "quote": Case(headers.quote_header_value, http.quote_header_value, 'a"\\ \né', QUOTED),
    "unquote": Case(headers.unquote_header_value, http.unquote_header_value, 'a"\\ \né', QUOTED),
    "dump list": Case(
        lambda value: headers.dump_header(value.split("a")),
        lambda value: http.dump_header(value.split("a")),
        'a"\\ ,b',
        QUOTED,
    ),
    "dump options": Case(
        lambda value: headers.dump_options_header(value, {value: value}),
        lambda value: http.dump_options_header(value, {value: value}),
        'a"\\ ;*',
        QUOTED,
    ),
    "dump dict": Case(
        lambda value: headers.dump_header({value: value, "b": None, "c": 5}),
        lambda value: http.dump_header({value: value, "b": None, "c": 5}),
        'a"\\ ,*',
        QUOTED,
    ),
    "dump query": Case(
        lambda value: headers.dump_query({value: [value, None], "b": b"\xff", "c": 5}),
        lambda value: urls._urlencode({value: [value, None], "b": b"\xff", "c": 5}),
        "a=& é%+",
        (*QUOTED, "~!$'()*,/:;?@"),
    ),
    "dump cookie": Case(
        lambda value: headers.dump_cookie("k", value),
        lambda value: http.dump_cookie("k", value),
        'a"\\ ;é\n',
        (*QUOTED, "\x19", "\x1a", "\x7f", "€"),
    ),
    "dump cookie parts": Case(
        # Kolben refuses line ends, on purpose.
        lambda value: headers.dump_cookie(v := unbroken(value), "", path=v, domain=v),
        lambda value: http.dump_cookie(v := unbroken(value), "", path=v, domain=v),
        "a.:é %;",
        ("a.b", ".", ":", "é", "xn--", "a" * 64, "/", "ß", '"'),
    ),
}  # fmt: skip


def strings(alphabet: str, length: int) -> t.Iterator[str]:
    for size in range(length + 1):
        yield from map("".join, itertools.product(alphabet, repeat=size))


@pytest.mark.parametrize("name", CASES)
def test_every_short_text(name: str) -> None:
    case = CASES[name]
    for text in strings(case.alphabet, LENGTH):
        ours, theirs = outcome(case.ours, text), outcome(case.theirs, text)
        assert ours == theirs, text


@pytest.mark.parametrize("name", CASES)
def test_longer_texts(name: str) -> None:
    case = CASES[name]
    piece = st.one_of(st.sampled_from([*case.pieces, *case.alphabet]), st.text(max_size=4))

    @hypothesis.settings(max_examples=150, deadline=None, database=None)
    @hypothesis.given(st.lists(piece, max_size=12).map("".join))
    def agree(text: str) -> None:
        assert outcome(case.ours, text) == outcome(case.theirs, text)

    agree()


DATE_WORDS = (
    "Sun,", "Sunday,", "sun", "Sun", "06", "6", "6,", "Nov", "nov", "November", "Foo", "1994",
    "94", "68", "69", "1994,", "06-Nov-94", "08:49:37", "08:49", "8.49.37", "24:00", "08:49:37,",
    "GMT", "gmt", "Z", "EST", "PDT", "+0130", "-0130", "-0000", "+2400", "-2359", "99999", "x", "",
    ",", "-", "+", ":", "1_0", "٣", "08:49:37+0100", "0", "31", "Feb", "10000", "9" * 10,
)  # fmt: skip


@hypothesis.settings(max_examples=3000, deadline=None, database=None)
@hypothesis.given(
    st.lists(st.sampled_from(DATE_WORDS), max_size=7),
    st.sampled_from([" ", "  ", "\t", " \n", "\x1f", "-", "\xa0", "\u2003", "é", "\udc80"]),
)
def test_dates_of_likely_words(words: list[str], separator: str) -> None:
    text = separator.join(words)
    assert outcome(headers.parse_date, text) == outcome(http.parse_date, text)


@hypothesis.settings(max_examples=1500, deadline=None, database=None)
@hypothesis.given(
    day=st.sampled_from(["Sun, ", "", "Sun,", "Sun "]),
    fields=st.tuples(
        st.integers(0, 32), st.sampled_from(["Jan", "feb", "DECEMBER", "Mai"]), st.integers(0, 2100)
    ),
    clock=st.tuples(st.integers(0, 25), st.integers(0, 61), st.integers(0, 61)),
    zone=st.one_of(st.sampled_from(["GMT", "utc", "pst", "", "Q"]), st.integers(-2500, 2500)),
)
def test_dates_in_the_usual_form(
    day: str, fields: tuple[t.Any, ...], clock: tuple[int, ...], zone: t.Any
) -> None:
    if isinstance(zone, int):
        zone = f"{zone:+05}"
    hour, minute, second = clock
    text = f"{day}{fields[0]:02} {fields[1]} {fields[2]} {hour:02}:{minute:02}:{second:02} {zone}"
    assert outcome(headers.parse_date, text) == outcome(http.parse_date, text)


@pytest.mark.parametrize("length", range(min(LENGTH, 5) + 1))
def test_every_short_date(length: int) -> None:
    for words in itertools.product(("6", "Nov,", "08:49", "-1", ""), repeat=length):
        text = " ".join(words)
        assert outcome(headers.parse_date, text) == outcome(http.parse_date, text), text


ZONES = st.one_of(
    st.none(),
    st.just(datetime.timezone.utc),
    st.integers(-1439, 1439).map(lambda it: datetime.timezone(datetime.timedelta(minutes=it))),
)


@hypothesis.settings(max_examples=1000, deadline=None, database=None)
@hypothesis.given(
    st.one_of(
        st.datetimes(timezones=ZONES),
        st.dates(),
        st.integers(-(10**12), 10**12),
        st.floats(),
        st.floats(-(10**10), 10**11),
        st.integers(0, 10**9).map(lambda it: it + 0.9999996),
        st.integers(0, 10**9).map(lambda it: it - 0.0000004),
        st.booleans(),
        st.sampled_from([time.gmtime(0), 1e300, 10**30, "x", datetime.datetime.min]),
    )
)
def test_writing_dates(moment: t.Any) -> None:
    assert outcome(headers.http_date, moment) == outcome(http.http_date, moment)


@hypothesis.settings(max_examples=500, deadline=None, database=None)
@hypothesis.given(
    scheme=st.sampled_from(["http", "https", "ws", "wss", "ftp", ""]),
    host=st.sampled_from(["a", "a:80", "a:443", "a.b:8080", "[::1]:80", "é", "a b", "", None]),
    server=st.sampled_from([None, ("a", 80), ("::1", 8080), ("a", None), ("", 1)]),
    trusted=st.sampled_from([None, [], ["a"], [".b"], "a", ["é", "a"], {"a": 1}, ("::1",)]),
)
def test_hosts(scheme: str, host: t.Any, server: t.Any, trusted: t.Any) -> None:
    arguments = (scheme, host, server, trusted)
    assert outcome(headers.get_host, *arguments) == outcome(sansio_utils.get_host, *arguments)


@hypothesis.settings(max_examples=1000, deadline=None, database=None)
@hypothesis.given(
    st.tuples(
        st.sampled_from(["http", "HTTPS", ""]),
        st.sampled_from(["a", "a:80", "A.b", "[::1]", "é", "", "u@a", "xn--4ca"]),
        st.one_of(st.none(), st.text("/aé %?#;\udc80", max_size=6)),
        st.one_of(st.none(), st.text("/aé %?#;&=+\n", max_size=8)),
        st.one_of(st.none(), st.binary(max_size=4), st.sampled_from([b"a=b&c=%20", b"\xff%"])),
    )
)
def test_current_url(arguments: tuple[t.Any, ...]) -> None:
    ours = outcome(headers.get_current_url, *arguments)
    assert ours == outcome(sansio_utils.get_current_url, *arguments)


COOKIE_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "max_age": st.sampled_from([None, 0, 5, datetime.timedelta(1), True, False, "5"]),
        "expires": st.sampled_from([None, 0, 5.5, "soon", datetime.datetime(2026, 1, 1)]),
        "path": st.sampled_from([None, "/", "/é;", "", "%"]),
        "domain": st.sampled_from([None, "", "a", ".a.b:80", "é.b", "a..b", "\udc80"]),
        "secure": st.sampled_from([True, False, None, 1]),
        "httponly": st.sampled_from([True, False, "x"]),
        "samesite": st.sampled_from(
            [None, "Lax", "strict", "NONE", "\N{LATIN SMALL LETTER LONG S}trict", "x"]
        ),
        "partitioned": st.sampled_from([True, False, 1]),
        "max_size": st.sampled_from([0, 4093]),
        "sync_expires": st.just(False),
    },
)


@hypothesis.settings(max_examples=1000, deadline=None, database=None)
@hypothesis.given(
    st.sampled_from(["a", "é", "", "a b", "\udc80"]), st.text(max_size=5), COOKIE_OPTIONS
)
def test_writing_cookies(key: str, value: str, options: dict[str, t.Any]) -> None:
    options.setdefault("sync_expires", False)
    ours = outcome(lambda: headers.dump_cookie(key, value, **options))
    assert ours == outcome(lambda: http.dump_cookie(key, value, **options))


TAGS = st.sampled_from([None, '"a"', 'W/"a"', "*", '"b", "a"', "", "a", '""'])
DATES = st.sampled_from([None, "", "x", *(http.http_date(moment) for moment in (0, 10, 20))])
MOMENTS = st.sampled_from(
    [
        None,
        "x",
        http.http_date(10),
        datetime.datetime(1970, 1, 1, 0, 0, 10),
        datetime.datetime(1970, 1, 1, 0, 0, 10, 5, tzinfo=datetime.timezone.utc),
        datetime.datetime(
            1970, 1, 1, 1, 0, 10, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
        ),
    ]
)


@hypothesis.settings(max_examples=2000, deadline=None, database=None)
@hypothesis.given(
    st.tuples(
        st.sampled_from([None, "bytes=0-1", ""]),
        st.one_of(TAGS, DATES),
        DATES,
        TAGS,
        TAGS,
        st.sampled_from([None, '"a"', "a", 'W/"a"', ""]),
        st.sampled_from([None, b"a"]),
        MOMENTS,
        st.booleans(),
    )
)
def test_conditional_requests(arguments: tuple[t.Any, ...]) -> None:
    ours = outcome(sansio.is_resource_modified, *arguments)
    assert ours == outcome(sansio_http.is_resource_modified, *arguments)
