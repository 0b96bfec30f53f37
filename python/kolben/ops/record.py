"""What is known of one request while it runs: its id, its rule, its times."""

from __future__ import annotations

import ipaddress
import os
import re
import typing as t
from time import perf_counter

from ..globals import _cv_request

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ..app import Flask

__all__ = ["Record", "Watch", "current", "watch"]

#: Where the record is in the environ.
KEY = "kolben.ops.record"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Record:
    """One request.

    :param environ: Its environ.
    :param trusted: The networks whose ``X-Request-ID`` is taken.
    """

    __slots__ = (
        "endpoint",
        "id",
        "method",
        "phases",
        "rule",
        "size",
        "start",
        "status",
        "traceparent",
    )

    def __init__(self, environ: WSGIEnvironment, trusted: t.Sequence[Network] = ()) -> None:
        self.start = perf_counter()
        self.method: str = environ.get("REQUEST_METHOD", "")
        #: The rule, once it is known; ``None`` where none matched.
        self.rule: str | None = None
        self.endpoint: str | None = None
        #: 0 until the answer has begun.
        self.status = 0
        #: How many bytes the body of the answer has.
        self.size = 0
        #: Names of phases and the seconds that they took.
        self.phases: dict[str, float] = {}
        given = environ.get("HTTP_X_REQUEST_ID", "")
        take = bool(given) and _ID.fullmatch(given) is not None and is_from(environ, trusted)
        self.id: str = given if take else os.urandom(16).hex()
        trace = environ.get("HTTP_TRACEPARENT", "")
        self.traceparent: str | None = trace if _TRACEPARENT.fullmatch(trace) else None


def is_from(environ: WSGIEnvironment, networks: t.Sequence[Network]) -> bool:
    """Say whether the peer of the connection is in one of some networks.

    What ``ProxyFix`` has put in its place does not count. A Unix socket has no address, and is as
    good as the loopback.

    :param environ: The environ.
    :param networks: The networks.
    """
    original = environ.get("werkzeug.proxy_fix.orig", environ)
    text = original.get("REMOTE_ADDR") or "127.0.0.1"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


def networks_of(texts: t.Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks.

    :param texts: Such as ``10.0.0.0/8`` or ``::1``.
    """
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def current() -> Record | None:
    """Return the record of the current request, if it has one."""
    ctx = _cv_request.get(None)
    return None if ctx is None else ctx.request.environ.get(KEY)


class Watch:
    """A WSGI application around an app's own, which tells when each request begins and ends.

    :param app: The app.
    :param inner: What it was.
    """

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self.inner = inner
        self.trusted = networks_of(app.config["OPS_REQUEST_ID_FROM"])
        #: Called with a record and an environ when a request begins.
        self.beginnings: list[Callable[[Record, WSGIEnvironment], None]] = []
        #: Called with a record and the list of headers before they are sent; they may add some.
        self.heads: list[Callable[[Record, list[tuple[str, str]]], None]] = []
        #: Called with a record and an environ when the answer is out, or given up.
        self.ends: list[Callable[[Record, WSGIEnvironment], None]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        record = environ[KEY] = Record(environ, self.trusted)
        for begin in self.beginnings:
            begin(record, environ)

        def start(status: str, headers: list[tuple[str, str]], *info: t.Any) -> t.Any:
            record.status = int(status[:3])
            for head in self.heads:
                head(record, headers)
            return start_response(status, headers, *info)

        try:
            body = self.inner(environ, start)
        except BaseException:
            record.status = 500
            self.end(record, environ)
            raise
        if type(body) is list:
            record.size = sum(map(len, body))
            self.end(record, environ)
            return body
        return _Counted(self, record, environ, body)

    def end(self, record: Record, environ: WSGIEnvironment) -> None:
        """Tell that a request is over.

        :param record: The request.
        :param environ: Its environ.
        """
        for end in self.ends:
            end(record, environ)


class _Counted:
    """The body of an answer, which is counted as it goes."""

    def __init__(
        self, watch: Watch, record: Record, environ: WSGIEnvironment, body: Iterable[bytes]
    ) -> None:
        self._watch: Watch | None = watch
        self._record = record
        self._environ = environ
        self._body = body
        self._next = iter(body).__next__

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._next()
        self._record.size += len(piece)
        return piece

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            watch, self._watch = self._watch, None
            if watch is not None:
                watch.end(self._record, self._environ)


def watch(app: Flask) -> Watch:
    """Return the watch of an app, which is put in place at the first call.

    :param app: The app.
    """
    found: Watch | None = app.extensions.get("kolben.ops.watch")
    if found is None:
        app.config.setdefault("OPS_REQUEST_ID_FROM", ["127.0.0.0/8", "::1"])
        found = Watch(app, app.wsgi_app)
        app.wsgi_app = found  # type: ignore[method-assign]
        app.extensions["kolben.ops.watch"] = found
        # First of all, as a later one may answer.
        app.before_request_funcs.setdefault(None, []).insert(0, _note_rule)
    return found


def _note_rule() -> None:
    ctx = _cv_request.get(None)
    record = current()
    if ctx is None or record is None:
        return
    rule: t.Any = ctx.request.url_rule
    if rule is not None:
        record.rule = rule.rule
        record.endpoint = rule.endpoint
    record.phases["routing"] = perf_counter() - record.start
