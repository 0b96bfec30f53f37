"""The names, classes, overrides and promises of kolben.headers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import copy
import datetime
import gc
import inspect
import math
import pickle
import sys
import time
import typing as t

import hypothesis
import pytest
import werkzeug.http
import werkzeug.sansio.http
import werkzeug.sansio.utils
import werkzeug.urls
from hypothesis import strategies as st
from werkzeug import datastructures as ds

from kolben import headers
from kolben.core import compiled
from kolben.headers import sansio

if t.TYPE_CHECKING:
    import types

needs_core = pytest.mark.skipif(compiled is None, reason="Werkzeug's own classes in the pure mode")


def public(module: types.ModuleType) -> dict[str, t.Any]:
    """The functions and classes that a module defines and offers."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (headers, werkzeug.http),
        (headers, werkzeug.urls),
        (headers, werkzeug.sansio.utils),
        (sansio, werkzeug.sansio.http),
    ],
)
def test_every_public_name_has_its_signature(
    ours: types.ModuleType, theirs: types.ModuleType
) -> None:
    for name, original in public(theirs).items():
        replacement = getattr(ours, name)
        if inspect.isfunction(original):
            expected = inspect.signature(original).parameters.values()
            found = inspect.signature(replacement).parameters.values()
            assert [(it.name, it.default) for it in found] == [
                (it.name, it.default) for it in expected
            ], name


# --- classes -----------------------------------------------------------------------------------

RESULTS: dict[str, t.Callable[[], t.Any]] = {
    "cookie": lambda: headers.parse_cookie("a=b; a=c; d=e"),
    "immutable cookie": lambda: headers.parse_cookie("a=b; a=c", ds.ImmutableMultiDict),
    "query": lambda: headers.parse_query("a=b&a=c&d"),
    "accept": lambda: headers.parse_accept_header("a;q=0.5, *, b"),
    "mime": lambda: headers.parse_accept_header("*/*;q=0.5, a/b", ds.MIMEAccept),
    "cache": lambda: headers.parse_cache_control_header("max-age=5, no-cache"),
    "response cache": lambda: headers.parse_cache_control_header(
        "max-age=5, public", None, ds.ResponseCacheControl
    ),
    "policy": lambda: headers.parse_csp_header("default-src 'self'; img-src *"),
    "set": lambda: headers.parse_set_header("Foo, bar"),
    "etags": lambda: headers.parse_etags('"a", W/"b"'),
    "range": lambda: headers.parse_range_header("bytes=0-4,-5"),
    "content range": lambda: headers.parse_content_range_header("bytes 0-4/10"),
    "if range": lambda: headers.parse_if_range_header('"a"'),
    "no cache": lambda: headers.parse_cache_control_header(""),
    "no policy": lambda: headers.parse_csp_header(None),
    "no set": lambda: headers.parse_set_header(None),
    "no range": lambda: headers.parse_if_range_header(None),
}


def visible(value: t.Any) -> t.Any:
    contents = list(value) if isinstance(value, (dict, list)) else None
    items = list(value.items()) if isinstance(value, dict) else None
    # The hash is kept once it is known.
    attributes = {name: it for name, it in vars(value).items() if name != "_hash_cache"}
    return type(value), contents, items, attributes


@pytest.mark.parametrize("name", RESULTS)
def test_results_can_be_pickled_and_copied(name: str) -> None:
    result = RESULTS[name]()
    assert visible(pickle.loads(pickle.dumps(result))) == visible(result)
    assert visible(copy.copy(result))[1:] == visible(result)[1:]
    assert visible(copy.deepcopy(result))[1:] == visible(result)[1:]


def test_results_are_werkzeug_s_own_classes() -> None:
    assert type(headers.parse_cookie("a=b")) is ds.MultiDict
    assert type(headers.parse_accept_header("a")) is ds.Accept
    assert type(headers.parse_cache_control_header("a")) is ds.RequestCacheControl
    assert type(headers.parse_csp_header("a b")) is ds.ContentSecurityPolicy
    assert type(headers.parse_set_header("a")) is ds.HeaderSet
    assert isinstance(headers.Authorization.from_header("a b"), ds.Authorization)
    assert isinstance(headers.WWWAuthenticate.from_header("a b"), ds.WWWAuthenticate)


def test_multi_dicts_behave() -> None:
    cookies = headers.parse_cookie("a=b; c=d; a=e")
    assert cookies["a"] == "b"
    assert cookies.getlist("a") == ["b", "e"]
    assert list(cookies.items(multi=True)) == [("a", "b"), ("a", "e"), ("c", "d")]
    cookies.add("c", "f")
    cookies["a"] = "g"
    assert cookies.to_dict(flat=False) == {"a": ["g"], "c": ["d", "f"]}
    assert headers.parse_cookie("a=b").getlist("a") is not headers.parse_cookie("a=b").getlist("a")


def test_accepts_behave() -> None:
    mime = headers.parse_accept_header("text/*;q=0.5, text/html, */*;q=0.1", ds.MIMEAccept)
    assert mime.best_match(["image/png", "text/plain", "text/html"]) == "text/html"
    assert mime.quality("text/plain") == 0.5
    assert mime.provided
    languages = headers.parse_accept_header("de-AT, en;q=0.5", ds.LanguageAccept)
    assert languages.best_match(["fr", "de"]) == "de"
    charsets = headers.parse_accept_header("latin1, *;q=0", ds.CharsetAccept)
    assert charsets.best_match(["utf-8", "iso-8859-1"]) == "iso-8859-1"
    assert not headers.parse_accept_header("").provided


def test_immutable_results_stay_so() -> None:
    cookies = headers.parse_cookie("a=b", ds.ImmutableMultiDict)
    with pytest.raises(TypeError):
        cookies.add("c", "d")
    with pytest.raises(TypeError):
        headers.parse_cache_control_header("a")["b"] = "c"
    with pytest.raises(TypeError):
        headers.parse_accept_header("a").append(("b", 1))


@pytest.mark.parametrize(
    "parse",
    [
        lambda seen: headers.parse_csp_header("a b", seen.append),
        lambda seen: headers.parse_cache_control_header("a", seen.append, ds.ResponseCacheControl),
        lambda seen: headers.parse_set_header("a", seen.append),
    ],
)
def test_a_change_is_reported_and_making_it_is_not(parse: t.Callable[[t.Any], t.Any]) -> None:
    seen: list[t.Any] = []
    result = parse(seen)
    assert seen == []
    result.add("b") if isinstance(result, ds.HeaderSet) else result.update(b="c")
    assert seen == [result]


def test_a_challenge_reports_changes_of_its_parameters() -> None:
    challenge = headers.WWWAuthenticate.from_header('Basic realm="a"')
    assert challenge is not None
    seen: list[t.Any] = []
    challenge._on_update = seen.append
    challenge.parameters["realm"] = "b"
    challenge.realm = "c"
    assert challenge.to_header() == "Basic realm=c"
    assert len(seen) == 3  # once by the dictionary, twice by the attribute, as in Werkzeug


# --- overrides ---------------------------------------------------------------------------------


class Counted:
    """Says how it was made."""

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self.made = True


class CountedMultiDict(Counted, ds.MultiDict):
    pass


class CountedAccept(Counted, ds.Accept):
    pass


class CountedCacheControl(Counted, ds.ResponseCacheControl):
    pass


class CountedPolicy(Counted, ds.ContentSecurityPolicy):
    pass


@pytest.mark.parametrize(
    "result",
    [
        headers.parse_cookie("a=b", CountedMultiDict),
        sansio.parse_cookie("a=b", CountedMultiDict),
        headers.parse_query("a=b", CountedMultiDict),
        headers.parse_accept_header("a", CountedAccept),
        headers.parse_cache_control_header("a=b", None, CountedCacheControl),
        headers.parse_csp_header("a b", None, CountedPolicy),
    ],
)
def test_the_constructor_of_a_subclass_is_called(result: t.Any) -> None:
    assert result.made
    assert len(result) == 1


def test_any_class_that_takes_pairs_will_do() -> None:
    assert headers.parse_cookie("a=b; a=c", list) == [("a", "b"), ("a", "c")]  # type: ignore[arg-type]
    assert headers.parse_query("a=b", dict) == {"a": "b"}  # type: ignore[arg-type]


def test_the_order_of_a_subclass_is_its_own() -> None:
    class ByName(ds.Accept):
        def _specificity(self, value: str) -> tuple[t.Any, ...]:
            return (value,)

    assert list(headers.parse_accept_header("a, c, b", ByName).values()) == ["c", "b", "a"]


#: A class, and what makes an object of it or of a class below it.
MADE: list[tuple[type[t.Any], t.Callable[[], t.Any]]] = [
    (ds.MultiDict, lambda: headers.parse_cookie("a=b")),
    (ds.MultiDict, lambda: headers.parse_cookie("a=b", ds.ImmutableMultiDict)),
    (ds.MultiDict, lambda: headers.parse_query("a=b")),
    (ds.Accept, lambda: headers.parse_accept_header("a/b")),
    (ds.Accept, lambda: headers.parse_accept_header("a/b", ds.MIMEAccept)),
    (ds.MIMEAccept, lambda: headers.parse_accept_header("a/b", ds.MIMEAccept)),
    (ds.LanguageAccept, lambda: headers.parse_accept_header("a", ds.LanguageAccept)),
    (ds.CharsetAccept, lambda: headers.parse_accept_header("a", ds.CharsetAccept)),
    (ds.Accept, lambda: headers.parse_accept_header("")),
    (ds.RequestCacheControl, lambda: headers.parse_cache_control_header("a")),
    (ds.RequestCacheControl, lambda: headers.parse_cache_control_header(None)),
    (ds.CallbackDict, lambda: headers.parse_cache_control_header("a")),
    (
        ds.ResponseCacheControl,
        lambda: headers.parse_cache_control_header("a", None, ds.ResponseCacheControl),
    ),
    (ds.ContentSecurityPolicy, lambda: headers.parse_csp_header("a b")),
    (ds.ContentSecurityPolicy, lambda: headers.parse_csp_header(None)),
    (ds.CallbackDict, lambda: headers.parse_csp_header("a b")),
    (ds.HeaderSet, lambda: headers.parse_set_header("a")),
    (ds.HeaderSet, lambda: headers.parse_set_header(None)),
    (ds.ETags, lambda: headers.parse_etags("a")),
    (ds.IfRange, lambda: headers.parse_if_range_header("a")),
    (ds.IfRange, lambda: headers.parse_if_range_header(None)),
    (ds.Range, lambda: headers.parse_range_header("bytes=0-1")),
    (ds.ContentRange, lambda: headers.parse_content_range_header("bytes 0-1/2")),
    (ds.Authorization, lambda: headers.Authorization.from_header("a b")),
    (ds.Authorization, lambda: headers.Authorization.from_header("Basic YTpi")),
    (ds.WWWAuthenticate, lambda: headers.WWWAuthenticate.from_header("a b")),
    (ds.CallbackDict, lambda: headers.WWWAuthenticate.from_header("a b=c").parameters),  # type: ignore[union-attr]
]


@pytest.mark.parametrize("used", [False, True], ids=["before its use", "after its use"])
@pytest.mark.parametrize(("cls", "parse"), MADE)
def test_a_patched_constructor_is_called(
    cls: type[t.Any], parse: t.Callable[[], t.Any], used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever an earlier test has left behind, an unchanged class comes first.
    plain = parse() if used else None
    original = cls.__init__
    made = []

    def patched(self: t.Any, *arguments: t.Any, **options: t.Any) -> None:
        made.append(self)
        original(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(cls, "__init__", patched)
        result = parse()
        assert any(it is result for it in made)
        if used:
            assert type(result) is type(plain)
            assert repr(result) == repr(plain)
    # The patch goes, and so does what it did.
    made.clear()
    parse()
    assert made == []


@pytest.mark.parametrize(
    ("cls", "parse"), [it for it in MADE if it[0] not in {ds.WWWAuthenticate, ds.Authorization}]
)
def test_a_patched_attribute_is_assigned_through(
    cls: type[t.Any], parse: t.Callable[[], t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def assign(self: t.Any, name: str, value: t.Any) -> None:
        seen.append(name)
        object.__setattr__(self, name, value)

    parse()
    monkeypatch.setattr(cls, "__setattr__", assign)
    assert set(vars(parse())) - {"_hash_cache"} == set(seen)


@pytest.mark.parametrize("cls", [ds.Authorization, ds.WWWAuthenticate])
def test_credentials_are_assigned_through_a_patched_setattr(
    cls: type[t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {ds.Authorization: headers.Authorization, ds.WWWAuthenticate: headers.WWWAuthenticate}
    ours[cls].from_header("a b")  # type: ignore[attr-defined]
    seen = []

    def assign(self: t.Any, name: str, value: t.Any) -> None:
        seen.append(name)
        object.__setattr__(self, name, value)

    monkeypatch.setattr(cls, "__setattr__", assign)
    made = ours[cls].from_header("a b")  # type: ignore[attr-defined]
    assert list(vars(made)) == seen


def test_a_patched_order_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    headers.parse_accept_header("a/b, c/d", ds.MIMEAccept)
    monkeypatch.setattr(ds.MIMEAccept, "_specificity", lambda self, value: (value,))
    found = headers.parse_accept_header("a/b, c/d", ds.MIMEAccept)
    assert list(found.values()) == ["c/d", "a/b"]


def test_subclasses_of_credentials_are_made() -> None:
    class Mine(headers.Authorization):
        pass

    class Yours(headers.WWWAuthenticate):
        def __init__(self, auth_type: str, values: t.Any = None, token: str | None = None) -> None:
            super().__init__(auth_type + "!", values, token)

    assert type(Mine.from_header("Basic YTpi")) is Mine
    challenge = Yours.from_header("Basic a=b")
    assert challenge is not None
    assert challenge.type == "basic!"


# --- what differs on purpose -------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\r", "\n", "\0"])
@pytest.mark.parametrize("part", ["key", "domain", "path", "expires"])
def test_a_cookie_cannot_start_another_header(part: str, character: str) -> None:
    parts = {"key": "a", part: f"a{character}b"}
    with pytest.raises(ValueError, match=f"The {part} of a cookie must not contain") as caught:
        headers.dump_cookie(**parts)  # type: ignore[arg-type]
    assert repr(f"a{character}b") in str(caught.value)


def test_cve_2025_62727_more_than_a_hundred_ranges_are_refused() -> None:
    def header(count: int) -> str:
        return "bytes=" + ",".join(f"{start}-{start}" for start in range(count))

    accepted = headers.parse_range_header(header(100))
    assert accepted is not None
    assert len(accepted.ranges) == 100
    assert headers.parse_range_header(header(101)) is None
    huge = header(100) + "," + "9" * 20 + "-"
    assert headers.parse_range_header(huge) is None


@pytest.mark.growth
def test_cve_2025_62727_ranges_take_linear_time() -> None:
    assert growth(lambda size: "bytes=" + "0-," * (size // 3), headers.parse_range_header) <= 1.1
    assert growth(lambda size: "bytes=0-" + "9" * size, headers.parse_range_header) <= 1.1


@pytest.mark.growth
def test_cve_2024_52804_quoted_cookies_take_linear_time() -> None:
    for text in ('a="' + "\\" * 2, '"\\"', "\\", '\\"', 'a="\\'):
        assert growth(lambda size, text=text: repeated(text, size), headers.parse_cookie) <= 1.1


def test_cve_2023_23934_a_nameless_cookie_is_no_other() -> None:
    cookies = headers.parse_cookie("=__Host-test=bad; a=b")
    assert cookies.to_dict(flat=False) == {"a": ["b"]}


# --- warnings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a" * 4100, "é" * 1000])
def test_a_large_cookie_warns_as_werkzeug_does(value: str) -> None:
    with pytest.warns(UserWarning, match="too large") as expected:
        werkzeug.http.dump_cookie("é", value, domain="example.com")
    with pytest.warns(UserWarning, match="too large") as found:
        headers.dump_cookie("é", value, domain="example.com")
    assert str(found[0].message) == str(expected[0].message)
    assert found[0].filename == __file__


# --- round trips -------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# A backslash before a line feed stays, in Werkzeug too.
PLAIN_TEXT = TEXT.filter(lambda text: "\\\n" not in text)
TOKEN = st.text("!#$&+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)


@hypothesis.given(TOKEN, TEXT)
def test_cookies_come_back(key: str, value: str) -> None:
    header = headers.dump_cookie(key, value, path=None, max_size=0)
    assert headers.parse_cookie(header).to_dict(flat=False) == {key: [value]}


@hypothesis.given(TOKEN, st.dictionaries(TOKEN, PLAIN_TEXT))
def test_options_come_back(value: str, options: dict[str, str]) -> None:
    hypothesis.assume(not any("%22" in text for text in options.values()))
    header = headers.dump_options_header(value, options)
    assert headers.parse_options_header(header) == (value, options)


@hypothesis.given(st.lists(PLAIN_TEXT))
def test_lists_come_back(items: list[str]) -> None:
    assert headers.parse_list_header(headers.dump_header(items)) == items


@hypothesis.given(st.dictionaries(TOKEN, st.one_of(st.none(), PLAIN_TEXT)))
def test_dictionaries_come_back(entries: dict[str, str | None]) -> None:
    assert headers.parse_dict_header(headers.dump_header(entries)) == entries


@hypothesis.given(st.lists(st.tuples(TEXT, TEXT)))
def test_queries_come_back(pairs: list[tuple[str, str]]) -> None:
    parsed = headers.parse_query(headers.dump_query(pairs))
    # A pair that is blank on both sides is "=", which counts.
    assert parsed == ds.MultiDict(pairs)


@hypothesis.given(st.datetimes(timezones=st.just(datetime.timezone.utc)))
def test_dates_come_back(moment: datetime.datetime) -> None:
    hypothesis.assume(moment.year >= 100)  # fewer digits are another century
    assert headers.parse_date(headers.http_date(moment)) == moment.replace(microsecond=0)


@hypothesis.given(st.integers(0, 10**9))
def test_ages_come_back(seconds: int) -> None:
    assert headers.parse_age(headers.dump_age(seconds)) == datetime.timedelta(seconds=seconds)


@hypothesis.given(st.sets(TOKEN), st.sets(TOKEN))
def test_etags_come_back(strong: set[str], weak: set[str]) -> None:
    tags = ds.ETags(strong, weak)
    assert vars(headers.parse_etags(tags.to_header())) == vars(tags)


@hypothesis.given(st.lists(st.integers(0, 10**20), min_size=2, max_size=20, unique=True))
def test_ranges_come_back(edges: list[int]) -> None:
    edges.sort()
    spans: list[tuple[int, int | None]] = list(zip(edges[::2], edges[1::2], strict=False))
    expected = ds.Range("bytes", [*spans, (-5, None)])
    found = headers.parse_range_header(expected.to_header())
    assert found is not None
    assert vars(found) == vars(expected)


@hypothesis.given(st.one_of(st.none(), st.integers(0, 10**20)), st.integers(0, 10**20))
def test_content_ranges_come_back(length: int | None, start: int) -> None:
    hypothesis.assume(length is None or start < length)
    expected = ds.ContentRange("bytes", start, start + 1, length)
    found = headers.parse_content_range_header(expected.to_header())
    assert found is not None
    assert vars(found) == vars(expected)


@hypothesis.given(TEXT.filter(lambda text: ":" not in text), TEXT)
def test_basic_credentials_come_back(name: str, password: str) -> None:
    header = ds.Authorization("basic", {"username": name, "password": password}).to_header()
    assert headers.Authorization.from_header(header) == ds.Authorization(
        "basic", {"username": name, "password": password}
    )


@hypothesis.given(st.dictionaries(TOKEN, PLAIN_TEXT, min_size=1))
def test_challenges_come_back(parameters: dict[str, str]) -> None:
    expected = headers.WWWAuthenticate("digest", parameters)
    assert headers.WWWAuthenticate.from_header(expected.to_header()) == expected


@hypothesis.given(st.lists(st.tuples(TOKEN, st.sampled_from([1, 0.5, 0.25, 0.0]))))
def test_accepts_come_back(choices: list[tuple[str, float]]) -> None:
    expected = ds.Accept(choices)
    hypothesis.assume(expected)
    assert headers.parse_accept_header(expected.to_header()) == expected


# --- threads and memory ------------------------------------------------------------------------


def test_threads_do_not_mix_up_names() -> None:
    def parse(seed: int) -> bool:
        text = "; ".join(f"k{seed}-{number}=v" for number in range(50))
        expected = [f"k{seed}-{number}" for number in range(50)]
        return all(list(headers.parse_cookie(text)) == expected for _ in range(200))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(parse, range(8)))


@needs_core
def test_nothing_is_left_behind() -> None:
    def work() -> None:
        for make in RESULTS.values():
            make()
        headers.dump_options_header("a", {"b": "c d", "e": 5})
        headers.dump_cookie("a", "b c", domain="example.com", path="/x")
        with contextlib.suppress(ValueError):
            headers.dump_cookie("a\n")

    for _ in range(50):
        work()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(500):
        work()
    gc.collect()
    assert sys.getallocatedblocks() - before < 100


# --- linear time -------------------------------------------------------------------------------


def repeated(text: str, size: int) -> str:
    return (text * (size // len(text) + 1))[:size]


def seconds(function: t.Callable[[str], t.Any], text: str, rounds: int) -> float:
    best = math.inf
    # The collector walks all objects of the process, not only the result's.
    gc.disable()
    try:
        for _ in range(rounds):
            start = time.perf_counter()
            with contextlib.suppress(ValueError):
                function(text)
            best = min(best, time.perf_counter() - start)
    finally:
        gc.enable()
    return best


#: What one call costs anyway, before it looks at the input.
FLOOR = 5e-6


def growth(
    make: t.Callable[[int], str], function: t.Callable[[str], t.Any], most: float = 1.1
) -> float:
    """To which power of the size the time grows between 16 KiB and 1 MiB."""
    power = math.inf
    small, large = make(16 << 10), make(1 << 20)
    # Another process may take the processor, or its caches, at any time: both sizes are measured
    # under the same conditions, and a bad figure again.
    for _ in range(25):
        base = max(seconds(function, small, 10), FLOOR)
        power = min(power, math.log(seconds(function, large, 3) / base, 64))
        if power <= most:
            break
    return power


PIECES = (
    '"', "\\", '\\"', '"a', ",", ";", "=", " ", "\t", "a", "a=", "a=b,", "a=b;", 'a="b",', 'a="b";',
    'a="b', "; ", ", ", ";a*0=b", ";a*=utf-8''%c3", "*", "*1", "%", "%c3", "%41", "+", "&", "a=b&",
    "-", "0-1,", "1", "/", "W/", 'W/"a",', "é", ".", ":", "\n", "a/b;q=0.5,", ";q=1", '="', "[",
    "?", "#", "@", "A", "a;b=c;d=e,", "a;b=c,d;b=c;e=f,", '\\\\"',
)  # fmt: skip

#: The text around the hostile input, and what reads it. It is put together before the clock runs:
#: a concatenation of a megabyte costs more than many of these functions.
LINEAR: dict[str, tuple[str, t.Callable[[str], t.Any]]] = {
    "accept": ("{}", headers.parse_accept_header),
    "accept mime": ("a/b;{}", lambda text: headers.parse_accept_header(text, ds.MIMEAccept)),
    "accept weight": ("a;q=0.{}", headers.parse_accept_header),
    "cache": ("{}", headers.parse_cache_control_header),
    "cookie": ("{}", sansio.parse_cookie),
    "cookie value": ('a="{}', sansio.parse_cookie),
    "content length": ("{}", headers.get_content_length),
    "content range": ("bytes {}", headers.parse_content_range_header),
    "date": ("{}", headers.parse_date),
    "date inside": ("1 Jan {} 10:20:30 GMT", headers.parse_date),
    "dict": ("{}", headers.parse_dict_header),
    "etags": ("{}", headers.parse_etags),
    "host": ("{}", headers.host_is_trusted),
    "iri": ("/{}", headers.iri_to_uri),
    "list": ("{}", headers.parse_list_header),
    "options": ("{}", headers.parse_options_header),
    "options rest": ("a;{}", headers.parse_options_header),
    "options value": ('a;b="{}', headers.parse_options_header),
    "options charset": ("a;b*={}", headers.parse_options_header),
    "policy": ("{}", headers.parse_csp_header),
    "query": ("{}", headers.parse_query),
    "range": ("bytes={}", headers.parse_range_header),
    "set": ("{}", headers.parse_set_header),
    "uri": ("/{}", headers.uri_to_iri),
    "authorization": ("a {}", headers.Authorization.from_header),
    "authorization basic": ("basic {}", headers.Authorization.from_header),
    "challenge": ("a {}", headers.WWWAuthenticate.from_header),
    "quote": ("{}", headers.quote_header_value),
    "unquote": ('"{}"', headers.unquote_header_value),
    "dump cookie": ("{}", lambda text: headers.dump_cookie("a", text, max_size=0)),
    "dump query": ("{}", lambda text: headers.dump_query({"a": text})),
}


@pytest.mark.growth
@needs_core
@pytest.mark.parametrize("name", LINEAR)
def test_time_is_linear_in_the_input(name: str) -> None:
    frame, function = LINEAR[name]
    for piece in PIECES:

        def make(size: int, piece: str = piece) -> str:
            return frame.replace("{}", repeated(piece, size))

        power = growth(make, function)
        assert power <= 1.1, piece


@pytest.mark.growth
@needs_core
def test_many_different_keys_take_linear_time() -> None:
    for function, separator in (
        (headers.parse_cookie, ";"),
        (headers.parse_query, "&"),
        (headers.parse_dict_header, ","),
        (lambda text: headers.parse_options_header("a;" + text), ";"),
        (lambda text: headers.parse_options_header("a;" + text.replace("=", "*0=")), ";"),
        (lambda text: headers.parse_accept_header("a;" + text), ";"),
    ):

        def make(size: int, separator: str = separator) -> str:
            return separator.join(f"k{number:07}=v" for number in range(size // 11))

        # Tables outgrow the processor's caches on the way: that of a plain dictionary, made from
        # `text.split`, grows with a power of 1.13.
        assert growth(make, function, most=1.25) <= 1.25


# --- what is beyond ASCII or long ----------------------------------------------------------------

LONG = ["\xe9" * 20, "\u20ac" * 20, "\U0001f600" * 20, "\ud800" * 20, "\ud800", '\xe9 "q" \\' * 5]


class Text(str):
    """Says what it is when it is written."""

    def __str__(self) -> str:
        return f"str of {len(self)}"


def written(function: t.Callable[..., str], *arguments: t.Any) -> object:
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("text", LONG)
def test_long_text_beyond_ascii_is_written_as_werkzeug_writes_it(text: str) -> None:
    for allow_token in (True, False):
        assert headers.quote_header_value(text, allow_token) == werkzeug.http.quote_header_value(
            text, allow_token
        )
    mappings: list[t.Any] = [
        {"a": text},
        {"a": text, "b": None, "c": 5, "d": "e", "*": text, "f*": text, text: "g", "h": True},
        {"a": None, text: text, "b": Text("x"), "c": Text(text)},
        {Text("a"): text},
        {5: text},
        {"a": text, 5: "b"},
        ds.MultiDict([("a", text), ("a", "b")]),
    ]
    for mapping in mappings:
        assert written(headers.dump_header, mapping) == written(werkzeug.http.dump_header, mapping)
        for value in (None, "", "a", text):
            ours = written(headers.dump_options_header, value, mapping)
            assert ours == written(werkzeug.http.dump_options_header, value, mapping)
    lists = [[text], ["a", text, 5, None, Text("b")], (text, "a"), iter([text]), {text}]
    for items in lists:
        again = copy.copy(items)
        assert written(headers.dump_header, items) == written(werkzeug.http.dump_header, again)


def test_lengths_of_any_length() -> None:
    for digits in ("9" * 18, "9" * 19, "9" * 20, "9" * 4300, "9" * 4301, "0" * 30, " 5 " * 30):
        for text in (digits, f"-{digits}", f" {digits} "):
            ours = headers.get_content_length(text)
            assert ours == werkzeug.sansio.utils.get_content_length(text), text[:9]


@pytest.mark.parametrize("length", [10, 4096, 4097, 70_000])
@pytest.mark.parametrize("filling", ["a", "\xe9", "\u20ac", " ", "\t"])
def test_long_headers_with_hardly_anything_in_them(filling: str, length: int) -> None:
    lines = filling * length
    for text in (
        lines,
        f"{lines};",
        f" {lines}",
        f"{lines} 0-1/2",
        f"bytes=0-{lines}",
        f"{lines}/",
    ):
        for name in ("parse_options_header", "parse_range_header", "parse_content_range_header"):
            ours, theirs = getattr(headers, name)(text), getattr(werkzeug.http, name)(text)
            assert visible_or_plain(ours) == visible_or_plain(theirs), name
        for ours, theirs in (
            (headers.Authorization, ds.Authorization),
            (headers.WWWAuthenticate, ds.WWWAuthenticate),
        ):
            assert ours.from_header(text) == theirs.from_header(text)


def visible_or_plain(value: t.Any) -> t.Any:
    return visible(value) if hasattr(value, "__dict__") else value


def test_a_cookie_whose_key_is_beyond_ascii() -> None:
    for key in ("\xe9", "\u20ac" * 50):
        for options in ({}, {"path": "/\xe9"}, {"domain": "example.com", "max_age": 5}):
            arguments: dict[str, t.Any] = {"sync_expires": False, **options}
            ours = headers.dump_cookie(key, "value", **arguments)
            assert ours == werkzeug.http.dump_cookie(key, "value", **arguments)
