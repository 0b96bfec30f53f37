"""Rules that are in each other's way, or lead nowhere."""

from __future__ import annotations

import typing as t

from ...app import Flask
from ...routing import Map
from .rows import Row, name_of

if t.TYPE_CHECKING:
    from ...routing.conflicts import Conflict


def look_at_rules(app: Flask) -> t.Iterator[Row]:
    """Look for rules that never match, whose order decides, or that have no view."""
    rules = list(app.url_map.iter_rules())
    found = [*_without_view(app, rules), *_conflicts(app.url_map)]
    if not found:
        text = "all can match, and no order decides"
        found = [Row("fine", "rules", f"{len(rules)} rules", text)]
    yield from found


def _without_view(app: Flask, rules: list[t.Any]) -> t.Iterator[Row]:
    if "dispatch_request" in vars(app) or type(app).dispatch_request is not Flask.dispatch_request:
        # Who dispatches may find views elsewhere.
        return
    for rule in rules:
        if not rule.build_only and rule.endpoint not in app.view_functions:
            text = f"has no view function for endpoint {rule.endpoint!r}: it answers 500"
            yield Row("warning", "rule-without-view", rule.rule, text)


def _conflicts(url_map: t.Any) -> t.Iterator[Row]:
    if not isinstance(url_map, Map):
        text = "is no kolben.routing.Map: its rules cannot be compared"
        yield Row("note", "rules-unknown", name_of(type(url_map)), text)
        return
    conflicts = url_map.conflicts()
    for conflict in conflicts.never:
        text = f"never matches: {_winner(conflict)} takes {conflict.path}; {conflict.reason}"
        yield Row("warning", "rule-never-matches", _shown(conflict.loser), text)
    for conflict in conflicts.ordered:
        if _only_for_options(conflict):
            continue
        text = f"comes after {_winner(conflict)} on {conflict.path}, which was added first"
        yield Row("note", "rule-order-decides", _shown(conflict.loser), text)


def _only_for_options(conflict: Conflict) -> bool:
    """Say whether the rules compete for ``OPTIONS`` alone, which the app answers for both."""
    one, other = conflict.winner.methods, conflict.loser.methods
    return one is not None and other is not None and one & other <= {"OPTIONS"}


def _winner(conflict: Conflict) -> str:
    return _shown(conflict.winner)


def _shown(rule: t.Any) -> str:
    return f"{rule.rule} ({rule.endpoint})"
