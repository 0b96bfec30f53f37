"""Orders: a small microservice with a database, sessions, tasks and tokens.

Where no server is configured it has what is embedded: SQLite, sessions in files, and tasks that run
at once. ``DATABASE_URL``, ``REDIS_URL`` and ``CELERY_BROKER_URL`` bring the real ones.
"""

from __future__ import annotations

import os
import typing as t

import kolben

# The extensions say `import flask`, and get Kolben.
kolben.install_as_flask()

from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: E402

from kolben import Flask  # noqa: E402
from kolben.ops import Ops  # noqa: E402

from . import api, database, sessions, tasks  # noqa: E402


def create_app(settings: t.Mapping[str, t.Any] | None = None) -> Flask:
    """Make the app.

    :param settings: Settings, before those of the environment.
    """
    app = Flask(__name__, instance_path=os.environ.get("SERVICE_INSTANCE"))
    os.makedirs(app.instance_path, exist_ok=True)
    app.config.from_mapping(
        DATABASE_URL=f"sqlite:///{app.instance_path}/service.sqlite",
        REDIS_URL="",
        CELERY_BROKER_URL="",
        # How many proxies there are in front of it.
        PROXIES=0,
    )
    app.config.from_mapping(settings)
    app.config.from_prefixed_env("SERVICE")
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        app.config[name] = os.environ.get(name) or app.config[name]
    key = app.config["SECRET_KEY"]
    if not isinstance(key, str) or len(key) < 32:
        raise RuntimeError("Set SERVICE_SECRET_KEY to a text of 32 characters or more.")

    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    ops = Ops(app, profile="strict")
    for module in (database, sessions, tasks):
        module.init_app(app, ops)
    api.init_app(app)
    return app
