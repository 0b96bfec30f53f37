"""Where the package of an app is installed."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys
import typing as t

if t.TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["find_package"]


def find_package(import_name: str) -> tuple[str | None, str]:
    """Return the prefix that a package is installed under, if any, and the folder it lies in.

    :param import_name: The name of the package, or of a module in it.
    """
    folder = _find_package_path(import_name)
    prefix = os.path.abspath(sys.prefix)
    if pathlib.PurePath(folder).is_relative_to(prefix):
        return prefix, folder
    parent, name = os.path.split(folder)
    if name.lower() != "site-packages":
        return None, folder
    above, parent_name = os.path.split(parent)
    if parent_name.lower() == "lib":
        # Windows: prefix\Lib\site-packages
        return above, folder
    if os.path.basename(above).lower() == "lib":
        # Elsewhere: prefix/lib/pythonX.Y/site-packages
        return os.path.dirname(above), folder
    return parent, folder


def _find_package_path(import_name: str) -> str:
    """Return the folder that holds the top-level package or module."""
    try:
        spec = importlib.util.find_spec(import_name.partition(".")[0])
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        # `__main__`, or a name that is no module.
        return os.getcwd()
    locations = spec.submodule_search_locations
    if not locations:
        return os.path.dirname(t.cast("str", spec.origin))
    if spec.origin is None or spec.origin == "namespace":
        return os.path.dirname(_portion_with(import_name, locations))
    return os.path.dirname(os.path.dirname(spec.origin))


def _portion_with(import_name: str, locations: t.Iterable[str]) -> str:
    """Return the folder of a namespace package in which the named package lies."""
    spec: ModuleSpec | None = importlib.util.find_spec(import_name)
    if spec is not None and spec.submodule_search_locations:
        inner = pathlib.Path(os.path.commonpath(list(spec.submodule_search_locations)))
        return next(folder for folder in locations if inner.is_relative_to(folder))
    return next(iter(locations))
