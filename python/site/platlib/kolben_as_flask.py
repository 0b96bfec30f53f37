"""Import this, and ``import flask`` gives Kolben; ``KOLBEN_AS_FLASK=1`` does so at start-up."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec


def _install() -> None:
    # Without the package around it: not every process that starts is going to serve, and not all
    # folders of packages are on the path yet.
    package = find_spec("kolben")
    if package is None:
        return
    spec = PathFinder.find_spec("kolben.dropin", package.submodule_search_locations)
    if spec is None or spec.loader is None:
        return
    module = sys.modules.get(spec.name)
    if module is None:
        module = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(module)
    module.install_as_flask()


_install()
