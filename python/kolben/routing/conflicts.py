"""Rules that stand in each other's way."""

from __future__ import annotations

import itertools
import re
import typing as t
import uuid

from werkzeug.routing import Rule
from werkzeug.routing.matcher import State

from .explain import describe, in_words
from .walk import rules_below, states_of, visits

#: Texts that are tried as values, to find paths that more than one rule matches.
_SAMPLES = (
    "1",
    "12",
    "123",
    "1.5",
    "-1",
    "a",
    "ab",
    "abc",
    "abcdefgh",
    "2024-01-31",
    "a/b",
    str(uuid.UUID(int=1)),
)
#: How many paths are made of one rule at most.
_PATHS_PER_RULE = 12


class Conflict(t.NamedTuple):
    """Two rules for the same paths."""

    #: The rule that wins.
    winner: Rule
    #: The rule that it keeps from matching.
    loser: Rule
    #: A path that both match.
    path: str
    #: Why the first one wins.
    reason: str

    def __str__(self) -> str:
        return (
            f"{describe(self.winner)} before {describe(self.loser)} on {self.path}: {self.reason}"
        )


class Conflicts(t.NamedTuple):
    """All conflicts of a map."""

    #: Each rule that can never match, with one that always wins over it.
    never: list[Conflict]
    #: Pairs of rules of which the one that was added first wins on some paths.
    ordered: list[Conflict]

    def __str__(self) -> str:
        if not self.never and not self.ordered:
            return "no conflicts"
        lines = []
        for title, conflicts in (
            ("rules that can never match:", self.never),
            ("pairs whose order decides:", self.ordered),
        ):
            if conflicts:
                lines += [title, *(f"  {conflict}" for conflict in conflicts)]
        return "\n".join(lines)


def find_conflicts(root: State) -> Conflicts:
    """Look for conflicts among all rules of a map.

    A rule is said never to match only where that is certain: another rule comes first wherever
    both match, and matches all that this one matches. A pair is said to depend on its order only
    where turning the order round was seen to change the answer.
    """
    never: list[Conflict] = []
    ordered: list[Conflict] = []
    seen: set[frozenset[int]] = set()
    dead: set[int] = set()
    for rule in rules_below(root):
        for domain, path in itertools.islice(_paths(rule), _PATHS_PER_RULE):
            matching = [visit.rule for visit in visits(root, domain, path) if visit.kind == "end"]
            for winner, loser in itertools.combinations(matching, 2):
                pair = frozenset((id(winner), id(loser)))
                if pair in seen or not _compete(winner, loser):
                    continue
                shown = f"{domain}|{path}" if domain else path
                if _always_wins(winner, loser):
                    seen.add(pair)
                    if id(loser) not in dead:
                        dead.add(id(loser))
                        never.append(Conflict(winner, loser, shown, _why_always(winner, loser)))
                elif _order_decides(winner, loser, domain, path):
                    seen.add(pair)
                    ordered.append(Conflict(winner, loser, shown, "it was added first"))
    return Conflicts(never, [pair for pair in ordered if id(pair.loser) not in dead])


def _compete(one: Rule, other: Rule) -> bool:
    """Whether there is a request that both would take if the path fits."""
    if one.websocket != other.websocket:
        return False
    return one.methods is None or other.methods is None or bool(one.methods & other.methods)


def _why_always(winner: Rule, loser: Rule) -> str:
    if [part.content for part in winner._parts] == [part.content for part in loser._parts]:
        return "both match the same paths, and it was added first"
    return "it comes first and matches every path of the other"


def _always_wins(winner: Rule, loser: Rule) -> bool:
    """Whether `winner`, which comes first on one path, does so on every path of `loser`."""
    takes_all_methods = winner.methods is None or (
        loser.methods is not None and loser.methods <= winner.methods
    )
    if not takes_all_methods or len(winner._parts) != len(loser._parts):
        return False
    mine, theirs = _pieces(winner), _pieces(loser)
    return all(
        ours == other
        if part.static or part.final
        else len(ours) == len(other) and all(map(_includes, ours, other))
        for part, ours, other in zip(winner._parts, mine, theirs, strict=True)
    )


#: A text, or the expression of a variable, marked by `True`.
Piece = tuple[bool, str]


def _pieces(rule: Rule) -> list[list[Piece]]:
    """What each part of a rule consists of."""
    variables = iter(name for is_variable, name in rule._trace if is_variable)
    return [
        [(False, part.content)]
        if part.static
        else [
            (True, rule._converters[next(variables)].regex) if is_variable else (False, text)
            for is_variable, text in _cut(part.content)
        ]
        for part in rule._parts
    ]


def _cut(content: str) -> t.Iterator[Piece]:
    """Cut a part's expression at its named groups."""
    depth, start, place = 0, 0, 0
    for group in re.finditer(r"\(\?P<__werkzeug_\d+>", content):
        if group.start() < place:
            continue
        if group.start() > start:
            yield False, content[start : group.start()]
        depth, place = 1, group.end()
        escaped = in_class = False
        while depth and place < len(content):
            char = content[place]
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif in_class:
                in_class = char != "]"
            elif char == "[":
                in_class = True
            else:
                depth += (char == "(") - (char == ")")
            place += 1
        yield True, content[group.end() : place - 1]
        start = place
    if start < len(content):
        yield False, content[start:]


_COUNTED = re.compile(r"\[\^/\](?:\+|\{(\d+)(,?)(\d*)\})")
_LENGTHS = {
    r"\d+": (1, None),
    r"-?\d+": (1, None),
    r"\d+\.\d+": (3, None),
    r"-?\d+\.\d+": (3, None),
}


def _includes(one: Piece, other: Piece) -> bool:
    """Whether all that `other` matches, `one` matches too. ``False`` where that is not certain."""
    if one == other:
        return True
    if not one[0] or not other[0]:
        return False
    if other[1].startswith("(?:"):
        items = other[1][3:-1].split("|")
        plain = [re.sub(r"\\(.)", r"\1", item) for item in items]
        return "(" not in other[1][3:] and all(re.fullmatch(one[1], item) for item in plain)
    if (one[1], other[1]) in {(r"-?\d+", r"\d+"), (r"-?\d+\.\d+", r"\d+\.\d+")}:
        return True
    mine, theirs = _lengths(one[1]), _lengths(other[1])
    if mine is None or theirs is None or _COUNTED.fullmatch(one[1]) is None:
        return False
    return mine[0] <= theirs[0] and (
        mine[1] is None or (theirs[1] is not None and theirs[1] <= mine[1])
    )


def _lengths(expression: str) -> tuple[int, int | None] | None:
    """How short and how long a text that an expression matches can be, if that is known."""
    if expression in _LENGTHS:
        return _LENGTHS[expression]
    if in_words(f"({expression})") == "a UUID":
        return 36, 36
    counted = _COUNTED.fullmatch(expression)
    if counted is None:
        return None
    least, comma, most = counted.groups()
    if least is None:
        return 1, None
    if not comma:
        return int(least), int(least)
    return int(least), int(most) if most else None


def _paths(rule: Rule) -> t.Iterator[tuple[str, str]]:
    """Domains and paths that a rule matches."""
    choices = {name: _values(converter) for name, converter in rule._converters.items()}
    for number in range(max(map(len, choices.values()), default=1)):
        texts = {name: values[number % len(values)] for name, values in choices.items() if values}
        if len(texts) < len(choices):
            return
        parts = [texts[text] if is_variable else text for is_variable, text in rule._trace]
        domain, _, path = "".join(parts).partition("|")
        yield domain, path


def sample_path(rule: Rule) -> str | None:
    """Return a path that a rule matches whatever the host, if one is found."""
    domain, path = next(_paths(rule), ("", None))
    return None if domain else path


def _values(converter: t.Any) -> list[str]:
    """Texts that a converter takes."""
    items = sorted(getattr(converter, "items", ()))
    return [text for text in (*items, *_SAMPLES) if _takes(converter, text)]


def _takes(converter: t.Any, text: str) -> bool:
    try:
        if re.fullmatch(converter.regex, text) is None:
            return False
        converter.to_python(text)
    except Exception:
        # It may ask a database, which has no such thing, or is not there.
        return False
    return True


def _order_decides(first: Rule, second: Rule, domain: str, path: str) -> bool:
    """Whether the second rule would come first if it had been added first."""
    turned_round = visits(states_of([second, first]), domain, path)
    return next(visit.rule for visit in turned_round if visit.kind == "end") is second


# This is where they are imported from, and what their pickles say.
for _public in (Conflict, Conflicts):
    _public.__module__ = "kolben.routing"
del _public
