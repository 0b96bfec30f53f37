"""A walk over a map's rules that shows each rule it comes by, for explanations.

It goes the way of the router, in its order, but does not stop at the first rule that fits. It is
for people who ask, not for requests: it takes its time.
"""

from __future__ import annotations

import re
import typing as t

from werkzeug.routing import Rule, StateMachineMatcher
from werkzeug.routing.matcher import State


class Visit(t.NamedTuple):
    """A rule that the walk came by."""

    rule: Rule
    #: ``end``: the path ends where the rule ends. ``slash missing``, ``slash extra``: it ends a
    #: slash before or behind that. ``part``: a part of the rule does not match.
    kind: t.Literal["end", "slash missing", "slash extra", "part"]
    #: The texts of the values found on the way.
    values: list[str]
    #: For ``part``: the expression, and the text that it does not match.
    expression: str = ""
    text: str = ""


def states_of(rules: t.Iterable[Rule]) -> State:
    """The root of the states of these rules, in the order in which the router tries them."""
    machine = StateMachineMatcher(merge_slashes=False)
    for rule in rules:
        machine.add(rule)
    machine.update()
    return machine._root


def visits(root: State, domain: str, path: str) -> t.Iterator[Visit]:
    """Go through the rules that a path comes by."""
    return _visits(root, [domain, *path.split("/")], [])


def _visits(state: State, parts: list[str], values: list[str]) -> t.Iterator[Visit]:
    if not parts:
        for rule in state.rules:
            yield Visit(rule, "end", values)
        if "" in state.static:
            for rule in state.static[""].rules:
                yield Visit(rule, "slash missing", values)
        return
    first, rest = parts[0], parts[1:]
    if first in state.static:
        yield from _visits(state.static[first], rest, values)
    for part, following in state.dynamic:
        text = "/".join(parts) if part.final else first
        match = re.match(part.content, text)
        if match is None:
            for rule in rules_below(following):
                yield Visit(rule, "part", values, part.content, text)
            continue
        remaining = [] if part.final else rest
        if part.suffixed and match[match.re.groups] == "/":
            remaining = [""]
        found = [text for name, text in match.groupdict().items() if name.startswith("__werkzeug_")]
        yield from _visits(following, remaining, values + found)
    if parts == [""]:
        for rule in state.rules:
            yield Visit(rule, "slash extra", values)


def rules_below(state: State) -> t.Iterator[Rule]:
    """All rules from this state on."""
    yield from state.rules
    for following in state.static.values():
        yield from rules_below(following)
    for _, following in state.dynamic:
        yield from rules_below(following)
