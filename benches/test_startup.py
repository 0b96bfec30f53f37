"""Before the first request, under pytest-benchmark: imports, and rules added."""

from __future__ import annotations

import subprocess
import sys
import types
import typing as t

import flask
import pytest

import kolben

PEERS = {"kolben": kolben, "flask": flask}
MANY = 1_000


@pytest.mark.benchmark(group="a process that imports it")
@pytest.mark.parametrize("package", ["sys", *PEERS])
def test_import(benchmark: t.Any, package: str) -> None:
    command = [sys.executable, "-c", f"import {package}"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=10, warmup_rounds=1)


def make_app(package: types.ModuleType, rules: int) -> t.Any:
    app = package.Flask("many", static_folder=None)
    for number in range(rules):
        app.add_url_rule(f"/area{number}/<int:id>/<name>", f"view{number}", lambda **_: "text")
    return app


@pytest.mark.benchmark(group="an app")
@pytest.mark.parametrize("peer", PEERS)
def test_app(benchmark: t.Any, peer: str) -> None:
    benchmark.pedantic(make_app, (PEERS[peer], 0), rounds=50, warmup_rounds=2)


@pytest.mark.benchmark(group=f"{MANY} rules added")
@pytest.mark.parametrize("peer", PEERS)
def test_rules(benchmark: t.Any, peer: str) -> None:
    benchmark.pedantic(make_app, (PEERS[peer], MANY), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group=f"the first request at {MANY} rules")
@pytest.mark.parametrize("peer", PEERS)
def test_first_request(benchmark: t.Any, peer: str) -> None:
    def fresh() -> tuple[list[t.Any], dict[str, t.Any]]:
        return [make_app(PEERS[peer], MANY).test_client()], {}

    def send(client: t.Any) -> None:
        assert client.get("/area7/1/x").data == b"text"

    benchmark.pedantic(send, setup=fresh, rounds=3, warmup_rounds=1)
