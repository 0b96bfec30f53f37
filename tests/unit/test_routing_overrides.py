"""Every override counts: in subclasses, and patched in at run time."""

from __future__ import annotations

import typing as t

import pytest
import werkzeug.routing
from werkzeug.exceptions import NotFound
from werkzeug.routing import BuildError, RequestRedirect

from kolben.routing import Map, MapAdapter, Rule


def map_of(module: t.Any, rule_class: t.Any = None, map_class: t.Any = None) -> t.Any:
    rule_class = rule_class or module.Rule
    return (map_class or module.Map)(
        [
            rule_class("/", endpoint="index"),
            rule_class("/user/<int:id>", endpoint="user"),
            rule_class("/list/", endpoint="list", defaults={"page": 1}),
            rule_class("/list/<int:page>", endpoint="list"),
            rule_class("/branch/", endpoint="branch"),
        ]
    )


# --- maps ---------------------------------------------------------------------------------------


def test_a_map_may_override_update(module: t.Any) -> None:
    class Counting(module.Map):  # type: ignore[misc]
        updates = 0

        def update(self) -> None:
            type(self).updates += 1
            super().update()

    adapter = map_of(module, map_class=Counting).bind("example.com")
    for _ in range(3):
        before = Counting.updates
        assert adapter.match("/user/1") == ("user", {"id": 1})
        assert Counting.updates > before
        before = Counting.updates
        assert adapter.build("user", {"id": 1}) == "/user/1"
        assert Counting.updates > before


def test_a_map_may_override_bind_and_add(module: t.Any) -> None:
    class Own(module.Map):  # type: ignore[misc]
        def add(self, factory: t.Any) -> None:
            super().add(module.Submount("/own", [factory]))

        def bind(self, server_name: str, *args: t.Any, **options: t.Any) -> t.Any:
            return super().bind(server_name, "/app", *args, **options)

    adapter = map_of(module, map_class=Own).bind("example.com")
    assert adapter.match("/own/user/1") == ("user", {"id": 1})
    assert adapter.build("user", {"id": 1}) == "/app/own/user/1"


@pytest.mark.parametrize("warm", [False, True])
def test_update_may_be_patched_before_and_after_a_match(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    adapter = map_of(module).bind("example.com")
    if warm:
        adapter.match("/user/1")
    seen: list[t.Any] = []
    original = module.Map.update

    def update(self: t.Any) -> None:
        seen.append(self)
        original(self)

    with monkeypatch.context() as patch:
        patch.setattr(module.Map, "update", update)
        adapter.match("/user/1")
    times = len(seen)
    assert times > 0
    adapter.match("/user/1")
    assert len(seen) == times


# --- adapters -----------------------------------------------------------------------------------


def adapter_class(module: t.Any, **methods: t.Any) -> t.Any:
    return type("Own", (module.MapAdapter,), methods)


def own_adapter(module: t.Any, **methods: t.Any) -> t.Any:
    url_map = map_of(module)
    found = url_map.bind("example.com")
    found.match("/user/1")
    own = adapter_class(module, **methods)
    return own(url_map, "example.com", "/", "", "http", "/", "GET")


def test_an_adapter_may_override_the_default_redirect(module: t.Any) -> None:
    adapter = own_adapter(module, get_default_redirect=lambda *_: "http://mine/")
    with pytest.raises(RequestRedirect) as caught:
        adapter.match("/user/1")
    assert caught.value.new_url == "http://mine/"


def test_an_adapter_may_override_match(module: t.Any) -> None:
    adapter = own_adapter(module, match=lambda self, *_, **__: ("mine", {}))
    assert adapter.match("/nowhere") == ("mine", {})
    assert adapter.dispatch(lambda endpoint, arguments: endpoint, "/nowhere") == "mine"
    assert adapter.test("/nowhere") is True


def test_an_adapter_may_override_build_and_its_steps(module: t.Any) -> None:
    adapter = own_adapter(module, build=lambda self, *_, **__: "mine")
    assert adapter.build("user") == "mine"
    adapter = own_adapter(module, _partial_build=lambda *_: ("", "/mine", False))
    assert adapter.build("user", {"id": 1}) == "/mine"
    adapter = own_adapter(module, get_host=lambda self, domain: "mine")
    assert adapter.build("user", {"id": 1}, force_external=True) == "http://mine/user/1"


def test_an_adapter_may_override_redirect_urls(module: t.Any) -> None:
    def mine(self: t.Any, path: str, *_: t.Any, **__: t.Any) -> str:
        return f"mine:{path}"

    adapter = own_adapter(module, make_redirect_url=mine)
    for path in ("/branch", "/list/1"):
        with pytest.raises(RequestRedirect) as caught:
            adapter.match(path)
        assert caught.value.new_url.startswith("mine:")


PATCHES: dict[str, tuple[t.Any, t.Callable[[t.Any], t.Any], t.Any]] = {
    "match": (
        lambda self, *_, **__: "mine",
        lambda adapter: adapter.match("/user/1"),
        ("user", {"id": 1}),
    ),
    "build": (
        lambda self, *_, **__: "mine",
        lambda adapter: adapter.build("user", {"id": 1}),
        "/user/1",
    ),
    "_partial_build": (
        lambda self, *_, **__: ("", "/mine", False),
        lambda adapter: adapter.build("user", {"id": 1}).replace("/mine", "mine"),
        "/user/1",
    ),
    "get_host": (
        lambda self, domain: "mine",
        lambda adapter: adapter.build("index", force_external=True).split("/")[2],
        "example.com",
    ),
}


@pytest.mark.parametrize("name", PATCHES)
@pytest.mark.parametrize("warm", [False, True])
def test_an_adapters_methods_may_be_patched(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, name: str, warm: bool
) -> None:
    function, ask, usual = PATCHES[name]
    adapter = map_of(module).bind("example.com")
    if warm:
        assert ask(adapter) == usual
    with monkeypatch.context() as patch:
        patch.setattr(module.MapAdapter, name, function)
        assert ask(adapter) == "mine"
    assert ask(adapter) == usual


@pytest.mark.parametrize("warm", [False, True])
def test_the_default_redirect_may_be_patched(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    adapter = map_of(module).bind("example.com")
    if warm:
        adapter.match("/user/1")
    with monkeypatch.context() as patch:
        patch.setattr(module.MapAdapter, "get_default_redirect", lambda *_: "http://mine/")
        with pytest.raises(RequestRedirect):
            adapter.match("/user/1")
    assert adapter.match("/user/1") == ("user", {"id": 1})


@pytest.mark.parametrize("warm", [False, True])
def test_an_adapters_constructor_may_be_patched(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, warm: bool
) -> None:
    url_map = map_of(module)
    environ = {
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "example.com",
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/user/1",
    }
    if warm:
        url_map.bind_to_environ(environ)
    original = module.MapAdapter.__init__

    def init(self: t.Any, *args: t.Any, **options: t.Any) -> None:
        original(self, *args, **options)
        self.path_info = "/user/99"

    with monkeypatch.context() as patch:
        patch.setattr(module.MapAdapter, "__init__", init)
        assert url_map.bind_to_environ(environ).match() == ("user", {"id": 99})
    assert url_map.bind_to_environ(environ).match() == ("user", {"id": 1})


# --- rules --------------------------------------------------------------------------------------


def test_a_rule_may_override_compile(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def compile(self) -> None:
            self.rule = self.rule.replace("user", "member")
            super().compile()

    adapter = map_of(module, Own).bind("example.com")
    assert adapter.match("/member/1") == ("user", {"id": 1})
    assert adapter.build("user", {"id": 1}) == "/member/1"


def test_a_rule_may_override_get_converter(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def get_converter(self, name: str, kind: str, args: t.Any, options: t.Any) -> t.Any:
            return super().get_converter(name, "string", (), {"length": 2})

    adapter = map_of(module, Own).bind("example.com")
    assert adapter.match("/user/ab") == ("user", {"id": "ab"})
    with pytest.raises(NotFound):
        adapter.match("/user/1")


@pytest.mark.parametrize("warm", [False, True])
def test_a_rule_may_override_build(module: t.Any, warm: bool) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        pass

    adapter = map_of(module, Own).bind("example.com")
    if warm:
        assert adapter.build("user", {"id": 1}) == "/user/1"
    Own.build = lambda self, values, append_unknown=True: ("", "/mine")
    assert adapter.build("user", {"id": 1}) == "/mine"


@pytest.mark.parametrize("name", ["build", "suitable_for"])
@pytest.mark.parametrize("warm", [False, True])
def test_a_rules_methods_may_be_patched(
    module: t.Any, monkeypatch: pytest.MonkeyPatch, name: str, warm: bool
) -> None:
    adapter = map_of(module).bind("example.com")
    if warm:
        assert adapter.build("user", {"id": 1}) == "/user/1"
    with monkeypatch.context() as patch:
        patch.setattr(module.Rule, name, lambda self, *_: None)
        with pytest.raises(BuildError):
            adapter.build("user", {"id": 1})
    assert adapter.build("user", {"id": 1}) == "/user/1"


def test_a_rule_may_override_what_suits_it(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def suitable_for(self, values: t.Any, method: t.Any = None) -> bool:
            return self.endpoint != "user"

    adapter = map_of(module, Own).bind("example.com")
    assert adapter.build("index") == "/"
    with pytest.raises(BuildError):
        adapter.build("user", {"id": 1})


def test_a_rule_may_override_for_whom_it_has_defaults(module: t.Any) -> None:
    adapter = map_of(module).bind("example.com")
    with pytest.raises(RequestRedirect):
        adapter.match("/list/1")

    class Own(module.Rule):  # type: ignore[misc]
        def provides_defaults_for(self, rule: t.Any) -> bool:
            return False

    adapter = map_of(module, Own).bind("example.com")
    assert adapter.match("/list/1") == ("list", {"page": 1})


def test_a_rule_may_override_its_place_among_others(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def build_compare_key(self) -> tuple[int, int, int]:
            return (0, len(self.rule), 0)

    url_map = module.Map([Own("/long/<x>", endpoint="e"), Own("/s", endpoint="e")])
    assert [rule.rule for rule in url_map.iter_rules()] == ["/s", "/long/<x>"]
    assert url_map.bind("example.com").build("e", {"x": "y"}) == "/s?x=y"


def test_a_rule_may_override_its_empty_copy(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def __init__(self, text: str, note: str = "", **options: t.Any) -> None:
            super().__init__(text, **options)
            self.note = note

        def get_empty_kwargs(self) -> t.Any:
            return {**super().get_empty_kwargs(), "note": self.note}

    twin = Own("/<x>", "kept", endpoint="e").empty()
    assert (type(twin), twin.note, twin.rule) == (Own, "kept", "/<x>")


def test_a_rule_may_have_parts_of_its_own(module: t.Any) -> None:
    class Own(module.Rule):  # type: ignore[misc]
        def compile(self) -> None:
            other = module.Rule("/fixed/<int:id>", endpoint="other")
            other.bind(self.map)
            self._parts, self._trace = other._parts, other._trace
            self._converters, self.arguments = other._converters, other.arguments

    url_map = module.Map([Own("/anything", endpoint="own"), module.Rule("/a", endpoint="a")])
    adapter = url_map.bind("example.com")
    assert adapter.match("/fixed/3") == ("own", {"id": 3})
    assert adapter.match("/a") == ("a", {})


def test_classes_hold_both_ways() -> None:
    import werkzeug.routing

    for ours in (Map, MapAdapter, Rule):
        assert issubclass(ours, getattr(werkzeug.routing, ours.__name__))
        assert ours.__module__ == "kolben.routing"


def test_whatever_is_true_switches_an_option_on(module: t.Any) -> None:
    adapter = map_of(module).bind("example.com")
    assert adapter.build("index", {"q": 1}, None, 1, 0) == "http://example.com/"
    assert adapter.match("/", return_rule="yes")[0].rule == "/"


def test_a_multidict_keeps_its_none_where_building_is_overridden(module: t.Any) -> None:
    from werkzeug.datastructures import MultiDict

    class Own(module.Rule):  # type: ignore[misc]
        def build(self, values: t.Any, append_unknown: bool = True) -> t.Any:
            return "", f"/{sorted(values)}"

    adapter = map_of(module, Own).bind("example.com")
    assert adapter.build("index", MultiDict([("x", None)])) == "/['x']"


def test_a_scheme_may_name_a_websocket(module: t.Any) -> None:
    environ = {"wsgi.url_scheme": "ws", "HTTP_HOST": "example.com", "REQUEST_METHOD": "GET"}
    assert map_of(module).bind_to_environ(environ).websocket is True


def test_no_warning_where_hosts_are_matched(module: t.Any) -> None:
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "a.b", "REQUEST_METHOD": "GET"}
    url_map = module.Map([module.Rule("/", host="a.b", endpoint="ab")], host_matching=True)
    assert url_map.bind_to_environ(environ, "example.com").server_name == "example.com"


def test_a_rule_may_be_compiled_as_werkzeug_compiles_it(module: t.Any) -> None:
    class Own(module.Rule):
        def compile(self) -> None:
            werkzeug.routing.Rule.compile(self)

    rule = Own("/user/<int:id>", endpoint="user")
    adapter = module.Map([rule]).bind("example.com")
    for _ in range(2):
        assert adapter.match("/user/1") == ("user", {"id": 1})
        assert adapter.build("user", {"id": 1}) == "/user/1"
        rule.refresh()
