"""Flask's import path of :class:`kolben.scaffold.Scaffold`."""

from ..scaffold import Scaffold as Scaffold
from ..scaffold import _endpoint_from_view_func as _endpoint_from_view_func
from ..scaffold import _find_package_path as _find_package_path
from ..scaffold import _sentinel as _sentinel
from ..scaffold import find_package as find_package
from ..scaffold import setupmethod as setupmethod
