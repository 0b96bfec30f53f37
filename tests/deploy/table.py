"""Measures the servers beside each other, and prints the table of `deploy/README.md`.

Each is started with its file of `deploy/`, is asked by wrk, and is told to stop under load.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile
import time

from tests.serve.load import Load

from . import servers
from .programs import Program
from .test_servers import wait_for_answer

ROUNDS = 3


def wrk(port: int, path: str) -> tuple[float, float]:
    """Requests a second, and the 99th percentile in ms, of 32 connections for three seconds."""
    command = ["wrk", "-t1", "-c32", "-d3", "--latency", f"http://127.0.0.1:{port}{path}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    assert rate
    assert p99
    factor = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return float(rate[1]), float(p99[1]) * factor


def family(pid: int) -> list[int]:
    """A process and all that it has started."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def memory(pid: int) -> float:
    """The MB of a server's processes; what they share counts once (PSS)."""
    total = 0
    for one in family(pid):
        text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        match = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
        total += int(match[1]) if match else 0
    return total / 1024


def stop_under_load(program: Program) -> tuple[int, int]:
    """How many requests got no whole answer when the server was told to stop, and how many did."""
    load = Load(program.port)

    async def run() -> None:
        running = asyncio.ensure_future(load.run(30))
        await asyncio.sleep(0.5)
        await asyncio.get_running_loop().run_in_executor(None, program.end)
        load.stop()
        await running

    asyncio.run(run())
    counts = load.result.counts()
    good = counts.pop("good")
    counts.pop("refused", None)
    return sum(counts.values()), good


def measure(name: str) -> dict[str, str]:
    hello, waits, slow = [], [], []
    with tempfile.TemporaryDirectory(prefix="kolben-table-") as text:
        folder = pathlib.Path(text)
        begun = time.monotonic()
        program = servers.start(name, folder)
        with program:
            wait_for_answer(program)
            started = time.monotonic() - begun
            for _ in range(ROUNDS):
                rate, p99 = wrk(program.port, "/hello")
                hello.append(rate)
                slow.append(p99)
                waits.append(wrk(program.port, "/waits")[0])
            size = memory(program.process.pid)
            lost, good = stop_under_load(program)
    return {
        "server": name,
        "hello, req/s": f"{statistics.median(hello):,.0f}",
        "p99": f"{statistics.median(slow):.1f} ms",
        "10 ms of waiting, req/s": f"{statistics.median(waits):,.0f}",
        "memory": f"{size:.0f} MB",
        "start": f"{started:.1f} s",
        "lost in a stop": f"{lost} of {good + lost:,}",
    }


def main() -> None:
    rows = [measure(name) for name in servers.SERVERS]
    print(f"{time.strftime('%Y-%m-%d')}, CPython {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores\n")
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(row.values()) + " |")


if __name__ == "__main__":
    main()
