"""Log lines as text or JSON, and one line for each request.

Nothing that a client sends can begin a line of its own, and what it must keep to itself (its
cookies, its ``Authorization``) is hidden wherever it turns up.
"""

from __future__ import annotations

import json
import logging
import re
import time
import typing as t
from time import perf_counter

from ..globals import _cv_request
from .record import current, watch

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import Flask
    from .record import Record

__all__ = ["AccessLog", "JSONFormatter", "TextFormatter"]

logger = logging.getLogger("kolben.access")

#: What could begin a line, move a cursor, or is no character at all.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SCHEMES = re.compile(r"\b(Basic|Bearer|Digest)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_SECRET_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_X_API_KEY")
_HIDDEN = "[hidden]"
#: A shorter value would be found by accident in words that have nothing to do with it.
_SHORTEST = 6


def escape(text: str) -> str:
    """Return a text in which nothing ends a line.

    :param text: The text.
    """
    return _CONTROLS.sub(lambda match: ascii(match[0])[1:-1], text)


def hide(text: str) -> str:
    """Return a text without what the current request has to keep secret, and without the app's key.

    :param text: The text.
    """
    for secret in _secrets():
        text = text.replace(secret, _HIDDEN)
    return _SCHEMES.sub(rf"\1 {_HIDDEN}", text)


def _secrets() -> t.Iterator[str]:
    ctx = _cv_request.get(None)
    if ctx is None:
        return
    environ = ctx.request.environ
    values = [environ.get(name) for name in _SECRET_HEADERS]
    cookies = environ.get("HTTP_COOKIE", "")
    values.append(cookies)
    values += (cookie.partition("=")[2].strip(' "') for cookie in cookies.split(";"))
    keys = ctx.app.config.get("SECRET_KEY_FALLBACKS") or ()
    values += (key for key in (ctx.app.config.get("SECRET_KEY"), *keys))
    for value in values:
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        if isinstance(text, str) and len(text) >= _SHORTEST:
            yield text


def _facts(record: logging.LogRecord) -> dict[str, t.Any]:
    """Return what is known of the request that a line belongs to."""
    access: dict[str, t.Any] | None = getattr(record, "access", None)
    if access is not None:
        return access
    request = current()
    return {} if request is None else _identity(request)


def _identity(record: Record) -> dict[str, t.Any]:
    facts: dict[str, t.Any] = {"request_id": record.id}
    if record.traceparent is not None:
        facts["traceparent"] = record.traceparent
    if record.rule is not None:
        facts["rule"] = record.rule
    return facts


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def trace_of(self, record: logging.LogRecord) -> str:
        """Return the traceback of a line, or nothing.

        :param record: The line.
        """
        text = self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        if record.stack_info:
            text += "\n" + self.formatStack(record.stack_info)
        return hide(text).strip("\n")


class TextFormatter(_Formatter):
    """One line for people: time, level, logger, message, and the request's id."""

    def format(self, record: logging.LogRecord) -> str:
        message = escape(hide(record.getMessage()))
        facts = "".join(f" {name}={escape(str(value))}" for name, value in _facts(record).items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message}{facts}"
        # A traceback has lines; none of them looks like one of ours.
        trace = self.trace_of(record)
        return "\n  | ".join([line, *map(escape, trace.split("\n"))]) if trace else line


class JSONFormatter(_Formatter):
    """One JSON object for each line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": hide(record.getMessage()),
            "pid": record.process,
            **_facts(record),
        }
        trace = self.trace_of(record)
        if trace:
            facts["exception"] = trace
        return json.dumps(facts, default=str)


class AccessLog:
    """One line for each request, by the logger ``kolben.access``.

    It tells method, rule, status, duration, size, address and the request's id. The path itself is
    there only if ``OPS_LOG_PATH`` is set, because a path may hold a secret; a query is never there.
    Probes that were answered well are there only if ``OPS_LOG_PROBES`` is set.

    :param app: The app.
    """

    def __init__(self, app: Flask) -> None:
        self.with_path = app.config.setdefault("OPS_LOG_PATH", False)
        self.with_probes = app.config.setdefault("OPS_LOG_PROBES", False)
        watched = watch(app)
        if not any(getattr(end, "__func__", None) is AccessLog.log for end in watched.ends):
            watched.ends.append(self.log)

    def log(self, record: Record, environ: WSGIEnvironment) -> None:
        """Write the line.

        :param record: The request.
        :param environ: Its environ.
        """
        if not logger.isEnabledFor(logging.INFO):
            return
        is_probe = record.endpoint is not None and record.endpoint.startswith("ops.")
        if is_probe and record.status < 400 and not self.with_probes:
            return
        facts: dict[str, t.Any] = {
            "method": record.method[:20],
            "status": record.status,
            "duration_ms": round((perf_counter() - record.start) * 1000, 3),
            "size": record.size,
            "remote": environ.get("REMOTE_ADDR") or "unix",
            **_identity(record),
        }
        if self.with_path:
            # WSGI has the bytes as Latin-1.
            path = environ.get("PATH_INFO", "")[:512].encode("latin-1", "replace")
            facts["path"] = path.decode("utf-8", "replace")
        logger.info("request", extra={"access": facts})
