"""Headers, forms and multipart bodies beside Werkzeug's: the same value or the same exception."""

from __future__ import annotations

import io
import typing as t
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from werkzeug import datastructures as werkzeug_datastructures
from werkzeug import formparser as werkzeug_formparser
from werkzeug.wrappers import Request as WerkzeugRequest

from kolben import datastructures, formparser
from kolben.messages import Request

names = st.sampled_from(["A", "a", "X-b", "x-B", "Content-Type", "\u212a", "k", "\xc9", ""])
values = st.one_of(
    st.text(alphabet="ab,;= \xe9\u212a\ud800", max_size=5), st.integers(), st.none(), st.just(b"b")
)
keys = st.one_of(names, st.integers(-3, 3), st.just(1.5), st.just(None))
slices = st.builds(slice, st.integers(-3, 3), st.integers(-3, 3))
entries = st.lists(st.tuples(names, values), max_size=4)
mappings = st.dictionaries(
    names, st.one_of(values, st.lists(values, max_size=3), st.tuples(values)), max_size=3
)
sources = st.one_of(entries, mappings, mappings.map(werkzeug_datastructures.MultiDict))


def outcome(function: t.Callable[[], t.Any]) -> t.Any:
    """The value, with lists of headers spelled out, or the type of the exception."""
    try:
        value = function()
    except Exception as error:  # any: both sides must raise alike
        return type(error)
    if isinstance(value, werkzeug_datastructures.Headers):
        return list(value)
    return list(value) if isinstance(value, t.Iterator) else value


class HeadersBesideWerkzeugs(RuleBasedStateMachine):
    """The same random operations on both."""

    def __init__(self) -> None:
        super().__init__()
        self.ours: t.Any = datastructures.Headers()
        self.theirs: t.Any = werkzeug_datastructures.Headers()

    def both(self, operation: t.Callable[[t.Any], t.Any]) -> None:
        assert outcome(lambda: operation(self.ours)) == outcome(lambda: operation(self.theirs))
        assert list(self.ours) == list(self.theirs)
        assert len(self.ours) == len(self.theirs)
        assert str(self.ours) == str(self.theirs)
        assert repr(self.ours) == repr(self.theirs)

    @rule(source=sources)
    def construct(self, source: t.Any) -> None:
        assert outcome(lambda: datastructures.Headers(source)) == outcome(
            lambda: werkzeug_datastructures.Headers(source)
        )

    @rule(key=keys, value=values)
    def add(self, key: t.Any, value: t.Any) -> None:
        if isinstance(key, str):
            self.both(lambda headers: headers.add(key, value))

    @rule(key=names, value=st.text("ab", max_size=3), option=st.text("a ;", max_size=3))
    def add_with_options(self, key: str, value: str, option: str) -> None:
        self.both(lambda headers: headers.add(key, value, file_name=option))
        self.both(lambda headers: headers.set(key, value, file_name=option))

    @rule(key=names, value=values)
    def set(self, key: str, value: t.Any) -> None:
        self.both(lambda headers: headers.set(key, value))

    @rule(key=names, value=values)
    def set_item(self, key: str, value: t.Any) -> None:
        self.both(lambda headers: headers.__setitem__(key, value))

    @rule(index=st.integers(-3, 3), entry=st.tuples(names, values))
    def set_index(self, index: int, entry: t.Any) -> None:
        self.both(lambda headers: headers.__setitem__(index, entry))

    @rule(where=slices, source=entries)
    def set_slice(self, where: slice, source: t.Any) -> None:
        self.both(lambda headers: headers.__setitem__(where, source))

    @rule(key=names, value=values, several=st.lists(values, max_size=3))
    def defaults(self, key: str, value: t.Any, several: list[t.Any]) -> None:
        self.both(lambda headers: headers.setdefault(key, value))
        self.both(lambda headers: headers.setlistdefault(key, several))

    @rule(key=names, several=st.lists(values, max_size=3))
    def setlist(self, key: str, several: list[t.Any]) -> None:
        self.both(lambda headers: headers.setlist(key, several))

    @rule(source=sources, more=st.dictionaries(st.sampled_from("ab"), values, max_size=2))
    def extend(self, source: t.Any, more: t.Any) -> None:
        self.both(lambda headers: headers.extend(source, **more))

    @rule(source=sources, more=st.dictionaries(st.sampled_from("ab"), values, max_size=2))
    def update(self, source: t.Any, more: t.Any) -> None:
        self.both(lambda headers: headers.update(source, **more))

    @rule(source=sources)
    def unite(self, source: t.Any) -> None:
        self.both(lambda headers: headers | source)
        self.both(lambda headers: headers.__ior__(source) is headers)

    @rule(key=st.one_of(keys, slices))
    def delete(self, key: t.Any) -> None:
        self.both(lambda headers: headers.__delitem__(key))

    @rule(key=keys, default=values)
    def pop(self, key: t.Any, default: t.Any) -> None:
        self.both(lambda headers: headers.pop(key))
        self.both(lambda headers: headers.pop(key, default))

    @rule()
    def pop_last(self) -> None:
        self.both(lambda headers: headers.popitem())

    @rule(key=st.one_of(keys, slices), default=values)
    def look_up(self, key: t.Any, default: t.Any) -> None:
        self.both(lambda headers: headers[key])
        self.both(lambda headers: headers.get(key))
        self.both(lambda headers: headers.get(key, default))
        self.both(lambda headers: headers.get(key, default, int))
        self.both(lambda headers: headers.get(key, type=int))
        self.both(lambda headers: headers.getlist(key))
        self.both(lambda headers: headers.getlist(key, int))
        self.both(lambda headers: headers.get_all(key))
        self.both(lambda headers: key in headers)

    @rule(lower=st.booleans())
    def iterate(self, lower: bool) -> None:
        self.both(lambda headers: list(headers.items(lower)))
        self.both(lambda headers: list(headers.keys(lower)))
        self.both(lambda headers: list(headers.values()))
        self.both(lambda headers: headers.to_wsgi_list())
        self.both(lambda headers: headers.copy())

    @rule()
    def clear(self) -> None:
        self.both(lambda headers: headers.clear())


TestHeaders = HeadersBesideWerkzeugs.TestCase
TestHeaders.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)

environ_keys = st.sampled_from(
    [
        *("HTTP_A", "HTTP_X_B", "HTTP_x_b", "HTTP_X-B", "HTTP_K", "HTTP_\u212a", "HTTP_1A"),
        *("HTTP_", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "PATH_INFO"),
    ]
)
asked = st.sampled_from(
    [
        "a",
        "X-B",
        "x_b",
        "X-b",
        "k",
        "\u212a",
        "1a",
        "",
        "content-type",
        "Content_Length",
        "path-info",
    ]
)


@given(st.dictionaries(environ_keys, st.text("ab7", max_size=2)), st.one_of(asked, st.just(None)))
@settings(max_examples=500, deadline=None)
def test_environ_headers(environ: dict[str, str], name: t.Any) -> None:
    ours: t.Any = datastructures.EnvironHeaders(environ)
    theirs: t.Any = werkzeug_datastructures.EnvironHeaders(environ)
    operations: list[t.Callable[[t.Any], t.Any]] = [
        list,
        len,
        str,
        repr,
        lambda headers: headers[name],
        lambda headers: headers.get(name),
        lambda headers: headers.get(name, "x", int),
        lambda headers: headers.getlist(name),
        lambda headers: headers.getlist(name, int),
        lambda headers: name in headers,
        lambda headers: list(headers.items(lower=True)),
        lambda headers: list(headers.keys()),
    ]
    for operation in operations:
        assert outcome(partial(operation, ours)) == outcome(partial(operation, theirs))


PIECES = [
    b"\r\n",
    b"\r",
    b"\n",
    b"--b",
    b"--b\r\n",
    b"--b--",
    b"-",
    b" ",
    b"\t",
    b"x",
    b"\xe9",
    b"\0",
]
PIECES += [b'Content-Disposition: form-data; name="a"', b'content-disposition: x; filename="f"']
PIECES += [b'Content-Disposition: form-data; name="a\\"%22"; filename*=utf-8\'\'%e9', b"X: y"]
PIECES += [
    b"Content-Type: text/plain; charset=iso-8859-1",
    b"\r\n\r\n",
    b"\n\n",
    b":",
    b"Content-Length: 3",
]
bodies = st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join)
tidy_parts = st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map(b"".join), max_size=4)


def wrap(parts: list[bytes]) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    return b"".join(head + part + b"\r\n" for part in parts) + b"--b--"


limits = st.fixed_dictionaries(
    {},
    optional={
        "max_form_memory_size": st.integers(0, 200),
        "max_form_parts": st.integers(0, 3),
        "max_content_length": st.integers(50, 400),
    },
)


def read_form(parser: t.Any, body: bytes, content_type: str, options: dict[str, t.Any]) -> t.Any:
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
    }

    def run() -> t.Any:
        _, form, files = parser.parse_form_data(
            environ, lambda **options: io.BytesIO(), silent=False, **options
        )
        found = [
            (name, file.name, file.filename, list(file.headers), file.read())
            for name, file in files.items(multi=True)
        ]
        return list(form.items(multi=True)), found

    return outcome(run)


@given(st.one_of(bodies, bodies.map(lambda body: b"--b\r\n" + body), tidy_parts.map(wrap)), limits)
@example(wrap([b"--b\r\nContent-Type: text/plain; charset=iso-8859-1", b"", b"\r\n"]), {})
@settings(max_examples=1500, deadline=None)
def test_multipart(body: bytes, options: dict[str, t.Any]) -> None:
    content_type = "multipart/form-data; boundary=b"
    ours = read_form(formparser, body, content_type, options)
    assert ours == read_form(werkzeug_formparser, body, content_type, options)


@given(bodies, st.integers(1, 9))
@settings(max_examples=500, deadline=None)
def test_multipart_however_it_is_cut(body: bytes, size: int) -> None:
    body = wrap([body])

    def run(buffer_size: int) -> t.Any:
        parser = formparser.MultiPartParser(lambda **_: io.BytesIO(), buffer_size=buffer_size)
        form, files = parser.parse(io.BytesIO(body), b"b", len(body))
        found = [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
        return list(form.items(multi=True)), found

    assert outcome(lambda: run(size)) == outcome(lambda: run(1 << 16))


forms = st.one_of(
    st.binary(max_size=30), st.text("ab=&+%C3A9;", max_size=30).map(lambda text: text.encode())
)


@given(forms)
@settings(max_examples=500, deadline=None)
def test_urlencoded(body: bytes) -> None:
    content_type = "application/x-www-form-urlencoded"
    ours = read_form(formparser, body, content_type, {})
    assert ours == read_form(werkzeug_formparser, body, content_type, {})


READ = """
method scheme server root_path path query_string remote_addr args access_route full_path is_secure
url base_url root_url host_url host cookies content_type content_length content_encoding
content_md5 referrer date max_forwards mimetype mimetype_params pragma accept_mimetypes
accept_charsets accept_encodings accept_languages cache_control if_match if_none_match
if_modified_since if_unmodified_since if_range range user_agent authorization origin
access_control_request_headers access_control_request_method is_json script_root url_root
remote_user is_multithread want_form_data_parsed values form files data
"""
TEXT_KEYS = """
PATH_INFO SCRIPT_NAME QUERY_STRING HTTP_COOKIE HTTP_ACCEPT HTTP_ACCEPT_LANGUAGE HTTP_DATE
HTTP_X_FORWARDED_FOR HTTP_AUTHORIZATION HTTP_RANGE HTTP_IF_MATCH HTTP_IF_RANGE HTTP_PRAGMA
HTTP_CACHE_CONTROL CONTENT_TYPE HTTP_USER_AGENT
"""
LATIN = st.text(alphabet="ab/?=&%;,\"'.:\\ \xc3\xa9\xff", max_size=12)
ENVIRONS = st.fixed_dictionaries(
    {"REQUEST_METHOD": st.sampled_from(["GET", "post"]), "wsgi.url_scheme": st.just("http")},
    optional={
        **dict.fromkeys(TEXT_KEYS.split(), LATIN),
        "HTTP_HOST": st.sampled_from(["localhost", "a.example:80", "[::1]:8080", "", "a b"]),
        "CONTENT_LENGTH": st.sampled_from(["", "0", "3", "-1", "x", "\u0663"]),
        "SERVER_NAME": st.sampled_from(["localhost", "::1", "/sock"]),
        "SERVER_PORT": st.sampled_from(["80", "8080", "x"]),
        "REMOTE_ADDR": st.just("127.0.0.1"),
    },
)


def spelled(value: t.Any) -> t.Any:
    """What can be compared: the class by its name, and the contents."""
    if isinstance(value, werkzeug_datastructures.MultiDict):
        return type(value).__name__, list(value.items(multi=True))
    if isinstance(value, (int, str, bytes, tuple, list, dict, type, type(None))):
        return type(value).__name__, value
    to_header = getattr(value, "to_header", value.__str__)
    return type(value).__name__, outcome(to_header)


def read(request: WerkzeugRequest, name: str) -> t.Any:
    return spelled(outcome(lambda: getattr(request, name)))


@given(ENVIRONS)
@settings(max_examples=300, deadline=None)
def test_requests(environ: dict[str, t.Any]) -> None:
    ours = Request({**environ, "wsgi.input": io.BytesIO(b"a=b")})
    theirs = WerkzeugRequest({**environ, "wsgi.input": io.BytesIO(b"a=b")})
    for name in READ.split():
        assert read(ours, name) == read(theirs, name), name


@pytest.mark.parametrize("size", [0, 1, 10, 100, 1000, 10_000])
def test_bodies_of_every_size(size: int) -> None:
    for body in (b"x" * size, b"a=b&" * size, b"%41" * size):
        content_type = "application/x-www-form-urlencoded"
        assert read_form(formparser, body, content_type, {}) == read_form(
            werkzeug_formparser, body, content_type, {}
        )
