"""JSON: the encoder that is kept, all ways to change what it depends on, and nesting too deep."""

from __future__ import annotations

import dataclasses
import decimal
import gc
import io
import json
import subprocess
import sys
import threading
import typing as t
import uuid
import weakref
from datetime import date, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

import kolben
import kolben.json
from kolben.json.provider import DefaultJSONProvider

COMPACT = (",", ":")
DEEP = "[" * 100_000 + "]" * 100_000


class Point:
    def __init__(self, x: int) -> None:
        self.x = x


@pytest.fixture
def app(target):
    return target.Flask("an_app")


@pytest.fixture
def provider(app):
    """One that has been used already, both with spaces and without."""
    provider = app.json
    assert provider.dumps({"b": "é", "a": 1}) == '{"a": 1, "b": "\\u00e9"}'
    assert provider.dumps({"b": "é", "a": 1}, separators=COMPACT) == '{"a":1,"b":"\\u00e9"}'
    return provider


def write_point(value: t.Any) -> t.Any:
    return f"point {value.x}"


# --- what the kept encoder depends on ------------------------------------------------------------


@pytest.mark.parametrize("place", ["instance", "class"])
def test_options_count_from_the_moment_they_change(provider, place, monkeypatch):
    owner = provider if place == "instance" else type(provider)
    function = write_point if place == "instance" else staticmethod(write_point)
    with pytest.raises(TypeError, match="Object of type Point is not JSON serializable"):
        provider.dumps(Point(1))
    monkeypatch.setattr(owner, "default", function)
    assert provider.dumps(Point(1)) == '"point 1"'
    monkeypatch.setattr(owner, "sort_keys", False)
    assert provider.dumps({"b": 1, "a": 2}) == '{"b": 1, "a": 2}'
    monkeypatch.setattr(owner, "ensure_ascii", False)
    assert provider.dumps(["é"], separators=COMPACT) == '["é"]'
    monkeypatch.setattr(owner, "ensure_ascii", True)
    assert provider.dumps(["é"], separators=COMPACT) == '["\\u00e9"]'


def test_no_default_is_the_encoders_own(provider, monkeypatch):
    monkeypatch.setattr(provider, "default", None)
    with pytest.raises(TypeError, match="not JSON serializable"):
        provider.dumps(Point(1))
    monkeypatch.setattr(json.JSONEncoder, "default", lambda self, value: write_point(value))
    assert provider.dumps(Point(2)) == '"point 2"'


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"indent": 2}, '{\n  "a": 1,\n  "b": "\\u00e9"\n}'),
        ({"sort_keys": False}, '{"b": "\\u00e9", "a": 1}'),
        ({"ensure_ascii": False}, '{"a": 1, "b": "é"}'),
        ({"separators": (" , ", " : ")}, '{"a" : 1 , "b" : "\\u00e9"}'),
        ({"separators": None}, '{"a": 1, "b": "\\u00e9"}'),
        ({"separators": COMPACT, "indent": 1}, '{\n "a":1,\n "b":"\\u00e9"\n}'),
        ({"cls": type("Encoder", (json.JSONEncoder,), {"encode": lambda *_: "!"})}, "!"),
    ],
)
def test_keywords_win(provider, options, text):
    assert provider.dumps({"b": "é", "a": 1}, **options) == text


def test_more_keywords(provider):
    assert provider.dumps(Point(1), default=write_point) == '"point 1"'
    assert provider.dumps({(1, 2): 1, "a": 1}, skipkeys=True, sort_keys=False) == '{"a": 1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        provider.dumps(float("nan"), allow_nan=False)
    with pytest.raises(TypeError, match="nonsense"):
        provider.dumps(1, nonsense=True)


def test_a_subclass_may_have_default_as_a_method(app, target):
    class Provider(target.json.provider.DefaultJSONProvider):
        mark = "point"

        def default(self, value: t.Any) -> t.Any:
            return f"{self.mark} {value.x}" if isinstance(value, Point) else super().default(value)

    one, other = Provider(app), Provider(app)
    other.mark = "other"
    for _ in range(2):
        assert one.dumps([Point(1), decimal.Decimal("1.5")]) == '["point 1", "1.5"]'
        assert other.dumps(Point(2)) == '"other 2"'
    one.mark = "dot"
    assert one.dumps(Point(1)) == '"dot 1"'


def test_a_subclass_may_override_dumps_and_is_given_the_options_of_response(app, target):
    calls = []

    class Provider(target.json.provider.DefaultJSONProvider):
        def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
            calls.append(kwargs)
            return super().dumps(obj, **kwargs)

    app.json = Provider(app)
    with app.app_context():
        assert app.json.response(a=1).data == b'{"a":1}\n'
        app.debug = True
        assert app.json.response(a=1).data == b'{\n  "a": 1\n}\n'
        assert target.json.dumps({"a": 1}) == '{"a": 1}'
    assert calls == [{"separators": COMPACT}, {"indent": 2}, {}]


@pytest.mark.parametrize(
    ("compact", "debug", "spaces"),
    [
        (None, False, False),
        (None, True, True),
        (True, True, False),
        (False, False, True),
        (0, True, False),
    ],
)
def test_compact_decides_about_spaces(app, compact, debug, spaces):
    app.json.compact = compact
    app.debug = debug
    with app.app_context():
        response = app.json.response([1, 2])
    assert response.data == (b"[\n  1,\n  2\n]\n" if spaces else b"[1,2]\n")


def test_the_mimetype_can_be_changed(app):
    app.json.mimetype = "application/vnd.api+json"
    with app.app_context():
        assert app.json.response({}).mimetype == "application/vnd.api+json"


class Encoder(json.JSONEncoder):
    def encode(self, o: t.Any) -> str:
        return "encoded"


def patched(name: str) -> tuple[t.Any, str, t.Any]:
    return {
        "dumps": (json, "dumps", lambda *_, **__: "patched"),
        "encode": (json.JSONEncoder, "encode", lambda *_: "patched"),
        "iterencode": (json.JSONEncoder, "iterencode", lambda *_, **__: ["patched"]),
        "separator": (json.JSONEncoder, "item_separator", "patched"),
        "ascii": (json.encoder, "encode_basestring_ascii", lambda *_: "patched"),
    }[name]


@pytest.mark.parametrize("name", ["dumps", "encode", "iterencode", "separator", "ascii"])
def test_what_is_patched_in_the_standard_library_counts(provider, name, monkeypatch):
    owner, attribute, value = patched(name)
    before = provider.dumps([1, "a"])
    with monkeypatch.context() as patch:
        patch.setattr(owner, attribute, value)
        assert "patched" in provider.dumps([1, "a"])
    assert provider.dumps([1, "a"]) == before


def test_an_encoder_class_put_in_place_counts(provider, monkeypatch):
    monkeypatch.setattr(json, "JSONEncoder", Encoder)
    # json.dumps reads the name from its own module, which is the same one.
    assert provider.dumps([1]) == "encoded"


@pytest.mark.parametrize("name", ["json.dumps", "json.JSONEncoder.encode"])
def test_what_was_patched_before_the_import_counts(target, name):
    code = (
        f"import json; {name} = lambda *_, **__: 'patched'\n"
        f"import {target.__name__} as flask; print(flask.Flask('an_app').json.dumps([1]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "patched\n"


def test_an_interpreter_without_the_compiled_encoder(provider, monkeypatch):
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert provider.dumps({"b": [1.5, None], "a": "é"}) == '{"a": "\\u00e9", "b": [1.5, null]}'


def test_a_module_put_in_place_counts(provider, target_module, monkeypatch):
    class Library:
        JSONEncoder = json.JSONEncoder

        @staticmethod
        def dumps(obj: t.Any, **kwargs: t.Any) -> str:
            return "theirs"

    monkeypatch.setattr(target_module("json.provider"), "json", Library)
    assert provider.dumps([1]) == "theirs"


# --- the results are those of json.dumps ---------------------------------------------------------

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(document=documents, ascii_only=st.booleans(), sort=st.booleans(), compact=st.booleans())
def test_random_documents(document, ascii_only, sort, compact):
    provider = kolben.Flask("an_app").json
    provider.ensure_ascii, provider.sort_keys = ascii_only, sort
    options = {"separators": COMPACT} if compact else {}
    expected = json.dumps(
        document, default=provider.default, ensure_ascii=ascii_only, sort_keys=sort, **options
    )
    for _ in range(2):
        assert provider.dumps(document, **options) == expected


def test_more_types(provider):
    @dataclasses.dataclass
    class Thing:
        when: datetime
        id: uuid.UUID

    thing = Thing(datetime(2020, 2, 3, 4, 5, 6, tzinfo=timezone.utc), uuid.UUID(int=7))
    assert json.loads(
        provider.dumps([thing, date(2020, 2, 3), Markup("<b>"), decimal.Decimal(1)])
    ) == [
        {
            "when": "Mon, 03 Feb 2020 04:05:06 GMT",
            "id": "00000000-0000-0000-0000-000000000007",
        },
        "Mon, 03 Feb 2020 00:00:00 GMT",
        "<b>",
        "1",
    ]


def test_a_circle_is_found(provider):
    circle: list[t.Any] = [1]
    circle.append({"a": circle})
    for options in ({}, {"separators": COMPACT}, {"indent": 2}):
        with pytest.raises(ValueError, match="Circular reference detected"):
            provider.dumps(circle, **options)
    provider.default = lambda value: value
    with pytest.raises(ValueError, match="Circular reference detected"):
        provider.dumps(Point(1))


def test_one_value_in_many_places_is_no_circle(provider):
    shared = [1]
    assert provider.dumps([shared, shared, {"a": shared}]) == '[[1], [1], {"a": [1]}]'


def test_default_may_write_json_itself(provider):
    shared = {"a": 1}
    provider.default = lambda value: provider.dumps(shared)
    assert provider.dumps([shared, Point(1)]) == '[{"a": 1}, "{\\"a\\": 1}"]'


def test_an_error_in_default_leaves_no_trace(provider):
    def fail_once(value: t.Any) -> t.Any:
        provider.default = write_point
        raise LookupError("once")

    provider.default = fail_once
    document = {"a": [Point(1)]}
    with pytest.raises(LookupError, match="once"):
        provider.dumps(document)
    assert provider.dumps(document) == '{"a": ["point 1"]}'


def test_threads_share_an_encoder(provider):
    shared = {"a": [{"b": list(range(50))}]}
    expected, results = provider.dumps(shared), set()

    def write() -> None:
        for _ in range(300):
            results.add(provider.dumps(shared))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {expected}


def test_the_app_and_the_provider_are_freed(target):
    class Provider(target.json.provider.DefaultJSONProvider):
        def default(self, value: t.Any) -> t.Any:
            return write_point(value)

    app = target.Flask("an_app")
    app.json = Provider(app)
    assert app.json.dumps(Point(1)) == '"point 1"'
    gone = weakref.ref(app.json)
    del app
    gc.collect()
    assert gone() is None


@pytest.mark.kolben_only
def test_the_encoder_is_kept(provider):
    assert provider._writer(False) is provider._writer(False)
    assert provider._writer(True) is provider._writer(True)
    assert provider._writer(True) is not provider._writer(False)


# --- nesting that is too deep --------------------------------------------------------------------


@pytest.mark.kolben_only
@pytest.mark.parametrize("text", [DEEP, DEEP.encode(), '{"a":' * 100_000, "[" * 100_000])
def test_nesting_too_deep_is_an_error_in_the_json(text):
    app = kolben.Flask("an_app")
    file = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    with pytest.raises(json.JSONDecodeError, match="The JSON is nested too deeply"):
        app.json.loads(text)
    with pytest.raises(ValueError, match="The JSON is nested too deeply"):
        kolben.json.loads(text)
    with pytest.raises(ValueError, match="The JSON is nested too deeply"):
        kolben.json.load(file)


@pytest.mark.kolben_only
def test_nesting_too_deep_in_a_request_is_its_senders_fault():
    app = kolben.Flask("an_app")

    @app.post("/")
    def index():
        return app.json.dumps(kolben.request.json)

    client = app.test_client()
    sent = {"data": DEEP, "content_type": "application/json"}
    assert client.post("/", **sent).status_code == 400
    assert client.post("/", json=[[1]]).text == "[[1]]"


# --- without an app ------------------------------------------------------------------------------


def test_without_an_app_it_is_the_standard_library_with_more_types(target):
    file = io.StringIO()
    target.json.dump({"b": uuid.UUID(int=1), "a": "é"}, file)
    text = '{"b": "00000000-0000-0000-0000-000000000001", "a": "\\u00e9"}'
    assert file.getvalue() == text == target.json.dumps({"b": uuid.UUID(int=1), "a": "é"})
    assert target.json.dumps(Point(1), default=write_point) == '"point 1"'
    assert target.json.loads(text, object_pairs_hook=list)[1] == ("a", "é")
    assert target.json.load(io.StringIO(text)) == target.json.loads(text)


def test_response_takes_values_or_keywords(app):
    with app.app_context():
        with pytest.raises(TypeError, match="takes either args or kwargs, not both"):
            app.json.response(1, a=1)
        bodies = [app.json.response(*args).json for args in ((), (1,), (1, 2), ([],))]
    assert bodies == [None, 1, [1, 2], []]


def test_the_interface_has_nothing_of_its_own(app, target):
    provider = target.json.provider.JSONProvider(app)
    for call in (lambda: provider.dumps(1), lambda: provider.loads("1")):
        with pytest.raises(NotImplementedError):
            call()


def test_the_default_class_is_the_apps(app, target):
    assert type(app.json) is target.json.provider.DefaultJSONProvider
    assert issubclass(DefaultJSONProvider, kolben.json.provider.JSONProvider)


@pytest.mark.parametrize("way", ["in its place", "on the class", "the method tag"])
def test_another_tag_for_dicts_writes_plain_ones(target_module, monkeypatch, way):
    tag = target_module("json.tag")
    serializer = tag.TaggedJSONSerializer()

    def to_json(self, value):
        return {"marked": list(value)}

    if way == "in its place":
        own = type("Own", (tag.PassDict,), {"to_json": to_json, "tag": to_json})
        serializer.order[1] = own(serializer)
    elif way == "on the class":
        monkeypatch.setattr(tag.PassDict, "tag", to_json)
    else:
        serializer = type(
            "Own", (tag.TaggedJSONSerializer,), {"tag": lambda *_: {"marked": ["a", "b"]}}
        )()
    assert serializer.dumps({"a": 1, "b": 2}) == '{"marked":["a","b"]}'
