"""How routing time grows: with the number of rules, and with the length of a hostile path."""

from __future__ import annotations

import typing as t

import pytest

from kolben.routing import Map, Rule

LENGTHS = (256, 1024, 4096, 16384)


@pytest.mark.benchmark(group="match among so many rules")
@pytest.mark.parametrize("rules", [10, 1_000, 100_000])
def test_number_of_rules(benchmark: t.Any, rules: int) -> None:
    url_map = Map([Rule(f"/area{n % 1000}/item{n}/<int:id>", endpoint=n) for n in range(rules)])
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
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("converters", [1, 2, 3, 6, 12])
def test_hostile_growth(benchmark: t.Any, converters: int, length: int) -> None:
    rule = "-".join(f"<v{n}>" for n in range(converters))
    adapter = Map([Rule(f"/{rule}-x", endpoint="x")]).bind("example.com")
    path = "/" + "a-" * (length // 2) + "y"
    benchmark.pedantic(adapter.test, (path,), rounds=40, iterations=max(1, 8192 // length))
