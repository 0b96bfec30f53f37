"""Werkzeug's routing with the Rust router in its seat.

Every public name of :mod:`werkzeug.routing` is here. ``Map``, ``Rule``, ``MapAdapter`` and
``StateMachineMatcher`` are subclasses of Werkzeug's; everything else is Werkzeug's own.
"""

from __future__ import annotations

import typing as t
from importlib import import_module

from werkzeug.routing import AnyConverter as AnyConverter
from werkzeug.routing import BaseConverter as BaseConverter
from werkzeug.routing import BuildError as BuildError
from werkzeug.routing import EndpointPrefix as EndpointPrefix
from werkzeug.routing import FloatConverter as FloatConverter
from werkzeug.routing import IntegerConverter as IntegerConverter
from werkzeug.routing import NoMatch as NoMatch
from werkzeug.routing import PathConverter as PathConverter
from werkzeug.routing import RequestAliasRedirect as RequestAliasRedirect
from werkzeug.routing import RequestPath as RequestPath
from werkzeug.routing import RequestRedirect as RequestRedirect
from werkzeug.routing import RoutingException as RoutingException
from werkzeug.routing import RuleFactory as RuleFactory
from werkzeug.routing import RuleTemplate as RuleTemplate
from werkzeug.routing import RuleTemplateFactory as RuleTemplateFactory
from werkzeug.routing import Subdomain as Subdomain
from werkzeug.routing import Submount as Submount
from werkzeug.routing import UnicodeConverter as UnicodeConverter
from werkzeug.routing import UUIDConverter as UUIDConverter
from werkzeug.routing import ValidationError as ValidationError
from werkzeug.routing import WebsocketMismatch as WebsocketMismatch
from werkzeug.routing import parse_converter_args as parse_converter_args

from ..core import compiled

if t.TYPE_CHECKING:
    from .conflicts import Conflict as Conflict
    from .conflicts import Conflicts as Conflicts
    from .explain import Explanation as Explanation
    from .explain import Step as Step

if t.TYPE_CHECKING or compiled is not None:
    from .adapter import MapAdapter as MapAdapter
    from .map import Map as Map
    from .matcher import StateMachineMatcher as StateMachineMatcher
    from .rule import Rule as Rule
else:
    from .pure import Map as Map
    from .pure import MapAdapter as MapAdapter
    from .pure import Rule as Rule
    from .pure import StateMachineMatcher as StateMachineMatcher

# Wherever they were defined, this is where they live: pickles and messages say the same in
# both modes.
for _public in (Map, MapAdapter, Rule, StateMachineMatcher):
    _public.__module__ = __name__
del _public

#: What a map says about itself, and the module that is loaded when somebody asks.
_INSIGHT = {
    "Conflict": "conflicts",
    "Conflicts": "conflicts",
    "Explanation": "explain",
    "Step": "explain",
}


def __getattr__(name: str) -> t.Any:
    if name not in _INSIGHT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_INSIGHT[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_INSIGHT})
