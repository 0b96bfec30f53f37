"""Input that must not break the router."""

from __future__ import annotations

import re
import sys
import time
import typing as t
import unicodedata

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, RequestRedirect

import kolben.routing
from tests.conftest import needs_core

RULES = (
    *("/", "/<x>", "/int/<int:x>", "/float/<float:x>", "/path/<path:x>", "/uuid/<uuid:x>"),
    *(
        "/two/<x>-<y>",
        "/branch/",
        "/path/<path:x>/end",
        "/slash/<path:x>/",
        "/len/<string(length=2):x>",
    ),
)


def adapter_of(module: t.Any, *rules: str, **options: t.Any) -> t.Any:
    url_map = module.Map([module.Rule(rule, endpoint=rule) for rule in rules], **options)
    return url_map.bind("example.com")


def answer(adapter: t.Any, path: str) -> t.Any:
    try:
        return adapter.match(path)
    except RequestRedirect as error:
        return error.new_url
    except NotFound:
        return None


ODD_PATHS = {
    "NUL": ("/a\0b", ("/<x>", {"x": "a\0b"})),
    "NUL alone": ("/\0", ("/<x>", {"x": "\0"})),
    "lone surrogate": ("/\ud800", ("/<x>", {"x": "\ud800"})),
    "undecodable byte": ("/two/\udcff-\udc80", ("/two/<x>-<y>", {"x": "\udcff", "y": "\udc80"})),
    "two surrogates are two characters": ("/len/\ud800\udc00", ("/len/<string(length=2):x>", None)),
    "an astral character is one": ("/len/\U00010000", None),
    "line feed": ("/a\n", ("/<x>", {"x": "a\n"})),
    "line feed in a path": ("/path/a\nb", None),
    "line feed at the head of a path": ("/path/\nb", ("/path/<path:x>", {"x": "\nb"})),
    "encoded dots": ("/..%2f..%2fetc", ("/<x>", {"x": "..%2f..%2fetc"})),
    "dots": ("/path/../../etc", ("/path/<path:x>", {"x": "../../etc"})),
    "Arabic-Indic digits": ("/int/٣٤", ("/int/<int:x>", {"x": 34})),
    "mixed digits": ("/int/1٣", ("/int/<int:x>", {"x": 13})),
    "superscripts are no digits": ("/int/²", None),
    "Arabic-Indic float": ("/float/٣.٤", ("/float/<float:x>", {"x": 3.4})),
    "a sign that is not asked for": ("/int/-1", None),
    "no slash at all": ("a", ("/<x>", {"x": "a"})),
    "a URL": ("//evil.example/a", None),
}


@pytest.mark.parametrize("name", ODD_PATHS)
def test_odd_paths_have_plain_answers(module: t.Any, name: str) -> None:
    path, wanted = ODD_PATHS[name]
    if wanted and wanted[1] is None:
        wanted = (wanted[0], {"x": path.rpartition("/")[2]})
    assert answer(adapter_of(module, *RULES), path) == wanted


def test_a_path_of_a_mebibyte_is_a_path(module: t.Any) -> None:
    long = "a" * 2**20
    adapter = adapter_of(module, *RULES)
    assert adapter.match(f"/{long}") == ("/<x>", {"x": long})
    assert adapter.match(f"/path/{long}/b") == ("/path/<path:x>", {"x": f"{long}/b"})
    with pytest.raises(NotFound):
        adapter.match(f"/int/{long}")


def test_an_integer_of_any_length_is_read(module: t.Any) -> None:
    adapter = adapter_of(module, *RULES)
    for length in (17, 18, 19, 20, 40, 4000):
        digits = "9" * length
        assert adapter.match(f"/int/{digits}") == ("/int/<int:x>", {"x": int(digits)})


@pytest.mark.skipif(not hasattr(sys, "get_int_max_str_digits"), reason="no limit in this Python")
def test_an_integer_beyond_pythons_limit_is_not_found(module: t.Any) -> None:
    with pytest.raises(NotFound):
        adapter_of(module, *RULES).match("/int/" + "1" * 5000)


def test_thousands_of_slashes_are_one_redirect(module: t.Any) -> None:
    adapter = adapter_of(module, *RULES)
    many = "/" * 5000
    assert answer(adapter, many) == ("/", {})
    assert answer(adapter, f"/int{many}1") == "http://example.com/int/1"
    assert answer(adapter, f"/branch{many}") == "http://example.com/branch/"
    assert answer(adapter, f"/path/a{many}b") == ("/path/<path:x>", {"x": f"a{many}b"})


def test_twelve_values_share_a_segment(module: t.Any) -> None:
    names = [f"v{number}" for number in range(12)]
    rule = "/" + "-".join(f"<{name}>" for name in names)
    adapter = adapter_of(module, rule)
    found = adapter.match("/" + "-".join(names))
    assert found == (rule, {name: name for name in names})
    assert adapter.match("/x-" + "-".join(names))[1]["v0"] == "x-v0"
    assert adapter.build(rule, dict.fromkeys(names, "é")) == "/" + "-".join(["%C3%A9"] * 12)


def test_values_without_anything_between_them_are_greedy(module: t.Any) -> None:
    adapter = adapter_of(module, "/<x><y>", "/i/<int:x><y>", "/u/<uuid:x><int:y>")
    assert adapter.match("/abc")[1] == {"x": "ab", "y": "c"}
    assert adapter.match("/i/123")[1] == {"x": 12, "y": "3"}
    uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    assert adapter.match(f"/u/{uuid}1")[1]["y"] == 1


# --- hostile paths ------------------------------------------------------------------------------


def least_time(function: t.Callable[[], t.Any]) -> float:
    def once() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return min(once() for _ in range(7))


@pytest.mark.growth
@needs_core
@pytest.mark.parametrize("values", [3, 6, 12])
def test_time_grows_with_the_length_of_a_hostile_path(values: int) -> None:
    rule = "/" + "-".join(f"<v{number}>" for number in range(values)) + "-x"
    adapter = adapter_of(kolben.routing, rule)

    def ask(length: int) -> t.Callable[[], t.Any]:
        path = "/" + "-" * length + "y"
        return lambda: answer(adapter, path)

    assert ask(4000)() is None
    # Eight times the length: eight times the time, if it is linear, and 64 times or worse if not.
    assert least_time(ask(32_000)) < 30 * least_time(ask(4000))


@pytest.mark.growth
@needs_core
def test_paths_in_paths_are_linear_too() -> None:
    adapter = adapter_of(kolben.routing, "/<path:a>/x/<path:b>/x/<path:c>/end")

    def ask(length: int) -> t.Callable[[], t.Any]:
        path = "/a" + "/x" * length
        return lambda: answer(adapter, path)

    assert ask(2000)() is None
    assert least_time(ask(16_000)) < 30 * least_time(ask(2000))


# --- rules that are none ------------------------------------------------------------------------

MALFORMED = {"/<": 1, "/a/<1>": 3, "/a<b": 2, "/é/<x>/<y": 7, "/<int(:x>": 1, "/<x><": 4}


@pytest.mark.parametrize("rule", MALFORMED)
def test_a_malformed_rule_is_a_value_error(module: t.Any, rule: str) -> None:
    with pytest.raises(ValueError, match="malformed url rule"):
        adapter_of(module, rule)


@needs_core
@pytest.mark.parametrize("rule", MALFORMED)
def test_the_message_shows_the_place(rule: str) -> None:
    with pytest.raises(ValueError, match=f"position {MALFORMED[rule]} ") as caught:
        adapter_of(kolben.routing, rule)
    assert repr(rule) in str(caught.value)


FAULTS: dict[str, type[Exception]] = {
    "/<x>/<x>": SyntaxError,
    "/<None>": ValueError,
    "/<True>": ValueError,
    "/<False>": ValueError,
    "/<__debug__>": SyntaxError,
    "/<nope:x>": LookupError,
    "/<int(1, 2, 3, 4, 5, 6):x>": TypeError,
    "/<string(length=a):x>": ValueError,
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_faulty_rule_says_so_when_it_is_added(module: t.Any, rule: str) -> None:
    with pytest.raises(FAULTS[rule]):
        adapter_of(module, rule)


@pytest.mark.parametrize("name", ["class", "def", "self", "lambda", "print", "kwargs", "__init__"])
def test_keywords_are_good_names(module: t.Any, name: str) -> None:
    adapter = adapter_of(module, f"/<{name}>")
    assert adapter.match("/a") == (f"/<{name}>", {name: "a"})
    assert adapter.build(f"/<{name}>", {name: "a"}) == "/a"


def test_a_map_goes_on_after_a_faulty_rule(module: t.Any) -> None:
    adapter = adapter_of(module, "/a")
    with pytest.raises(ValueError, match="malformed"):
        adapter.map.add(module.Rule("/<", endpoint="broken"))
    adapter.map.add(module.Rule("/b", endpoint="b"))
    assert answer(adapter, "/a") == ("/a", {})
    assert answer(adapter, "/b") == ("b", {})


class Broken(BaseConverter):
    regex = "(["


def test_a_broken_expression_is_an_error_when_it_is_needed(module: t.Any) -> None:
    adapter = adapter_of(module, "/a", "/<broken:x>", converters={"broken": Broken})
    assert adapter.match("/a") == ("/a", {})
    with pytest.raises(re.error):
        adapter.match("/b")


# --- digits -------------------------------------------------------------------------------------


def test_digits_are_those_of_this_pythons_unicode(module: t.Any) -> None:
    adapter = adapter_of(module, "/<int:x>")
    step = 1 if module is kolben.routing else 7
    wrong = []
    for number in range(0x80, 0x110000, step):
        character = chr(number)
        wanted = unicodedata.decimal(character, None)
        if (
            wanted is None
            and module is not kolben.routing
            and unicodedata.category(character) == "Cn"
        ):
            continue
        found = answer(adapter, f"/{character}")
        if found != (None if wanted is None else ("/<int:x>", {"x": wanted})):
            wrong.append(hex(number))
    assert wrong == []


@needs_core
def test_digits_are_those_of_this_pythons_expressions() -> None:
    digits = {chr(number) for number in range(0x110000) if re.match(r"\d", chr(number))}
    adapter = adapter_of(kolben.routing, "/<int:x>", "/a/<x>-<int:y>")
    for digit in digits:
        assert adapter.match(f"/{digit}") == ("/<int:x>", {"x": int(digit)})
        assert adapter.match(f"/a/b-{digit}")[1] == {"x": "b", "y": int(digit)}
