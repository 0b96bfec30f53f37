"""Packages that run when somebody asks for one of their names.

Kolben needs modules of Werkzeug, and ``werkzeug`` itself imports its server and its test client,
which production goes without: they are most of the time that an import of Kolben would take.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import typing as t
from _thread import RLock

__all__ = ["defer"]


def defer(name: str) -> None:
    """Have a package that is not yet imported run when one of its names is first missing.

    Its modules can be imported before that.

    :param name: The name of the package.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    loader = None if spec is None else spec.loader
    if spec is None or loader is None or spec.submodule_search_locations is None:
        return
    package = importlib.util.module_from_spec(spec)
    lock = RLock()

    has_begun = False

    def find(attribute: str) -> t.Any:
        nonlocal has_begun
        # Whoever goes through all modules, to ask for something special, does not mean this one.
        if attribute.startswith("__") and attribute not in ("__all__", "__version__"):
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        if importlib.util.find_spec(f"{name}.{attribute}") is not None:
            return importlib.import_module(f"{name}.{attribute}")
        # Other threads wait here until the package has run.
        with lock:
            if not has_begun:
                has_begun = True
                loader.exec_module(package)
                if vars(package)["__getattr__"] is find:
                    del vars(package)["__getattr__"]
        if attribute in vars(package):
            return vars(package)[attribute]
        if vars(package).get("__getattr__") is find:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return getattr(package, attribute)

    vars(package)["__getattr__"] = find
    sys.modules[name] = package


defer("werkzeug")
