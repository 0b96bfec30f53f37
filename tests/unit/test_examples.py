"""Each example runs; that of notes has tests of its own."""

from __future__ import annotations

import pathlib
import runpy
import subprocess
import sys

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def test_hello_is_eight_lines_and_says_so():
    path = EXAMPLES / "hello" / "app.py"
    assert len(path.read_text("utf-8").splitlines()) == 8
    response = runpy.run_path(str(path))["app"].test_client().get("/")
    assert (response.status_code, response.text) == (200, "Hello, world!")


def test_hello_is_found_by_the_command_line():
    command = [sys.executable, "-m", "kolben", "routes"]
    folder = EXAMPLES / "hello"
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "hello     GET      /" in done.stdout


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / "router" / "show.py"), *arguments]
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
