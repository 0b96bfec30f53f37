"""Rules, maps and adapters that change while they are in use."""

from __future__ import annotations

import copy
import pickle
import typing as t

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, RequestRedirect, StateMachineMatcher

import kolben.routing


@pytest.fixture
def rule(module: t.Any) -> t.Any:
    """A rule that has been matched and built before."""
    rule = module.Rule("/user/<int:id>", endpoint="user", methods=["GET"])
    adapter = module.Map([rule]).bind("example.com")
    assert adapter.match("/user/1") == ("user", {"id": 1})
    assert adapter.build("user", {"id": 1}) == "/user/1"
    return rule


def adapter_of(rule: t.Any) -> t.Any:
    return rule.map.bind("example.com")


def test_methods_changed_in_place_count_at_once(rule: t.Any) -> None:
    rule.methods.add("POST")
    assert adapter_of(rule).match("/user/1", method="POST") == ("user", {"id": 1})
    rule.methods.remove("POST")
    with pytest.raises(MethodNotAllowed) as caught:
        adapter_of(rule).match("/user/1", method="POST")
    assert sorted(caught.value.valid_methods) == ["GET", "HEAD"]


def test_methods_set_anew_count_at_once(rule: t.Any) -> None:
    rule.methods = {"PUT"}
    assert adapter_of(rule).match("/user/1", method="PUT") == ("user", {"id": 1})
    with pytest.raises(MethodNotAllowed):
        adapter_of(rule).match("/user/1")
    rule.methods = None
    assert adapter_of(rule).match("/user/1", method="ANY") == ("user", {"id": 1})


def test_an_endpoint_set_anew_counts_at_once(rule: t.Any) -> None:
    rule.endpoint = "other"
    rule.map.redirect_defaults = False
    assert adapter_of(rule).match("/user/1") == ("other", {"id": 1})


def test_defaults_set_anew_count_at_once(rule: t.Any) -> None:
    rule.defaults = {"page": 1}
    assert adapter_of(rule).match("/user/1") == ("user", {"id": 1, "page": 1})
    rule.defaults["page"] = 2
    assert adapter_of(rule).match("/user/1") == ("user", {"id": 1, "page": 2})


def test_a_rule_becomes_one_for_websockets(rule: t.Any) -> None:
    rule.websocket = True
    with pytest.raises(kolben.routing.WebsocketMismatch):
        adapter_of(rule).match("/user/1")
    assert adapter_of(rule).match("/user/1", websocket=True) == ("user", {"id": 1})


def test_strictness_set_anew_counts_at_once(module: t.Any) -> None:
    rule = module.Rule("/a/", endpoint="a")
    adapter = module.Map([rule]).bind("example.com")
    with pytest.raises(RequestRedirect):
        adapter.match("/a")
    rule.strict_slashes = False
    assert adapter.match("/a") == ("a", {})


def test_an_alias_and_a_redirect_set_late_count(rule: t.Any) -> None:
    rule.redirect_to = "/elsewhere/<id>"
    with pytest.raises(RequestRedirect) as caught:
        adapter_of(rule).match("/user/7")
    assert caught.value.new_url == "http://example.com/elsewhere/7"


def test_what_a_rule_matches_stays_when_its_text_is_set(rule: t.Any) -> None:
    rule.rule = "/other/<id>"
    assert adapter_of(rule).match("/user/1") == ("user", {"id": 1})


def test_refresh_changes_what_is_built(rule: t.Any) -> None:
    rule.rule = "/other/<int:id>"
    rule.refresh()
    assert adapter_of(rule).build("user", {"id": 1}) == "/other/1"
    assert [text for _, text in rule._trace] == ["|", "/", "other", "/", "id"]


def test_rules_may_be_added_after_a_match(rule: t.Any, module: t.Any) -> None:
    url_map = rule.map
    adapter = adapter_of(rule)
    with pytest.raises(NotFound):
        adapter.match("/user/me")
    url_map.add(module.Rule("/user/me", endpoint="me"))
    assert adapter.match("/user/me") == ("me", {})
    url_map.add(module.Rule("/user/<name>", endpoint="name"))
    assert adapter.match("/user/1") == ("user", {"id": 1})
    assert adapter.match("/user/x") == ("name", {"name": "x"})


def test_converters_may_be_added_late(rule: t.Any, module: t.Any) -> None:
    class Upper(BaseConverter):
        regex = "[A-Z]+"

    with pytest.raises(LookupError):
        rule.map.add(module.Rule("/<upper:x>", endpoint="upper"))
    rule.map.converters["upper"] = Upper
    rule.map.add(module.Rule("/<upper:x>", endpoint="upper"))
    assert adapter_of(rule).match("/ABC") == ("upper", {"x": "ABC"})


def test_slashes_are_merged_as_the_map_says_now(module: t.Any) -> None:
    url_map = module.Map([module.Rule("/a/b", endpoint="ab")])
    adapter = url_map.bind("example.com")
    with pytest.raises(RequestRedirect):
        adapter.match("/a//b")
    url_map.merge_slashes = False
    assert url_map.merge_slashes is False
    with pytest.raises(NotFound):
        adapter.match("/a//b")


def test_another_matcher_may_take_the_seat(rule: t.Any) -> None:
    class Stubborn(StateMachineMatcher):
        def match(self, domain: str, path: str, method: str, websocket: bool) -> t.Any:
            return self.rule, {"path": path}

    matcher = Stubborn(True)
    matcher.rule = rule  # type: ignore[attr-defined]
    rule.map._matcher = matcher
    assert adapter_of(rule).match("/anything") == ("user", {"path": "/anything"})


def test_werkzeugs_own_matcher_may_take_the_seat(rule: t.Any) -> None:
    matcher = StateMachineMatcher(True)
    matcher.add(rule)
    rule.map._matcher = matcher
    rule.map._remap = True
    assert adapter_of(rule).match("/user/1") == ("user", {"id": 1})
    with pytest.raises(NotFound):
        adapter_of(rule).match("/other")


def test_an_adapters_attributes_may_be_set(module: t.Any) -> None:
    url_map = module.Map(
        [module.Rule("/", endpoint="a", subdomain="a"), module.Rule("/", endpoint="none")]
    )
    adapter = url_map.bind("example.com")
    assert adapter.match() == ("none", {})
    adapter.subdomain = "a"
    assert adapter.match() == ("a", {})
    adapter.script_name = "/app/"
    assert adapter.build("a") == "/app/"
    adapter.path_info = "/x"
    with pytest.raises(NotFound):
        adapter.match()
    adapter.map = module.Map([module.Rule("/x", endpoint="x", subdomain="a")])
    assert adapter.match() == ("x", {})


def test_an_adapter_can_be_copied(rule: t.Any) -> None:
    adapter = adapter_of(rule)
    adapter.note = "mine"
    twin = copy.copy(adapter)
    assert (type(twin), twin.map, twin.note) == (type(adapter), adapter.map, "mine")
    twin.script_name = "/app/"
    assert (adapter.script_name, twin.script_name) == ("/", "/app/")
    assert twin.match("/user/1") == ("user", {"id": 1})


@pytest.mark.parametrize(
    "take", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_an_unbound_rule_can_be_copied(module: t.Any, take: t.Callable[[t.Any], t.Any]) -> None:
    rule = module.Rule("/a/<int:x>", endpoint="a", methods=["GET"], defaults={"page": 1})
    twin = take(rule)
    assert (twin.rule, twin.methods, twin.defaults) == (rule.rule, rule.methods, rule.defaults)
    adapter = module.Map([twin]).bind("example.com")
    assert adapter.match("/a/3") == ("a", {"x": 3, "page": 1})
    assert rule.map is None
    assert module.Map([rule]).bind("example.com").build("a", {"x": 3}) == "/a/3"


def test_a_bound_rule_and_its_map_can_be_copied(rule: t.Any) -> None:
    twin = copy.copy(rule)
    assert (twin.map, twin.endpoint, twin._trace) == (rule.map, "user", rule._trace)
    assert twin.build({"id": 3}) == ("", "/user/3")
    twin.rule = "/other/<int:id>"
    twin.refresh()
    assert twin.build({"id": 3}) == ("", "/other/3")
    adapter = copy.copy(rule.map).bind("example.com")
    assert adapter.match("/user/3") == ("user", {"id": 3})
    assert adapter.build("user", {"id": 3}) == "/user/3"


def test_an_empty_copy_of_a_bound_rule_can_be_bound(rule: t.Any, module: t.Any) -> None:
    other = module.Map([rule.empty()]).bind("example.com")
    assert other.match("/user/5") == ("user", {"id": 5})
    with pytest.raises(RuntimeError, match="already bound"):
        module.Map([rule])


def test_the_parts_of_a_rule_that_were_read_before_it_was_bound(module: t.Any) -> None:
    early, late = (module.Rule("/user/<int:id>", endpoint="user") for _ in range(2))
    assert (early._parts, early._trace) == ([], [])
    module.Map([early])
    module.Map([late])
    assert early._parts == late._parts != []
    assert early._trace == late._trace != []
