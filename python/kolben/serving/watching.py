"""Whether a source file has changed; for ``--reload``."""

from __future__ import annotations

import contextlib
import os
import typing as t

__all__ = ["Files"]

_ENDINGS = (".py", ".html", ".j2", ".jinja", ".toml", ".yaml", ".yml", ".json", ".cfg", ".env")
_LEFT_OUT = {"__pycache__", "node_modules", "site-packages", "venv", "env"}


class Files:
    """The files in some folders.

    :param folders: The folders.
    """

    def __init__(self, folders: t.Sequence[str]) -> None:
        self.folders = folders
        self.times = self._look()

    def changed(self) -> str | None:
        """Return a file that has changed since the last call, or ``None``."""
        before, self.times = self.times, self._look()
        for path, moment in self.times.items():
            if before.get(path) != moment:
                return path
        return next((path for path in before if path not in self.times), None)

    def _look(self) -> dict[str, int]:
        times: dict[str, int] = {}
        for folder in self.folders:
            for here, folders, files in os.walk(folder):
                folders[:] = [n for n in folders if n not in _LEFT_OUT and not n.startswith(".")]
                for name in files:
                    if name.endswith(_ENDINGS) or name == ".flaskenv":
                        path = os.path.join(here, name)
                        with contextlib.suppress(OSError):
                            times[path] = os.stat(path).st_mtime_ns
        return times
