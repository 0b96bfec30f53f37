"""``kolben run --record``: the file is valid at each moment, and holds what was asked for."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t

import pytest
from click.testing import CliRunner
from werkzeug.test import Client, create_environ

from kolben import Flask, Response, request, session, stream_with_context
from kolben.cli import ScriptInfo, record
from kolben.cli.compare.requests import read_har
from kolben.cli.record import HarFile, Recorder

pytestmark = pytest.mark.kolben_only


def entries(path: t.Any) -> list[dict[str, t.Any]]:
    log = json.loads(pathlib.Path(path).read_text("utf-8"))["log"]
    assert log["version"] == "1.2"
    assert log["creator"]["name"] == "kolben"
    return t.cast("list[dict[str, t.Any]]", log["entries"])


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "traffic.har")


def make_app() -> Flask:
    app = Flask("recorded", root_path=os.getcwd())
    app.secret_key = "x" * 20

    @app.route("/echo", methods=["GET", "POST", "PUT"])
    def echo():
        session["seen"] = True
        return Response(request.get_data(), 201, {"X-A": "1"}, mimetype="text/plain")

    @app.get("/stream")
    def stream():
        return Response(stream_with_context(f"{n}," for n in range(5)))

    @app.get("/bytes")
    def data():
        return b"\x80\xff"

    @app.get("/broken")
    def broken():
        def chunks():
            yield "a"
            raise RuntimeError("in the middle")

        return Response(chunks())

    @app.post("/unread")
    def unread():
        return request.stream.read(2)

    @app.get("/raise")
    def raises():
        raise KeyError("x")

    return app


def client(path: str, secrets: bool = False) -> Client:
    app = make_app()
    app.wsgi_app = Recorder(app.wsgi_app, HarFile(path), secrets)  # type: ignore[method-assign]
    return Reading(app, use_cookies=False)


class Reading(Client):
    """Reads each answer to its end, and closes it, as a server does."""

    def open(self, *args, **kwargs):
        return super().open(*args, **{"buffered": True, **kwargs})


def test_a_new_file_is_valid_and_private(path):
    HarFile(path)
    assert entries(path) == []
    if os.name == "posix":
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_an_entry_says_what_was_asked_and_answered(path):
    answer = client(path).put(
        "/echo?a=1&b=", data="é", content_type="text/x", base_url="http://h:81"
    )
    assert answer.data == "é".encode()
    (entry,) = entries(path)
    asked, answered = entry["request"], entry["response"]
    assert (asked["method"], asked["url"]) == ("PUT", "http://h:81/echo?a=1&b=")
    assert asked["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert asked["postData"] == {"mimeType": "text/x", "params": [], "text": "é"}
    assert {"name": "Content-Type", "value": "text/x"} in asked["headers"]
    assert (answered["status"], answered["statusText"]) == (201, "CREATED")
    assert answered["content"] == {"size": 2, "mimeType": "text/plain; charset=utf-8", "text": "é"}
    assert {"name": "X-A", "value": "1"} in answered["headers"]
    assert entry["time"] >= 0
    assert entry["startedDateTime"][10] == "T"


@pytest.mark.parametrize("secrets", [False, True])
def test_secrets_are_left_out_unless_asked_for(path, secrets):
    headers = {
        "Authorization": "Basic eDp5",
        "Cookie": "a=hidden",
        "X-Api-Key": "hidden",
        "X-Other": "shown",
    }
    client(path, secrets).get("/echo", headers=headers)
    (entry,) = entries(path)
    asked = {header["name"] for header in entry["request"]["headers"]}
    answered = {header["name"] for header in entry["response"]["headers"]}
    assert ({"Authorization", "Cookie", "X-Api-Key"} <= asked) is secrets
    assert ("Set-Cookie" in answered) is secrets
    assert "X-Other" in asked
    text = pathlib.Path(path).read_text("utf-8")
    assert ("hidden" in text) is ("eDp5" in text) is secrets


def test_bodies_that_are_no_text_and_streams(path):
    sender = client(path)
    sender.post("/echo", data=b"\xfe")
    sender.get("/bytes")
    assert sender.get("/stream").text == "0,1,2,3,4,"
    first, second, third = entries(path)
    assert base64.b64decode(first["request"]["postData"]["text"]) == b"\xfe"
    assert first["request"]["postData"]["_encoding"] == "base64"
    assert second["response"]["content"]["encoding"] == "base64"
    assert third["response"]["content"]["text"] == "0,1,2,3,4,"
    (read, *_), _ = read_har(pathlib.Path(path).read_text("utf-8"))
    assert read.body == b"\xfe"


def test_long_bodies_are_cut(path, monkeypatch):
    monkeypatch.setattr(record, "_LONGEST_BODY", 5)
    assert client(path).post("/echo", data="x" * 9).text == "x" * 9
    content = entries(path)[0]["response"]["content"]
    assert (content["size"], content["text"]) == (9, "xxxxx")
    assert content["comment"] == "the first 5 of 9 bytes"


def test_what_the_app_has_not_read_is_said(path):
    client(path).post("/unread", data="abcdef")
    posted = entries(path)[0]["request"]["postData"]
    assert posted["text"] == "ab"
    assert posted["comment"] == "the app has read 2 of 6 bytes"


def test_streams_that_fail_or_are_broken_off_are_written_as_far_as_they_came(path):
    sender = client(path)
    with pytest.raises(RuntimeError, match="in the middle"):
        sender.get("/broken")
    response = sender.get("/stream", buffered=False)
    next(iter(response.response))
    response.close()
    broken, stopped = entries(path)
    assert broken["response"]["content"]["text"] == "a"
    assert stopped["response"]["content"]["text"].startswith("0,")


def test_errors_that_reach_the_server_are_written(path):
    sender = client(path)
    sender.application.config["PROPAGATE_EXCEPTIONS"] = True  # type: ignore[attr-defined]
    with pytest.raises(KeyError):
        sender.get("/raise")
    answered = entries(path)[0]["response"]
    assert (answered["status"], answered["statusText"]) == (500, "KeyError")


def test_the_write_callable_of_wsgi_is_recorded(path):
    def old(environ, start_response):
        start_response("200 OK", [])(b"old")
        return []

    with Client(Recorder(old, HarFile(path))).get("/") as response:
        assert response.data == b"old"
    assert entries(path)[0]["response"]["content"]["text"] == "old"


@pytest.mark.parametrize(
    "read",
    [
        lambda stream: stream.read(),
        lambda stream: stream.readline() + stream.readline(),
        lambda stream: b"".join(stream.readlines()),
        lambda stream: b"".join(stream),
        lambda stream: b"a\nb" if stream.readinto(bytearray(4)) == 3 else b"",
    ],
)
def test_each_way_to_read_a_body_is_noted(path, read):
    def app(environ, start_response):
        start_response("200 OK", [])
        return [read(environ["wsgi.input"])]

    assert Reading(Recorder(app, HarFile(path))).post("/", data=b"a\nb").data == b"a\nb"
    assert entries(path)[0]["request"]["postData"]["text"] == "a\nb"


def test_many_threads_write_one_file(path):
    sender = client(path)

    def send():
        for _ in range(25):
            sender.application(create_environ("/stream"), lambda *_: None).close()

    senders = [threading.Thread(target=send) for _ in range(4)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    assert len(entries(path)) == 100


def test_a_full_disk_leaves_the_file_valid_and_the_app_alive(path, monkeypatch, capsys):
    sender = client(path)
    sender.get("/stream")
    opened = open

    class Full:
        """Takes ten bytes of an entry."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            return self.file.write(data[:10] if len(data) > 10 else data)

    monkeypatch.setattr(record, "open", lambda *a, **k: Full(opened(*a, **k)), raising=False)
    assert sender.get("/bytes").data == b"\x80\xff"
    assert "the disk is full" in capsys.readouterr().err
    monkeypatch.undo()
    assert len(entries(path)) == 1


def test_a_file_goes_on_or_begins_anew(path):
    HarFile(path).add({"request": 1})
    assert len(entries(HarFile(path, go_on=True).path)) == 1
    assert entries(HarFile(path).path) == []
    pathlib.Path(path).write_text("something else", "utf-8")
    assert entries(HarFile(path, go_on=True).path) == []
    pathlib.Path(path).unlink()
    assert entries(HarFile(path, go_on=True).path) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--record-secrets"], "'--record-secrets' needs '--record FILE'."),
        (["--record", "{}/no/such/folder"], "No such file or directory"),
    ],
)
def test_options_that_cannot_be(tmp_path, arguments, words):
    filled = [part.format(tmp_path) for part in arguments]
    done = CliRunner().invoke(record.run_command, filled, obj=ScriptInfo(create_app=make_app))
    assert done.exit_code == 2
    assert words in done.output


# --- a real server -------------------------------------------------------------------------------

APP = """
from kolben import Flask, Response
app = Flask(__name__)

@app.get("/")
def index():
    return "first"

@app.get("/stream")
def stream():
    return Response(f"{n}," for n in range(3))
"""


def get(port: int, path: str, wanted: str) -> None:
    deadline = time.monotonic() + 30
    text = ""
    while text != wanted:
        assert time.monotonic() < deadline, text
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path, headers={"Cookie": "a=hidden"})
            text = connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()


def wait_for(file: pathlib.Path, text: bytes) -> None:
    """Wait until an answer is written down: when it is over, after the client has it."""
    deadline = time.monotonic() + 10
    while text not in file.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="processes are ended in another way there")
@pytest.mark.parametrize("reload", [False, True])
def test_a_server_records_its_traffic(tmp_path, reload):
    (tmp_path / "app.py").write_text(APP, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["run", "--port", str(port), "--record", "x.har"]
    known = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    # It wants to be told of changes, which not every file system does.
    (tmp_path / "watchdog.py").write_text("raise ImportError", "utf-8")
    (tmp_path / "x.har").write_text("of an earlier run", "utf-8")
    server = subprocess.Popen(
        [sys.executable, "-m", "kolben", *command, "--reload" if reload else "--no-reload"],
        cwd=tmp_path,
        env=known,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        get(port, "/stream", "0,1,2,")
        wait_for(tmp_path / "x.har", b"0,1,2,")
        get(port, "/", "first")
        wait_for(tmp_path / "x.har", b"first")
        if reload:
            (tmp_path / "app.py").write_text(APP.replace('"first"', '"second"'), "utf-8")
            get(port, "/", "second")
            wait_for(tmp_path / "x.har", b"second")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)
    texts = [entry["response"]["content"]["text"] for entry in entries(tmp_path / "x.har")]
    assert texts[:2] == ["0,1,2,", "first"]
    assert texts[-1] == ("second" if reload else "first")
    assert "hidden" not in (tmp_path / "x.har").read_text("utf-8")
