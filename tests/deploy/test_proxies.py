"""nginx and HAProxy in front of two replicas."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import socket
import threading
import time

import pytest

from tests.serve.load import Load

from .conftest import haproxy, nginx
from .programs import Client, Program

RESTARTS = 5


def test_tls_ends_at_the_proxy(client):
    status, _, body = client.get("/seen")
    seen = json.loads(body)
    assert status == 200
    assert seen["url"].startswith("https://localhost")
    assert (seen["remote"], seen["prefix"]) == ("127.0.0.1", None)
    assert len(seen["id"]) >= 32


def test_what_a_client_says_of_itself_is_not_believed(client):
    _, headers, body = client.get(
        "/seen",
        "X-Forwarded-For: 192.0.2.1",
        "X_Forwarded_For: 192.0.2.2",
        "X-Forwarded-Proto: ftp",
        "X-Forwarded-Prefix: /evil",
        "X-Request-ID: mine",
    )
    seen = json.loads(body)
    assert seen["remote"] == "127.0.0.1"
    assert seen["url"].startswith("https://localhost")
    assert seen["prefix"] is None
    assert seen["id"] != "mine"
    # The replica takes the proxy's id for its own.
    assert headers["x-request-id"] == seen["id"]


def test_both_replicas_are_asked(client):
    """Each in turn, once the proxy has taken back one that a test before has restarted."""
    wait_until_both(client)
    pids = {json.loads(client.get("/seen")[2])["pid"] for _ in range(20)}
    assert len(pids) == 2


def wait_until_both(client: Client) -> None:
    end = time.monotonic() + 15
    pids: set[int] = set()
    while len(pids) < 2:
        assert time.monotonic() < end, "one of the replicas is asked no more"
        pids.add(json.loads(client.get("/seen")[2])["pid"])
        time.sleep(0.02)


def test_a_body_comes_through(client):
    body = os.urandom(300_000)
    head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    assert client.ask(head.encode() + body)[::2] == (200, body)


def test_the_inside_is_not_shown(client):
    for path in ("/metrics", "/readyz"):
        assert client.get(path)[0] in (403, 404)


def test_a_stream_comes_as_it_is_made(client):
    with client.connect() as connection:
        begun = time.monotonic()
        connection.sendall(b"GET /ticks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        data, moments = b"", {}
        while piece := connection.recv(65536):
            data += piece
            for number in range(4):
                if f"data: {number}".encode() in data:
                    moments.setdefault(number, time.monotonic() - begun)
    # They are made in 0.9 s; had they been held back, they would have come together.
    assert moments[3] - moments[0] > 0.5


@pytest.mark.parametrize("start", [nginx, haproxy])
def test_an_upgrade_is_passed_on(tmp_path, start):
    """As a WebSocket begins. The app behind is no WSGI app, so any that switches will do."""
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        thread = threading.Thread(target=switch, args=(upstream,), daemon=True)
        thread.start()
        port = upstream.getsockname()[1]
        with start(tmp_path, port, port) as program:
            client = Client(program.port, tmp_path / "cert.pem")
            with client.connect() as connection:
                lines = ["GET /socket HTTP/1.1", "Host: localhost", "Connection: Upgrade"]
                lines += ["Upgrade: websocket", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
                lines += ["Sec-WebSocket-Version: 13"]
                connection.sendall("\r\n".join([*lines, "", ""]).encode())
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                assert head.startswith(b"HTTP/1.1 101 ")
                connection.sendall(b"ping")
                assert connection.recv(100) == b"ping"


def switch(upstream: socket.socket) -> None:
    """Accept connections; answer a health check, and switch for those that ask for it."""
    while True:
        try:
            connection, _ = upstream.accept()
        except OSError:
            return
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


def converse(connection: socket.socket) -> None:
    with connection:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(4096)
            if not piece:
                return
            data += piece
        if b"upgrade: websocket" not in data.lower():
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"
        )
        while piece := connection.recv(4096):
            connection.sendall(piece)


def wait_until_ready(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as probe:
            probe.settimeout(10)
            probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if probe.recv(100).startswith(b"HTTP/1.1 200 "):
                return
        assert time.monotonic() < end
        time.sleep(0.05)


def test_replicas_restart_under_load_and_nothing_fails(proxy, replicas, client, figures):
    load = Load(proxy.port, keep_alive=8, closing=2, tls=client.context)

    def restart(one: Program) -> None:
        one.end()
        one.start()
        wait_until_ready(one.port)
        wait_until_both(client)

    async def run() -> None:
        running = asyncio.ensure_future(load.run(250))
        await asyncio.sleep(0.5)
        for number in range(RESTARTS):
            one = replicas[number % 2]
            await asyncio.get_running_loop().run_in_executor(None, restart, one)
        load.stop()
        await running

    asyncio.run(run())
    result = load.result
    assert result.failed() == 0, (result.counts(), proxy.log()[-3000:])
    program = pathlib.Path(proxy.command[0]).name
    figures(f"{program}: {RESTARTS} restarts under load, {len(result.good)} requests, none failed")
