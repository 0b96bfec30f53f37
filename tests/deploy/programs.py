"""Starts programs, with the files of `deploy/` in which only addresses and paths are changed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
#: Where the environment's packages are, for programs that bring a Python of their own.
PACKAGES = next(path for path in map(pathlib.Path, sys.path) if path.name == "site-packages")


#: Below those that the kernel gives to outgoing connections, one of which could take a port between
#: the moment when it is found free and that when a server listens there.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    while True:
        # Not from what pytest-randomly seeds, which would be the same for each test.
        port = secrets.choice(_PORTS)
        if port in _given:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


_given: set[int] = set()


def changed(path: pathlib.Path, **changes: str) -> str:
    """A file's text with some changes, each of which has to be needed."""
    text = path.read_text()
    for name, new in changes.items():
        old = CHANGES[name]
        assert old in text, f"{path.name} has no {old!r}"
        text = text.replace(old, new)
    return text


#: What is changed, by name.
CHANGES = {
    "http": "listen 80;",
    "https": "listen 443 ssl http2;",
    "one": "127.0.0.1:8001",
    "two": "127.0.0.1:8002",
    "cert": "/etc/nginx/tls/cert.pem",
    "key": "/etc/nginx/tls/key.pem",
    "bind_http": "bind :80\n",
    "bind_https": "bind :443 ",
    "both": "/etc/haproxy/tls.pem",
    "address": "127.0.0.1:8000",
    "venv": "/srv/app/venv",
    "home": "virtualenv = /srv/app/venv\n",
    "folder": "/srv/app",
    "module": "shop:app",
    "log": "    log global\n",
}


class Program:
    """A program that runs until it is told to end.

    :param command: The command.
    :param port: A port that it listens on when it is ready.
    """

    def __init__(self, command: list[str], port: int, folder: pathlib.Path, **environ: str) -> None:
        assert shutil.which(command[0]), f"{command[0]} is missing: run `make deploy-test`"
        self.folder = folder
        self.port = port
        self.command = command
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("FLASK_", "KOLBEN_"))}
        self.environ = {**kept, "PYTHONPATH": str(ROOT), "FLASK_SKIP_DOTENV": "1", **environ}
        self.output = folder / f"{pathlib.Path(command[0]).name}-{port}.log"
        self.start()

    def start(self) -> None:
        try:
            self._start()
        except BaseException:
            # Nobody else has it yet.
            self.end()
            raise

    def _start(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environ, stdout=output, stderr=output
            )
        end = time.monotonic() + 30
        while not self.listens():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def log(self) -> str:
        return self.output.read_text(errors="replace")

    def end(self, seconds: float = 30) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def replica(folder: pathlib.Path, port: int, *options: str) -> Program:
    """`kolben serve` with the app of these tests."""
    command = [sys.executable, "-m", "kolben", "serve", "--app", "tests.deploy.app:app"]
    command += ["--bind", f"127.0.0.1:{port}", "--workers", "1", *options]
    return Program(command, port, folder)


class Client:
    """Asks over TLS, on a connection for each request.

    :param port: The port.
    :param cert: What the server's certificate is signed with.
    """

    def __init__(self, port: int, cert: pathlib.Path) -> None:
        self.port = port
        self.context = ssl.create_default_context(cafile=str(cert))

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        return self.context.wrap_socket(plain, server_hostname="localhost")

    def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        from tests.serve.server import read_answer

        with self.connect() as client:
            client.sendall(request)
            return read_answer(t.cast("socket.socket", client))

    def get(self, path: str, *headers: str) -> tuple[int, dict[str, str], bytes]:
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        return self.ask("\r\n".join([*lines, "", ""]).encode())
