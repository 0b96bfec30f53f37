"""What the scripts share that run on the real Flask as well as on Kolben, by ``KOLBEN_AS_FLASK``.

They read this file by its path: to import it as a module would import Kolben on Flask's side, too.
"""

from __future__ import annotations

import os
import typing as t


def version() -> str:
    """Return the version of the one that runs."""
    import importlib.metadata  # noqa: PLC0415 - not before the app is loaded

    return importlib.metadata.version("kolben" if _is_kolben() else "flask")


def load_app(name: str | None) -> t.Any:
    """Import an app, or the one in the folder.

    :param name: The import name.
    """
    if _is_kolben():
        import kolben  # noqa: PLC0415 - on this side only

        kolben.install_as_flask()
    from flask.cli import ScriptInfo  # noqa: PLC0415 - only now it is known whose that is

    return ScriptInfo(app_import_path=name, set_debug_flag=False).load_app()


def _is_kolben() -> bool:
    return os.environ["KOLBEN_AS_FLASK"] == "1"
