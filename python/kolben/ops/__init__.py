"""What an operator expects of an app: health, metrics, logs, limits. It is all opt-in.

::

    from kolben.ops import Ops

    ops = Ops(app, profile="strict")

    @ops.check("database", timeout=1)
    def database():
        db.session.execute(text("select 1"))

See ``docs/serving.md`` for the settings.
"""

from __future__ import annotations

import importlib.util
import typing as t

from ..blueprints import Blueprint
from ..globals import current_app, request
from ..helpers import abort
from . import draining
from .health import Check, Checks
from .limits import Limits, csp_nonce, limits
from .logs import AccessLog, JSONFormatter, TextFormatter
from .record import current, is_from, networks_of, watch
from .timing import ServerTiming, timed

if t.TYPE_CHECKING:
    from ..app import Flask
    from .metrics import Metrics
    from .record import Record

__all__ = [
    "AccessLog",
    "JSONFormatter",
    "Ops",
    "TextFormatter",
    "csp_nonce",
    "limits",
    "request_id",
    "timed",
]

F = t.TypeVar("F", bound="t.Callable[[], t.Any]")

DEFAULTS: dict[str, t.Any] = {
    "OPS_URL_PREFIX": "",
    "OPS_PROFILE": None,
    "OPS_METRICS": None,
    "OPS_METRICS_BUCKETS": None,
    "OPS_METRICS_FROM": None,
    "OPS_ACCESS_LOG": False,
    "OPS_SERVER_TIMING": None,
    "OPS_REQUEST_ID_HEADER": "X-Request-ID",
}


def request_id() -> str | None:
    """Return the id of the current request, if it has one."""
    record = current()
    return None if record is None else record.id


class Ops:
    """Health, metrics, logs and limits for an app.

    :param app: The app; or call :meth:`init_app` later.
    :param profile: ``"strict"`` for limits and safe headers; by default ``OPS_PROFILE``.
    """

    def __init__(self, app: Flask | None = None, *, profile: str | None = None) -> None:
        if profile not in {None, "strict"}:
            raise ValueError(f"There is no profile {profile!r}; there is 'strict'.")
        self.profile = profile
        self.checks = Checks()
        if app is not None:
            self.init_app(app)

    def check(self, name: str, *, timeout: float = 2.0) -> t.Callable[[F], F]:
        """Register a check: ``/readyz`` is 503 while it returns ``False``, raises or hangs.

        It runs in a thread of its own, inside of an app context.

        :param name: Its name.
        :param timeout: The seconds that it may take.
        """

        def decorator(function: F) -> F:
            self.checks.add(Check(name, function, timeout))
            return function

        return decorator

    def init_app(self, app: Flask) -> None:
        """Set an app up.

        :param app: The app.
        """
        if "kolben.ops" in app.extensions:
            raise RuntimeError("This app has Ops already.")
        for name, value in DEFAULTS.items():
            app.config.setdefault(name, value)
        app.extensions["kolben.ops"] = self
        watched = watch(app)
        if app.config["OPS_REQUEST_ID_HEADER"]:
            watched.heads.append(_add_id(app.config["OPS_REQUEST_ID_HEADER"]))
        profile = self.profile or app.config["OPS_PROFILE"]
        Limits(app, profile == "strict")
        timing = app.config["OPS_SERVER_TIMING"]
        if app.debug if timing is None else timing:
            ServerTiming(app)
        if app.config["OPS_ACCESS_LOG"]:
            AccessLog(app)
        self._add_rules(app)

    def _add_rules(self, app: Flask) -> None:
        blueprint = make_blueprint(self.checks, _metrics(app))
        app.register_blueprint(blueprint, url_prefix=app.config["OPS_URL_PREFIX"] or None)


def _add_id(name: str) -> t.Callable[[Record, list[tuple[str, str]]], None]:
    return lambda record, headers: headers.append((name, record.id))


def _metrics(app: Flask) -> Metrics | None:
    wanted = app.config["OPS_METRICS"]
    if wanted is None:
        wanted = importlib.util.find_spec("prometheus_client") is not None
    if not wanted:
        return None
    from .metrics import Metrics  # noqa: PLC0415 - only if it was asked for

    return Metrics(app)


def make_blueprint(checks: Checks, metrics: Metrics | None) -> Blueprint:
    """Make the blueprint with ``/livez``, ``/readyz`` and ``/metrics``.

    :param checks: The checks.
    :param metrics: The metrics, if there are any.
    """
    blueprint = Blueprint("ops", __name__)

    @blueprint.get("/livez")
    def livez() -> t.Any:
        return _plain("alive\n")

    @blueprint.get("/readyz")
    def readyz() -> t.Any:
        results = checks.results()
        shown = {name: wrong or "ok" for name, wrong in results.items()}
        if draining.draining():
            return {"status": "draining", "checks": shown}, 503
        if any(results.values()):
            return {"status": "unavailable", "checks": shown}, 503
        return {"status": "ready", "checks": shown}

    if metrics is not None:
        blueprint.add_url_rule("/metrics", "metrics", _metrics_view(metrics))
    return blueprint


def _plain(text: str) -> tuple[str, dict[str, str]]:
    return text, {"Content-Type": "text/plain; charset=utf-8"}


def _metrics_view(metrics: Metrics) -> t.Callable[[], t.Any]:
    def view() -> t.Any:
        allowed = current_app.config["OPS_METRICS_FROM"]
        if allowed is not None and not is_from(request.environ, networks_of(allowed)):
            abort(404)
        page, content_type = metrics.page()
        return page, {"Content-Type": content_type}

    return view
