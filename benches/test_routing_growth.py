"""How routing time grows: with the number of rules, and with the length of a hostile path."""

from __future__ import annotations

import typing as t

import pytest
import werkzeug.routing

from kolben import routing
from kolben.routing import Map, Rule

MODULES = {"kolben": routing, "werkzeug": werkzeug.routing}
LENGTHS = (256, 1024, 4096, 16384)
CONVERTERS = (1, 2, 3, 6, 12)
#: Werkzeug takes a minute to add a hundred thousand rules, and longer for a hostile path.
RULES = [*(("kolben", count) for count in (10, 100, 1_000, 10_000, 100_000))]
RULES += [*(("werkzeug", count) for count in (10, 100, 1_000, 10_000))]
PATHS = [("kolben", converters, length) for converters in CONVERTERS for length in LENGTHS]
PATHS += [("werkzeug", 2, 256), ("werkzeug", 2, 1024), ("werkzeug", 3, 64), ("werkzeug", 3, 256)]


@pytest.mark.benchmark(group="match among so many rules")
@pytest.mark.parametrize(("peer", "rules"), RULES)
def test_number_of_rules(benchmark: t.Any, peer: str, rules: int) -> None:
    module = MODULES[peer]
    url_map = module.Map(
        [module.Rule(f"/area{n % 1000}/item{n}/<int:id>", endpoint=n) for n in range(rules)]
    )
    step = max(1, rules // 10)
    paths = [f"/area{n % 1000}/item{n}/7" for n in range(0, rules, step)][:10]
    match = url_map.bind("example.com").match

    def run() -> None:
        for path in paths:
            match(path)

    benchmark(run)


@pytest.mark.benchmark(group="/<a>-<b>-<c>-x against a hostile path of 2 KB")
def test_hostile_path(benchmark: t.Any) -> None:
    adapter = Map([Rule("/<a>-<b>-<c>-x", endpoint="x")]).bind("example.com")
    path = "/" + "a-" * 1023 + "y"
    assert not adapter.test(path)
    benchmark(adapter.test, path)


@pytest.mark.benchmark(group="hostile growth")
@pytest.mark.parametrize(("peer", "converters", "length"), PATHS)
def test_hostile_growth(benchmark: t.Any, peer: str, converters: int, length: int) -> None:
    module = MODULES[peer]
    rule = "-".join(f"<v{n}>" for n in range(converters))
    adapter = module.Map([module.Rule(f"/{rule}-x", endpoint="x")]).bind("example.com")
    path = "/" + "a-" * (length // 2) + "y"
    often = {"rounds": 40, "iterations": max(1, 8192 // length)}
    benchmark.pedantic(adapter.test, (path,), **(often if peer == "kolben" else {"rounds": 3}))
