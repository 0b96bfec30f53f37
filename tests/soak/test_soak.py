"""No worker dies, memory does not grow, and answers come as fast at the end as at the beginning."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time

import pytest

from tests.serve.server import Server

from .measures import p99, slope
from .traffic import good, hostile

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]

SECONDS = float(os.environ.get("KOLBEN_SOAK_SECONDS", "600"))
CLIENTS = 20
#: Requests a second, of all clients together.
RATE = 300
#: More than the server can answer, and for how long.
RUSH, RUSH_SECONDS = 100_000, SECONDS / 15
#: Of a hundred requests.
HOSTILE = 1
APP = "from tests.soak.app import app\n"


class Traffic:
    """The clients.

    :param port: The server's port.
    :param seconds: For how long they send requests.
    :param rate: How many a second.
    """

    def __init__(self, port: int, seconds: float, rate: int) -> None:
        self.port = port
        self.seconds = seconds
        self.pause = CLIENTS / rate
        #: When each good request was sent, from the beginning, and how long it took.
        self.times: list[tuple[float, float]] = []
        self.failed: list[str] = []
        self.hostile = 0

    async def run(self) -> None:
        self.begun = time.monotonic()
        await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))

    async def _client(self, number: int) -> None:
        choice = random.Random(number)
        connection = None
        due = time.monotonic() + choice.random() * self.pause
        while (now := time.monotonic()) - self.begun < self.seconds:
            await asyncio.sleep(max(0.0, due - now))
            due += self.pause
            if choice.randrange(100) < HOSTILE:
                self.hostile += 1
                await self._attack(hostile(choice))
                continue
            try:
                if connection is None or choice.randrange(20) == 0:
                    if connection is not None:
                        connection[1].close()
                    connection = await asyncio.open_connection("127.0.0.1", self.port)
                await self._ask(connection, *good(choice))
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                self.failed.append(repr(error))
                connection = None
        if connection is not None:
            connection[1].close()

    async def _ask(self, connection, request: bytes, status: int) -> None:
        reader, writer = connection
        sent = time.monotonic()
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        lines = head.decode().lower().split("\r\n")
        if "transfer-encoding: chunked" in lines:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        else:
            length = next(line for line in lines if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
        self.times.append((sent - self.begun, time.monotonic() - sent))
        if int(lines[0].split()[1]) != status:
            self.failed.append(f"{lines[0]} for {request[:60]!r}")

    async def _attack(self, data: bytes) -> None:
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(data)
                await asyncio.wait_for(reader.read(1000), 0.5)
            finally:
                writer.close()


def memory(pid: int) -> float:
    """The MB that a process has for itself."""
    with open(f"/proc/{pid}/statm") as file:
        pages = file.read().split()
    return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def watch(pids: list[int], samples: list[tuple[float, float]]) -> None:
    begun = time.monotonic()
    while True:
        samples.append((time.monotonic() - begun, sum(map(memory, pids))))
        await asyncio.sleep(SECONDS / 120)


def test_soak(tmp_path, capsys):
    options = ["--workers", "2", "--access-log", "--log-format", "json"]
    with Server(tmp_path, *options, app=APP) as server:
        workers = server.workers()
        # Each thread meets each kind of large and hostile request, and keeps memory for the next.
        # At an easy rate that would go on for longer than the soak.
        rush = Traffic(server.port, RUSH_SECONDS, RUSH)
        asyncio.run(rush.run())
        assert rush.failed == []
        traffic, samples = Traffic(server.port, SECONDS, RATE), []

        async def run() -> None:
            watching = asyncio.ensure_future(watch(workers, samples))
            await traffic.run()
            watching.cancel()

        asyncio.run(run())
        assert server.workers() == workers, "a worker has died"
        log = server.log()
    minute = min(60.0, SECONDS / 5)
    first = p99(traffic.times, 0, minute)
    last = p99(traffic.times, SECONDS - minute, SECONDS)
    # The first half fills caches and pools.
    settled = [sample for sample in samples if sample[0] > SECONDS / 2]
    grown = slope(settled) * SECONDS
    with capsys.disabled():
        print(
            f"\n    soak of {SECONDS:.0f} s: {len(traffic.times)} requests, {len(traffic.failed)}"
            f" failed, {traffic.hostile} hostile ones; p99 {first * 1000:.1f} ms in the first"
            f" minute, {last * 1000:.1f} ms in the last; memory {samples[0][1]:.1f} MB at the"
            f" beginning, {settled[0][1]:.1f} after a half, {settled[-1][1]:.1f} at the end,"
            f" slope {grown:+.2f} MB in {SECONDS:.0f} s; {len(log)} bytes of log"
        )
    assert traffic.failed == []
    assert "Traceback" not in log
    requests = len(traffic.times) + len(rush.times) + traffic.hostile + rush.hostile
    assert log.count("\n") <= requests + 10
    # A leak of 50 bytes a request would be 9 MB. What is given back is none.
    assert grown < 0.05 * settled[-1][1]
    assert last <= first * 1.2
