"""Where the lines of a server go: to standard error, as text or as JSON."""

from __future__ import annotations

import json
import logging
import logging.config
import typing as t

from ..ops.logs import JSONFormatter, TextFormatter
from .settings import Mistake, read_toml

__all__ = ["configure", "read_config"]


def configure(settings: t.Any) -> None:
    """Set the loggers of this process up.

    :param settings: The settings.
    """
    level = settings.log_level.upper()
    # Granian tells of each worker's start and end, which the supervisor tells already.
    logging.getLogger("_granian").setLevel("DEBUG" if level == "DEBUG" else "ERROR")
    if settings.log_config:
        logging.config.dictConfig(read_config(settings.log_config))
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JSONFormatter() if settings.log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def read_config(path: str) -> dict[str, t.Any]:
    """Read a dict config.

    :param path: A file of JSON, or of TOML.
    """
    try:
        if path.endswith(".toml"):
            config = read_toml(path)
        else:
            with open(path, encoding="utf-8") as file:
                config = json.load(file)
    except (OSError, ValueError) as error:
        raise Mistake(f"{path} cannot be read: {error}.") from None
    if not isinstance(config, dict):
        raise Mistake(f"{path} is no dict config.")
    return {"version": 1, "disable_existing_loggers": False, **config}
