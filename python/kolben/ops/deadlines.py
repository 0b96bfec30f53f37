"""An end to requests that take too long.

A thread looks at the requests that are running. In that of one which is late it has an exception
raised, which becomes a 503. That works wherever Python code runs; a call into C that blocks is over
first. It cannot tell greenlets of one thread apart, so it is not for gevent.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
import time

from werkzeug.exceptions import ServiceUnavailable

__all__ = ["Deadlines", "TookTooLong"]

#: How often running requests are looked at.
_INTERVAL = 0.05


class TookTooLong(ServiceUnavailable):
    """A request has taken longer than ``OPS_MAX_SECONDS``."""

    description = "The server took too long to answer this request."


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have an exception raised in a thread, or take back one that is not raised yet."""
    argument = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), argument)


class Deadlines:
    """The requests that are running, and when each is late."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, int]] = {}
        self._late: set[int] = set()
        self._keys = itertools.count()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, seconds: float) -> int:
        """Note a request of this thread; return a key for :meth:`end`.

        :param seconds: The time that it has.
        """
        key = next(self._keys)
        self._running[key] = time.monotonic() + seconds, threading.get_ident()
        # A process that has been forked has no thread yet.
        if self._thread is None or not self._thread.is_alive():
            self._start()
        if not self._wake.is_set():
            self._wake.set()
        return key

    def end(self, key: int) -> None:
        """Note that a request is over.

        :param key: What :meth:`begin` has returned.
        """
        try:
            self._end(key)
        except TookTooLong:
            # It came at the last moment. There is one exception for each request, so this is all.
            self._end(key)

    def _end(self, key: int) -> None:
        with self._lock:
            running = self._running.pop(key, None)
            if key in self._late:
                self._late.discard(key)
                if running is not None:
                    _raise_in(running[1], None)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            self._wake.wait()
            time.sleep(_INTERVAL)
            with self._lock:
                if not self._running:
                    self._wake.clear()
                now = time.monotonic()
                for key, (deadline, thread) in list(self._running.items()):
                    if now >= deadline and key not in self._late:
                        self._late.add(key)
                        _raise_in(thread, TookTooLong)
