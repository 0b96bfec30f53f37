"""Over the wire: Kolben and its peers behind servers, each on one core, driven from another.

usage: python -m benches.wire [--seconds N] [--rounds N] [NAME ...]

All servers run at once and answer in turns, so that they meet the same machine; `wrk` sends the
requests. The ratios are the medians of the rounds. What is not installed is left out, and said so.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import typing as t
from importlib.metadata import version

from .machine import OUT, ROOT, describe_machine

PYTHON = (sys.executable, "-m")


class Peer(t.NamedTuple):
    """A framework on a server."""

    framework: str
    server: str
    command: tuple[str, ...]
    needs: tuple[str, ...]


def _granian(framework: str, interface: str = "wsgi") -> Peer:
    options = ("--workers", "1", "--host", "127.0.0.1", "--port", "{port}", "--no-access-log")
    threads = ("--blocking-threads", "1") if interface == "wsgi" else ()
    app = f"benches.wire_apps:{framework}_app"
    command = (*PYTHON, "granian", "--interface", interface, *options, *threads, app)
    return Peer(framework, "Granian", command, ("granian", framework))


def _gunicorn(framework: str) -> Peer:
    app = f"benches.wire_apps:{framework}_app"
    options = ("-k", "gthread", "--threads", "1", "-w", "1", "-b", "127.0.0.1:{port}")
    return Peer(
        framework, "gunicorn", (*PYTHON, "gunicorn", *options, app), ("gunicorn", framework)
    )


def _uvicorn(framework: str) -> Peer:
    app = f"benches.wire_apps:{framework}_app"
    options = ("--host", "127.0.0.1", "--port", "{port}", "--no-access-log", "--log-level", "error")
    return Peer(framework, "uvicorn", (*PYTHON, "uvicorn", *options, app), ("uvicorn", framework))


def _own(framework: str) -> Peer:
    command = (*PYTHON, "benches.wire_own", framework, "{port}")
    return Peer(framework, "its own", command, (framework,))


PEERS = (
    _granian("raw"),
    _granian("kolben"),
    _granian("falcon"),
    _granian("flask"),
    _gunicorn("raw"),
    _gunicorn("kolben"),
    _gunicorn("falcon"),
    _gunicorn("flask"),
    _granian("blacksheep", "asgi"),
    _uvicorn("starlette"),
    _uvicorn("fastapi"),
    _own("sanic"),
    _own("robyn"),
)

#: What Kolben must reach: a server, a peer there, and the least ratio to it.
BARS = (
    ("Granian", "raw", 0.75),
    ("Granian", "falcon", 1.0),
    ("gunicorn", "falcon", 1.0),
    ("Granian", "flask", 4.0),
)


def is_here(peer: Peer) -> bool:
    """Whether all that a peer needs is installed."""
    names = (name for name in peer.needs if name not in ("raw", "kolben"))
    return all(importlib.util.find_spec(name) is not None for name in names)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast("int", probe.getsockname()[1])


@contextlib.contextmanager
def serving(peer: Peer, logs: pathlib.Path) -> t.Iterator[int]:
    """Start a server on the first core, and end it afterwards."""
    port = free_port()
    command = [part.format(port=port) for part in peer.command]
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") else command
    log = (logs / f"{peer.server}-{peer.framework}.log".replace(" ", "-")).open("wb")
    environment = {**os.environ, "KOLBEN_AS_FLASK": "0"}
    process = subprocess.Popen(
        pinned, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        wait_for(process, port, log.name)
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def wait_for(process: subprocess.Popen[bytes], port: int, log: str) -> None:
    """Wait until a server answers as it should."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with code {process.returncode}: see {log}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/user/42")
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            if (answer.status, body) != (200, b"user 42"):
                raise SystemExit(f"another answer: {answer.status} {body!r}; see {log}")
            return
        time.sleep(0.1)
    raise SystemExit(f"the server does not answer: see {log}")


def drive(port: int, seconds: float) -> float:
    """Requests a second, by wrk on the second core."""
    pin = ["taskset", "-c", "1"] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []
    url = f"http://127.0.0.1:{port}/user/42"
    command = [*pin, "wrk", "-t1", "-c32", f"-d{seconds:g}", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if rate is None or failed is not None:
        raise SystemExit(f"wrk failed:\n{output}")
    return float(rate[1])


def main(arguments: list[str]) -> int:
    """Measure and print; 1 if Kolben missed a bar."""
    parser = argparse.ArgumentParser(prog="python -m benches.wire")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("names", nargs="*", help="frameworks; all by default")
    options = parser.parse_args(arguments)
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk (Debian: apt install wrk)")
    chosen = [peer for peer in PEERS if not options.names or peer.framework in options.names]
    for peer in chosen:
        if not is_here(peer):
            print(f"left out: {peer.framework} on {peer.server} is not installed")
    chosen = [peer for peer in chosen if is_here(peer)]
    logs = OUT / "wire"
    logs.mkdir(parents=True, exist_ok=True)
    rates: dict[tuple[str, str], list[float]] = {peer[:2]: [] for peer in chosen}
    with contextlib.ExitStack() as stack:
        ports = {peer[:2]: stack.enter_context(serving(peer, logs)) for peer in chosen}
        for port in ports.values():
            drive(port, 1)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds} ...", file=sys.stderr, flush=True)
            for key, port in ports.items():
                rates[key].append(drive(port, options.seconds))
    return report(rates)


def report(rates: dict[tuple[str, str], list[float]]) -> int:
    """Print the table and keep the figures."""

    def ratio(ours: tuple[str, str], theirs: tuple[str, str]) -> float:
        pairs = zip(rates[ours], rates[theirs], strict=True)
        return statistics.median(own / other for own, other in pairs)

    print(f"{describe_machine()}; wrk, 32 connections; one core for the server, one for wrk\n")
    print("| framework | server | requests/s | of the raw function there |\n|---|---|---|---|")
    by_rate = sorted(rates, key=lambda key: -statistics.median(rates[key]))
    for framework, server in by_rate:
        raw = ("raw", server)
        share = f"{ratio((framework, server), raw):.0%}" if raw in rates else ""
        rate = statistics.median(rates[framework, server])
        print(f"| {framework} {_version(framework)} | {server} | {rate:,.0f} | {share} |")
    missed = False
    print()
    for server, peer, bar in BARS:
        ours, theirs = ("kolben", server), (peer, server)
        if ours in rates and theirs in rates:
            found = ratio(ours, theirs)
            missed = missed or found < bar
            verdict = "reached" if found >= bar else "missed"
            print(f"Kolben on {server}: {found:.2f} of {peer}, must reach {bar:g}: {verdict}")
    kept = {f"{framework} on {server}": all_of for (framework, server), all_of in rates.items()}
    (OUT / "wire.json").write_text(json.dumps(kept, indent=1), "utf-8")
    print(f"\nwritten: {OUT / 'wire.json'}")
    return int(missed)


def _version(framework: str) -> str:
    return "" if framework == "raw" else version(framework)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
