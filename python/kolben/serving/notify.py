"""A word to systemd, where it has asked for one (``Type=notify``)."""

from __future__ import annotations

import contextlib
import os
import socket

__all__ = ["notify"]


def notify(message: str) -> None:
    """Tell systemd something, if it listens.

    :param message: Such as ``READY=1``.
    """
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        # An `@` stands for the zero byte of the abstract namespace.
        address = "\0" + path[1:] if path[0] == "@" else path
        with contextlib.suppress(OSError):
            sender.sendto(message.encode(), address)
