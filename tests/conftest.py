"""What the tests share."""

from __future__ import annotations

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
