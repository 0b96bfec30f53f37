"""The process that keeps the workers: it starts them, replaces them, and ends them.

It is one thread that waits for signals, for what workers tell, and for the next moment at which
something is due. It never loads the app, so that a reload starts from a clean interpreter.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import shutil
import signal
import socket
import tempfile
import time
import typing as t

from . import tls
from .logs import configure
from .notify import notify
from .process import Process
from .settings import Mistake
from .sockets import Listeners
from .watching import Files

if t.TYPE_CHECKING:
    from types import FrameType

    from .settings import Settings

__all__ = ["Supervisor"]

logger = logging.getLogger("kolben.serve")

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
#: How often the files are looked at.
_WATCH_INTERVAL = 0.5
#: How long after the first signal to stop another one is the same.
_TWICE = 0.5
#: After so many failed starts in a row with no worker left, the server gives up.
_MOST_FAILURES = 5
#: The longest that it waits for the next start after a failed one.
_LONGEST_PAUSE = 30.0


_DEBUG = "debug mode is on, and a production server refuses that; --allow-debug forces it"


class Supervisor:
    """Serves until it is told to stop.

    :param settings: The settings.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes: list[Process] = []
        self.selector = selectors.DefaultSelector()
        self.arrived: list[int] = []
        #: Places of which a worker is missing, and when the next one starts there.
        self.due: dict[int, float] = {}
        #: Places whose worker is still to be replaced by a younger one.
        self.to_replace: list[int] = []
        self.failures = 0
        #: The moment before which no worker is replaced, as one could not start just now.
        self.not_before = float("-inf")
        self.is_ready = False
        #: When it was told to stop.
        self.stopping: float | None = None
        self.status = 0
        self.rss_due = time.monotonic() + settings.rss_interval
        self.files = Files(settings.reload_dir or (os.getcwd(),)) if settings.reload else None
        self.watch_due = time.monotonic()

    # From the beginning to the end.

    def run(self) -> int:
        """Serve; return the status to leave with."""
        configure(self.settings)
        tls.check(self.settings)
        self.listeners = Listeners(self.settings, os.environ)
        self.environ, folder = _metrics_environ()
        try:
            # Not before the address is ours: the file may be that of a server which has it.
            self._write_pid()
            self._take_signals()
            for place in range(self.settings.workers):
                self._start(place)
            while self.processes or self.due:
                self._wait()
                self._handle_signals()
                self._read()
                self._look_after()
        finally:
            for process in self.processes:
                process.inner.kill()
                process.inner.wait()
            self.listeners.close()
            self.listeners.remove_file()
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            self._remove_pid()
        return self.status

    def _take_signals(self) -> None:
        self.wakeup, wake = socket.socketpair()
        for end in (self.wakeup, wake):
            end.setblocking(False)
        self._wake = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)
        self.selector.register(self.wakeup, selectors.EVENT_READ)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.arrived.append(number)

    def _wait(self) -> None:
        for key, _ in self.selector.select(self._pause()):
            if key.fileobj is self.wakeup:
                with contextlib.suppress(BlockingIOError):
                    self.wakeup.recv(4096)

    def _pause(self) -> float | None:
        """Return the time until something is due."""
        moments = list(self.due.values())
        moments += (p.deadline for p in self.processes if p.deadline is not None)
        settings = self.settings
        if settings.worker_max_rss:
            moments.append(self.rss_due)
        if settings.worker_lifetime:
            lifetime = settings.worker_lifetime
            moments += (max(p.born + lifetime, self.not_before) for p in self._serving())
        if self.files is not None:
            moments.append(self.watch_due)
        if not moments:
            return None
        return max(0.01, min(moments) - time.monotonic())

    def _serving(self) -> list[Process]:
        return [process for process in self.processes if process.state == "serving"]

    # Signals.

    def _handle_signals(self) -> None:
        arrived, self.arrived = self.arrived, []
        for number in arrived:
            if number == signal.SIGHUP:
                self._reload()
            elif number != signal.SIGCHLD:
                self._stop()

    def _stop(self, status: int = 0) -> None:
        """End all workers; at a second call, at once."""
        now = time.monotonic()
        # A terminal, or a program such as `timeout`, may send the same signal twice.
        again = self.stopping is not None and now - self.stopping > _TWICE
        self.stopping = self.stopping or now
        self.status = self.status or status
        self.due.clear()
        self.to_replace.clear()
        if self.stopping == now:
            logger.info("stopping")
            notify("STOPPING=1")
            # The workers have them still. Once they take no more connections they are closed, and
            # who comes then learns at once that nobody is there.
            self.listeners.close()
        for process in self.processes:
            if again or process.state in {"starting", "loaded"}:
                process.inner.kill()
            else:
                process.end(self.settings.grace + self.settings.drain_timeout)

    def _reload(self) -> None:
        if self.stopping is not None or not self.is_ready:
            return
        logger.info("reloading")
        self.failures = 0
        self.not_before = float("-inf")
        self.to_replace = list(range(self.settings.workers))

    # Workers.

    def _start(self, place: int, predecessor: Process | None = None) -> None:
        taken = {process.number for process in self.processes}
        number = next(n for n in range(len(taken) + 1) if n not in taken)
        # In a folder of the operator's, what a server has left there that was killed.
        _forget_metrics(number, self.environ)
        environ = {**self.environ, "KOLBEN_WORKER_NUMBER": str(number)}
        process = Process(place, number, self.settings, self.listeners.of(place), environ)
        process.predecessor = predecessor
        self.processes.append(process)
        self.selector.register(process.control, selectors.EVENT_READ)

    def _read(self) -> None:
        for process in list(self.processes):
            for message in process.messages():
                state = message.pop("state")
                if state == "failed":
                    process.failure = message["reason"], message["details"]
                else:
                    process.state = state if process.state != "ending" else "ending"
                    process.told.update(message)
                    self._advance(process, state)
            if process.inner.poll() is not None:
                self._bury(process)

    def _advance(self, process: Process, state: str) -> None:
        """Do what follows from a worker's new state."""
        if state == "loaded":
            if process.told["debug"] and not self.settings.allow_debug:
                process.failure = _DEBUG, ""
                process.inner.kill()
            elif self.is_ready:
                process.send("go")
            elif all(one.state == "loaded" for one in self.processes):
                for one in self.processes:
                    one.send("go")
        elif state == "serving":
            self.failures = 0
            self._relieve(process)
            if not self.is_ready and len(self._serving()) == self.settings.workers:
                self._say_ready(process)

    def _relieve(self, process: Process) -> None:
        """End the worker whose place a younger one has taken."""
        settings = self.settings
        predecessor, process.predecessor = process.predecessor, None
        if predecessor is not None and predecessor in self.processes:
            predecessor.end(settings.grace + settings.drain_timeout)
        if self.is_ready:
            logger.info("worker %d serves, process %d", process.place + 1, process.pid)

    def _say_ready(self, process: Process) -> None:
        self.is_ready = True
        settings = self.settings
        workers = _count(settings.workers, "worker")
        threads = _count(settings.threads, "thread")
        url = self.listeners.url(bool(settings.tls_cert))
        line = f"Serving {process.told['app']!r} on {url} ({workers}, {threads} each)"
        # Nobody may be there to read it.
        with contextlib.suppress(OSError):
            print(line, flush=True)
        notify(f"READY=1\nMAINPID={os.getpid()}")

    def _bury(self, process: Process) -> None:
        """Take note that a worker has ended."""
        self.selector.unregister(process.control)
        process.control.close()
        self.processes.remove(process)
        _forget_metrics(process.number, self.environ)
        if process.state == "ending" or self.stopping is not None:
            self._check_end(process)
        elif process.failure is not None or process.state in {"starting", "loaded"}:
            self._failed(process)
        else:
            self._died(process)

    def _check_end(self, process: Process) -> None:
        if process.inner.returncode and process.deadline is not None:
            late = time.monotonic() >= process.deadline
            why = "did not end in time" if late else process.death()
            logger.warning("worker %d %s, process %d", process.place + 1, why, process.pid)

    def _failed(self, process: Process) -> None:
        """Take note that a worker could not start."""
        reason, details = process.failure or (f"a worker {process.death()} while it started", "")
        logger.debug("%s", details)
        self.failures += 1
        if not self.is_ready:
            if self.stopping is None:
                raise Mistake(reason[:1].upper() + reason[1:].rstrip(".") + ".")
        elif process.predecessor is not None and process.predecessor in self.processes:
            logger.error("the reload is given up, and the workers stay: %s", reason)
            self.to_replace.clear()
            self.not_before = time.monotonic() + self._pause_after_failure()
        else:
            logger.error("worker %d cannot start: %s", process.place + 1, reason)
            self.listeners.give_up(process.place)
            self.due[process.place] = time.monotonic() + self._pause_after_failure()
            if self.failures >= _MOST_FAILURES and not self._serving():
                logger.critical("no worker is left, and none can start")
                self._stop(1)

    def _pause_after_failure(self) -> float:
        doubled = self.settings.respawn_interval * 2 ** min(self.failures, 20)
        return float(min(doubled, max(_LONGEST_PAUSE, self.settings.respawn_interval)))

    def _died(self, process: Process) -> None:
        logger.error("worker %d %s, process %d", process.place + 1, process.death(), process.pid)
        if any(one.predecessor is process for one in self.processes):
            return  # the next one is on its way
        if not self.settings.respawn:
            self._stop(1)
            return
        due = process.born + self.settings.respawn_interval
        self.due[process.place] = max(due, time.monotonic())

    # What is due.

    def _look_after(self) -> None:
        now = time.monotonic()
        for process in self.processes:
            if process.deadline is not None and now >= process.deadline:
                process.inner.kill()
        for place, moment in list(self.due.items()):
            if now >= moment:
                del self.due[place]
                self._start(place)
        if self.stopping is not None or not self.is_ready:
            return
        self._look_at_age(now)
        self._look_at_memory(now)
        self._look_at_files(now)
        self._replace_next()

    def _look_at_age(self, now: float) -> None:
        lifetime = self.settings.worker_lifetime
        if lifetime and now >= self.not_before:
            for process in self._serving():
                if now - process.born >= lifetime:
                    self._ask_to_replace(process.place)

    def _look_at_memory(self, now: float) -> None:
        most = self.settings.worker_max_rss
        if most and now >= self.rss_due:
            self.rss_due = now + self.settings.rss_interval
            for process in self._serving():
                if process.memory() > most and self._ask_to_replace(process.place):
                    logger.info("worker %d takes more memory than it may", process.place + 1)

    def _look_at_files(self, now: float) -> None:
        if self.files is not None and now >= self.watch_due:
            self.watch_due = now + _WATCH_INTERVAL
            changed = self.files.changed()
            if changed is not None:
                logger.info("%s has changed", changed)
                self._reload()

    def _ask_to_replace(self, place: int) -> bool:
        """Have a worker replaced, unless that is on its way."""
        if place in self.to_replace or any(
            one.place == place and one.predecessor is not None for one in self.processes
        ):
            return False
        self.to_replace.append(place)
        return True

    def _replace_next(self) -> None:
        """Start the next replacement: one after the other, so that memory is not needed twice."""
        if self.to_replace and not any(one.predecessor for one in self.processes):
            place = self.to_replace.pop(0)
            for process in self._serving():
                if process.place == place:
                    self._start(place, process)
                    return

    # The file with the process id.

    def _write_pid(self) -> None:
        path = self.settings.pid_file
        if path:
            try:
                with open(path, "w") as file:
                    file.write(f"{os.getpid()}\n")
            except OSError as error:
                raise Mistake(f"{path} cannot be written: {error.strerror}.") from None

    def _remove_pid(self) -> None:
        if self.settings.pid_file:
            with contextlib.suppress(OSError), open(self.settings.pid_file) as file:
                if file.read() == f"{os.getpid()}\n":
                    os.unlink(self.settings.pid_file)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _metrics_environ() -> tuple[dict[str, str], str | None]:
    """Return the variable by which prometheus-client adds up the workers' metrics.

    It has to be set before that is imported. The folder is the caller's to remove, if it is ours.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return {}, None
    try:
        folder = tempfile.mkdtemp(prefix="kolben-metrics-")
    except OSError as error:
        reason = error.strerror or error
        logger.warning("there is no folder for metrics, and each worker tells its own: %s", reason)
        return {}, None
    return {"PROMETHEUS_MULTIPROC_DIR": folder}, folder


def _forget_metrics(number: int, environ: t.Mapping[str, str]) -> None:
    """Remove what a dead worker says of the present; what it has counted stays."""
    folder = environ.get("PROMETHEUS_MULTIPROC_DIR") or os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return
    # The folder may be the operator's, who may do with it what he likes.
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith("gauge_live") and name.endswith(f"_{number}.db"):
                os.unlink(os.path.join(folder, name))
