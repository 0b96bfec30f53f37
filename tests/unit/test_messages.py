"""Requests read late, responses, and every override that counts."""

from __future__ import annotations

import copy
import datetime
import gc
import io
import pickle
import typing as t
import weakref

import pytest
from werkzeug import wrappers as werkzeug
from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.datastructures import ImmutableMultiDict, MIMEAccept, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, SecurityError
from werkzeug.test import EnvironBuilder
from werkzeug.user_agent import UserAgent

from kolben import formparser, messages
from kolben.datastructures import EnvironHeaders, Headers
from kolben.messages import Request, Response


def environ(**changes: t.Any) -> dict[str, t.Any]:
    return {
        "REQUEST_METHOD": "get",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "PATH_INFO": "/a\xc3\xa9",
        "SCRIPT_NAME": "/mount/",
        "QUERY_STRING": "a=1&b=2&a=3",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "example.org",
        "HTTP_COOKIE": "c=d",
        "HTTP_ACCEPT": "text/html;q=0.5, */*;q=0.1",
        "HTTP_X_FORWARDED_FOR": "1.1.1.1, 2.2.2.2",
        **changes,
    }


def posted(body: bytes, **changes: t.Any) -> dict[str, t.Any]:
    return environ(
        **{
            "REQUEST_METHOD": "POST",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            **changes,
        }
    )


MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n0123456789\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n\r\nfile\r\n--b--'
)
MULTIPART_TYPE = {"CONTENT_TYPE": "multipart/form-data; boundary=b"}


def test_is_a_werkzeug_request() -> None:
    request = Request(environ())
    assert isinstance(request, werkzeug.Request)
    assert isinstance(request.headers, EnvironHeaders)
    assert request.environ["werkzeug.request"] is request
    assert "werkzeug.request" not in Request(environ(), populate_request=False).environ
    assert "werkzeug.request" not in Request(environ(), shallow=True).environ


def test_nothing_is_read_before_it_is_used() -> None:
    class Watched(dict):  # type: ignore[type-arg]
        def get(self, *args: t.Any) -> t.Any:
            raise AssertionError(args)

        __getitem__ = get

    request = Request(Watched(environ()))
    assert set(vars(request)) == {"environ"}


def test_what_is_read_is_kept() -> None:
    request = Request(environ())
    for name in ("args", "cookies", "headers", "path", "accept_mimetypes", "url", "form"):
        assert getattr(request, name) is getattr(request, name)
    assert request.path == "/a\xe9"
    assert request.root_path == "/mount"
    assert request.method == "GET"
    assert request.server == ("localhost", 80)
    assert request.access_route == ["1.1.1.1", "2.2.2.2"]
    request.path = "/other"
    del request.url
    assert request.url == "http://example.org/mount/other?a=1&b=2&a=3"


def test_assigned_values_count() -> None:
    request = Request(environ())
    request.query_string = b"z=9"
    request.headers = Headers([("Accept", "image/png"), ("Cookie", "x=y"), ("cookie", "z=w")])
    assert dict(request.args) == {"z": "9"}
    assert request.accept_mimetypes.best == "image/png"
    assert dict(request.cookies) == {"x": "y", "z": "w"}


def test_lazy_attributes_are_documented() -> None:
    assert "cookies" in t.cast("t.Any", Request.cookies).fget.__doc__
    assert t.cast("t.Any", Request.cookies).__name__ == "cookies"


def test_a_request_is_collected() -> None:
    request = Request(environ())
    assert request.headers["host"]
    reference = weakref.ref(request)
    del request
    gc.collect()
    assert reference() is None


def test_a_request_is_copied() -> None:
    request = Request(environ())
    assert copy.copy(request).args == request.args


def test_shallow_requests_do_not_read() -> None:
    with pytest.raises(RuntimeError, match="shallow"):
        Request(posted(b"a=b"), shallow=True).form  # noqa: B018


class TestRequestOverrides:
    def test_attributes_as_properties(self) -> None:
        """Each attribute may be a property, and what is built on it uses it."""
        replaced: dict[str, tuple[t.Any, str, t.Any]] = {
            "query_string": (b"z=9", "args", MultiDict({"z": "9"})),
            "headers": (Headers({"Cookie": "k=v"}), "cookies", MultiDict({"k": "v"})),
            "remote_addr": ("9.9.9.9", "remote_addr", "9.9.9.9"),
            "method": ("PUT", "method", "PUT"),
            "path": ("/p", "full_path", "/p?a=1&b=2&a=3"),
            "root_path": ("/r", "root_url", "http://example.org/r/"),
            "scheme": ("https", "host_url", "https://example.org/"),
            "server": (("s", 1), "server", ("s", 1)),
            "host": ("h", "host_url", "http://h/"),
            "args": (MultiDict({"q": "1"}), "values", None),
            "root_url": ("http://r/", "url_root", "http://r/"),
            "mimetype": ("application/json", "is_json", True),
        }
        for name, (value, read, expected) in replaced.items():
            found = property(lambda self, value=value: value, lambda self, value: None)
            request = type("Mine", (Request,), {name: found})(environ())
            assert getattr(request, name) == value
            if expected is not None:
                assert getattr(request, read) == expected, name
        assert list(
            type("Mine", (Request,), {"args": MultiDict({"q": "1"})})(environ()).values
        ) == ["q"]

    def test_a_setter_is_called_as_werkzeug_calls_it(self) -> None:
        class Mine(Request):
            @property
            def path(self) -> str:  # type: ignore[override]
                return self._path.upper()

            @path.setter
            def path(self, value: str) -> None:
                self._path = value

        assert Mine(environ()).path == "/A\xc9"

    def test_a_mixin_in_front_counts(self) -> None:
        class Mixin:
            @property
            def path(self) -> str:
                return "/mixed"

            @path.setter
            def path(self, value: str) -> None:
                pass

        assert type("Mine", (Mixin, Request), {})(environ()).path == "/mixed"

    def test_super_reads_once(self) -> None:
        calls: list[int] = []

        class Mine(Request):
            def make_form_data_parser(self) -> t.Any:
                calls.append(1)
                return super().make_form_data_parser()

            @property
            def form(self) -> t.Any:
                return super().form

        request = Mine(posted(b"a=b"))
        assert request.form is request.form
        assert calls == [1]

    def test_storage_classes(self) -> None:
        class Mine(Request):
            parameter_storage_class = MultiDict
            dict_storage_class = MultiDict
            list_storage_class = list

        request = Mine(posted(b"a=b"))
        assert type(request.args) is type(request.form) is type(request.files) is MultiDict
        assert type(request.cookies) is MultiDict
        assert type(request.access_route) is list
        assert type(Request(environ()).args) is ImmutableMultiDict

    def test_a_storage_class_with_its_own_constructor(self) -> None:
        class Loud(ImmutableMultiDict):  # type: ignore[type-arg]
            def __init__(self, mapping: t.Any = None) -> None:
                super().__init__([(key.upper(), value) for key, value in mapping or ()])

        request = type("Mine", (Request,), {"parameter_storage_class": Loud})(posted(b"f=1"))
        assert set(request.args) == {"A", "B"}
        assert set(request.form) == {"F"}

    def test_form_data_parser_class(self) -> None:
        class Parser(formparser.FormDataParser):
            def parse(self, stream: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
                return stream, MultiDict({"mine": "1"}), MultiDict()

        class Mine(Request):
            form_data_parser_class = Parser

        assert Mine(posted(b"a=b")).form["mine"] == "1"
        assert Request.form_data_parser_class is formparser.FormDataParser

    def test_make_form_data_parser(self) -> None:
        class Mine(Request):
            def make_form_data_parser(self) -> t.Any:
                parser = super().make_form_data_parser()
                parser.max_form_parts = 0
                return parser

        with pytest.raises(RequestEntityTooLarge):
            Mine(posted(MULTIPART, **MULTIPART_TYPE)).form  # noqa: B018

    @pytest.mark.parametrize(
        "limit",
        [{"max_content_length": 20}, {"max_form_memory_size": 9}, {"max_form_parts": 1}],
        ids=str,
    )
    def test_limits(self, limit: dict[str, int]) -> None:
        mine = type("Mine", (Request,), limit)
        for request in (mine(posted(MULTIPART, **MULTIPART_TYPE)),):
            with pytest.raises(RequestEntityTooLarge):
                request.form  # noqa: B018
        request = Request(posted(MULTIPART, **MULTIPART_TYPE))
        for name, value in limit.items():
            setattr(request, name, value)
        with pytest.raises(RequestEntityTooLarge):
            request.files  # noqa: B018

    def test_get_file_stream(self) -> None:
        class Mine(Request):
            def _get_file_stream(self, *args: t.Any, **kwargs: t.Any) -> t.IO[bytes]:
                self.asked = kwargs["filename"]
                return io.BytesIO()

        request = Mine(posted(MULTIPART, **MULTIPART_TYPE))
        assert request.files["f"].read() == b"file"
        assert request.asked == "g"

    def test_want_form_data_parsed_and_load_form_data(self) -> None:
        mine = type("Mine", (Request,), {"want_form_data_parsed": False})
        request = mine(posted(b"a=b"))
        assert not request.form
        assert request.get_data() == b"a=b"

        class Loaded(Request):
            def _load_form_data(self) -> None:
                self.__dict__.update(form="form", files="files")

        assert (Loaded(posted(b"")).form, Loaded(posted(b"")).files) == ("form", "files")

    def test_trusted_hosts(self) -> None:
        mine = type("Mine", (Request,), {"trusted_hosts": ["example.com"]})
        with pytest.raises(SecurityError):
            mine(environ()).host  # noqa: B018
        assert mine(environ(HTTP_HOST="example.com")).host == "example.com"
        request = Request(environ())
        request.trusted_hosts = ["other"]
        with pytest.raises(SecurityError):
            request.url  # noqa: B018

    def test_user_agent_class(self) -> None:
        class Agent(UserAgent):
            browser = "mine"

        mine = type("Mine", (Request,), {"user_agent_class": Agent})
        assert mine(environ()).user_agent.browser == "mine"

    def test_get_data_and_json(self) -> None:
        class Mine(Request):
            def get_data(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
                return b'{"mine": 1}'

        request = Mine(posted(b"", CONTENT_TYPE="application/json"))
        assert request.json == {"mine": 1}
        assert request.data == b'{"mine": 1}'


RESPONSE_HEADERS = {
    "Age": "60",
    "Allow": "GET, POST",
    "Access-Control-Allow-Headers": "X-A, x-b",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Expose-Headers": "X-A",
    "Cache-Control": "max-age=5, no-cache",
    "Content-Language": "de, en",
    "Content-Security-Policy": "default-src 'self'; img-src *",
    "Date": "Fri, 20 Nov 2026 12:30:15 GMT",
    "ETag": 'W/"a"',
    "Expires": "x",
    "Last-Modified": "Fri, 20 Nov 2026 12:30:15 GMT",
    "Vary": "Cookie, accept",
}
CHANGES: list[t.Callable[[t.Any], None]] = [
    lambda it: it.vary.add("Origin"),
    lambda it: it.vary.clear(),
    lambda it: setattr(it, "vary", ["A", "b"]),
    lambda it: setattr(it, "allow", None),
    lambda it: it.allow.discard("get"),
    lambda it: it.content_language.update(["fr"]),
    lambda it: setattr(it.cache_control, "max_age", 7),
    lambda it: it.cache_control.clear(),
    lambda it: setattr(it.content_security_policy, "img_src", "'none'"),
    lambda it: it.content_security_policy.clear(),
    lambda it: setattr(it, "content_security_policy", "a b"),
    lambda it: setattr(it, "date", 0),
    lambda it: setattr(it, "expires", datetime.datetime(2026, 1, 1)),
    lambda it: setattr(it, "last_modified", None),
    lambda it: setattr(it, "age", 5),
    lambda it: setattr(it, "access_control_allow_headers", ["X", "a b"]),
    lambda it: it.set_etag("b"),
]


@pytest.mark.parametrize("headers", [RESPONSE_HEADERS, {}], ids=["set", "unset"])
@pytest.mark.parametrize("change", [lambda it: None, *CHANGES])
def test_the_headers_of_a_response_read_and_write_as_werkzeug_s(
    change: t.Callable[[t.Any], None], headers: dict[str, str]
) -> None:
    ours, theirs = Response(headers=headers), werkzeug.Response(headers=headers)
    for response in (ours, theirs):
        change(response)
    assert list(ours.headers) == list(theirs.headers)
    names = [name.lower().replace("-", "_") for name in RESPONSE_HEADERS if name != "ETag"]
    for name in names:
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert (type(mine), repr(mine)) == (type(other), repr(other)), name
        assert getattr(Response, name).__doc__, name
    assert ours.get_etag() == theirs.get_etag()


class TestResponse:
    def test_is_a_werkzeug_response(self) -> None:
        response = Response("text", headers={"X": "y"})
        assert isinstance(response, werkzeug.Response)
        assert type(response.headers) is Headers
        _, status, sent = response.get_wsgi_response(environ())
        assert status == "200 OK"
        assert sent == [
            ("X", "y"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "4"),
        ]

    def test_headers_are_taken_as_they_are(self) -> None:
        for headers in (Headers(), WerkzeugHeaders()):
            assert Response(headers=headers).headers is headers

    @pytest.mark.parametrize("bad", ["\r", "\n", "\0"])
    def test_no_line_ends_in_a_status(self, bad: str) -> None:
        with pytest.raises(ValueError, match="status must not contain"):
            Response(status=f"200 O{bad}K")
        response = Response()
        with pytest.raises(ValueError, match="status must not contain"):
            response.status = f"Fine{bad}X: y"
        assert response.status == "200 OK"

    @pytest.mark.parametrize("bad", ["\r", "\n", "\0"])
    @pytest.mark.parametrize("part", ["key", "domain", "path"])
    def test_no_line_ends_in_a_cookie(self, part: str, bad: str) -> None:
        response = Response()
        with pytest.raises((ValueError, UnicodeError)):
            response.set_cookie(**{"key": "k", "value": "v", part: f"a{bad}b"})
        assert "Set-Cookie" not in response.headers

    @pytest.mark.parametrize("status", [100, 200, 204, 206, 304, 404])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_sends_what_werkzeug_sends(self, status: int, method: str) -> None:
        def sent(cls: type[werkzeug.Response], body: t.Any) -> t.Any:
            headers = [("Location", "/\xe9?a b"), ("Content-Location", "/\xe9"), ("X", "y")]
            response = cls(body, status, headers)
            response.autocorrect_location_header = True
            body, *rest = response.get_wsgi_response(environ(REQUEST_METHOD=method))
            return b"".join(body), *rest

        for body in (None, "text", [b"a", "b"], ()):
            assert sent(Response, body) == sent(werkzeug.Response, body)
        assert sent(Response, iter(["a"])) == sent(werkzeug.Response, iter(["a"]))

    def test_overrides(self) -> None:
        class Mine(Response):
            default_mimetype = "text/html"
            default_status = 201
            max_cookie_size = 0

            def iter_encoded(self) -> t.Iterator[bytes]:
                return iter([b"mine"])

            def get_wsgi_headers(self, environ: t.Any) -> t.Any:
                headers = super().get_wsgi_headers(environ)
                headers["X"] = "y"
                return headers

            def set_cookie(self, key: str, *args: t.Any, **kwargs: t.Any) -> None:
                super().set_cookie("mine-" + key, *args, **kwargs)

        response = Mine([b"other"])
        response.delete_cookie("a")
        body, status, headers = response.get_wsgi_response(environ())
        assert b"".join(body) == b"mine"
        assert status == "201 CREATED"
        assert dict(headers)["Content-Length"] == "4"
        assert dict(headers)["X"] == "y"
        assert dict(headers)["Content-Type"] == "text/html; charset=utf-8"
        assert dict(headers)["Set-Cookie"].startswith("mine-a=;")

    def test_a_class_between_is_constructed(self) -> None:
        class Between(werkzeug.Response):
            def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
                super().__init__(*args, **kwargs)
                self.between = True

        assert type("Mine", (Response, Between), {})().between

    def test_pickles(self) -> None:
        response = Response("a", headers=[("X", "y")])
        response.freeze()
        made = pickle.loads(pickle.dumps(response))
        assert made.get_data() == b"a"
        assert list(made.headers) == list(response.headers)

    def test_a_werkzeug_response_becomes_one(self) -> None:
        response = Response.force_type(werkzeug.Response("a"))
        assert type(response) is Response
        assert response.get_wsgi_response(environ())[1] == "200 OK"


def test_names() -> None:
    assert sorted(messages.__all__) == ["Request", "Response"]


# --- what clients accept ---------------------------------------------------------------------

ACCEPTS = {
    "accept_mimetypes": ("Accept", "text/html;q=0.5, application/json, */*;q=0.1"),
    "accept_encodings": ("Accept-Encoding", "gzip, br;q=0.9, identity;q=0"),
    "accept_languages": ("Accept-Language", "de;q=0.8, en-GB, en;q=0.9"),
}


def accepting(request_class: t.Any, name: str, value: str) -> t.Any:
    builder = EnvironBuilder(headers={ACCEPTS[name][0]: value})
    return getattr(request_class(builder.get_environ()), name)


@pytest.mark.parametrize("name", ACCEPTS)
def test_the_same_choices_again(name: str) -> None:
    header, value = ACCEPTS[name]
    builder = EnvironBuilder(headers={header: value})
    theirs = getattr(werkzeug.Request(builder.get_environ()), name)
    first, second = (accepting(Request, name, value) for _ in range(2))
    assert list(first) == list(second) == list(theirs)
    assert type(first) is type(second) is type(theirs)
    assert (second.best, second.provided) == (theirs.best, theirs.provided)
    assert second is not first
    first.note = "of this request only"
    assert not hasattr(accepting(Request, name, value), "note")
    list.append(first, ("x", 1))
    assert list(accepting(Request, name, value)) == list(theirs)


def test_one_text_means_other_choices_for_another_header() -> None:
    value = "b;q=0.5, a"
    for name in ACCEPTS:
        assert list(accepting(Request, name, value)) == [("a", 1), ("b", 0.5)]
        assert type(accepting(Request, name, value)).__name__ != "list"
    kinds = {type(accepting(Request, name, value)) for name in ACCEPTS}
    assert len(kinds) == 3


@pytest.mark.parametrize("early", [True, False])
def test_how_choices_are_ordered_is_patched(monkeypatch: t.Any, early: bool) -> None:
    value = f"a/b, c/d;q=0.5, text/x-{early}"
    plain = ["a/b", f"text/x-{early}", "c/d"]
    if not early:
        assert list(accepting(Request, "accept_mimetypes", value).values()) == plain

    def specificity(self: t.Any, value: str) -> tuple[int, ...]:
        return (value.startswith("c"),)

    with monkeypatch.context() as patched:
        patched.setattr(MIMEAccept, "_specificity", specificity)
        for _ in range(2):
            accept = accepting(Request, "accept_mimetypes", value)
            assert list(accept.values()) == ["c/d", "a/b", f"text/x-{early}"]
    for _ in range(2):
        assert list(accepting(Request, "accept_mimetypes", value).values()) == plain


def test_thousands_of_different_headers_are_read_right() -> None:
    for number in range(3000):
        for value in (f"text/{number % 1000}", "text/" + "x" * (200 + number % 100)):
            assert accepting(Request, "accept_mimetypes", value).best == value
