"""How each function fares beside Werkzeug's at every size: the worst ratios.

usage: python -m benches.sweep [RATIO]

Prints every case below RATIO (1.0 by default), the worst first; exits with 1 if there is one.
"""

from __future__ import annotations

import contextlib
import gc
import io
import math
import sys
import time
import typing as t

from werkzeug import datastructures, formparser, http, urls
from werkzeug.sansio import utils as sansio_utils

from kolben import formparser as kolben_formparser
from kolben import headers

from .test_headers import kolben_query, parse_query

SIZES = (1, 16, 256, 4 << 10, 64 << 10, 1 << 20)
#: Where Werkzeug's time grows with the square of the size, its larger sizes are not waited for.
LONGEST = 0.2
TEXTS = {
    "letters": "a",
    "pairs": "key=value; ",
    "list": "a, b;q=0.5, ",
    "query": "a=b+c%20d&",
    "quotes": '"',
    "slashes": "\\",
    "separators": ",;=&",
    "spaces": " ",
    "digits": "1",
    "latin": "\xe9",
    "wide": "\u20ac",
    "surrogates": "\ud800",
    "percents": "%c3%a9",
    "controls": "\n",
    "path": "/a/b?c=d&e=f#",
    "host": "a.b:80",
    "dates": "Fri, 20 Nov 2026 12:30:15 GMT ",
    "ranges": "bytes=0-4, 10-14,",
    "tags": 'W/"a", "b",',
}


def _same(name: str, source: t.Any = http) -> tuple[t.Any, t.Any]:
    return getattr(headers, name), getattr(source, name)


def _form(module: t.Any) -> t.Callable[[str], t.Any]:
    def parse(text: str) -> t.Any:
        body = text.encode("utf-8", "surrogatepass")
        environ = {
            "REQUEST_METHOD": "POST",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
        }
        return module.parse_form_data(environ)

    return parse


FUNCTIONS: dict[str, tuple[t.Any, t.Any]] = {
    **{
        name: _same(name)
        for name in (
            "dump_cookie",
            "parse_accept_header",
            "parse_age",
            "parse_cache_control_header",
            "parse_content_range_header",
            "parse_cookie",
            "parse_csp_header",
            "parse_date",
            "parse_dict_header",
            "parse_etags",
            "parse_if_range_header",
            "parse_list_header",
            "parse_options_header",
            "parse_range_header",
            "parse_set_header",
            "quote_header_value",
            "unquote_header_value",
        )
    },
    "accept mime": tuple(
        (lambda text, parse=module.parse_accept_header: parse(text, datastructures.MIMEAccept))
        for module in (headers, http)
    ),
    "options rest": tuple(
        (lambda text, parse=module.parse_options_header: parse("a;" + text))
        for module in (headers, http)
    ),
    "dump_cookie silent": tuple(
        (lambda text, dump=module.dump_cookie: dump("a", text, max_size=0))
        for module in (headers, http)
    ),
    "dump_options_header": tuple(
        (lambda text, dump=module.dump_options_header: dump("a", {"b": text}))
        for module in (headers, http)
    ),
    "dump_header": tuple(
        (lambda text, dump=module.dump_header: dump([text])) for module in (headers, http)
    ),
    "dump query": tuple(
        (lambda text, dump=dump: dump({"a": text}))
        for dump in (headers.dump_query, urls._urlencode)
    ),
    "authorization": (
        headers.Authorization.from_header,
        datastructures.Authorization.from_header,
    ),
    "authorization basic": tuple(
        (lambda text, parse=module.Authorization.from_header: parse("Basic " + text))
        for module in (headers, datastructures)
    ),
    "www-authenticate": (
        headers.WWWAuthenticate.from_header,
        datastructures.WWWAuthenticate.from_header,
    ),
    "query": (kolben_query, parse_query),
    "form": (_form(kolben_formparser), _form(formparser)),
    "host_is_trusted": _same("host_is_trusted", sansio_utils),
    "get_content_length": _same("get_content_length", sansio_utils),
    "iri_to_uri": _same("iri_to_uri", urls),
    "uri_to_iri": _same("uri_to_iri", urls),
}


def _seconds(function: t.Any, text: str, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        with contextlib.suppress(Exception):  # what one raises the other raises too
            function(text)
    return (time.perf_counter() - start) / calls


def ratio(ours: t.Any, theirs: t.Any, text: str) -> float:
    """Measure both by turns and say how many times faster the first is at its best."""
    first = _seconds(theirs, text, 1)
    calls = max(1, min(200, int(2e-4 / first)))
    best_ours = best_theirs = math.inf
    for _ in range(3 if first > 0.02 else 7):
        best_ours = min(best_ours, _seconds(ours, text, calls))
        best_theirs = min(best_theirs, _seconds(theirs, text, calls))
    return best_theirs / best_ours


def sweep() -> list[tuple[float, str, str, int]]:
    """Measure everything; ratio, function, content and size, the worst first."""
    found = []
    for name, (ours, theirs) in FUNCTIONS.items():
        for content, piece in TEXTS.items():
            for size in SIZES:
                text = (piece * (size // len(piece) + 1))[:size]
                if _seconds(theirs, text, 1) > LONGEST:
                    break
                found.append((ratio(ours, theirs, text), name, content, size))
    return sorted(found)


def main(least: float = 1.0) -> int:
    """Print the cases below that ratio."""
    import warnings

    warnings.simplefilter("ignore")
    gc.disable()
    found = sweep()
    slower = [case for case in found if case[0] < least]
    print(f"{len(found)} cases, {len(slower)} below {least}; the worst:")
    for figure, name, content, size in slower or found[:10]:
        print(f"{figure:7.2f}  {name}, {content}, {size} bytes")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
