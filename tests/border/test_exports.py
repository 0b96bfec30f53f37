"""The names that the package exports."""

from __future__ import annotations

import werkzeug.routing

import kolben.routing

OURS = {"Map", "MapAdapter", "Rule", "StateMachineMatcher"}
MORE = {"Conflict", "Conflicts", "Explanation", "Step"}
#: Werkzeug's submodules, which a package's namespace shows but which are no names of it.
MODULES = {"converters", "exceptions", "map", "matcher", "rules"}


def public(module: object) -> set[str]:
    return {name for name in vars(module) if not name.startswith("_")}


def test_every_public_name_of_werkzeugs_routing_is_here():
    missing = public(werkzeug.routing) - MODULES - public(kolben.routing)
    assert missing == set()


def test_all_but_four_are_werkzeugs_own_objects():
    for name in public(werkzeug.routing) - MODULES:
        theirs, ours = getattr(werkzeug.routing, name), getattr(kolben.routing, name)
        if name in OURS:
            assert issubclass(ours, theirs)
            assert ours is not theirs
        else:
            assert ours is theirs


def test_classes_say_where_they_live():
    for name in OURS | MORE:
        assert getattr(kolben.routing, name).__module__ == "kolben.routing"
