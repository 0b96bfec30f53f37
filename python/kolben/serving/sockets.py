"""The listening sockets. The supervisor keeps them, so that what waits in them outlives workers.

On Linux each worker has one of its own, and the kernel deals connections out among them. (With one
for all, the worker that wakes up first takes all that have come, and keeps them.) Granian's workers
would open them, and what waits at one that dies would be reset; here the next worker takes over.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
import typing as t

from .settings import Mistake

if t.TYPE_CHECKING:
    from .settings import Settings

__all__ = ["Listeners", "address"]

#: Whether the kernel deals connections out among sockets that share an address.
_DEALS = sys.platform == "linux"
#: The first descriptor that systemd passes on.
_FIRST_PASSED = 3


class Listeners:
    """The sockets, one for each worker or one for all.

    :param settings: The settings.
    :param environ: The environment, where systemd says that it brings a socket.
    """

    def __init__(self, settings: Settings, environ: t.MutableMapping[str, str]) -> None:
        self.backlog = settings.backlog
        #: The file of a Unix socket that is ours, and what tells it from another of that name.
        self.file: tuple[str, tuple[int, ...]] | None = None
        passed = _passed(environ)
        self.shared: socket.socket | None = None
        self.own: dict[int, socket.socket] = {}
        if passed is not None and not (settings.unix or settings.given("bind")):
            self.shared = passed
            self.name: t.Any = _name(passed)
            return
        try:
            if settings.unix:
                self.shared = _listen_unix(settings.unix, int(settings.unix_mode, 8))
                self.name = settings.unix
                self.file = settings.unix, _identity(settings.unix)
            else:
                self._listen_tcp(*address(settings.bind))
            for place in range(settings.workers):
                self.of(place).listen(self.backlog)
        except OSError as error:
            self.close()
            where = settings.unix or settings.bind
            raise Mistake(f"{where} {_reason(error)}.") from None

    def _listen_tcp(self, host: str, port: int) -> None:
        # Without SO_REUSEPORT, so that it fails where another server listens, were it one of us.
        first = _bind(host, port, alone=True)
        self.name = _name(first)
        if not _DEALS:
            self.shared = first
            return
        first.close()
        self.own[0] = _bind(*self.name, alone=False)

    def of(self, place: int) -> socket.socket:
        """Return the socket of a worker.

        :param place: The worker's place.
        """
        if self.shared is not None:
            return self.shared
        if place not in self.own:
            host, port = self.name
            # It gets connections once the worker listens.
            self.own[place] = _bind(str(host), int(port), alone=False)
        return self.own[place]

    def give_up(self, place: int) -> None:
        """Leave the connections of a place to the others, as no worker can start there.

        :param place: The place.
        """
        if place in self.own:
            self.own.pop(place).close()

    def close(self) -> None:
        """Close the sockets; those that workers have stay open there."""
        for one in (self.shared, *self.own.values()):
            if one is not None:
                one.close()
        self.own.clear()

    def remove_file(self) -> None:
        """Remove the file of the Unix socket, unless another server has put its own there."""
        if self.file is not None:
            path, identity = self.file
            with contextlib.suppress(OSError):
                if _identity(path) == identity:
                    os.unlink(path)

    def url(self, tls: bool) -> str:
        """Return the URL that they are reached at.

        :param tls: Whether they speak TLS.
        """
        scheme = "https" if tls else "http"
        if isinstance(self.name, str):
            return f"{scheme}+unix://{self.name}"
        host, port = self.name
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _name(listener: socket.socket) -> t.Any:
    name = listener.getsockname()
    return name if isinstance(name, str) else name[:2]


def address(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``.

    :param text: The text; the host may be left out, or be in brackets.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise Mistake(f"bind is {text!r}, which is not written as in 127.0.0.1:8000.")
    return host.removeprefix("[").removesuffix("]") or "0.0.0.0", int(port)


def _passed(environ: t.MutableMapping[str, str]) -> socket.socket | None:
    """Take the socket that systemd has opened, if it has."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = int(environ.get("LISTEN_FDS", "0"))
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    if count != 1:
        raise Mistake(f"systemd passes {count} sockets; kolben serve takes one.")
    return socket.socket(fileno=_FIRST_PASSED)


def _bind(host: str, port: int, *, alone: bool) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, where = found[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not alone:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Connections inherit it: a short answer does not wait for more.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(where)
    except OSError:
        listener.close()
        raise
    return listener


def _listen_unix(path: str, mode: int) -> socket.socket:
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        os.chmod(path, mode)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_dead(path: str) -> None:
    """Remove the socket that a killed server has left; one that answers stays."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise Mistake(f"{path} is there already, and is no socket.")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "is in use: another program listens there"
    if error.errno == errno.EACCES:
        return "is not allowed for this user"
    return f"cannot be listened at: {error.strerror or error}"


def _identity(path: str) -> tuple[int, ...]:
    found = os.stat(path)
    # The number of a file that was removed is given again.
    return found.st_dev, found.st_ino, found.st_mtime_ns
