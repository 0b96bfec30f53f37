"""Routing: Kolben beside Werkzeug and Falcon, on one table of routes.

Each case runs over all routes, so that the figures are means over them.
"""

from __future__ import annotations

import typing as t

import pytest
import werkzeug.routing
from werkzeug.exceptions import MethodNotAllowed, NotFound

import kolben.routing

from .routing_cases import PATHS, ROUTES, environ, falcon_router, make_map

MODULES = {"kolben": kolben.routing, "werkzeug": werkzeug.routing}
both = pytest.mark.parametrize("peer", MODULES)


def adapter_of(peer: str) -> t.Any:
    return make_map(MODULES[peer]).bind("example.com")


@pytest.mark.benchmark(group="match")
@pytest.mark.parametrize("peer", [*MODULES, "falcon"])
def test_match(benchmark: t.Any, peer: str) -> None:
    match = falcon_router().find if peer == "falcon" else adapter_of(peer).match

    def run() -> None:
        for path in PATHS:
            match(path)

    assert all(match(path) for path in PATHS)
    benchmark(run)


@pytest.mark.benchmark(group="bind_to_environ and match")
@both
def test_bind_to_environ(benchmark: t.Any, peer: str) -> None:
    url_map = make_map(MODULES[peer])
    environs = [environ(path) for path in PATHS]

    def run() -> None:
        for env in environs:
            url_map.bind_to_environ(env).match()

    benchmark(run)


@pytest.mark.benchmark(group="404")
@both
def test_not_found(benchmark: t.Any, peer: str) -> None:
    adapter = adapter_of(peer)
    # `/static/` takes any path.
    paths = [f"{path}/no/such/page/here" for path in PATHS if not path.startswith("/static")]

    def run() -> None:
        for path in paths:
            try:
                adapter.match(path)
            except NotFound:
                continue
            raise AssertionError(path)

    benchmark(run)


@pytest.mark.benchmark(group="405")
@both
def test_method_not_allowed(benchmark: t.Any, peer: str) -> None:
    adapter = adapter_of(peer)

    def run() -> None:
        for path in PATHS:
            try:
                adapter.match(path, method="PATCH")
            except MethodNotAllowed:
                continue
            raise AssertionError(path)

    benchmark(run)


@pytest.mark.benchmark(group="build")
@both
def test_build(benchmark: t.Any, peer: str) -> None:
    adapter = adapter_of(peer)
    wanted = [(route.rule, adapter.match(route.path)[1]) for route in ROUTES]
    assert [adapter.build(*each) for each in wanted] == PATHS

    def run() -> None:
        for endpoint, values in wanted:
            adapter.build(endpoint, values)

    benchmark(run)


@pytest.mark.benchmark(group="build with a query")
@both
def test_build_with_query(benchmark: t.Any, peer: str) -> None:
    adapter = adapter_of(peer)
    wanted = [
        (route.rule, {**adapter.match(route.path)[1], "page": 2, "sort": "by name"})
        for route in ROUTES
    ]

    def run() -> None:
        for endpoint, values in wanted:
            adapter.build(endpoint, values)

    benchmark(run)


@pytest.mark.benchmark(group="add a rule")
@both
def test_add(benchmark: t.Any, peer: str) -> None:
    benchmark(make_map, MODULES[peer])


@pytest.mark.benchmark(group="first match after adding all rules")
@both
def test_first_match(benchmark: t.Any, peer: str) -> None:
    def fresh() -> tuple[tuple[t.Any], dict[str, t.Any]]:
        return (adapter_of(peer),), {}

    benchmark.pedantic(lambda adapter: adapter.match("/status"), setup=fresh, rounds=30)
