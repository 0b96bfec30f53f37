"""``kolben bench``: the times of an app's own requests, on Kolben and beside Flask."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.kolben_only

APP = """
from flask import Flask, request, session
print("the app says something")
app = Flask(__name__)
app.secret_key = "a key for the tests"

@app.get("/")
def index():
    return "index"

@app.get("/user/<int:id>")
def user(id):
    return {"id": id}

@app.post("/echo")
def echo():
    return request.get_json()

@app.get("/count")
def count():
    session["n"] = session.get("n", 0) + 1
    return "counted"
"""


def bench(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kolben", "bench", "--seconds", "0.02", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP)
    return tmp_path


def test_both_sides_and_their_phases(folder):
    done = bench(folder, "--vs", "flask", "--json", "/user/7", 'POST /echo {"x": 1}', "/count")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report["versions"]) == {"kolben", "flask"}
    found = {row["request"]: row for row in report["requests"]}
    assert list(found) == ["GET /user/7", "POST /echo", "GET /count"]
    for row in found.values():
        assert row["status"] == "200 OK"
        assert row["ratio"] > 0
        for side in ("kolben", "flask"):
            assert 0 < row[side]["median_us"] <= row[side]["p99_us"]
            phases = row[side]["phases_us"]
            assert {"routing", "session", "hooks", "view", "response", "teardown"} < set(phases)
            assert all(phases[name] > 0 for name in ("routing", "view", "response"))


def test_the_table_and_the_chart(folder):
    done = bench(folder, "--svg", "chart.svg", "--no-phases")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("kolben ")
    assert [line.split()[1] for line in lines[2:]] == ["/", "/count"]
    chart = ElementTree.parse(folder / "chart.svg").getroot()
    assert len(chart.findall("{*}rect")) == 1 + 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-A", "nothing"], "Could not import 'nothing'"),
        (["not a path"], "line 1"),
        (["-A", "empty:app"], "no rule without variables"),
    ],
)
def test_what_cannot_be_measured(folder, arguments, message):
    (folder / "empty.py").write_text(
        "from flask import Flask\napp = Flask(__name__, static_folder=None)\n"
    )
    done = bench(folder, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_view_that_ends_the_process(folder):
    (folder / "app.py").write_text(
        APP + "\n@app.get('/exit')\ndef leave():\n    import os\n    os._exit(3)\n"
    )
    done = bench(folder, "/exit")
    assert done.returncode == 2
    assert "ended early" in done.stderr
