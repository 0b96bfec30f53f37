"""Nothing that a worker has read is lost when workers end."""

from __future__ import annotations

import asyncio
import signal
import socket
import time

from .load import Load
from .server import Server, read_answer

STOPS = 20
RELOADS = 20


def test_no_request_is_lost_in_twenty_stops(tmp_path, figures):
    good = unanswered = 0
    longest = 0.0
    for number in range(STOPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Server(folder, "--workers", "2") as server:
            load = Load(server.port)

            async def run(server=server, load=load):
                running = asyncio.ensure_future(load.run(20))
                await asyncio.sleep(0.6)
                begun = time.monotonic()
                server.signal(signal.SIGTERM)
                await asyncio.get_running_loop().run_in_executor(None, server.process.wait, 30)
                load.stop()
                await running
                return time.monotonic() - begun

            longest = max(longest, asyncio.run(run()))
            result = load.result
            assert server.process.returncode == 0, server.log()
            lost = server.numbers_entered() - result.good
            assert lost == set(), (lost, result.counts(), server.log())
            assert not result.bad["cut"], result.counts()
            assert not result.bad["wrong"], result.counts()
            good += len(result.good)
            unanswered += len(result.bad["unread"])
    figures(
        f"{STOPS} stops under load: {good} requests answered, 0 that reached the app lost, 0 cut;"
        f" {unanswered} were sent and not read by any worker; the longest stop took {longest:.2f} s"
    )


def test_no_request_fails_in_twenty_reloads(tmp_path, figures):
    with Server(tmp_path, "--workers", "2") as server:
        load = Load(server.port)
        workers = set(server.workers())

        async def run():
            running = asyncio.ensure_future(load.run(200))
            for number in range(RELOADS):
                server.signal(signal.SIGHUP)
                await asyncio.get_running_loop().run_in_executor(
                    None, server.wait_for, " serves, process ", 2 * (number + 1), 60
                )
                workers.update(server.workers())
                await asyncio.sleep(0.2)
            load.stop()
            await running

        begun = time.monotonic()
        asyncio.run(run())
        took = time.monotonic() - begun
        result = load.result
        assert result.failed() == 0, (result.counts(), server.log())
        assert server.numbers_entered() == result.good
        assert len(workers) == 2 * (RELOADS + 1)
        assert "WARNING" not in server.log()
        assert "ERROR" not in server.log()
    figures(
        f"{RELOADS} reloads under load in {took:.0f} s: {len(result.good)} requests, none failed"
    )


def test_a_signal_is_never_missed(tmp_path):
    """It may come at any moment, such as the one in which a worker begins to wait for it."""
    for _ in range(20):
        with Server(tmp_path, "--workers", "2") as server:
            server.signal(signal.SIGTERM)
            assert server.process.wait(5) == 0


def test_a_slow_request_is_waited_for(tmp_path):
    with Server(tmp_path, "--workers", "1") as server:
        with asking(server, "/sleep/2.0") as client:
            server.signal(signal.SIGTERM)
            status, headers, body = read_answer(client)
        assert (status, body) == (200, b"slept")
        assert headers["connection"] == "close"
        assert server.process.wait(10) == 0


def test_idle_connections_hold_nothing_up(tmp_path):
    with Server(tmp_path, "--workers", "1", "--drain-timeout", "3") as server:
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        for client in clients[:10]:  # the others have never sent anything
            client.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n")
            client.recv(65536)
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        assert time.monotonic() - begun < 4
        for client in clients:
            client.close()


def test_a_request_that_takes_too_long_is_cut_off(tmp_path):
    with Server(tmp_path, "--workers", "1", "--drain-timeout", "1") as server:
        with asking(server, "/sleep/30.0") as client:
            begun = time.monotonic()
            server.signal(signal.SIGTERM)
            assert server.process.wait(10) == 0
            assert 0.9 < time.monotonic() - begun < 3
            assert client.recv(100) == b""
        assert "did not end in time" in server.log()


def test_a_second_signal_ends_it_at_once(tmp_path):
    with Server(tmp_path, "--workers", "1") as server, asking(server, "/sleep/30.0"):
        server.signal(signal.SIGINT)
        time.sleep(0.8)
        server.signal(signal.SIGINT)
        assert server.process.wait(3) == 0


def test_workers_end_when_the_supervisor_is_killed(tmp_path):
    with Server(tmp_path, "--workers", "2") as server:
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        end = time.monotonic() + 10
        while any(is_alive(worker) for worker in workers):
            assert time.monotonic() < end
            time.sleep(0.05)


def asking(server: Server, path: str) -> socket.socket:
    """A connection on which the server is at work on a request."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    time.sleep(0.3)
    return client


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
