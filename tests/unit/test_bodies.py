"""The body of a request: read at once, through its stream, or as a form."""

from __future__ import annotations

import io
import typing as t

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from tests.unit.test_overrides import environ

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


def make(target: t.Any, body: bytes, *, length: int | None = None, **others: t.Any) -> t.Any:
    stated = str(len(body) if length is None else length)
    cls = others.pop("cls", target.Request)
    others.setdefault("CONTENT_LENGTH", stated)
    made = environ(REQUEST_METHOD="POST", **{"wsgi.input": io.BytesIO(body), **others})
    return cls(made)


class Slow(io.RawIOBase):
    """Gives a byte at a time."""

    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self.body.read(min(1, len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def test_the_body_ends_where_its_length_says(target):
    request = make(target, b"the body and more", length=8)
    assert request.get_data() == b"the body"
    assert request.environ["wsgi.input"].read() == b" and more"


def test_the_body_is_kept_unless_told_otherwise(target):
    request = make(target, b"body")
    assert request.get_data() is request.get_data()
    assert request.data == b"body"
    request = make(target, b"body")
    assert request.get_data(cache=False) == b"body"
    assert request.get_data(cache=False) == b""


def test_the_stream_is_at_its_end_after_the_body_was_read(target):
    request = make(target, b"body and more", length=4)
    request.get_data()
    assert request.stream.read() == b""
    assert request.stream is request.stream


def test_the_rest_of_a_stream_that_was_begun(target):
    request = make(target, b"the body")
    assert request.stream.read(4) == b"the "
    assert request.get_data() == b"body"


def test_a_stream_that_was_assigned(target):
    request = make(target, b"body")
    request.stream = io.BytesIO(b"another")
    assert request.get_data() == b"another"


def test_a_stream_of_the_class(target):
    cls = type("Own", (target.Request,), {"stream": property(lambda self: io.BytesIO(b"own"))})
    assert make(target, b"body", cls=cls).get_data() == b"own"


def test_a_body_that_comes_bit_by_bit(target):
    request = make(target, b"", length=8, **{"wsgi.input": io.BufferedReader(Slow(b"the body"), 1)})
    assert request.get_data() == b"the body"
    request = make(target, b"", length=8, **{"wsgi.input": Slow(b"the body")})
    assert request.get_data() == b"the body"


@pytest.mark.parametrize("body", [b"", b"the"])
def test_a_client_that_goes_away(target, body):
    with pytest.raises(ClientDisconnected):
        make(target, body, length=8).get_data()


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("closed")])
def test_an_input_that_breaks(target, error):
    class Broken(io.BytesIO):
        def read(self, *args):
            raise error

        readinto = read

    with pytest.raises(ClientDisconnected) as raised:
        make(target, b"", length=8, **{"wsgi.input": Broken()}).get_data()
    assert raised.value.__context__ is error


@pytest.mark.parametrize(
    "others", [{"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "x"}, {"CONTENT_LENGTH": "-1"}]
)
def test_a_body_of_unknown_length_is_none(target, others):
    assert make(target, b"body", **others).get_data() == b""


def test_a_server_that_ends_the_input_itself(target):
    request = make(target, b"body", **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True})
    assert request.get_data() == b"body"


def test_a_limit_refuses_a_longer_body(target):
    request = make(target, b"the body")
    request.max_content_length = 7
    with pytest.raises(RequestEntityTooLarge):
        request.get_data()
    request = make(target, b"the body")
    request.max_content_length = 8
    assert request.get_data() == b"the body"


def test_a_shallow_request_has_no_body(target):
    request = target.Request(environ(CONTENT_LENGTH="4"), shallow=True)
    with pytest.raises(RuntimeError, match="shallow=True"):
        request.get_data()


def test_a_long_body(target):
    body = b"x" * 200_000
    assert make(target, body).get_data() == body


def test_a_form_is_read_once(target):
    request = make(target, b"a=1&a=2&b=%C3%A9", **FORM)
    assert request.form.to_dict(flat=False) == {"a": ["1", "2"], "b": ["é"]}
    assert request.form is request.form
    assert not request.files
    assert request.stream.read() == b""
    assert request.get_data() == b""
    assert type(request.form) is type(request.files)


def test_a_form_after_the_body_was_kept(target):
    request = make(target, b"a=1", **FORM)
    assert request.get_data() == b"a=1"
    assert request.form["a"] == "1"


@pytest.mark.parametrize("body", [b"a=\xff", b"a=%FF", b"=&&=", b"a", b"a=1;b=2", b"a=+%2B"])
def test_forms_that_are_odd(target, body):
    from werkzeug.wrappers import Request

    expected = make(target, body, cls=Request, **FORM).form
    assert make(target, body, **FORM).form == expected


def test_the_limit_of_fields_is_none_of_urlencoded_forms(target):
    request = make(target, b"a=12345", **FORM)
    request.max_form_memory_size = 6
    assert request.form["a"] == "12345"


def test_ways_to_parse_forms_of_the_class(target):
    from werkzeug.datastructures import ImmutableMultiDict, MultiDict
    from werkzeug.formparser import FormDataParser

    class Parser(FormDataParser):
        def parse(self, stream, *args):
            return stream, self.cls({"parsed": "here"}), self.cls()

    ways: list[tuple[dict[str, t.Any], dict[str, str]]] = [
        ({"form_data_parser_class": Parser}, {"parsed": "here"}),
        ({"make_form_data_parser": lambda self: Parser(cls=MultiDict)}, {"parsed": "here"}),
        ({"want_form_data_parsed": False}, {}),
        ({"mimetype": "text/plain"}, {}),
        ({"parameter_storage_class": MultiDict}, {"a": "1"}),
    ]
    for members, expected in ways:
        request = make(target, b"a=1", cls=type("Own", (target.Request,), members), **FORM)
        assert request.form.to_dict() == expected
    assert type(request.form) is MultiDict
    assert type(make(target, b"a=1", **FORM).form) is ImmutableMultiDict


def test_a_patch_of_how_forms_are_parsed_counts(target, monkeypatch):
    from werkzeug.formparser import FormDataParser
    from werkzeug.wrappers import Request

    class Parser(FormDataParser):
        def parse(self, stream, *args):
            return stream, self.cls({"parsed": "here"}), self.cls()

    for holder in (target.Request, Request):
        with monkeypatch.context() as patch:
            patch.setattr(holder, "make_form_data_parser", lambda self: Parser())
            assert make(target, b"a=1", **FORM).form.to_dict() == {"parsed": "here"}
    assert make(target, b"a=1", **FORM).form.to_dict() == {"a": "1"}


def test_a_content_type_is_read_without_its_parameters(target):
    request = make(target, b"", CONTENT_TYPE="Text/HTML; charset=utf-8")
    assert request.mimetype == "text/html"
    assert request.mimetype_params == {"charset": "utf-8"}
    assert make(target, b"").mimetype == ""


JSON = {"CONTENT_TYPE": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [1, null, true, "\xc3\xa9", 1.5e3, NaN]}',
        b" [1]\n",
        b"[1] 2",
        b"[1",
        b"{",
        b"[",
        b"[\xff]",
        b"5",
        b'"text"',
        b"",
        "[1]".encode("utf-16"),
        "[1]".encode("utf-16-le"),
        "[1]".encode("utf-32-be"),
        b"\xef\xbb\xbf[1]",
        b'["\xed\xa0\x80"]',
        b"[" * 100_000,
        b"[" + b"1" * 5_000 + b"]",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_json_is_read_as_the_standard_library_reads_it(target, body):
    import json

    app = target.Flask("an_app")
    expected: t.Any
    try:
        expected = json.loads(body)
    except (ValueError, RecursionError):
        expected = "400 Bad Request"
    with app.app_context():
        request = make(target, body, **JSON)
        try:
            read = request.get_json()
        except Exception as error:
            read = str(error)[:15]
            if isinstance(error, RecursionError):
                pytest.skip("Flask's own answer to it")
    assert repr(read) == repr(expected)


def test_a_patch_of_json_loads_counts(target, monkeypatch):
    import json

    app = target.Flask("an_app")
    monkeypatch.setattr(json, "loads", lambda *args, **kwargs: "patched")
    with app.app_context():
        assert make(target, b"[1]", **JSON).get_json() == "patched"
