"""``kolben compare``: what differs between Flask and Kolben, and what only seems to."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import typing as t

import pytest
from click.testing import CliRunner
from itsdangerous import URLSafeTimedSerializer

from kolben.cli import ScriptInfo, compare
from kolben.cli.compare.facts import CHANGING, Difference, differences, facts_of
from kolben.cli.compare.requests import UnreadableError, read_har, read_paths

pytestmark = pytest.mark.kolben_only

# --- files with requests -------------------------------------------------------------------------


def test_paths_with_methods_and_bodies():
    text = '/a?b=1\n\n# a comment\ndelete /a/1\nPOST /f  x=1&y=2 3\nPUT /j {"x": 1}\nPOST /l [1]\n'
    got = read_paths(text)
    assert [(one.method, one.path) for one in got] == [
        ("GET", "/a?b=1"),
        ("DELETE", "/a/1"),
        ("POST", "/f"),
        ("PUT", "/j"),
        ("POST", "/l"),
    ]
    assert [one.body for one in got] == [b"", b"", b"x=1&y=2 3", b'{"x": 1}', b"[1]"]
    types = [dict(one.headers).get("Content-Type") for one in got]
    form = "application/x-www-form-urlencoded"
    assert types == [None, None, form, "application/json", "application/json"]


@pytest.mark.parametrize("line", ["nothing", "GET", "GET a/b"])
def test_lines_that_are_no_requests(line):
    with pytest.raises(UnreadableError, match="line 2 is no path"):
        read_paths(f"/a\n{line}\n")


def har(*requests: dict[str, t.Any]) -> str:
    return json.dumps({"log": {"entries": [{"request": one} for one in requests]}})


def test_a_har_file():
    headers = [
        {"name": ":authority", "value": "example.com"},
        {"name": "Host", "value": "example.com"},
        {"name": "Content-Length", "value": "9"},
        {"name": "Accept", "value": "text/html"},
        {"name": "cookie", "value": "a=b"},
    ]
    posted = {"mimeType": "text/plain", "text": "é"}
    first = {"method": "post", "url": "https://example.com/a?b=%20", "headers": headers}
    (one,), others = read_har(
        har({**first, "postData": posted}, {"method": "GET", "url": "https://cdn.example/x"})
    )
    assert one.method == "POST"
    assert (one.base_url, one.path) == ("https://example.com", "/a?b=%20")
    assert one.headers == (
        ("Accept", "text/html"),
        ("cookie", "a=b"),
        ("Content-Type", "text/plain"),
    )
    assert one.body == "é".encode()
    assert one.has_cookies
    assert others == 1
    assert one.as_dict(cookies=False)["headers"] == [one.headers[0], one.headers[2]]
    assert one.as_dict(cookies=True)["headers"] == list(one.headers)


@pytest.mark.parametrize(
    ("posted", "body"),
    [
        ({"text": "gP8=", "encoding": "base64"}, b"\x80\xff"),
        ({"text": "gP8=", "_encoding": "base64"}, b"\x80\xff"),
        ({"params": [{"name": "a", "value": "1 2"}, {"name": "b"}]}, b"a=1+2&b="),
        ({}, b""),
    ],
)
def test_bodies_in_a_har_file(posted, body):
    (one,), _ = read_har(har({"method": "POST", "url": "http://x", "postData": posted}))
    assert one.body == body
    assert one.path == "/"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"log": {"entries": [{}]}}', '{"log": []}'])
def test_files_that_are_no_har(text):
    with pytest.raises(UnreadableError, match="this is no HAR file"):
        read_har(text)


# --- answers, fact by fact -----------------------------------------------------------------------


def answer(body: str | bytes = b"", *headers: tuple[str, str], **extra: t.Any) -> dict[str, t.Any]:
    data = body.encode() if isinstance(body, str) else body
    return {
        "status": "200 OK",
        "headers": [("Content-Length", str(len(data))), *headers],
        "body": base64.b64encode(data).decode(),
        "sessions": {},
        "at": 1_700_000_000.0,
        **extra,
    }


def between(flask: dict[str, t.Any], kolben: dict[str, t.Any]) -> list[Difference]:
    return differences(facts_of(flask, CHANGING), facts_of(kolben, CHANGING))


JSON = ("Content-Type", "application/json")
FIRST = ("Set-Cookie", "a=1; Expires=Tue, 14 Nov 2023 23:13:20 GMT; HttpOnly; Path=/")
LATER = ("Set-Cookie", "a=1; Expires=Tue, 14 Nov 2023 23:13:19 GMT; HttpOnly; Path=/")


@pytest.mark.parametrize(
    ("flask", "kolben"),
    [
        (answer("a", ("Date", "x")), answer("a", ("Date", "y"))),
        (answer("", ("x-a", "1")), answer("", ("X-A", "1"))),
        (answer("", ("A", "1"), ("B", "2")), answer("", ("B", "2"), ("A", "1"))),
        (answer("", FIRST), answer("", LATER)),
        (answer(b"\xff" * 9), answer(b"\xff" * 9)),
    ],
)
def test_what_is_the_same(flask, kolben):
    assert between(flask, kolben) == []


@pytest.mark.parametrize(
    ("flask", "kolben", "expected"),
    [
        (answer(), answer(status="404 NOT FOUND"), [("status", "", "200 OK", "404 NOT FOUND")]),
        (answer("", ("Vary", "Cookie")), answer(), [("header", "Vary", "Cookie", None)]),
        (
            answer("", ("Vary", "A"), ("Vary", "B")),
            answer("", ("Vary", "B"), ("Vary", "A")),
            [("header", "Vary", "A, B", "B, A")],
        ),
        (
            answer("a\nb\nc"),
            answer("a\nx\nc\nd"),
            [("body", "line 2", "b", "x"), ("body", "line 4", None, "d")],
        ),
        (
            answer('{"a": [1, {"b": null}]}', JSON),
            answer('{"a": [1, {"b": 2.0}]}', JSON),
            [("body", "a[1].b", "null", "2.0")],
        ),
        (
            answer('{"a": 1, "b": []}', JSON),
            answer('{"b": [], "a": 1}', JSON),
            [("body", "form", '{"a": _, "b": []}', '{"b": [], "a": _}')],
        ),
        (
            answer('"\\u00e9"', JSON),
            answer('"é"', JSON),
            [("body", "form", "\\u", "_")],
        ),
        (answer("{", JSON), answer("[", JSON), [("body", "line 1", "{", "[")]),
        (
            answer("", ("Set-Cookie", "a=1; Path=/; HttpOnly")),
            answer("", ("Set-Cookie", "a=2; Path=/")),
            [("cookie", "a", "1", "2"), ("cookie", "a (HttpOnly)", "set", None)],
        ),
        (
            answer("", FIRST),
            answer(
                "", ("Set-Cookie", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Path=/")
            ),
            [("cookie", "a (Expires)", "within 60 min", "has passed")],
        ),
    ],
)
def test_what_differs(flask, kolben, expected):
    assert [tuple(one) for one in between(flask, kolben)] == expected


def test_bytes_differ_by_their_hash():
    (one,) = between(answer(b"\xff"), answer(b"\xfe"))
    assert one.where == ""
    assert one.flask is not None
    assert one.flask.startswith("1 bytes, SHA-256 a8100ae6")


def test_lengths_that_are_wrong_or_missing_or_stand_alone():
    right, missing = answer("abc"), answer("abc")
    missing["headers"] = []
    wrong = {**right, "headers": [("Content-Length", "4")]}
    assert between(right, missing) == [("header", "Content-Length", None, "not sent")]
    assert between(right, wrong) == [("header", "Content-Length", None, "4")]
    heads = [{**right, "body": "", "headers": [("content-length", str(n))]} for n in (3, 4)]
    assert between(*heads) == [("header", "Content-Length", "3", "4")]


def test_all_headers_and_ignored_ones():
    both = [answer("", ("Date", "x"), ("X-A", "1")), answer("", ("Date", "y"), ("X-A", "2"))]
    assert [one.where for one in differences(*(facts_of(one, ()) for one in both))] == [
        "Date",
        "X-A",
    ]
    assert differences(*(facts_of(one, {"date", "x-a"}) for one in both)) == []


def test_signed_sessions_are_compared_by_content():
    lines = [f"session=x.{n}; Path=/" for n in "ab"]
    contents: list[t.Any] = [{"user": 1, "seen": []}, {"user": 2, "seen": []}]
    same = [answer("", ("Set-Cookie", line), sessions={line: contents[0]}) for line in lines]
    assert between(*same) == []
    same[1]["sessions"] = {lines[1]: contents[1]}
    assert between(*same) == [("cookie", "session: user", "1", "2")]


def test_signed_values_without_the_secret_are_compared_by_payload():
    values = [str(URLSafeTimedSerializer(key).dumps({"a": 1})) for key in ("x" * 20, "y" * 20)]
    other = str(URLSafeTimedSerializer("x").dumps({"a": 2}))
    answers = [answer("", ("Set-Cookie", f"t={value}")) for value in (*values, other)]
    assert between(*answers[:2]) == []
    assert [one.where for one in between(answers[0], answers[2])] == ["t"]


# --- both sides ----------------------------------------------------------------------------------

APP = """
import os, random
from flask import Flask, Response, request, session

app = Flask(__name__)
app.secret_key = "3f1c0d5b9a7e42688d1b"
AS_FLASK = os.environ["KOLBEN_AS_FLASK"]

@app.get("/")
def index():
    session["n"] = session.get("n", 0) + 1
    session.permanent = True
    return f"visit {session['n']}"

@app.get("/token")
def token():
    return f"<p>the same</p>\\n{random.random()}\\n"

@app.get("/mode")
def mode():
    return {"mode": AS_FLASK}, 200 if AS_FLASK == "0" else 201

@app.post("/echo")
def echo():
    return request.form.to_dict() or request.get_data()

@app.get("/cookies")
def cookies():
    return request.cookies.to_dict()

@app.get("/host")
def host():
    return request.url

@app.get("/error")
def error():
    1 / 0

@app.get("/endless")
def endless():
    def chunks():
        while True:
            yield b"x" * 1000000
    return Response(chunks())

@app.get("/slow")
def slow():
    import time
    time.sleep(60)

@app.get("/leave")
def leave():
    os._exit(3)

@app.get("/count")
def count():
    with open("count", "a+") as file:
        file.write("x")
        file.seek(0)
        return file.read()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP, "utf-8")
    (tmp_path / "broken.py").write_text("import flask\n1 / 0\n", "utf-8")
    (tmp_path / "debug.py").write_text(
        "from app import app\napp.config['PROPAGATE_EXCEPTIONS'] = True\n", "utf-8"
    )
    (tmp_path / "own.py").write_text("import kolben\napp = kolben.Flask(__name__)\n", "utf-8")
    return tmp_path


def call(folder, *arguments: str, paths: str | None = None) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    known.pop("KOLBEN_AS_FLASK", None)
    if paths is not None:
        (folder / "paths").write_text(paths, "utf-8")
        arguments = (*arguments, "--paths", "paths")
    return subprocess.run(
        [sys.executable, "-m", "kolben", "compare", *arguments],
        check=False,
        cwd=folder,
        env={**known, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_the_same_answers_with_a_jar_for_each_side(folder):
    paths = "/\n/\n/error\nPOST /echo a=1\nPOST /echo [1]\nHEAD /\n/nothing\n/static/x\n"
    done = call(folder, "--app", "app", paths=paths)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "8 of 8 answers are the same."
    assert lines[1].startswith("Flask  3.1.3 ")
    assert lines[2].startswith("Kolben ")
    assert "times as fast" in lines[3]


def test_differences_are_shown_and_counted(folder):
    done = call(folder, "--app", "app", paths="/\n/mode\n/token\n")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "GET /mode\n"
        "  status\n    Flask   200 OK\n    Kolben  201 CREATED\n"
        '  body mode\n    Flask   "0"\n    Kolben  "1"\n'
        "2 of 3 answers are the same; 1 differ.\n"
        "1 differences are there from run to run on Flask as well.\n"
    )


def test_json(folder):
    done = call(folder, "--json", "--app", "app", paths="/mode\n/token\n")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["flask"]["version"] == "3.1.3"
    assert found["kolben"]["milliseconds"] > 0
    assert (found["requests"], found["different"]) == (2, 1)
    mode, token = found["answers"]
    assert mode["request"] == "GET /mode"
    assert mode["differences"][0] == {
        "what": "status",
        "where": "",
        "flask": "200 OK",
        "kolben": "201 CREATED",
    }
    assert token["differences"] == []
    assert [one["where"] for one in token["varying"]] == ["line 2"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("auto", '{"a":"b"}\n'), ("recorded", '{"a":"b"}\n'), ("jar", "{}\n")],
)
def test_recorded_cookies_or_a_jar(folder, monkeypatch, choice, expected):
    headers = [{"name": "Cookie", "value": "a=b"}]
    text = har({"method": "GET", "url": "http://shop.example:81/cookies", "headers": headers})
    (folder / "x.har").write_text(text, "utf-8")
    monkeypatch.chdir(folder)
    requests, _ = read_har(text)
    options = {"before": None, "all_headers": False, "ignore_header": (), "timeout": 60.0}
    side = compare.Runner("app", requests, cookies=choice, **options).run("0")
    assert base64.b64decode(side.answers[0]["body"]).decode() == expected


def test_the_requests_of_a_har_go_to_its_host(folder):
    text = har(
        {"method": "GET", "url": "http://shop.example:81/host"},
        {"method": "GET", "url": "http://cdn.example/x"},
    )
    (folder / "x.har").write_text(text, "utf-8")
    done = call(folder, "--app", "app", "--requests", "x.har")
    assert done.returncode == 0
    assert done.stdout.startswith("1 requests to other hosts are left out.\n1 of 1 answers")


def test_errors_that_the_app_leaves_to_the_server_are_answers(folder):
    done = call(folder, "--app", "debug", "--json", paths="/error\n")
    assert done.returncode == 0
    (one,) = json.loads(done.stdout)["answers"]
    assert one["status"] == "raises ZeroDivisionError: division by zero"


def test_bodies_without_an_end_are_compared_as_far_as_they_go(folder):
    done = call(folder, "--app", "app", paths="/endless\n")
    assert done.returncode == 0, done.stdout


def test_before_each_run(folder):
    apart = call(folder, "--app", "app", paths="/count\n")
    assert "varies" not in apart.stdout
    assert (folder / "count").read_text() == "xxx"
    (folder / "count").unlink()
    again = f'{sys.executable} -c "import pathlib; pathlib.Path({"count"!r}).unlink(True)"'
    done = call(folder, "--app", "app", "--before", again, paths="/count\n")
    assert done.returncode == 0
    assert (folder / "count").read_text() == "x"


def test_headers_that_are_not_compared(folder):
    (folder / "app.py").write_text(
        APP + "@app.after_request\ndef name(response):\n"
        "    response.headers['X-Mode'] = AS_FLASK\n"
        "    response.headers['X-Runtime'] = AS_FLASK\n    return response\n",
        "utf-8",
    )
    assert "header X-Mode" in call(folder, "--app", "app", paths="/").stdout
    ignoring = ["--app", "app", "--ignore-header", "x-mode"]
    assert call(folder, *ignoring, paths="/").returncode == 0
    done = call(folder, *ignoring, "--all-headers", paths="/")
    assert done.returncode == 1
    assert "header X-Runtime" in done.stdout


@pytest.mark.parametrize(
    ("app", "paths", "words"),
    [
        ("broken", "/", "On Flask, the app does not import:\nTraceback"),
        ("own", "/", "On Flask, the app does not import:\nFailed to find Flask application"),
        ("app", "", "paths holds no requests"),
        ("app", "x", "paths: line 1 is no path"),
        ("app", "/leave", "On Flask, the process ended early"),
    ],
)
def test_what_cannot_be_compared(folder, app, paths, words):
    done = call(folder, "--app", app, paths=paths)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_run_that_takes_too_long(folder):
    done = call(folder, "--app", "app", "--timeout", "2", paths="/slow")
    assert done.returncode == 2
    assert "On Flask, the answers took more than 2 seconds." in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--paths", "{}", "--requests", "{}"]])
def test_one_file_is_needed(tmp_path, arguments):
    (tmp_path / "x").write_text("/", "utf-8")
    filled = [part.format(tmp_path / "x") for part in arguments]
    done = CliRunner().invoke(compare.compare_command, filled, obj=ScriptInfo())
    assert done.exit_code == 2
    assert "either '--requests FILE.har' or '--paths FILE'" in done.output


def test_without_the_real_flask(tmp_path, monkeypatch):
    (tmp_path / "x").write_text("/", "utf-8")
    monkeypatch.setattr(compare, "real_flask", lambda: None)
    arguments = ["--paths", str(tmp_path / "x")]
    done = CliRunner().invoke(compare.compare_command, arguments, obj=ScriptInfo())
    assert done.exit_code == 2
    assert "The real Flask is not installed here: 'pip install flask==3.1.3'" in done.output


def test_long_values_and_control_characters_are_not_printed_as_they_are():
    import click

    assert click.unstyle(compare._shown("a\x1b[31mb\n", "red")) == "a\\x1b[31mb\\n"
    assert click.unstyle(compare._shown("x" * 500, "red")) == "x" * 200 + "…"
    assert click.unstyle(compare._shown(None, "red")) == "has none"
