"""What the tests share."""

from __future__ import annotations

import importlib
import os
import types
import typing as t

import pytest
import werkzeug.routing

import kolben
import kolben.routing

#: For tests of what only the compiled core promises.
needs_core = pytest.mark.skipif(
    kolben.core_status().compiled is False, reason="this is a promise of the compiled core"
)


@pytest.fixture(params=[kolben.routing, werkzeug.routing], ids=["kolben", "werkzeug"])
def module(request: pytest.FixtureRequest) -> t.Any:
    """Each expectation is proved on Werkzeug, too."""
    return request.param


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--target",
        choices=("kolben", "flask"),
        default="kolben",
        help="the framework to test; what holds for Flask as well is proved there first",
    )
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="the browser tests put pictures of what they see into docs/images",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--target") == "flask":
        skip = pytest.mark.skip(reason="this is a promise of Kolben alone")
        for item in items:
            if item.get_closest_marker("kolben_only"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def target_module(pytestconfig: pytest.Config) -> t.Callable[[str], types.ModuleType]:
    """Imports a module of the framework under test: ``target_module("json.tag")``."""
    package = pytestconfig.getoption("--target")
    return lambda name: importlib.import_module(f"{package}.{name}")


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> t.Any:
    """The framework under test: ``kolben``, or ``flask`` with ``--target=flask``."""
    return importlib.import_module(pytestconfig.getoption("--target"))


@pytest.fixture(autouse=True)
def _environment() -> t.Iterator[None]:
    """Commands that run in this process set variables; the next test does not see them."""
    before = dict(os.environ)
    yield
    # pytest has a variable of its own for each stage of a test.
    for name in set(os.environ) - set(before) - {"PYTEST_CURRENT_TEST"}:
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if name[:6] != "PYTEST"})
