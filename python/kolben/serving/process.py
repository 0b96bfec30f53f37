"""One worker, as the supervisor sees it: a process, and a connection to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import typing as t

if t.TYPE_CHECKING:
    from .settings import Settings

__all__ = ["Process"]

# The folder that a program is started from is no place to import from, as with any other command.
_PROGRAM = """\
import sys
sys.path[:] = filter(None, sys.path)
from kolben.serving.worker import main
main({control}, {listener})
"""

State = t.Literal["starting", "loaded", "serving", "ending"]


class Process:
    """A worker.

    :param place: Which of the workers it is, from 0.
    :param number: A number that no other living worker has.
    :param settings: The settings.
    :param listener: The listening socket.
    :param environ: The variables that it gets beside those of this process.
    """

    def __init__(
        self,
        place: int,
        number: int,
        settings: Settings,
        listener: socket.socket,
        environ: t.Mapping[str, str],
    ) -> None:
        self.place = place
        self.number = number
        self.state: State = "starting"
        self.born = time.monotonic()
        #: When it is killed, if it has been told to end.
        self.deadline: float | None = None
        #: The worker that goes once this one serves.
        self.predecessor: Process | None = None
        #: Why it could not load the app, in one line, and the traceback.
        self.failure: tuple[str, str] | None = None
        #: What it has told of the app.
        self.told: dict[str, t.Any] = {}
        self.control, theirs = socket.socketpair()
        self._received = b""
        with theirs:
            self.inner = self._start(listener, theirs, environ)
        self.send({**settings.values(), "place": place})
        self.control.setblocking(False)

    def _start(
        self, listener: socket.socket, control: socket.socket, environ: t.Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        passed = (listener.fileno(), control.fileno())
        program = _PROGRAM.format(control=control.fileno(), listener=listener.fileno())
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        return subprocess.Popen(
            [sys.executable, *flags, "-c", program],
            pass_fds=passed,
            env={**os.environ, **environ},
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.inner.pid

    def send(self, value: t.Any) -> None:
        """Tell it something.

        :param value: What JSON can carry.
        """
        # If it has died, that is noticed where processes are waited for.
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(value).encode() + b"\n")

    def messages(self) -> list[dict[str, t.Any]]:
        """Return what it has told since the last call."""
        with contextlib.suppress(OSError):
            while data := self.control.recv(65536):
                self._received += data
        *lines, self._received = self._received.split(b"\n")
        return [json.loads(line) for line in lines]

    def end(self, within: float) -> None:
        """Tell it to answer what it has in hand and to end.

        :param within: The time until it is killed.
        """
        if self.state == "ending":
            return
        self.inner.send_signal(signal.SIGTERM)
        self.state = "ending"
        self.deadline = time.monotonic() + within

    def memory(self) -> int:
        """Return the bytes of memory that it takes, or 0 where that is not known."""
        try:
            with open(f"/proc/{self.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def death(self) -> str:
        """Say how it has died."""
        status = self.inner.returncode
        if status is not None and status < 0:
            try:
                return f"was killed by {signal.Signals(-status).name}"
            except ValueError:
                return f"was killed by signal {-status}"
        return f"ended with status {status}"
