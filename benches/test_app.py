"""Whole requests under pytest-benchmark: the rows of `benches.apps`, one peer beside the other."""

from __future__ import annotations

import typing as t

import pytest

from .app_cases import environ
from .apps import BATCH, CASES, make_peers, peers_of, receivers, send_all, whole_request

APPS = make_peers()
PEERS = [(row, peer) for row, case in CASES.items() for peer in peers_of(case, APPS)]


@pytest.fixture(scope="module", autouse=True)
def _alike() -> None:
    for case in CASES.values():
        whole_request(case, peers_of(case, APPS))


@pytest.mark.parametrize(("row", "peer"), PEERS)
def test_a_request(benchmark: t.Any, row: str, peer: str) -> None:
    benchmark.group = row
    case = CASES[row]
    peers = peers_of(case, APPS)
    app, request = peers[peer], whole_request(case, peers)

    def fresh() -> tuple[list[t.Any], dict[str, t.Any]]:
        return [app, [environ(**request) for _ in range(BATCH)]], {}

    with receivers(case, [app]):
        benchmark.pedantic(send_all, setup=fresh, rounds=200, warmup_rounds=20)
