"""``Server-Timing``: where a request has spent its time, for the developer tools of a browser."""

from __future__ import annotations

import contextlib
import typing as t
from time import perf_counter

from .record import current, watch

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..app import Flask
    from .record import Record

__all__ = ["ServerTiming", "timed"]


@contextlib.contextmanager
def timed(name: str) -> Iterator[None]:
    """Count the time of a block as a phase of the current request.

    :param name: The phase's name: letters, digits and ``_`` or ``-``.
    """
    if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"{name!r} is no name of a phase: letters, digits, '_' and '-'.")
    begun = perf_counter()
    try:
        yield
    finally:
        record = current()
        if record is not None:
            record.phases[name] = record.phases.get(name, 0.0) + perf_counter() - begun


class ServerTiming:
    """Adds the header to each answer.

    :param app: The app.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        #: What was set on the app itself; a method of its class is looked up each time.
        self._inner = vars(app).get("dispatch_request")
        app.dispatch_request = self._dispatch  # type: ignore[method-assign]
        watch(app).heads.append(self._add)

    def _dispatch(self) -> t.Any:
        begun = perf_counter()
        record = current()
        if record is not None:
            routed = record.phases.get("routing", 0.0)
            record.phases["before"] = begun - record.start - routed
        try:
            inner = self._inner
            return type(self._app).dispatch_request(self._app) if inner is None else inner()
        finally:
            if record is not None:
                record.phases["view"] = perf_counter() - begun

    def _add(self, record: Record, headers: list[tuple[str, str]]) -> None:
        total = perf_counter() - record.start
        phases = record.phases
        done = sum(phases.get(name, 0.0) for name in ("routing", "before", "view"))
        parts = {**phases, "after": total - done, "total": total}
        value = ", ".join(f"{name};dur={seconds * 1000:.3f}" for name, seconds in parts.items())
        headers.append(("Server-Timing", value))
