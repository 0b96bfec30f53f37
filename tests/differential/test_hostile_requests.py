"""Nothing that a client sends makes the framework answer 500."""

from __future__ import annotations

import io
import os
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kolben

SCALE = int(os.environ.get("KOLBEN_FUZZ_SCALE", "1"))

# What WSGI hands on: bytes in the guise of Latin-1, without line ends.
tunnelled = st.text(st.characters(max_codepoint=255, blacklist_characters="\r\n\0"), max_size=40)
interesting = st.sampled_from(
    [
        "",
        "gzip;q=9,*",
        "bytes=0-,-5,9-2",
        "bytes=18446744073709551616-",
        'W/"a", "b',
        "Basic !!!",
        "Digest a=b,c",
        "Bearer",
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/json",
        "application/json; charset=\xff",
        "session=.eJw; session=\xff",
        "en-\xe4;q=nan",
        "Thu, 99 Foo 10000 25:61:61 GMT",
        "[::1",
        "a:99999999999",
        "-1",
        "9" * 5000,
        "1_0",
        "http://[x",
        "upgrade, keep-alive",
        "websocket",
    ]
)
value = st.one_of(interesting, tunnelled)
NAMES = (
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_AUTHORIZATION",
    "HTTP_CACHE_CONTROL",
    "HTTP_CONNECTION",
    "HTTP_COOKIE",
    "HTTP_DATE",
    "HTTP_HOST",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_RANGE",
    "HTTP_RANGE",
    "HTTP_REFERER",
    "HTTP_TRANSFER_ENCODING",
    "HTTP_UPGRADE",
    "HTTP_X_FORWARDED_FOR",
    "PATH_INFO",
    "QUERY_STRING",
)
deep = st.integers(1, 100_000).map(lambda depth: b"[" * depth)
bodies = st.one_of(
    st.binary(max_size=200),
    deep,
    deep.map(lambda opened: b'{"a":' * (len(opened) // 9) + b"1"),
    st.sampled_from(
        [
            b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--",
            b'--b\r\nContent-Disposition: form-data; name=a; filename="\xff"\r\n\r\nx\r\n--b--',
            b'"\\ud800"',
            b"1e999999",
            b"9" * 5000,
            b"\xef\xbb\xbf{}",
            b"\xff\xfe[\x00]\x00",
            b"NaN",
        ]
    ),
)


def make_app(**config: t.Any) -> kolben.Flask:
    app = kolben.Flask("an_app", static_folder=os.path.dirname(__file__))
    app.secret_key = "k"
    app.config.update(config)

    def read() -> t.Any:
        request = kolben.request
        for name in sorted(dir(type(request))):
            if not name.startswith("_") and not callable(getattr(type(request), name)):
                getattr(request, name)
        kolben.session["seen"] = kolben.session.get("seen", 0) + 1
        kolben.flash("x")
        return {"url": request.url, "json": request.get_json(silent=True)}

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def everything(path: str) -> t.Any:
        return read()

    @app.route("/json", methods=["GET", "POST"])
    def read_json() -> t.Any:
        return {"found": kolben.request.get_json(force=True)}

    @app.route("/file", methods=["GET", "POST"])
    def file() -> t.Any:
        return kolben.send_file(__file__)

    @app.route("/int/<int:a>-<float:b>/<uuid:c>/<any(x,y):d>")
    def converted(**arguments: t.Any) -> t.Any:
        return str(arguments)

    return app


apps = [
    make_app(),
    make_app(TRUSTED_HOSTS=["example.org", ".example.com"]),
    make_app(SERVER_NAME="example.org", MAX_CONTENT_LENGTH=50, MAX_FORM_PARTS=1, DEBUG=True),
]


@given(
    st.sampled_from(apps),
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "\xff", ""]),
    st.sampled_from(["/", "/json", "/file", "/static/test_routing.py", "/int/1-2.5/x/y", None]),
    st.dictionaries(st.sampled_from(NAMES), value, max_size=6),
    bodies,
)
@settings(max_examples=600 * SCALE, deadline=None)
@pytest.mark.filterwarnings("ignore:Current server name")
def test_no_request_is_answered_with_500(app, method, path, environ, body):
    full = {
        "REQUEST_METHOD": method,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "example.org",
        **environ,
    }
    if path is not None:
        full["PATH_INFO"] = path
    statuses = []
    app.config["PROPAGATE_EXCEPTIONS"] = True
    answer = app(full, lambda status, headers, error=None: statuses.append(status))
    try:
        for _ in answer:
            pass
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    assert len(statuses) == 1
    assert not statuses[0].startswith("5")
