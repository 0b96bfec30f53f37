"""Starts a server and ends it."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing as t

HERE = pathlib.Path(__file__).parent
_READY = re.compile(r"^Serving '.+' on (?:https?://.*?:(\d+)|https?\+unix://\S+) \(", re.MULTILINE)


def environment(**extra: str) -> dict[str, str]:
    """The environment without what says something about an app or a server."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("FLASK_", "KOLBEN_SERVE"))}
    return {**kept, "FLASK_SKIP_DOTENV": "1", "PYTHONPATH": str(HERE.parents[1]), **extra}


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


class Server:
    """`kolben serve` with the app of these tests, or another one.

    :param folder: A folder of its own.
    :param options: For the command line.
    :param app: The source of the app.
    """

    def __init__(
        self, folder: pathlib.Path, *options: str, app: str | None = None, **extra: str
    ) -> None:
        self.folder = folder
        self.entered = folder / "entered"
        if app is None:
            shutil.copy(HERE / "app.py", folder / "app.py")
        else:
            (folder / "app.py").write_text(app)
        self.output = folder / "output"
        self.errors = folder / "errors"
        bind = () if any(o.startswith(("--bind", "--unix")) for o in options) else ("--bind", ":0")
        command = [sys.executable, "-m", "kolben", "serve", *bind, *options]
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(ENTERED=str(self.entered), **extra),
                stdout=output,
                stderr=errors,
            )
        self.port = 0

    def __enter__(self) -> Server:
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def wait_until_ready(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while (match := _READY.search(self.output.read_text())) is None:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)
        self.port = int(match[1] or 0)

    def log(self) -> str:
        return self.errors.read_text()

    def wait_for(self, text: str, count: int = 1, seconds: float = 30) -> None:
        """Wait until the log has a text so many times."""
        end = time.monotonic() + seconds
        while self.log().count(text) < count:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.log()}"
            time.sleep(0.01)

    def workers(self) -> list[int]:
        return children(self.process.pid)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def numbers_entered(self) -> set[int]:
        """The numbers of the requests that have reached the app."""
        return set(map(int, self.entered.read_text().split()))

    def get(self, path: str, **options: t.Any) -> tuple[int, dict[str, str], bytes]:
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes, and read until the server closes; chunks are put together."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(request)
            return read_answer(client)


def read_answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    data = b""
    while piece := client.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = unchunk(body)
    return int(status.split()[1]), headers, body


def unchunk(data: bytes) -> bytes:
    """Put chunks together; without the last, empty one it is an error."""
    body = b""
    while True:
        size, found, data = data.partition(b"\r\n")
        assert found, "the chunks end too early"
        length = int(size, 16)
        if length == 0:
            return body
        body += data[:length]
        data = data[length + 2 :]


def certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate for localhost, and its key."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {key} -out {cert}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return cert, key
