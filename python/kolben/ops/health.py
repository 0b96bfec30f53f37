"""Whether the process lives, and whether it can take requests."""

from __future__ import annotations

import concurrent.futures
import contextlib
import contextvars
import dataclasses
import logging
import threading
import time
import typing as t

from ..globals import current_app
from . import draining

if t.TYPE_CHECKING:
    from ..app import Flask

__all__ = ["Check", "Checks"]

logger = logging.getLogger("kolben.ops")


@dataclasses.dataclass(frozen=True)
class Check:
    """Something that has to work before this process can answer.

    :param name: Its name.
    :param function: Returns ``False`` or raises where it does not work.
    :param timeout: The seconds that it may take.
    """

    name: str
    function: t.Callable[[], t.Any]
    timeout: float


class Checks:
    """The checks of an app.

    They run beside each other, each in a thread and an app context of its own. One that hangs is
    not started a second time before it has come back, so that it takes one thread and no more.

    :param keep: For how many seconds a result holds; questions that come more often get it, too.
    """

    def __init__(self, keep: float = 1.0) -> None:
        self.checks: dict[str, Check] = {}
        self.keep = keep
        self._running: dict[str, concurrent.futures.Future[str | None]] = {}
        self._lock = threading.Lock()
        self._result: dict[str, str | None] = {}
        self._moment = float("-inf")

    def add(self, check: Check) -> None:
        """Register a check.

        :param check: The check.
        """
        if check.name in self.checks:
            raise ValueError(f"There is a check {check.name!r} already.")
        self.checks[check.name] = check

    def results(self) -> dict[str, str | None]:
        """Run the checks; return what is wrong with each, or ``None`` where nothing is."""
        with self._lock:
            if time.monotonic() - self._moment > self.keep:
                self._result = self._run()
                self._moment = time.monotonic()
            return self._result

    def ready(self) -> bool:
        """Say whether this process can take requests."""
        return not draining.draining() and not any(self.results().values())

    def _run(self) -> dict[str, str | None]:
        begun = time.monotonic()
        futures = {name: self._start(check) for name, check in self.checks.items()}
        found: dict[str, str | None] = {}
        for name, future in futures.items():
            left = self.checks[name].timeout - (time.monotonic() - begun)
            try:
                found[name] = future.result(max(0.0, left))
            except concurrent.futures.TimeoutError:
                found[name] = "timeout"
        return found

    def _start(self, check: Check) -> concurrent.futures.Future[str | None]:
        running = self._running.get(check.name)
        if running is not None and not running.done():
            return running
        future: concurrent.futures.Future[str | None] = concurrent.futures.Future()
        # The line of one that fails tells of the request that has asked.
        context = contextvars.copy_context()
        proxy: t.Any = current_app
        app: Flask | None = proxy._get_current_object() if proxy else None
        arguments = (_call, check, app, future)
        try:
            threading.Thread(target=context.run, args=arguments, daemon=True).start()
        except RuntimeError:  # there are as many threads as there may be
            logger.warning("The check %r cannot be started", check.name, exc_info=True)
            future.set_result("failed")
        self._running[check.name] = future
        return future


def _call(check: Check, app: Flask | None, future: concurrent.futures.Future[str | None]) -> None:
    result: str | None = "failed"
    try:
        # Not the request's own context: what hangs on it, such as a database session, is no other
        # check's, and is let go of when this one comes back, however late.
        with contextlib.nullcontext() if app is None else app.app_context():
            if check.function() is not False:
                result = None
    except BaseException:
        result = "failed"
        # Why it fails is for the log. Who asks for /readyz may be anybody.
        logger.warning("The check %r has failed", check.name, exc_info=True)
    finally:
        future.set_result(result)
