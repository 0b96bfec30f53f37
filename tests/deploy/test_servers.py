"""Each of the other servers answers as `kolben serve` does."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import pytest

from tests.serve.server import read_answer

from . import servers


@pytest.fixture(scope="module", params=servers.SERVERS)
def server(request, tmp_path_factory):
    with servers.start(request.param, tmp_path_factory.mktemp("server")) as program:
        wait_for_answer(program)
        yield program


def wait_for_answer(program) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            if ask(program, "GET /hello HTTP/1.1")[::2] == (200, b"Hello"):
                return
        time.sleep(0.1)
    pytest.fail(program.log())


def ask(program, *lines: str, body: bytes = b""):
    head = "\r\n".join([*lines, "Host: localhost", "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", program.port), timeout=20) as client:
        client.sendall(head.encode() + body)
        return read_answer(client)


def test_it_answers(server):
    assert ask(server, "GET /hello HTTP/1.1")[::2] == (200, b"Hello")
    assert ask(server, "GET /nowhere HTTP/1.1")[0] == 404
    assert ask(server, "GET /livez HTTP/1.1")[2] == b"alive\n"


def test_bodies_come_whole(server):
    body = os.urandom(200_000)
    assert ask(server, "POST /echo HTTP/1.1", f"Content-Length: {len(body)}", body=body)[2] == body


def test_streams_come_whole(server):
    from tests.serve.answers import answer

    assert ask(server, "GET /stream/7 HTTP/1.1")[2].decode() == answer(7)


def test_several_requests_at_a_time(server):
    begun = time.monotonic()
    threads = [
        threading.Thread(target=ask, args=(server, "GET /sleep/0.5 HTTP/1.1")) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 2


def test_the_core_is_the_compiled_one(server):
    """In the main interpreter, with a Python that it was built for."""
    assert ask(server, "GET /core HTTP/1.1")[2].startswith(b"compiled: ")
