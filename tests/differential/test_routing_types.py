"""Arguments of every type, odd ones included, in every place that takes one."""

from __future__ import annotations

import types
import typing as t
import uuid
import warnings

import pytest
import werkzeug.routing
from werkzeug.datastructures import CombinedMultiDict, ImmutableMultiDict, MultiDict

import kolben.routing

from .test_routing import outcome


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Values(dict[str, t.Any]):
    pass


RULES: tuple[tuple[str, t.Any, dict[str, t.Any]], ...] = (
    ("/", "index", {}),
    ("/a/<x>", "text", {"methods": ["GET"]}),
    ("/i/<int:x>", "int", {}),
    ("/f/<float:x>", "float", {}),
    ("/u/<uuid:x>", "uuid", {}),
    ("/fd/<int(fixed_digits=4):x>", "digits", {}),
    ("/any/<any(a, b):x>", "any", {}),
    ("/p/<path:x>", "path", {}),
    ("/d/", "defaults", {"defaults": {"x": 1}}),
    ("/d/<int:x>", "defaults", {}),
    ("/none", None, {}),
    ("/h/<x>", "domain", {"subdomain": "<y>"}),
    ("/ws/<x>", "websocket", {"websocket": True}),
    ("/e/<x>", ("a", 1), {}),
    ("/q/<x>/<y>", "two", {}),
    ("/q/<x>", "two", {"defaults": {"y": None}}),
)

ENDPOINTS = (*(endpoint for _, endpoint, _ in RULES), [], 5)

BINDINGS: tuple[dict[str, t.Any], ...] = (
    *({}, {"subdomain": "s"}, {"subdomain": Text("s")}, {"subdomain": 5}),
    *({"script_name": name} for name in ("/a b/", "//x//", "")),
    *({"url_scheme": scheme} for scheme in (None, "", "ftp")),
    *({"default_method": method} for method in ("post", "")),
    *({"query_args": 5}, {"path_info": ""}, {"path_info": b"/"}),
    *({"server_name": name} for name in ("EX:80:1", "", "é.com", "a..b", 5)),
)

MATCHES: tuple[tuple[t.Any, ...], ...] = (
    *((), ("",), (None, None), (b"/",), (5,), ([],), (Text("/a/b"),)),
    *(("/a/b", method) for method in ("get", Text("GET"), 5, "\u0131", "ß", "\ud800", "GET\n")),
    *(("/ws/x", None, False, None, websocket) for websocket in (1, 0, None)),
    *(("/d/1", None, True, query) for query in ({"q": [1, 2]}, "x=y#z", 5)),
    *(("/i/ 1",), ("/i/1_0",), ("/i/+1",), ("/f/1e5",), ("/f/inf",)),
)

VALUES: tuple[t.Any, ...] = (
    *(None, {}, 5, "x", [("x", 1)], {1: 2, "x": 1}, {"x": 1, "self": 2}),
    *(
        {"x": value}
        for value in (1, True, 1.0, "1", "٣", b"a", Text("é"), Number(3), -5, 2**70, None, [1])
    ),
    *({"x": uuid.UUID(int=3)}, {"x": "a", "y": "b"}, {"x": 1, "y": None}, {"x": 1, Text("q"): 2}),
    *(
        {"x": 1, "q": value}
        for value in (["a", None, 3], ("a",), {"a"}, {}, MultiDict(), "", True, 1.5, b"\xff", [])
    ),
    *(Values(x=1), types.MappingProxyType({"x": 1}), MultiDict({"x": 1}), MultiDict([("x", None)])),
    *(MultiDict([("x", "a"), ("q", 1), ("q", 2), ("r", None)]), MultiDict([("x", 1), ("x", 2)])),
    *(ImmutableMultiDict([("x", "a"), ("y", "b")]), CombinedMultiDict([MultiDict({"x": 1})])),
)

OPTIONS: tuple[dict[str, t.Any], ...] = (
    *({"method": method} for method in ("GET", "get", Text("GET"), 5)),
    *({"append_unknown": False}, {"append_unknown": 0}, {"url_scheme": "https"}),
    *({"force_external": 1, "url_scheme": scheme} for scheme in (None, "", 5)),
)


def adapter(module: t.Any, options: dict[str, t.Any]) -> t.Any:
    rules = [module.Rule(text, endpoint=endpoint, **more) for text, endpoint, more in RULES]
    return module.Map(rules).bind(**{"server_name": "example.com", **options})


def compare(options: dict[str, t.Any], ask: t.Callable[..., t.Any], *arguments: t.Any) -> None:
    """Ask new adapters, and then the same again: nothing may depend on what came before."""
    made = [outcome(adapter, module, options) for module in (kolben.routing, werkzeug.routing)]
    if isinstance(made[1][0], type) and issubclass(made[1][0], Exception):
        assert made[0] == made[1]
        return
    one, other = adapter(kolben.routing, options), adapter(werkzeug.routing, options)
    for argument in arguments * 2:
        assert outcome(ask, one, argument) == outcome(ask, other, argument), argument


@pytest.mark.parametrize("options", BINDINGS, ids=repr)
def test_matches_are_the_same(options: dict[str, t.Any]) -> None:
    compare(options, lambda bound, arguments: bound.match(*arguments), *MATCHES)


@pytest.mark.parametrize("options", BINDINGS, ids=repr)
def test_urls_are_the_same(options: dict[str, t.Any]) -> None:
    pairs = [(endpoint, values) for endpoint in ENDPOINTS for values in VALUES]
    with warnings.catch_warnings():
        # Comparing text and bytes warns under some interpreters' options.
        warnings.simplefilter("ignore", BytesWarning)
        compare(options, lambda bound, pair: bound.build(*pair), *pairs)


@pytest.mark.parametrize("more", OPTIONS, ids=repr)
def test_urls_with_options_are_the_same(more: dict[str, t.Any]) -> None:
    # A name that is no text is an error for Werkzeug even where names do not matter.
    fitting = [values for values in VALUES if not (isinstance(values, dict) and 1 in values)]
    pairs = [(endpoint, values) for endpoint in ENDPOINTS for values in fitting]
    compare({}, lambda bound, pair: bound.build(*pair, **more), *pairs)
