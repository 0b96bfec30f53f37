"""A worker: a process of its own that loads the app and has Granian serve it.

The supervisor starts it with two descriptors: the listening socket, and a connection to itself. It
sends the settings; the worker answers ``loaded``, waits for ``go``, answers ``serving``, and serves
until SIGTERM comes or the supervisor is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
import typing as t

from granian import _futures, _granian
from granian.http import HTTP1Settings, HTTP2Settings

from ..cli import NoAppException, ScriptInfo
from ..helpers import get_debug_flag
from ..ops import draining
from .border import Border
from .logs import configure
from .tls import readable_key

if t.TYPE_CHECKING:
    from ..app import Flask

__all__ = ["main"]

# Granian's stubs tell of older signatures.
_native: t.Any = _granian
_make_scheduler: t.Any = _futures._new_cbscheduler

#: How long no request has to come until a worker that ends takes it that none is on its way.
_QUIET = 0.2
#: How long it waits for that at most.
_BUSY = 1.0


class _Configuration:
    """The settings, as the supervisor has sent them."""

    def __init__(self, values: dict[str, t.Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(name)


class Supervisor:
    """The supervisor, as a worker sees it.

    :param connection: The connection to it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.lines = connection.makefile("rw", encoding="utf-8", newline="\n")

    def tell(self, state: str, **details: t.Any) -> None:
        """Say how far the worker is.

        :param state: The state.
        :param details: What there is to say about it.
        """
        # If it is gone, the thread that listens to it ends the worker.
        with contextlib.suppress(OSError):
            self.lines.write(json.dumps({"state": state, **details}) + "\n")
            self.lines.flush()

    def hear(self) -> t.Any:
        """Return what it says next, or ``None`` if it is gone."""
        try:
            line = self.lines.readline()
        except OSError:
            return None
        return json.loads(line) if line else None


def main(control: int, listener: int) -> None:
    """Run a worker.

    :param control: The descriptor of the connection to the supervisor.
    :param listener: The descriptor of the listening socket.
    """
    # Ctrl-C goes to all processes of a terminal; the supervisor decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    supervisor = Supervisor(socket.socket(fileno=control))
    values = supervisor.hear()
    if values is None:
        return
    settings = _Configuration(values)
    configure(settings)
    app = _load(settings, supervisor)
    supervisor.tell("loaded", app=app.name, debug=bool(app.debug))
    if supervisor.hear() is None:
        return
    _serve(app, settings, supervisor, listener)


def _load(settings: t.Any, supervisor: Supervisor) -> Flask:
    """Load the app as ``kolben run`` does, or tell why not and leave."""
    try:
        # What the app itself says of debug mode stays, so that the supervisor may refuse it.
        info = ScriptInfo(app_import_path=settings.app or None, set_debug_flag=False)
        app = info.load_app()
        app.debug = app.debug or get_debug_flag()
        app._check_settings()
        if settings.access_log:
            from ..ops.logs import AccessLog  # noqa: PLC0415 - only if it was asked for

            AccessLog(app)
    except BaseException as error:
        supervisor.tell("failed", reason=explain(error), details=traceback.format_exc())
        raise SystemExit(3) from None
    return app


def explain(error: BaseException) -> str:
    """Say in one line what went wrong, and where.

    :param error: What was raised.
    """
    if isinstance(error, NoAppException):
        message = error.format_message()
        if "\n" not in message:
            return message
        # A failed import inside of the app's module brings its whole traceback.
        error = error.__context__ or error
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [frame for frame in frames if not frame.filename.startswith((own, "<frozen"))]
    text = " ".join(str(error).split())
    where = f" ({places[-1].filename}, line {places[-1].lineno})" if places else ""
    return f"the app cannot be loaded: {type(error).__name__}: {text}{where}"


def _serve(app: Flask, settings: t.Any, supervisor: Supervisor, listener: int) -> None:
    border = Border(app, settings.max_body_size, settings.workers, settings.threads)
    stop = _native.WorkerSignal()
    ended = threading.Event()
    stop.add_cb(ended.set)
    told = _on_signal(signal.SIGTERM)
    _start(border, settings, stop, listener)
    supervisor.tell("serving")
    # A word of the supervisor's can only be its end.
    select.select([told, supervisor.connection], [], [])
    draining.begin()
    time.sleep(settings.grace)
    _accept_no_more(listener)
    _linger(border)
    stop.set()
    ended.wait()


def _on_signal(number: signal.Signals) -> socket.socket:
    """Return a socket that has something to read once a signal has come.

    To wait for an event or a lock would not do: a signal that comes just before the wait begins
    does not end it.
    """
    read, write = socket.socketpair()
    write.setblocking(False)
    signal.set_wakeup_fd(write.detach())
    signal.signal(number, lambda *_: None)
    return read


def _accept_no_more(listener: int) -> None:
    """Leave new connections to others, while those that are here go on.

    Granian would stop both at once, and a connection that it has just taken would be closed before
    its request is read. So another socket, which nobody connects to, takes the listener's place.
    """
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nobody.listen()
        nobody.setblocking(False)
        os.dup2(nobody.fileno(), listener)


def _linger(border: Border) -> None:
    """Serve on, until those who have a connection know that it will be closed.

    Each answer says so from now on. It takes as long as requests keep coming, a second at most.
    """
    end = time.monotonic() + _BUSY
    seen = -1
    while seen != border.seen and time.monotonic() < end:
        seen = border.seen
        time.sleep(_QUIET)


def _start(border: Border, settings: t.Any, stop: t.Any, listener: int) -> None:
    """Start Granian's threads."""
    with socket.socket(fileno=os.dup(listener)) as shared:
        is_unix = shared.family == socket.AF_UNIX
    http1 = HTTP1Settings(
        header_read_timeout=int(settings.header_timeout * 1000),
        keep_alive=settings.keep_alive,
        max_buffer_size=settings.max_header_size,
    )
    http2 = HTTP2Settings(max_headers_size=settings.max_header_size)
    mounts = [(url, folder) for url, folder in settings.static]
    expires = str(int(settings.static_expires))
    tls = bool(settings.tls_cert)
    worker = _native.WSGIWorker(
        settings.place + 1,
        (None, _native.SocketHolder(listener, is_unix, settings.backlog)),
        None,
        1,
        1,
        settings.threads,
        30,
        settings.connections,
        settings.http,
        http1,
        http2,
        (mounts, None, expires) if mounts else None,
        tls,
        settings.tls_cert or None,
        readable_key(settings) or None,
        None,
        f"tls{settings.tls_min}",
        settings.tls_ca or None,
        list(settings.tls_crl),
        settings.tls_client_verify,
        (None, None),
    )
    loop = asyncio.new_event_loop()
    scheduler = _make_scheduler(loop, border, impl_asyncio=True)
    serve = worker.serve_mtr_uds if is_unix else worker.serve_mtr
    serve(scheduler, loop, stop)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
