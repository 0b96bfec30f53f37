"""JSON with orjson: its results are those of the default provider."""

from __future__ import annotations

import collections
import dataclasses
import decimal
import enum
import json
import subprocess
import sys
import typing as t
import uuid
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

import kolben
from kolben.json.provider import DefaultJSONProvider, JSONProvider

pytest.importorskip("orjson")
from kolben.json.orjson import OrjsonProvider

COMPACT = (",", ":")
APP = kolben.Flask("an_app")


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "not this"


class Number(int):
    def __repr__(self) -> str:
        return "not this"


class Real(float):
    def __repr__(self) -> str:
        return "not this"


class Items(list):
    pass


class Empty(dict):
    def items(self) -> t.Any:
        return [("not", "this")]


class Colour(enum.IntEnum):
    RED = 1


class Shape(str, enum.Enum):
    ROUND = "round"


class Html:
    def __html__(self) -> str:
        return "<b>"


@dataclasses.dataclass
class Thing:
    name: str
    when: datetime


Pair = collections.namedtuple("Pair", "a b")

VALUES = [
    {"b": 1, "a": [True, None, 1.5]},
    {"é": 1, "z": 2, "\U0001f600": 3, "\uffff": 4},
    '\x00\x1f\x7f\x80é\u2028\uffff\U0001f600"\\/\b\f\n\r\t',
    datetime(2020, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2))),
    datetime(2020, 2, 3),
    date(2020, 2, 3),
    decimal.Decimal("1.50"),
    uuid.UUID(int=5),
    Thing("a", datetime(2020, 2, 3)),
    Markup("<i>é</i>"),
    Html(),
    Pair(1, (2,)),
    Text("text"),
    Number(7),
    Real(1.5),
    Items([1, Text("a")]),
    Empty(),
    Empty(a=1),
    MultiDict([("a", 1), ("a", 2), ("b", 3)]),
    collections.OrderedDict(b=1, a=2),
    Colour.RED,
    Shape.ROUND,
    {10: "a", 9: "b"},
    {1.5: "a"},
    {Text("key"): 1},
    2**64,
    -(2**70),
    [[2**63 - 1], -(2**63)],
    "\ud800",
    [[[[[]]]]],
    {},
    [],
    "",
    -0.0,
    1e22,
]


@pytest.fixture(params=[True, False], ids=["ascii", "unicode"])
def providers(request):
    pair = OrjsonProvider(APP), DefaultJSONProvider(APP)
    for provider in pair:
        provider.ensure_ascii = request.param
    return pair


def outcome(function: t.Callable[[], t.Any]) -> t.Any:
    try:
        return function()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize("options", [{"separators": COMPACT}, {"indent": 2}, {"indent": 4}])
@pytest.mark.parametrize("sort", [True, False])
def test_values_look_the_same(providers, value, options, sort):
    for provider in providers:
        provider.sort_keys = sort
    ours, theirs = [outcome(lambda p=p: p.dumps(value, **options)) for p in providers]
    assert ours == theirs
    assert isinstance(ours, str)


@pytest.mark.parametrize("value", [object(), {(1, 2): 1}, {"a": 1, 2: 3}, b"bytes", {1, 2}])
def test_what_has_no_form_is_the_same_error(providers, value):
    ours, theirs = [outcome(lambda p=p: p.dumps(value)) for p in providers]
    assert ours == theirs
    assert ours[0] is TypeError


def test_a_circle_is_the_same_error():
    circle: list[t.Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular reference detected"):
        OrjsonProvider(APP).dumps(circle)


def test_nesting_deeper_than_orjson_goes():
    value: t.Any = []
    for _ in range(400):
        value = [value]
    provider = OrjsonProvider(APP)
    assert provider.loads(provider.dumps(value)) == value


def test_without_options_there_are_no_spaces():
    assert OrjsonProvider(APP).dumps({"b": [1, 2], "a": 2**70}) == (f'{{"a":{2**70},"b":[1,2]}}')


@pytest.mark.parametrize(
    "options",
    [
        {"separators": (", ", ": ")},
        {"separators": COMPACT, "indent": 2},
        {"indent": None},
        {"sort_keys": False, "separators": COMPACT},
        {"ensure_ascii": False, "separators": COMPACT},
        {"ensure_ascii": True, "indent": 2},
        {"skipkeys": True},
        {"default": lambda value: ["object"], "separators": COMPACT},
        {"default": None, "separators": COMPACT},
    ],
)
def test_keywords_win(providers, options):
    value = {"b": "é\x7f", "a": uuid.UUID(int=1)}
    if "default" in options:
        value["c"] = decimal.Decimal(1) if options["default"] is None else object()
    ours, theirs = [outcome(lambda p=p: p.dumps(value, **options)) for p in providers]
    if options.get("default"):
        # A UUID does not come to it.
        assert '"c":["object"]' in ours
    else:
        assert ours == theirs


def test_the_default_of_a_subclass():
    class Provider(OrjsonProvider):
        def default(self, value: t.Any) -> t.Any:
            return {"set": sorted(value)} if isinstance(value, set) else super().default(value)

    provider = Provider(APP)
    assert provider.dumps([{2, 1}, decimal.Decimal(1)]) == '[{"set":[1,2]},"1"]'
    provider.default = lambda value: "now this"
    assert provider.dumps([{2, 1}]) == '["now this"]'


def test_what_differs_from_the_default_provider():
    dumps = OrjsonProvider(APP).dumps
    assert dumps([float("nan"), float("inf"), 1e-7]) == "[null,null,1e-7]"
    assert dumps([enum.Enum("Size", "BIG").BIG]) == "[1]"


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals() | st.uuids(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(document=documents, ascii_only=st.booleans(), sort=st.booleans(), lines=st.booleans())
def test_random_documents_look_the_same(document, ascii_only, sort, lines):
    pair = OrjsonProvider(APP), DefaultJSONProvider(APP)
    options: dict[str, t.Any] = {"indent": 2} if lines else {"separators": COMPACT}
    for provider in pair:
        provider.ensure_ascii, provider.sort_keys = ascii_only, sort
    ours, theirs = [outcome(lambda p=p: p.dumps(document, **options)) for p in pair]
    assert ours == theirs


json_texts = st.text(alphabet='0123456789-.eE{}[],:"\\ ua\n', max_size=30)


@given(text=json_texts | documents.map(lambda value: json.dumps(value, default=str, skipkeys=True)))
@example("18446744073709551616")
@example("[123456789012345678901, -9223372036854775809]")
@example('"\\ud800"')
@example("NaN")
@example("1e999")
@example('{"a":1,"a":2}')
@example("[1,]")
@example("\ufeff1")
def test_random_texts_read_the_same(text):
    pair = OrjsonProvider(APP), DefaultJSONProvider(APP)
    for source in (text, text.encode("utf-8", "replace")):
        ours, theirs = [outcome(lambda p=p, s=source: p.loads(s)) for p in pair]
        assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("data", [b"\xff", b"\xef\xbb\xbf1", '"é"'.encode("utf-16"), b""])
def test_odd_bytes_read_the_same(data):
    pair = OrjsonProvider(APP), DefaultJSONProvider(APP)
    ours, theirs = [outcome(lambda p=p: p.loads(data)) for p in pair]
    assert ours == theirs


def test_loads_takes_the_standard_librarys_keywords():
    assert OrjsonProvider(APP).loads("1.5", parse_float=decimal.Decimal) == decimal.Decimal("1.5")


def test_nesting_too_deep_is_an_error_in_the_json():
    with pytest.raises(ValueError, match="The JSON is nested too deeply"):
        OrjsonProvider(APP).loads("[" * 100_000)


def test_an_app_that_chose_it():
    app = kolben.Flask("an_app")
    app.json = OrjsonProvider(app)
    assert isinstance(app.json, JSONProvider)

    @app.post("/")
    def index():
        return {"got": kolben.request.json, "id": uuid.UUID(int=1)}

    client = app.test_client()
    sent = client.post("/", json={"é": [1]})
    assert sent.data == (b'{"got":{"\\u00e9":[1]},"id":"00000000-0000-0000-0000-000000000001"}\n')
    app.debug = True
    assert client.post("/", json=1).text.startswith('{\n  "got": 1,\n  "id": ')
    assert client.post("/", data="[", content_type="application/json").status_code == 400


def test_without_orjson_the_error_names_the_extra():
    code = (
        "import sys; sys.modules['orjson'] = None\n"
        "try: import kolben.json.orjson\n"
        "except ImportError as error: print(error, error.name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install kolben[orjson]" in done.stdout
    assert done.stdout.endswith(" orjson\n")
