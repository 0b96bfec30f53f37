"""Servers of the distribution's packages, on this machine alone, for the time of a run."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
import typing as t

#: A server, and the port that a suite expects it on.
Service = tuple[str, int]


class MissingServiceError(Exception):
    """A server cannot be started; the text says why."""


def _command(name: str, port: int) -> list[str]:
    if name == "redis-server":
        return [name, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return [name, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]


@contextlib.contextmanager
def running(services: t.Iterable[Service]) -> t.Iterator[None]:
    """Run servers."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for name, port in services:
            if shutil.which(name) is None:
                raise MissingServiceError(f"the distribution's {name} is not installed")
            if _answers(port):
                raise MissingServiceError(f"port {port} is taken, and {name} is wanted there")
            process = subprocess.Popen(
                _command(name, port),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(_stop, process)
            deadline = time.monotonic() + 10
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise MissingServiceError(f"{name} does not start on port {port}")
                time.sleep(0.05)
        yield


def _answers(port: int) -> bool:
    with socket.socket() as found:
        found.settimeout(1)
        return found.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
