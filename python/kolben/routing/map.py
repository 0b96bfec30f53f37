"""A map of rules: Werkzeug's, with the core's tables behind it."""

from __future__ import annotations

import typing as t

from werkzeug.routing import BaseConverter, RuleFactory
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import StateMachineMatcher as WerkzeugMatcher

from .._core import MapCore
from .adapter import MapAdapter
from .binding import Binding
from .insight import Insight
from .matcher import StateMachineMatcher


class Map(Insight, MapCore, Binding):
    """Werkzeug's map, with the same arguments and attributes, and :meth:`explain` and
    :meth:`conflicts` besides.

    Rules may be added while other threads match: each request sees the map as it was before or
    after, and waits for nobody.
    """

    _is_serving = False
    _adapter_class = MapAdapter
    _originals: t.ClassVar[dict[str, t.Any]]

    def __init__(
        self,
        rules: t.Iterable[RuleFactory] | None = None,
        default_subdomain: str = "",
        strict_slashes: bool = True,
        merge_slashes: bool = True,
        redirect_defaults: bool = True,
        converters: t.Mapping[str, type[BaseConverter]] | None = None,
        sort_parameters: bool = False,
        sort_key: t.Callable[[t.Any], t.Any] | None = None,
        host_matching: bool = False,
    ) -> None:
        super().__init__(
            None,
            default_subdomain,
            strict_slashes,
            merge_slashes,
            redirect_defaults,
            converters,
            sort_parameters,
            sort_key,
            host_matching,
        )
        self._matcher = StateMachineMatcher(merge_slashes)
        self._has_stale_routes = False
        self._redirecting: dict[t.Any, set[int]] = {}
        #: Endpoints that got a rule since their rules were last put in order.
        self._unsorted: set[t.Any] = set()
        for factory in rules or ():
            self.add(factory)

    @property
    def _matcher(self) -> WerkzeugMatcher:
        return self._own_matcher

    @_matcher.setter
    def _matcher(self, matcher: WerkzeugMatcher) -> None:
        self._own_matcher = matcher
        self._forget_routes()

    @property
    def merge_slashes(self) -> bool:
        """Whether runs of slashes are tried as one slash, and redirected."""
        return self._own_matcher.merge_slashes

    @merge_slashes.setter
    def merge_slashes(self, value: bool) -> None:
        self._own_matcher.merge_slashes = value
        self._forget_routes()

    # Some attributes live in the core, not in `__dict__`: copies have to be told.

    def __getstate__(self) -> dict[str, t.Any]:
        return {**self.__dict__, **{name: getattr(self, name) for name in _IN_CORE}}

    def __setstate__(self, state: dict[str, t.Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._remap = True

    def add(self, rulefactory: RuleFactory) -> None:
        """Bind and add a rule, or all rules of a factory."""
        for rule in rulefactory.get_rules(self):
            rule.bind(self)
            with self._remap_lock:
                if not rule.build_only:
                    self._own_matcher.add(rule)
                rules = self._rules_by_endpoint.get(rule.endpoint)
                if rules is None:
                    self._rules_by_endpoint[rule.endpoint] = [rule]
                else:
                    rules.append(rule)
                self._unsorted.add(rule.endpoint)
                # While requests are answered, the thread that adds a rule does the work, and they
                # go on with the table they have.
                if self._is_serving:
                    self._refresh()
                else:
                    self._remap = True

    def update(self) -> None:
        """Put in order what has changed since the last call."""
        if not self._remap:
            return
        with self._remap_lock:
            if self._remap:
                self._refresh()

    def _refresh(self) -> None:
        """Work in what has changed, and publish a new table. The lock is held."""
        while True:
            self._reread_routes()
            self._sort_rules()
            matcher = self._own_matcher
            matcher.update()
            if isinstance(matcher, StateMachineMatcher):
                self._table = matcher.table_for(self)
            else:
                self._table = None
            # Only now: until all is in order, whoever finds the map changed waits for the lock.
            self._remap = False
            if not self._has_stale_routes:
                return
            # Meanwhile another thread has set something, which takes no lock.
            self._remap = True

    def _reread_routes(self) -> None:
        """Take in what has been set on bound rules."""
        if not self._has_stale_routes:
            return
        self._has_stale_routes = False
        self._redirecting.clear()
        matcher = self._own_matcher
        if isinstance(matcher, StateMachineMatcher):
            matcher.forget_routes()
        for endpoint, rules in self._rules_by_endpoint.items():
            self._note_redirecting(endpoint, rules)

    def _sort_rules(self) -> None:
        """Put the rules of each endpoint in the order in which they are tried for a URL."""
        for endpoint in self._unsorted:
            rules = self._rules_by_endpoint.get(endpoint, [])
            if len(rules) > 1:
                # A new list: whoever is reading the old one must not see it in disorder.
                rules = sorted(rules, key=lambda rule: rule.build_compare_key())
                self._rules_by_endpoint[endpoint] = rules
                self._note_redirecting(endpoint, rules)
        # Another set, not an emptied one: that would keep its size.
        self._unsorted = set()

    def _note_redirecting(self, endpoint: t.Any, rules: list[WerkzeugRule]) -> None:
        """Note the rules whose match may redirect to an earlier rule that has defaults."""
        redirecting = set()
        can_redirect = False
        for rule in rules:
            if can_redirect:
                redirecting.add(id(rule))
            overridden = type(rule).provides_defaults_for is not WerkzeugRule.provides_defaults_for
            can_redirect = can_redirect or bool(rule.defaults) or overridden
        if redirecting:
            self._redirecting[endpoint] = redirecting
        else:
            self._redirecting.pop(endpoint, None)

    def _redirecting_rules(self) -> set[int]:
        """The ids of the rules whose match may redirect."""
        return set().union(*self._redirecting.values())

    def _forget_routes(self) -> None:
        """A rule was changed after it was bound: read it again before the next match."""
        self._has_stale_routes = True
        self._remap = True


_IN_CORE = ("_rules_by_endpoint", "default_subdomain", "host_matching")

Map._originals = {"update": Map.update}
