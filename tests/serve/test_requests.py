"""What comes through the server to the app, and back."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import time

import pytest

from .server import Server, certificate, read_answer


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "files").mkdir()
    (folder / "files" / "a.txt").write_text("a file")
    options = ["--workers", "1", "--max-body-size", "1M", "--max-header-size", "8k"]
    options += ["--static", f"/files={folder / 'files'}", "--header-timeout", "1"]
    options += ["--access-log", "--log-format", "json"]
    with Server(folder, *options) as running:
        yield running


def post(server: Server, path: str, body: bytes, *headers: str):
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Connection: close", *headers]
    return server.ask("\r\n".join([*lines, "", ""]).encode() + body)


def test_a_body_comes_whole(server):
    body = os.urandom(700_000)
    assert post(server, "/echo", body, f"Content-Length: {len(body)}")[::2] == (200, body)


def test_a_body_in_chunks_comes_whole(server):
    pieces = [os.urandom(size) for size in (1, 70_000, 3)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    answer = post(server, "/echo", chunks, "Transfer-Encoding: chunked")
    assert answer[::2] == (200, b"".join(pieces))


@pytest.mark.parametrize("chunked", [False, True])
def test_lines_keep_their_ends(server, chunked):
    body, headers = b"a\n\nb\nc", ["Content-Length: 6"]
    if chunked:
        body, headers = b"6\r\na\n\nb\nc\r\n0\r\n\r\n", ["Transfer-Encoding: chunked"]
    assert json.loads(post(server, "/lines", body, *headers)[2]) == ["a\n", "\n", "b\n", "c"]


def test_a_body_that_is_too_large(server):
    status, headers, text = post(server, "/echo", b"", "Content-Length: 1048577")
    assert (status, headers["connection"]) == (413, "close")
    assert text == b"The body of a request may have 1048576 bytes.\n"


def test_a_body_in_chunks_that_is_too_large(server):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    chunks = chunk * 17 + b"0\r\n\r\n"
    assert post(server, "/echo", chunks, "Transfer-Encoding: chunked")[0] == 413


def test_a_body_that_ends_early_never_counts_as_whole(server):
    before = server.log().count('"rule": "/echo"')
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
    server.wait_for('"rule": "/echo"', before + 1)
    line = json.loads([line for line in server.log().splitlines() if "/echo" in line][-1])
    assert line["status"] == 400


def test_a_head_that_is_too_large(server):
    assert post(server, "/echo", b"", "X-Long: " + "x" * 9000)[0] == 431


def test_a_head_that_never_ends(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        begun = time.monotonic()
        client.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert client.recv(100) in (b"", b"HTTP/1.1 408 Request Timeout\r\n")
        assert time.monotonic() - begun < 5


def test_files_are_served_by_the_server(server):
    status, headers, body = server.get("/files/a.txt")
    assert (status, body) == (200, b"a file")
    assert headers["cache-control"] == "max-age=86400"
    assert server.get("/files/../app.py")[0] == 404
    assert server.get("/files/%2e%2e/app.py")[0] == 404


def test_files_that_nobody_may_keep(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("a file")
    options = ["--workers", "1", "--static", f"/files={tmp_path / 'files'}"]
    with Server(tmp_path, *options, "--static-expires", "0") as server:
        assert server.get("/files/a.txt")[1]["cache-control"] == "max-age=0"


def test_an_error_is_a_500(server):
    assert server.get("/fails")[0] == 500
    assert server.get("/fails-at-once")[0] == 500


def until_it_closes(server, requests: bytes) -> tuple[bytes, bytes]:
    """Send bytes, and read until the server closes: the first head, and what comes behind it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(requests)
        data = b""
        while piece := client.recv(1000):
            data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def test_an_answer_of_known_length_that_ends_early_is_seen_to(server):
    head, body = until_it_closes(server, b"GET /fails-later HTTP/1.1\r\nHost: x\r\n\r\n")
    # The connection is closed when no more than this has been sent, or less.
    assert head == b"" or b"content-length: 6" in head
    assert body in (b"", b"abc")
    server.wait_for("An answer ended early")


def test_an_answer_that_is_too_short_takes_nothing_from_the_next(server):
    head, body = until_it_closes(
        server, b"GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET /pid HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert head == b"" or b"content-length: 10" in head
    assert body in (b"", b"abc")


@pytest.mark.parametrize("status", ["42", "99", "101", "0"])
def test_a_status_that_is_none_ends_no_worker(server, status):
    before = server.workers()
    assert server.get(f"/status/{status}")[0] == 500
    assert server.get("/pid")[2].decode() == str(before[0])


def test_what_an_app_passes_on_from_elsewhere_is_answered(server):
    status, headers, body = server.get("/passes-on")
    assert (status, body) == (200, b"abc")
    assert "transfer-encoding" not in headers


def test_leaving_the_program_in_a_view_ends_no_worker(server):
    before = server.workers()
    assert server.get("/leaves")[0] == 500
    assert server.get("/pid")[2].decode() == str(before[0])


def test_head_has_no_body(server):
    status, headers, body = server.ask(
        b"HEAD /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1


def test_http_1_0(server):
    status, headers, _ = server.ask(b"GET /pid HTTP/1.0\r\n\r\n")
    assert status == 200
    assert "transfer-encoding" not in headers


def test_each_request_has_one_line(server):
    before = len(server.log().splitlines())
    hostile = b"GET /pid?token=secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    hostile += b"Cookie: session=veryverysecret\r\nAuthorization: Bearer abcdefghijklm\r\n"
    hostile += b"X-Request-ID: my-id.1\r\n"
    hostile += b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
    server.ask(hostile)
    server.wait_for("my-id.1")
    lines = server.log().splitlines()[before:]
    assert len(lines) == 1
    facts = json.loads(lines[0])
    assert facts["rule"] == "/pid"
    assert (facts["status"], facts["method"], facts["remote"]) == (200, "GET", "127.0.0.1")
    assert facts["traceparent"].startswith("00-0af765")
    assert facts["duration_ms"] < 1000
    assert "secret" not in lines[0]
    assert "abcdefgh" not in lines[0]


def test_tls_and_http_2(tmp_path):
    cert, key = map(str, certificate(tmp_path))
    options = ["--tls-cert", cert, "--tls-key", key, "--http", "auto"]
    with Server(tmp_path, "--workers", "1", *options) as server:
        assert "https://" in server.output.read_text()
        for protocol in ("http/1.1", "h2"):
            context = ssl.create_default_context(cafile=cert)
            context.set_alpn_protocols([protocol])
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as client,
            ):
                assert client.selected_alpn_protocol() == protocol
                assert client.version() in ("TLSv1.2", "TLSv1.3")
                if protocol == "http/1.1":
                    client.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    assert read_answer(client)[0] == 200
                else:
                    client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
                    # The server's first frame is its settings.
                    assert client.recv(100)[3] == 4


def test_workers_of_a_certain_age_are_replaced(tmp_path):
    with Server(tmp_path, "--workers", "1", "--worker-lifetime", "1") as server:
        (first,) = server.workers()
        server.wait_for(" serves, process ", 2)
        assert first not in server.workers()
        assert server.get("/pid")[0] == 200


def test_a_replacement_that_cannot_start_is_tried_less_and_less_often(tmp_path):
    options = ["--workers", "1", "--worker-lifetime", "1", "--respawn-interval", "0.5"]
    with Server(tmp_path, *options) as server:
        (first,) = server.workers()
        (tmp_path / "app.py").write_text("1 / 0\n")
        server.wait_for("the workers stay")
        time.sleep(4)
        # After 1, 2 and 4 seconds, where each attempt takes less than half of one.
        assert 2 <= server.log().count("the workers stay") <= 3
        assert first in server.workers()
        # Who asks for it need not wait.
        server.signal(signal.SIGHUP)
        count = server.log().count("the workers stay")
        server.wait_for("the workers stay", count + 1, 3)


def test_workers_that_take_too_much_memory_are_replaced(tmp_path):
    options = ["--workers", "1", "--worker-max-rss", "150M", "--rss-interval", "0.2"]
    with Server(tmp_path, *options) as server:
        (first,) = server.workers()
        time.sleep(1)
        assert server.workers() == [first]
        assert server.get("/grow/200000000")[2] == str(first).encode()
        server.wait_for("takes more memory than it may")
        server.wait_for(" serves, process ")
        end = time.monotonic() + 10
        while first in server.workers():
            assert time.monotonic() < end
            time.sleep(0.05)


def test_without_respawn_a_dead_worker_ends_the_server(tmp_path):
    with Server(tmp_path, "--workers", "2", "--no-respawn") as server:
        os.kill(server.workers()[0], signal.SIGKILL)
        assert server.process.wait(10) == 1


def test_the_server_gives_up_when_no_worker_can_start(tmp_path):
    with Server(tmp_path, "--workers", "1", "--respawn-interval", "0.05") as server:
        (tmp_path / "app.py").write_text("1 / 0\n")
        os.kill(server.workers()[0], signal.SIGKILL)
        assert server.process.wait(30) == 1
        assert server.log().count("worker 1 cannot start: the app cannot be loaded") == 5
        assert "no worker is left" in server.log()
