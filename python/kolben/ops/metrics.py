"""Prometheus metrics of requests, added up over all workers.

The labels are the rule and the status, never the path: a path comes from the client, who could
make as many series as there are paths.
"""

from __future__ import annotations

import importlib
import os
import typing as t
from time import perf_counter

from .record import watch

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import Flask
    from .record import Record

__all__ = ["Metrics"]

#: The methods that are labels; any other is `other`.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _client() -> t.Any:
    """Import prometheus-client, whose first import decides how processes are told apart."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        values: t.Any = importlib.import_module("prometheus_client.values")
        number = os.environ.get("KOLBEN_WORKER_NUMBER")
        if number is not None and not getattr(values, "_kolben", False):
            # By default each process has files of its own, for ever. `kolben serve` gives the
            # number of a dead worker to the next one, which goes on with its files.
            values.ValueClass = values.MultiProcessValue(lambda: number)
            values._kolben = True
    return importlib.import_module("prometheus_client")


class Metrics:
    """Counts and times the requests of an app.

    :param app: The app.
    """

    def __init__(self, app: Flask) -> None:
        try:
            self.client = _client()
        except ModuleNotFoundError as error:
            if error.name != "prometheus_client":
                raise
            raise RuntimeError(
                "OPS_METRICS needs prometheus-client. Install it with: pip install 'kolben[ops]'"
            ) from None
        self.registry = self.client.CollectorRegistry(auto_describe=True)
        labels = ("method", "rule", "status")
        self.requests = self.client.Counter(
            "http_requests", "Requests answered.", labels, registry=self.registry
        )
        self.seconds = self.client.Histogram(
            "http_request_duration_seconds",
            "Time from the first byte of the app's work to the last of the answer.",
            ("method", "rule"),
            buckets=app.config["OPS_METRICS_BUCKETS"] or _BUCKETS,
            registry=self.registry,
        )
        self.running = self.client.Gauge(
            "http_requests_in_progress",
            "Requests that are being answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        # PERF: `labels` takes a lock and makes a tuple of texts.
        self._series: dict[tuple[str, str | None, int], tuple[t.Any, t.Any]] = {}
        watched = watch(app)
        watched.beginnings.append(self._begin)
        watched.ends.append(self._end)

    def _begin(self, record: Record, environ: WSGIEnvironment) -> None:
        self.running.inc()

    def _end(self, record: Record, environ: WSGIEnvironment) -> None:
        self.running.dec()
        key = record.method, record.rule, record.status
        series = self._series.get(key)
        if series is None:
            series = self._add_series(*key)
        series[0].inc()
        series[1].observe(perf_counter() - record.start)

    def _add_series(self, method: str, rule: str | None, status: int) -> tuple[t.Any, t.Any]:
        known = method in _METHODS
        labels = method if known else "other", rule or "none"
        series = self.requests.labels(*labels, str(status)), self.seconds.labels(*labels)
        # What a client may choose is no key to keep.
        if known:
            self._series[method, rule, status] = series
        return series

    def page(self) -> tuple[bytes, str]:
        """Return the metrics of all workers, and their content type."""
        client = self.client
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = client.CollectorRegistry()
            multiprocess = importlib.import_module("prometheus_client.multiprocess")
            multiprocess.MultiProcessCollector(registry)
            page = client.generate_latest(registry)
        else:
            # Beside ours, those of the app; in the files above they are one.
            page = client.generate_latest(self.registry) + client.generate_latest(client.REGISTRY)
        return page, client.CONTENT_TYPE_LATEST
