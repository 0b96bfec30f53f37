"""Kolben's routing and Werkzeug's: the same answers, for whatever is asked."""

from __future__ import annotations

import os
import typing as t
import warnings

import pytest
import werkzeug.routing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BuildError, RequestRedirect

import kolben.routing

from . import routing_cases as cases

#: How many times the usual number of rule sets; set, it also makes each run another one.
SCALE = os.environ.get("KOLBEN_FUZZ_SCALE")
PATHS = 40
RULE_SETS = 600
SEEDS = st.integers(0, 2**32)


def scaled(rule_sets: int) -> t.Callable[[t.Any], t.Any]:
    """Hypothesis's settings for so many rule sets."""
    return settings(
        max_examples=max(1, int(rule_sets * float(SCALE or 1))),
        derandomize=SCALE is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def plain(value: t.Any) -> t.Any:
    """A value in a form in which both its type and what it holds count."""
    if isinstance(value, werkzeug.routing.Rule):
        return ("rule", value.rule, plain(value.endpoint))
    if isinstance(value, (list, tuple)):
        return (type(value), [plain(item) for item in value])
    if isinstance(value, dict):
        return (type(value), [(plain(name), plain(item)) for name, item in value.items()])
    return (type(value), repr(value))


def outcome(function: t.Callable[..., t.Any], *arguments: t.Any, **options: t.Any) -> t.Any:
    """What a call comes to: its value, or its error with everything that can be told from it."""
    try:
        return plain(function(*arguments, **options))
    except RequestRedirect as error:
        return ("redirect", error.new_url, error.code)
    except MethodNotAllowed as error:
        return (type(error), sorted(error.valid_methods or ()))
    except HTTPException as error:
        return (type(error), error.code, error.description)
    except BuildError as error:
        suggested = plain(error.suggested)
        return (
            type(error),
            outcome(str, error),
            plain(error.endpoint),
            plain(error.values),
            suggested,
        )
    except Exception as error:
        return (type(error),)


def both(rule_set: cases.RuleSet) -> tuple[t.Any, t.Any]:
    """The two maps of a rule set; adding its rules fails in both or in neither."""
    (ours, our_errors), (theirs, their_errors) = (
        rule_set.make(kolben.routing),
        rule_set.make(werkzeug.routing),
    )
    assert our_errors == their_errors
    return ours, theirs


def adapters(ours: t.Any, theirs: t.Any, options: dict[str, t.Any]) -> tuple[t.Any, t.Any]:
    """Both maps bound to the same host."""
    try:
        other = theirs.bind(**options)
    except Exception as error:
        with pytest.raises(type(error)):
            ours.bind(**options)
        options = {"server_name": "example.com"}
        other = theirs.bind(**options)
    return ours.bind(**options), other


def allowed_methods(adapter: t.Any, path: str) -> list[str]:
    """The methods in some order: neither promises one."""
    return sorted(adapter.allowed_methods(path))


def compare_matches(rule_set: cases.RuleSet, seed: int) -> None:
    """Ask both maps the same questions."""
    ours, theirs = both(rule_set)
    one, other = adapters(ours, theirs, cases.bindings(rule_set, seed))
    for question in cases.questions(rule_set, seed, PATHS):
        keywords = {
            "method": question.method,
            "websocket": question.websocket,
            "query_args": question.query,
        }
        found = outcome(one.match, question.path, return_rule=True, **keywords)
        wanted = outcome(other.match, question.path, return_rule=True, **keywords)
        assert found == wanted, question
        found = outcome(one.match, question.path, **keywords)
        assert found == outcome(other.match, question.path, **keywords), question


@scaled(RULE_SETS)
@given(cases.rule_sets(), SEEDS)
def test_matches_are_the_same(rule_set: cases.RuleSet, seed: int) -> None:
    compare_matches(rule_set, seed)


@scaled(RULE_SETS // 4)
@given(cases.rule_sets(), SEEDS)
def test_urls_are_the_same(rule_set: cases.RuleSet, seed: int) -> None:
    ours, theirs = both(rule_set)
    one, other = adapters(ours, theirs, cases.bindings(rule_set, seed))
    for wish in cases.wishes(theirs, seed, PATHS):
        found = outcome(one.build, wish.endpoint, wish.values, **wish.options)
        assert found == outcome(other.build, wish.endpoint, wish.values, **wish.options), wish


@scaled(RULE_SETS // 4)
@given(cases.rule_sets(), SEEDS)
def test_what_adapters_say_besides_is_the_same(rule_set: cases.RuleSet, seed: int) -> None:
    ours, theirs = both(rule_set)
    one, other = adapters(ours, theirs, cases.bindings(rule_set, seed))
    for question in cases.questions(rule_set, seed, PATHS // 4):
        allowed = outcome(allowed_methods, one, question.path)
        assert allowed == outcome(allowed_methods, other, question.path), question
        found = outcome(one.test, question.path, question.method)
        assert found == outcome(other.test, question.path, question.method), question


@scaled(RULE_SETS // 4)
@given(cases.rule_sets())
def test_rules_look_the_same(rule_set: cases.RuleSet) -> None:
    ours, theirs = both(rule_set)
    assert outcome(repr, ours) == outcome(repr, theirs)
    pairs = list(zip(ours.iter_rules(), theirs.iter_rules(), strict=True))
    for one, other in pairs:
        assert plain(one) == plain(other)
        assert (repr(one), str(one)) == (repr(other), str(other))
        assert one._trace == other._trace
        assert one._parts == other._parts
        assert one.arguments == other.arguments
        assert one.methods == other.methods
        assert one.build_compare_key() == other.build_compare_key()
        assert {name: type(kind) for name, kind in one._converters.items()} == {
            name: type(kind) for name, kind in other._converters.items()
        }
        for second, its_twin in pairs:
            assert (one == second) is (other == its_twin)
            assert one.provides_defaults_for(second) is other.provides_defaults_for(its_twin)
    for endpoint in {rule.endpoint for rule, _ in pairs}:
        for names in ((), ("x",), ("x", "y"), ("nope",)):
            expecting = ours.is_endpoint_expecting(endpoint, *names)
            assert expecting is theirs.is_endpoint_expecting(endpoint, *names)
        found = [rule.rule for rule in ours.iter_rules(endpoint)]
        assert found == [rule.rule for rule in theirs.iter_rules(endpoint)]


ATTRIBUTES = (
    *("server_name", "script_name", "subdomain", "url_scheme", "path_info"),
    *("default_method", "query_args", "websocket"),
)


def bound(url_map: t.Any, environ: dict[str, t.Any], options: dict[str, t.Any]) -> t.Any:
    """What binding a map to an environ comes to, warnings included."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = outcome(
            lambda: [
                getattr(adapter, name)
                for adapter in [url_map.bind_to_environ(environ, **options)]
                for name in ATTRIBUTES
            ]
        )
    return found, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("options", [{}, {"host_matching": True}, {"default_subdomain": "www"}])
@scaled(100)
@given(SEEDS)
def test_environs_are_read_the_same(options: dict[str, t.Any], seed: int) -> None:
    ours, theirs = kolben.routing.Map(**options), werkzeug.routing.Map(**options)
    for environ, keywords in cases.environs(seed, PATHS):
        found = bound(ours, environ, keywords)
        assert found == bound(theirs, environ, keywords), (environ, keywords)
