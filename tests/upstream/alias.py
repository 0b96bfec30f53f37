"""A pytest plugin: ``import flask``, and ``flask.x``, give Kolben's modules themselves."""

from __future__ import annotations

import importlib.abc
import importlib.metadata
import importlib.util
import sys
import types
import typing as t
from importlib.machinery import ModuleSpec

from .flask import VERSION


class _SameModule(importlib.abc.Loader):
    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        # The import put a spec of the other name there.
        module.__spec__ = self._spec
        # Warnings are filtered by the name of the module that they come from.
        module.__name__ = self._name.replace("kolben", "flask", 1)
        if self._name == "kolben":
            # What is loaded already has its other name as well.
            for name in [name for name in sys.modules if name.startswith("kolben.")]:
                importlib.import_module(name.replace("kolben", "flask", 1))


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: t.Any = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        package, dot, rest = name.partition(".")
        ours = f"kolben{dot}{rest}"
        if package != "flask" or importlib.util.find_spec(ours) is None:
            return None
        return importlib.util.spec_from_loader(name, _SameModule(ours))


_version = importlib.metadata.version


def _version_of(name: str) -> str:
    return VERSION if name == "flask" else _version(name)


if "flask" in sys.modules:
    raise RuntimeError("flask was imported before Kolben could take its place")
sys.meta_path.insert(0, _Finder())
importlib.metadata.version = _version_of


def pytest_report_header() -> str:
    """Say in the header what runs."""
    import flask

    import kolben

    assert flask is kolben
    return f"kolben {kolben.core_status()} as flask"
