"""What a rule's variables may be called."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from werkzeug.routing import Rule

#: Names that stand for themselves in Python.
CONSTANTS = frozenset({"None", "True", "False", "__debug__"})


def check_variables(rule: Rule, names: list[str]) -> None:
    """Refuse, when a rule is bound, names from which no URL could be built.

    The classes of the errors are those that Werkzeug's compiled builders raise. A variable that
    has a default is never filled in, so its name may be anything.
    """
    defaults = rule.defaults or {}
    free = [name for name in names if name not in defaults]
    if len(free) != len(names):
        for name in names:
            if name in defaults:
                # A default that its converter refuses is an error of the rule.
                rule._converters[name].to_url(defaults[name])
    if len(set(free)) != len(free):
        twice = next(name for place, name in enumerate(free) if name in free[:place])
        raise SyntaxError(
            f"duplicate argument {twice!r} in url rule {rule.rule!r}:"
            " give each variable a name of its own"
        )
    for name in free:
        if name in CONSTANTS:
            kind = SyntaxError if name == "__debug__" else ValueError
            raise kind(
                f"the variable {name!r} in url rule {rule.rule!r} is a Python constant:"
                " give it another name"
            )
