"""The pure mode: Werkzeug's own matching and building, under Kolben's names."""

from __future__ import annotations

import re

from werkzeug.routing import MapAdapter as WerkzeugMapAdapter
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import StateMachineMatcher as WerkzeugMatcher

from .binding import Binding
from .insight import Insight
from .variables import check_variables

_NAME = "[a-zA-Z_][a-zA-Z0-9_]*"
_PIECE = re.compile(rf"[^<]+|<(?:{_NAME}(?:\(.*?\))?:)?{_NAME}>")


class StateMachineMatcher(WerkzeugMatcher):
    """Werkzeug's matcher."""


class Rule(WerkzeugRule):
    """Werkzeug's rule, with errors that show the place."""

    def compile(self) -> None:
        """Cut the rule into its parts, asking :meth:`get_converter` for each converter."""
        try:
            super().compile()
        except (SyntaxError, ValueError):
            _refuse_malformed((self.host if self.map.host_matching else self.subdomain) or "")
            path = self.rule
            if self.merge_slashes:
                path = re.sub("/{2,}", "/", path)
            _refuse_malformed(path)
            check_variables(self, [text for is_variable, text in self._trace if is_variable])
            raise


class MapAdapter(WerkzeugMapAdapter):
    """Werkzeug's adapter."""


class Map(Insight, Binding):
    """Werkzeug's map, and :meth:`explain` and :meth:`conflicts` besides."""

    _adapter_class = MapAdapter

    bind_to_environ = Binding._bind_to_environ


def _refuse_malformed(rule: str) -> None:
    """Say where a rule has a ``<`` that opens no variable; the core says the same."""
    place = 0
    while place < len(rule):
        piece = _PIECE.match(rule, place)
        if piece is None:
            raise ValueError(
                f"malformed url rule: {rule!r}: the '<' at position {place} opens no"
                " '<name>', '<converter:name>' or '<converter(arguments):name>'"
            )
        place = piece.end()
