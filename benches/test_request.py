"""Requests and headers, Kolben beside Werkzeug and Falcon."""

from __future__ import annotations

import io
import typing as t

import falcon
import pytest
from werkzeug import datastructures as werkzeug_datastructures
from werkzeug import wrappers as werkzeug_wrappers

from kolben import datastructures, messages

SOURCES = {
    "kolben": (datastructures, messages.Request),
    "werkzeug": (werkzeug_datastructures, werkzeug_wrappers.Request),
}
ENTRIES = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", "1200"),
    ("Cache-Control", "no-store"),
    ("Set-Cookie", "session=abc"),
    ("X-Request-Id", "1"),
    ("Vary", "Cookie"),
]
ENVIRON: dict[str, t.Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/search",
    "QUERY_STRING": "page=2&q=hello+world&sort=name",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
    "HTTP_HOST": "localhost",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_COOKIE": "session=abc; theme=dark; _ga=GA1.2.3",
    "HTTP_X_REQUEST_ID": "123",
    "CONTENT_TYPE": "",
    "CONTENT_LENGTH": "",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": io.StringIO(),
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


#: How often each operation runs in one round: once would measure the call of the round.
TIMES = range(50)
CASES: dict[str, str] = {
    "get": "headers.get('Vary')",
    "get-missing": "headers.get('Location')",
    "getlist": "headers.getlist('Set-Cookie')",
    "set": "headers.set('X-Request-Id', '2')",
    "add": "headers.add('X-Request-Id', '2')",
    "iterate": "for name, value in headers: pass",
    "iterate-items": "for name, value in headers.items(): pass",
    "iterate-keys": "for name in headers.keys(): pass",
    "list": "list(headers)",
    "copy": "headers.copy()",
    "environ-get": "environ.get('X-Request-Id')",
    "environ-get-missing": "environ.get('Location')",
    "environ-iterate": "for name, value in environ: pass",
}


def header_case(name: str, module: t.Any) -> t.Callable[[], None]:
    """The statement of a case, fifty times over; what was added goes."""
    made = {
        "headers": module.Headers(ENTRIES),
        "environ": module.EnvironHeaders(ENVIRON),
        "times": TIMES,
        "count": len(ENTRIES),
    }
    lines = (
        "def run(headers=headers, environ=environ):",
        "    for _ in times:",
        f"        {CASES[name]}",
    )
    exec("\n".join((*lines, "    del headers._list[count:]")), made)
    return t.cast("t.Callable[[], None]", made["run"])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", CASES)
def test_headers(benchmark: t.Any, name: str, source: str) -> None:
    benchmark.group = f"headers {name}"
    benchmark(header_case(name, SOURCES[source][0]))


def read_request(make: t.Any) -> tuple[t.Any, ...]:
    """Two args, one cookie, Accept and two headers."""
    request = make(ENVIRON)
    args = request.args
    headers = request.headers
    return (
        args.get("page"),
        args.get("q"),
        request.cookies.get("theme"),
        request.accept_mimetypes,
        headers.get("X-Request-Id"),
        headers.get("User-Agent"),
    )


def read_falcon() -> tuple[t.Any, ...]:
    """The same through Falcon, which hands out Accept unparsed."""
    request = falcon.Request(ENVIRON)
    return (
        request.get_param("page"),
        request.get_param("q"),
        request.cookies.get("theme"),
        request.accept,
        request.get_header("X-Request-Id"),
        request.user_agent,
    )


@pytest.mark.parametrize("source", [*SOURCES, "falcon"])
def test_read(benchmark: t.Any, source: str) -> None:
    benchmark.group = "request read"
    if source == "falcon":
        benchmark(read_falcon)
    else:
        benchmark(read_request, SOURCES[source][1])


@pytest.mark.parametrize("source", [*SOURCES, "falcon"])
def test_make(benchmark: t.Any, source: str) -> None:
    benchmark.group = "request make"
    benchmark(falcon.Request if source == "falcon" else SOURCES[source][1], ENVIRON)
