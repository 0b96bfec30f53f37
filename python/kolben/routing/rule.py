"""A rule: Werkzeug's, bound without compiling Python code for it."""

from __future__ import annotations

import re
import typing as t

from werkzeug.routing import (
    FloatConverter,
    IntegerConverter,
    PathConverter,
    UnicodeConverter,
    UUIDConverter,
    parse_converter_args,
)
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing.rules import RulePart, Weighting

from .._core import Pattern, Route, RuleCore, hold_converters
from ..lazy import lazy
from .variables import CONSTANTS, check_variables

if t.TYPE_CHECKING:
    from .map import Map


class Rule(RuleCore, WerkzeugRule):
    """Werkzeug's rule, with the same arguments and attributes.

    The URL builder and Werkzeug's private ``_parts``, ``_trace``, ``_build`` and
    ``_build_unknown`` are made when they are first read.
    """

    map: Map
    #: The rule's text as the core has cut it, once it is bound.
    _pattern: Pattern | None = None
    #: Whether somebody has read or set what is made on demand, before the rule was bound.
    _was_read: bool = False
    #: To tell whether somebody has overridden how URLs are built.
    _originals: t.ClassVar[dict[str, t.Any]]

    def _forget_route(self) -> None:
        """Something that the route has read was set: read the rule again."""
        if self._pattern is not None:
            self._route = Route(self, self._pattern)
            self.map._forget_routes()

    def compile(self) -> None:
        """Cut the rule into its parts, asking :meth:`get_converter` for each converter."""
        assert self.map is not None, "rule not bound"
        domain = (self.host if self.map.host_matching else self.subdomain) or ""
        path = self.rule
        if "//" in path and self.merge_slashes:
            path = re.sub("/{2,}", "/", path)
        was_bound = self._pattern is not None
        self._route = None
        self._converters = {}
        if was_bound or self._was_read:
            for name in ("_build", "_build_unknown", "_made_parts", "_made_trace"):
                self.__dict__.pop(name, None)
        pattern = Pattern(self, domain, path, parse_converter_args)
        if self._converters and (
            self.defaults
            or len(self._converters) != pattern.variable_count
            or not CONSTANTS.isdisjoint(self._converters)
        ):
            check_variables(self, pattern.variables())
        self._pattern = pattern
        self._route = Route(self, pattern)
        if was_bound:
            self.map._forget_routes()

    def __getstate__(self) -> dict[str, t.Any]:
        # What is in the core is made anew when a copy is bound.
        return self.__dict__

    def build(
        self, values: t.Mapping[str, t.Any], append_unknown: bool = True
    ) -> tuple[str, str] | None:
        """Build domain and path from `values`; ``None`` where a converter refuses one."""
        overridden = type(self)._compile_builder is not Rule._compile_builder
        if self._route is None or overridden:
            return super().build(values, append_unknown)
        return self._route.build(dict(**values), append_unknown)

    # What follows is private to Werkzeug but read by some; nothing here reads it on a request.

    @property
    def _parts(self) -> list[RulePart]:
        made: list[RulePart] | None = self.__dict__.get("_made_parts")
        if made is None:
            made = [] if self._pattern is None else _rule_parts(self._pattern)
            self.__dict__["_made_parts"] = made
            self._was_read = True
        return made

    @_parts.setter
    def _parts(self, value: list[RulePart]) -> None:
        # The core leaves out the empty list that Werkzeug's constructor sets, if nobody has
        # overridden what fills it.
        self.__dict__["_made_parts"] = value
        self._was_read = True

    @property
    def _trace(self) -> list[tuple[bool, str]]:
        made: list[tuple[bool, str]] | None = self.__dict__.get("_made_trace")
        if made is None:
            made = [] if self._pattern is None else self._pattern.trace()
            self.__dict__["_made_trace"] = made
            self._was_read = True
        return made

    @_trace.setter
    def _trace(self, value: list[tuple[bool, str]]) -> None:
        self.__dict__["_made_trace"] = value
        self._was_read = True

    # PERF: a `__getattr__` for these would slow down each look at a rule (`make bench-startup`).

    @lazy
    def _build(self) -> t.Callable[..., tuple[str, str]]:
        return self._builder("_build", append_unknown=False)

    @lazy
    def _build_unknown(self) -> t.Callable[..., tuple[str, str]]:
        return self._builder("_build_unknown", append_unknown=True)

    def _builder(self, name: str, append_unknown: bool) -> t.Callable[..., tuple[str, str]]:
        if self._pattern is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )
        builder = self._compile_builder(append_unknown)
        return t.cast("t.Callable[..., tuple[str, str]]", builder.__get__(self, None))


Rule._originals = {
    name: getattr(Rule, name) for name in ("build", "suitable_for", "_compile_builder")
}

hold_converters(
    Rule, [UnicodeConverter, PathConverter, IntegerConverter, FloatConverter, UUIDConverter]
)


def _rule_parts(pattern: Pattern) -> list[RulePart]:
    """Werkzeug's description of a rule's parts."""
    made: list[RulePart] = []
    for content, final, static, suffixed, literals, weights in pattern.parts():
        weight = Weighting(
            -len(literals),
            [(place, -length) for place, length in enumerate(literals)],
            -len(weights),
            [int(weight) if weight.is_integer() else weight for weight in weights],  # type: ignore[misc]
        )
        if made and made[-1].suffixed:
            # The optional slash weighs as much as what it belongs to.
            weight = made[-1].weight
        made.append(RulePart(content, final, static, suffixed, weight))
    return made
