"""The matcher in Werkzeug's seat: it collects routes and hands out tables of them."""

from __future__ import annotations

import typing as t

from werkzeug.routing import NoMatch, RequestAliasRedirect, RequestPath
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import StateMachineMatcher as WerkzeugMatcher
from werkzeug.routing.matcher import State

from .._core import MISSING, REDIRECT, Route, Table, TableBuilder
from .rule import Rule
from .walk import states_of

if t.TYPE_CHECKING:
    from .map import Map


_NO_RULES: t.Final[set[int]] = set()


class StateMachineMatcher(WerkzeugMatcher):
    """Finds the rule for a path with the core's state machine.

    A rule that the core did not cut into parts itself (because its class overrides
    ``Rule.compile`` and does not call it, say) sends all rules to Werkzeug's own machine.
    """

    def __init__(self, merge_slashes: bool) -> None:
        self._table: Table | None = None
        self._builder = TableBuilder()
        self._is_plain = True
        super().__init__(merge_slashes)

    @property
    def merge_slashes(self) -> bool:
        """Whether runs of slashes are tried as one slash, and redirected."""
        return self._merge_slashes

    @merge_slashes.setter
    def merge_slashes(self, value: bool) -> None:
        self._merge_slashes = value
        self._table = None

    def add(self, rule: WerkzeugRule) -> None:
        """Add a bound rule. Nobody else may be adding one at this time."""
        route = rule._route if isinstance(rule, Rule) else None
        self._table = None
        if not self._is_plain:
            super().add(rule)
        elif route is not None:
            self._builder.add(route)
        else:
            # `_root` means the machine's own states from here on.
            self._is_plain = False
            for known, _ in self._builder.entries():
                super().add(known)
            super().add(rule)

    def forget_routes(self) -> None:
        """Take in what has changed in the rules since they were added."""
        self._table = None
        if self._is_plain:
            builder = TableBuilder()
            for rule, pattern in self._builder.entries():
                # What a rule matches stays what it was when it was added, as in Werkzeug.
                builder.add(Route(rule, pattern))
            self._builder = builder

    def table_for(self, map: Map) -> Table | None:
        """The table of all rules, or ``None`` if Werkzeug's own machine has to match."""
        if not self._is_plain:
            super().update()
            return None
        if self._table is None:
            self._table = self._builder.table(
                type(map), bool(self.merge_slashes), map._redirecting_rules()
            )
        return self._table

    @property
    def _root(self) -> State:
        """Werkzeug's states of the same rules, for those who look at them."""
        if not self._is_plain:
            return self._own_root
        return states_of(rule for rule, _ in self._builder.entries())

    @_root.setter
    def _root(self, root: State) -> None:
        self._own_root = root

    def update(self) -> None:
        """Werkzeug's hook before a match; the tables keep themselves in order."""
        if not self._is_plain:
            super().update()

    def match(
        self, domain: str, path: str, method: str, websocket: bool
    ) -> tuple[WerkzeugRule, t.MutableMapping[str, t.Any]]:
        """Find the rule and its arguments, or raise what Werkzeug's matcher raises."""
        if not self._is_plain:
            return super().match(domain, path, method, websocket)
        if not (isinstance(method, str) and isinstance(websocket, bool)):
            # What compares equal to what is Python's to say.
            machine = WerkzeugMatcher(self.merge_slashes)
            machine._root = self._root
            return machine.match(domain, path, method, websocket)
        table = self._table
        if table is None:
            table = self._builder.table(object, bool(self.merge_slashes), _NO_RULES)
        answer = table.match(domain, path, method, bool(websocket), True)
        if len(answer) == 2:
            return answer
        kind, first, second = answer
        if kind == MISSING:
            raise NoMatch(first, second)
        if kind == REDIRECT:
            raise RequestPath(first)
        if first.alias and first.map.redirect_defaults:
            raise RequestAliasRedirect(second, first.endpoint)
        return first, second
