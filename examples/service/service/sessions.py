"""Sessions on the server: in Redis, or in files where there is none."""

from __future__ import annotations

import os
import typing as t

import redis
from cachelib import FileSystemCache
from flask_session import Session

if t.TYPE_CHECKING:
    from kolben import Flask
    from kolben.ops import Ops


def init_app(app: Flask, ops: Ops) -> None:
    """Give an app its sessions.

    :param app: The app.
    :param ops: Where the check is registered.
    """
    url = app.config["REDIS_URL"]
    if url:
        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        app.config.update(SESSION_TYPE="redis", SESSION_REDIS=client)
        ops.check("redis", timeout=2)(client.ping)
    else:
        # Files, not memory: each worker is a process.
        folder = os.path.join(app.instance_path, "sessions")
        cache = FileSystemCache(folder, threshold=10_000, mode=0o600)
        app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")
    Session(app)
