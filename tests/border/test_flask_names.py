"""Every public name of Flask is here, with the same signature, or the difference is explained."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing as t

import flask
import pytest

import kolben

MODULES = [
    "flask",
    *(
        module.name
        for module in pkgutil.walk_packages(flask.__path__, "flask.")
        if module.name != "flask.__main__"
    ),
]

#: The core's own methods: their `self` has no name, and a missing `exc` shows as `...`.
FROM_THE_CORE = {
    f"{name}.{method}"
    for name in ("AppContext", "RequestContext")
    for method in ("__init__", "push", "pop")
}


def ours(name: str) -> types.ModuleType:
    return importlib.import_module(name.replace("flask", "kolben", 1))


def public(module: types.ModuleType) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]


def is_defined_in(module: types.ModuleType, value: t.Any) -> bool:
    """Whether this is what the module is for, and not something that it imports to work with.

    What `flask` itself imports is what it is for, as are Flask's own modules.
    """
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith("flask") and module is flask
    if isinstance(value, t.TypeVar):
        return False
    return module is flask or getattr(value, "__module__", module.__name__) == module.__name__


def parameters(function: t.Any) -> list[tuple[t.Any, ...]]:
    plain = (str, int, bool, float, bytes, tuple, type(None))
    return [
        (one.name, one.kind, one.default if isinstance(one.default, plain) else "an object")
        for one in inspect.signature(function).parameters.values()
    ]


@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_the_module_is_here(name):
    theirs = importlib.import_module(name)
    missing = [
        public_name
        for public_name in public(theirs)
        if is_defined_in(theirs, getattr(theirs, public_name))
        and not hasattr(ours(name), public_name)
    ]
    assert missing == []


@pytest.mark.parametrize("name", MODULES)
def test_what_flask_defines_in_one_module_and_imports_in_another_is_reached_at_home(name):
    theirs = importlib.import_module(name)
    for public_name in public(theirs):
        value = getattr(theirs, public_name)
        home = getattr(value, "__module__", None)
        is_code = inspect.isroutine(value) or inspect.isclass(value)
        if is_code and home is not None and home.startswith("flask"):
            assert hasattr(ours(home), value.__name__), (public_name, home)


def classes_and_functions() -> list[t.Any]:
    found = []
    for name in MODULES:
        theirs = importlib.import_module(name)
        for public_name in public(theirs):
            value = getattr(theirs, public_name)
            if is_defined_in(theirs, value) and callable(value) and name != "flask":
                found.append(pytest.param(value, getattr(ours(name), public_name), id=public_name))
    return found


@pytest.mark.parametrize(("theirs", "mine"), classes_and_functions())
def test_members_and_signatures(theirs, mine):
    if not inspect.isclass(theirs):
        if inspect.isfunction(theirs):
            assert parameters(theirs) == parameters(mine)
        return
    for name in sorted(dir(theirs)):
        if name.startswith("_") and name != "__init__":
            continue
        assert hasattr(mine, name), name
        member, counterpart = getattr(theirs, name), getattr(mine, name)
        if f"{theirs.__name__}.{name}" in FROM_THE_CORE and kolben.core_status().compiled:
            assert callable(counterpart)
        elif inspect.isfunction(member) or inspect.ismethod(member):
            assert parameters(member) == parameters(counterpart), name
        elif isinstance(member, (str, int, tuple, frozenset, type(None))):
            assert member == counterpart, name


def test_instances_have_the_same_attributes():
    theirs, mine = flask.Flask("an_app"), kolben.Flask("an_app")
    named = {name for name in dir(theirs) if not name.startswith("_")}
    assert named <= set(dir(mine))
    blueprint = set(dir(flask.Blueprint("x", "y")))
    assert {name for name in blueprint if not name.startswith("_")} <= set(
        dir(kolben.Blueprint("x", "y"))
    )
    assert theirs.config.keys() == mine.config.keys()
    assert dict(theirs.default_config) == dict(mine.default_config)


def test_context_attributes():
    for package in (flask, kolben):
        app = package.Flask("an_app")
        with app.test_request_context("/") as ctx:
            for name in ("app", "request", "session", "url_adapter", "flashes", "copy"):
                getattr(ctx, name)
            for name in ("app", "g", "url_adapter"):
                getattr(importlib.import_module(f"{package.__name__}.globals").app_ctx, name)


def test_jinja_has_the_same_globals_filters_and_tests():
    theirs, mine = flask.Flask("an_app").jinja_env, kolben.Flask("an_app").jinja_env
    assert theirs.globals.keys() == mine.globals.keys()
    assert theirs.filters.keys() == mine.filters.keys()
    assert theirs.tests.keys() == mine.tests.keys()
    assert theirs.policies.keys() == mine.policies.keys()


def test_the_signals_have_the_same_names():
    names = [name for name in vars(flask.signals) if not name.startswith("_")]
    for name in names:
        signal = getattr(flask.signals, name)
        if hasattr(signal, "receivers"):
            assert getattr(kolben.signals, name).name == signal.name


def test_the_command_line_has_the_same_commands_and_options():
    from flask import cli as theirs

    from kolben import cli as mine

    for command in ("run", "shell", "routes"):
        options = [
            {tuple(option.opts) + tuple(option.secondary_opts) for option in found.params}
            for found in (getattr(module, f"{command}_command") for module in (theirs, mine))
        ]
        assert options[0] == options[1], command
    groups = [
        {tuple(option.opts) for option in module.FlaskGroup().params} for module in (theirs, mine)
    ]
    assert groups[0] == groups[1]
