"""The app's logger."""

from __future__ import annotations

import logging
import sys
import typing as t

from werkzeug.local import LocalProxy

from .globals import request

if t.TYPE_CHECKING:
    from .registry import App

__all__ = ["create_logger", "default_handler", "has_level_handler", "wsgi_errors_stream"]


def _current_stream() -> t.TextIO:
    return t.cast("t.TextIO", request.environ["wsgi.errors"]) if request else sys.stderr


#: The server's error stream while a request is handled, else ``sys.stderr``. A dict config names
#: it ``ext://kolben.logging.wsgi_errors_stream``.
wsgi_errors_stream: t.TextIO = LocalProxy(_current_stream)  # type: ignore[assignment]


def has_level_handler(logger: logging.Logger) -> bool:
    """Say whether a handler of the logger, or one above it, takes the logger's effective level.

    :param logger: The logger.
    """
    level = logger.getEffectiveLevel()
    current: logging.Logger | None = logger
    while current is not None:
        if any(handler.level <= level for handler in current.handlers):
            return True
        current = current.parent if current.propagate else None
    return False


#: Writes to :data:`wsgi_errors_stream`.
default_handler = logging.StreamHandler(wsgi_errors_stream)
default_handler.setFormatter(
    logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s")
)


def create_logger(app: App) -> logging.Logger:
    """Return the app's logger, of the app's name, ready to be heard.

    In debug mode its level becomes DEBUG if it has none. Where no handler takes its level, it
    gets :data:`default_handler`.

    :param app: The app.
    """
    logger = logging.getLogger(app.name)
    if app.debug and not logger.level:
        logger.setLevel(logging.DEBUG)
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger
