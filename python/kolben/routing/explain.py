"""Why a path matches what it matches."""

from __future__ import annotations

import re
import typing as t

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect, Rule
from werkzeug.routing.matcher import State

from .walk import Visit, visits

_GROUP = re.compile(r"\(\?P<__werkzeug_\d+>")
#: The expressions of Werkzeug's own converters, in words.
_IN_WORDS = {
    r"(\d+)": "a whole number",
    r"(-?\d+)": "a whole number, which may be negative",
    r"(\d+\.\d+)": "a decimal number",
    r"(-?\d+\.\d+)": "a decimal number, which may be negative",
    "([^/]{1,})": "a segment with something in it",
    "([^/].*?)": "a path",
    "([A-Fa-f0-9]{8}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{4}-[A-Fa-f0-9]{12})": "a UUID",
}


class Step(t.NamedTuple):
    """One rule that was considered."""

    rule: Rule
    #: Whether this rule decided the outcome.
    taken: bool
    #: Why it was taken or passed over.
    reason: str

    def __str__(self) -> str:
        return f"{'->' if self.taken else '  '} {describe(self.rule)}: {self.reason}"


class Explanation(t.NamedTuple):
    """What a map does with a request, and why."""

    method: str
    path: str
    #: The rules in the order in which they were considered.
    steps: list[Step]
    #: What comes of it.
    outcome: str

    def __str__(self) -> str:
        lines = [f"{self.method} {self.path}", *map(str, self.steps)]
        if not self.steps:
            lines.append("   no rule has anything in common with this path")
        return "\n".join([*lines, f"=> {self.outcome}"])


def describe(rule: Rule) -> str:
    """A rule in one line: its text, methods and endpoint."""
    domain = rule.host if rule.map.host_matching else rule.subdomain
    methods = f" [{', '.join(sorted(rule.methods))}]" if rule.methods is not None else ""
    websocket = " (websocket)" if rule.websocket else ""
    return f"{domain + '|' if domain else ''}{rule.rule}{methods}{websocket} ({rule.endpoint!r})"


def explain(adapter: MapAdapter, root: State, method: str) -> Explanation:
    """Explain what `adapter` makes of its path and `method`."""
    asked = adapter.path_info
    path = f"/{asked.lstrip('/')}" if asked else ""
    by_host = adapter.map.host_matching or adapter.subdomain is None
    domain = adapter.server_name if by_host else adapter.subdomain or ""
    judge = _Judge(method, adapter.websocket)
    steps = judge.steps(visits(root, domain, path))
    merged = re.sub("/{2,}", "/", path)
    if not judge.decided and adapter.map.merge_slashes and merged != path:
        steps += judge.steps(visits(root, domain, merged), f" (as {merged})")
    return Explanation(method, asked, steps, _outcome(adapter, method))


class _Judge:
    """Takes or passes over the rules that a walk comes by, as the router does."""

    def __init__(self, method: str, websocket: bool) -> None:
        self.method = method
        self.websocket = websocket
        self.decided = False

    def steps(self, found: t.Iterable[Visit], remark: str = "") -> list[Step]:
        steps = []
        for visit in found:
            step = self._step(visit)
            if step is not None:
                steps.append(step._replace(reason=step.reason + remark))
                if step.taken:
                    self.decided = True
                    break
        return steps

    def _step(self, visit: Visit) -> Step | None:
        rule = visit.rule
        if visit.kind == "part":
            return Step(rule, False, f"{visit.text!r} is not {in_words(visit.expression)}")
        if visit.kind == "slash extra" and rule.strict_slashes:
            return Step(rule, False, "the path has a slash too many, and the rule is strict")
        if rule.methods is not None and self.method not in rule.methods:
            return Step(rule, False, f"it does not take {self.method}")
        if rule.websocket != self.websocket:
            other = "only websockets" if rule.websocket else "no websockets"
            return Step(rule, False, f"it serves {other}")
        if visit.kind == "slash missing" and rule.strict_slashes:
            return Step(rule, True, "only the slash at the end is missing")
        return Step(rule, True, self._match(visit))

    def _match(self, visit: Visit) -> str:
        refused = []
        for (name, converter), text in zip(
            visit.rule._converters.items(), visit.values, strict=False
        ):
            try:
                converter.to_python(text)
            except ValueError:
                refused.append(
                    f"its converter for {name!r} refuses {text!r}, which ends the search"
                )
        return refused[0] if refused else "it matches"


def in_words(expression: str) -> str:
    """What an expression of a rule's part asks for."""
    plain = _GROUP.sub("(", expression).removesuffix(r"\Z")
    return _IN_WORDS.get(plain, f"like {plain}")


def _outcome(adapter: MapAdapter, method: str) -> str:
    try:
        rule, arguments = adapter.match(method=method, return_rule=True)
    except RequestRedirect as redirect:
        return f"redirect to {redirect.new_url}"
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return f"405 Method Not Allowed; allowed: {allowed}"
    except HTTPException as error:
        return f"{error.code} {error.name}"
    return f"{rule.endpoint!r} with {dict(arguments)!r}"


# This is where they are imported from, and what their pickles say.
for _public in (Explanation, Step):
    _public.__module__ = "kolben.routing"
del _public
