"""The one listening socket, which all workers share.

Granian would give each worker a socket of its own, with its own queue: what waits in the queue of
a worker that ends is reset. With one socket for all, a connection waits until any worker takes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import typing as t

from .settings import Mistake

if t.TYPE_CHECKING:
    from .settings import Settings

__all__ = ["listen", "remove_unix", "url_of"]

#: The first descriptor that systemd passes on.
_FIRST_PASSED = 3


def listen(settings: Settings, environ: t.MutableMapping[str, str]) -> socket.socket:
    """Return the listening socket.

    :param settings: The settings.
    :param environ: The environment, where systemd says that it brings a socket.
    """
    passed = _passed(environ)
    if passed is not None and not (settings.unix or settings.given("bind")):
        return passed
    try:
        if settings.unix:
            listener = _listen_unix(settings.unix, int(settings.unix_mode, 8))
        else:
            listener = _listen_tcp(*address(settings.bind))
        listener.listen(settings.backlog)
    except OSError as error:
        where = settings.unix or settings.bind
        raise Mistake(f"{where} {_reason(error)}.") from None
    return listener


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


def _listen_tcp(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, where = found[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
            return
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


def remove_unix(path: str) -> None:
    """Remove the file of a Unix socket.

    :param path: The file, or nothing.
    """
    if path:
        with contextlib.suppress(OSError):
            os.unlink(path)


def url_of(listener: socket.socket, tls: bool) -> str:
    """Return the URL that a socket is reached at.

    :param listener: The socket.
    :param tls: Whether it speaks TLS.
    """
    scheme = "https" if tls else "http"
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"{scheme}+unix://{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{scheme}://{host}:{name[1]}"
