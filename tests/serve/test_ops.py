"""Health and metrics over several workers."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
import time

from .server import Server

APP = """
import os
import time
from kolben import Flask
from kolben.ops import Ops
app = Flask(__name__)
Ops(app)
@app.get("/user/<int:number>")
def user(number):
    return str(os.getpid())
@app.get("/sleep")
def sleep():
    time.sleep(2)
    return ""
"""
_COUNT = re.compile(rb'http_requests_total\{method="GET",rule="/user/<int:number>",.*\} (\d+)')


def counted(server: Server) -> int:
    match = _COUNT.search(server.get("/metrics")[2])
    return int(match[1]) if match else 0


def ask(server: Server, count: int) -> set[bytes]:
    return {server.get(f"/user/{number}")[2] for number in range(count)}


def test_metrics_are_added_up_over_workers_and_outlive_them(tmp_path):
    with Server(tmp_path, "--workers", "2", "--respawn-interval", "0.1", app=APP) as server:
        pids: set[bytes] = set()
        asked = 0
        while len(pids) < 2:
            pids |= ask(server, 20)
            asked += 20
            assert asked < 1000
        assert {counted(server) for _ in range(10)} == {asked}

        os.kill(server.workers()[0], signal.SIGKILL)
        server.wait_for(" serves, process ")
        server.signal(signal.SIGHUP)
        server.wait_for(" serves, process ", 3)
        time.sleep(1)
        ask(server, 20)
        assert {counted(server) for _ in range(10)} == {asked + 20}
        folder = metrics_folder(server)
        # Numbers are given to the next worker, so that there are not more files each time.
        assert len({name.rpartition("_")[2] for name in os.listdir(folder)}) <= 4
    assert not os.path.exists(folder)


def test_a_killed_worker_leaves_nothing_in_progress_in_a_folder_of_the_operators(tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    options = ["--workers", "1", "--respawn-interval", "0.1"]
    environ = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for _ in range(2):
        with Server(tmp_path, *options, app=APP, **environ) as server:
            # Only this request, although the server before this one was killed as well.
            assert b"http_requests_in_progress 1.0" in server.get("/metrics")[2]
            begin_and_leave(server, "/sleep")
            os.kill(server.workers()[0], signal.SIGKILL)
            server.wait_for(" serves, process ")
            assert b"http_requests_in_progress 1.0" in server.get("/metrics")[2]
            begin_and_leave(server, "/sleep")
            (worker,) = server.workers()
            server.process.kill()
            server.process.wait()
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    assert folder.exists()


def begin_and_leave(server: Server, path: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.3)


def metrics_folder(server: Server) -> str:
    with open(f"/proc/{server.workers()[0]}/environ", "rb") as file:
        variables = dict(item.partition(b"=")[::2] for item in file.read().split(b"\0"))
    return variables[b"PROMETHEUS_MULTIPROC_DIR"].decode()


def test_ready_turns_503_at_once_when_it_drains(tmp_path):
    options = ["--workers", "1", "--threads", "2", "--grace", "1.5"]
    with Server(tmp_path, *options, app=APP) as server:
        assert server.get("/readyz")[0] == 200
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        # It serves on, so that a balancer may notice before a connection is refused.
        assert server.get("/readyz")[0] == 503
        assert server.get("/livez")[0] == 200
        assert server.get("/user/1")[1]["connection"] == "close"
        assert server.process.wait(10) == 0


def test_requests_in_progress_are_counted_in_all_workers(tmp_path):
    with Server(tmp_path, "--workers", "2", app=APP) as server:
        threads = [threading.Thread(target=server.get, args=("/sleep",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        # The four, and the one that asks.
        end = time.monotonic() + 1.5
        while b"http_requests_in_progress 5.0" not in server.get("/metrics")[2]:
            assert time.monotonic() < end
        for thread in threads:
            thread.join()
