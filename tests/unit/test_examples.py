"""Each example runs."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "router" / "show.py"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_router_shows_matches_urls_and_reasons():
    done = run()
    assert done.returncode == 0, done.stderr
    assert "POST   /shop/42                 -> 'order' {'article': 42}" in done.stdout
    assert "GET    /shop                    -> redirect to http://localhost/shop/" in done.stdout
    assert "URLs: /shop/7 /shop/a%20b" in done.stdout


def test_the_router_explains_a_request():
    assert run("GET", "/shop/new").stdout.endswith("=> 'named shelf' with {'shelf': 'new'}\n")


def test_the_router_says_how_it_is_used():
    assert run("nonsense").returncode == 2
