"""An unmodified app on real servers, on Flask and then on Kolben in its place.

`make servers` prepares the environment and runs these; each kind of server is started once for
each of the two.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time
import typing as t
import uuid

import pytest

from .kinds import BIN, KINDS, SITE, Kind, UnavailableError

pytestmark = [
    pytest.mark.servers,
    pytest.mark.kolben_only,
    pytest.mark.timeout(120),
]


class Answer(t.NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> t.Any:
        return json.loads(self.body)


class Server(t.NamedTuple):
    """A running server."""

    kind: Kind
    framework: str
    port: int
    events: pathlib.Path
    log: pathlib.Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, body: t.Any = None, **headers: str) -> Answer:
        with contextlib.closing(self.connect()) as connection:
            return self.ask_on(connection, method, path, body, **headers)

    def ask_on(
        self, connection: http.client.HTTPConnection, method: str, path: str, body=None, **headers
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def wait_for(self, line: str) -> None:
        deadline = time.monotonic() + 20
        while line not in self.events.read_text("utf-8").splitlines():
            assert time.monotonic() < deadline, self.events.read_text("utf-8")
            time.sleep(0.05)


def start(kind: Kind, framework: str, folder: pathlib.Path) -> t.Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.chmod(0o755)
    events, log = folder / "events", folder / "log"
    events.touch()
    events.chmod(0o666)
    try:
        arguments = kind.arguments(folder, port)
    except UnavailableError as reason:
        pytest.skip(str(reason))
    known = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    environment = {
        **known,
        "EVENTS": str(events),
        "KOLBEN_AS_FLASK": "1" if framework == "kolben" else "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(SITE),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [BIN / "kolben", "exec", "--", *arguments],
            cwd=SITE,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    server = Server(kind, framework, port, events, log)
    try:
        wait_until_it_answers(server, process)
        yield server
    finally:
        stop(process)


def wait_until_it_answers(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while True:
        try:
            server.ask("GET", "/")
            return
        except (OSError, http.client.HTTPException):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"it does not answer:\n{server.log.read_text('utf-8')[-3000:]}")
            time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and its processes: they are a session of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
            return


@pytest.fixture(scope="module", params=["flask", "kolben"])
def framework(request: pytest.FixtureRequest) -> str:
    return t.cast("str", request.param)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def server(request: pytest.FixtureRequest, framework: str) -> t.Iterator[Server]:
    # Not pytest's own folder, where nobody else may look: servers may run as somebody else.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield from start(request.param, framework, pathlib.Path(folder))


def test_it_is_what_was_asked_for(server):
    mode = server.ask("GET", "/mode").json
    assert mode["flask"] == "3.1.3"
    assert mode["module"] == f"{server.framework}.app"
    if server.framework == "kolben":
        assert mode["core"].startswith("pure: " if server.kind.pure else "compiled: ")


def test_plain_and_json(server):
    answer = server.ask("GET", "/")
    assert (answer.status, answer.body) == (200, b"plain")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Length"] == "5"
    sent = {"a": [1, "é", None]}
    answer = server.ask("POST", "/json", json.dumps(sent), Content_Type="application/json")
    assert answer.json == {"got": sent, "type": "application/json"}


def test_form_with_a_file(server):
    data = os.urandom(200_000)
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n2\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n",
        data,
        b"\r\n--b--\r\n",
    ]
    body = b"".join(parts)
    answer = server.ask("POST", "/upload", body, Content_Type="multipart/form-data; boundary=b")
    sha = hashlib.sha256(data).hexdigest()
    assert answer.json == {"name": "x.bin", "sha": sha, "fields": {"a": ["1", "2"]}}


def test_large_bodies_both_ways(server):
    data = os.urandom(5_000_000)
    answer = server.ask("PUT", "/large", data)
    assert answer.json == {"length": len(data), "sha": hashlib.sha256(data).hexdigest()}
    assert server.ask("GET", "/download").body == b"x" * 5_000_000


def test_streaming_keeps_the_context(server):
    answer = server.ask("GET", "/stream?name=n1")
    assert answer.body.decode().splitlines() == [f"n1 n1 {n}" for n in range(5)]
    server.wait_for("teardown /stream n1 NoneType")


def test_teardown_runs_after_the_client_broke_off(server):
    name = uuid.uuid4().hex
    connection = server.connect()
    connection.request("GET", f"/endless?name={name}")
    response = connection.getresponse()
    assert response.read(100_000) == b"x" * 100_000
    response.close()
    connection.close()
    server.wait_for(f"closed {name}")
    server.wait_for(f"teardown /endless {name} NoneType")


def test_a_session_lives_in_its_cookie(server):
    answer = server.ask("GET", "/session")
    for expected in (2, 3):
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        answer = server.ask("GET", "/session", Cookie=cookie)
        assert answer.json == {"n": expected}
        assert answer.headers["Vary"] == "Cookie"
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_concurrent_requests_do_not_mix(server):
    wrong: list[t.Any] = []
    took = time.monotonic()

    def send(client: int) -> None:
        for number in range(8):
            name = f"c{client}n{number}"
            found = server.ask("GET", f"/who/{name}?name={name}").json
            if found != {"found": [name], "session": name}:
                wrong.append((name, found))
            streamed = server.ask("GET", f"/stream?name={name}").body.decode().split()
            if set(streamed) != {name, *"01234"}:
                wrong.append((name, streamed))

    threads = [threading.Thread(target=send, args=[client]) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    took = time.monotonic() - took
    if server.kind.concurrent:
        # One after the other, they would sleep five seconds.
        assert took < 4.5
    server.wait_for("teardown /who/c7n7 c7n7 NoneType")


def test_head_and_errors(server):
    head = server.ask("HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == "5"
    missing = server.ask("GET", "/missing")
    assert (missing.status, missing.json) == (404, {"missing": "/missing"})
    assert server.ask("GET", "/gone").status == 410
    assert server.ask("POST", "/").status == 405
    failed = server.ask("GET", "/error?name=e1")
    assert failed.status == 500
    assert b"Internal Server Error" in failed.body
    server.wait_for("teardown /error e1 RuntimeError")
    assert "RuntimeError: on purpose" in logged(server)


def logged(server: Server) -> str:
    texts = [server.log, server.log.with_name("error.log")]
    return "".join(text.read_text("utf-8", "replace") for text in texts if text.exists())


def test_a_connection_is_used_again_or_closed(server):
    with contextlib.closing(server.connect()) as connection:
        assert server.ask_on(connection, "GET", "/").body == b"plain"
        before = connection.sock
        if not server.kind.keeps_alive:
            assert before is None or before.recv(1) == b""
            return
        answer = server.ask_on(connection, "POST", "/json", "[]", Content_Type="application/json")
        assert answer.json["got"] == []
        assert server.ask_on(connection, "GET", "/missing").status == 404
        assert server.ask_on(connection, "GET", "/").body == b"plain"
        assert connection.sock is before


def test_no_warnings_but_one_about_the_pure_mode(server):
    lines = [line for line in logged(server).splitlines() if "CoreUnavailableWarning" in line]
    assert bool(lines) is (server.kind.pure and server.framework == "kolben")
