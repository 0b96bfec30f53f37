"""`Map.explain` and `Map.conflicts`: the same words in both modes."""

from __future__ import annotations

import typing as t

import pytest

from kolben.routing import BaseConverter, Map, Rule, ValidationError


class Even(BaseConverter):
    regex = r"\d+"

    def to_python(self, value: str) -> int:
        if int(value) % 2:
            raise ValidationError()
        return int(value)


def steps(url_map: Map, path: str, method: str = "GET", **options: t.Any) -> list[tuple[str, bool]]:
    found = url_map.explain(path, method, **options)
    return [(step.rule.endpoint, step.taken) for step in found.steps]


def test_the_rule_that_wins_is_the_last_step():
    url_map = Map([Rule("/<int:n>", endpoint="number"), Rule("/<name>", endpoint="name")])
    assert steps(url_map, "/7") == [("number", True)]
    assert steps(url_map, "/seven") == [("number", False), ("name", True)]


def test_reasons_are_told_in_words():
    url_map = Map([Rule("/<int:n>", endpoint="number"), Rule("/<name>", endpoint="name")])
    assert str(url_map.explain("/seven")).splitlines() == [
        "GET /seven",
        "   /<int:n> ('number'): 'seven' is not a whole number",
        "-> /<name> ('name'): it matches",
        "=> 'name' with {'name': 'seven'}",
    ]


def test_a_wrong_method_is_passed_over():
    url_map = Map([Rule("/", endpoint="post", methods=["POST"])])
    text = str(url_map.explain("/", "GET"))
    assert "it does not take GET" in text
    assert text.endswith("=> 405 Method Not Allowed; allowed: POST")


def test_a_missing_slash_redirects():
    url_map = Map([Rule("/branch/", endpoint="branch")])
    found = url_map.explain("/branch")
    assert found.steps[0].reason == "only the slash at the end is missing"
    assert found.outcome == "redirect to http://localhost/branch/"


def test_a_slash_too_many_is_told():
    url_map = Map([Rule("/leaf", endpoint="leaf")])
    (step,) = url_map.explain("/leaf/").steps
    assert not step.taken
    assert "slash too many" in step.reason


def test_a_converter_that_refuses_ends_the_search():
    rules = [Rule("/<even:n>", endpoint="even"), Rule("/<name>", endpoint="name")]
    found = Map(rules, converters={"even": Even}).explain("/3")
    assert "refuses '3', which ends the search" in found.steps[-1].reason
    assert found.outcome == "404 Not Found"


def test_websockets_are_told_apart():
    url_map = Map([Rule("/", endpoint="ws", websocket=True), Rule("/", endpoint="http")])
    assert steps(url_map, "/") == [("ws", False), ("http", True)]
    assert steps(url_map, "/", websocket=True) == [("ws", True)]


def test_merged_slashes_are_a_second_walk():
    url_map = Map([Rule("/a/<int:n>", endpoint="a")])
    found = url_map.explain("/a//1")
    assert [step.taken for step in found.steps] == [False, True]
    assert found.steps[-1].reason.endswith("(as /a/1)")


def test_subdomains_and_hosts_are_walked_too():
    by_subdomain = Map([Rule("/", subdomain="<user>", endpoint="user")])
    assert steps(by_subdomain, "/", subdomain="ann") == [("user", True)]
    by_host = Map([Rule("/", host="<user>.example.org", endpoint="user")], host_matching=True)
    assert steps(by_host, "/", server_name="ann.example.org") == [("user", True)]


def test_a_path_without_any_rule_says_so():
    assert "no rule has anything in common" in str(Map([Rule("/a")]).explain("/b"))


def never(*rules: Rule, **options: t.Any) -> list[tuple[str, str]]:
    found = Map(rules, **options).conflicts().never
    return [(conflict.winner.endpoint, conflict.loser.endpoint) for conflict in found]


def ordered(*rules: Rule) -> list[tuple[str, str]]:
    found = Map(rules).conflicts().ordered
    return [(conflict.winner.endpoint, conflict.loser.endpoint) for conflict in found]


def test_the_same_rule_twice_can_never_match():
    assert never(Rule("/<a>", endpoint="1"), Rule("/<b>", endpoint="2")) == [("1", "2")]
    assert never(Rule("/a", endpoint="1"), Rule("/a", endpoint="2")) == [("1", "2")]


def test_a_narrower_rule_behind_a_wider_one_can_never_match():
    narrow = Rule("/<string(length=2):b>", endpoint="narrow")
    assert never(Rule("/<a>", endpoint="wide"), narrow) == [("wide", "narrow")]
    any_of = Rule("/x<any(a, b):b>", endpoint="any")
    assert never(Rule("/x<a>", endpoint="wide"), any_of) == [("wide", "any")]


def test_other_methods_keep_a_rule_alive():
    get, post = (Rule("/", endpoint=m, methods=[m]) for m in ("GET", "POST"))
    assert never(get, post) == []
    every = Rule("/", endpoint="every")
    assert never(Rule("/", endpoint="get", methods=["GET"]), every) == []
    assert never(every.empty(), Rule("/", endpoint="get", methods=["GET"])) == [("every", "get")]


def test_a_lighter_rule_behind_a_heavier_one_is_no_conflict():
    assert (
        str(Map([Rule("/<a>", endpoint=1), Rule("/<int:a>", endpoint=2)]).conflicts())
        == "no conflicts"
    )


def test_pairs_whose_order_decides_are_shown_with_a_path():
    narrow, wide = Rule("/<string(length=2):a>", endpoint="narrow"), Rule("/<b>", endpoint="wide")
    assert ordered(narrow, wide) == [("narrow", "wide")]
    (conflict,) = Map([narrow.empty(), wide.empty()]).conflicts().ordered
    assert len(conflict.path.lstrip("/")) == 2
    assert "it was added first" in str(conflict)


def test_conflicts_print_in_sections():
    text = str(Map([Rule("/a", endpoint="1"), Rule("/a", endpoint="2")]).conflicts())
    assert text.startswith("rules that can never match:\n  /a ('1') before /a ('2') on /a:")


@pytest.mark.parametrize("build_only", [True, False])
def test_rules_for_building_only_are_left_out(build_only):
    found = never(Rule("/a", endpoint="1"), Rule("/a", endpoint="2", build_only=build_only))
    assert found == ([] if build_only else [("1", "2")])
