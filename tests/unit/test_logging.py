"""The app's logger: what Flask's own tests do not look at."""

from __future__ import annotations

import io
import logging
import sys
import uuid

import pytest


@pytest.fixture
def app(target):
    return target.Flask(f"app_{uuid.uuid4().hex}")


@pytest.fixture
def alone(monkeypatch):
    """Takes away pytest's own handlers, which hear everything and come late."""
    return lambda: monkeypatch.setattr(logging.getLogger(), "handlers", [])


def test_it_writes_to_the_request_or_to_standard_error(app, alone, monkeypatch):
    alone()
    streams = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", streams[0])
    app.logger.warning("outside")
    with app.test_request_context("/", errors_stream=streams[1]):
        app.logger.warning("inside")
    outside, inside = (stream.getvalue() for stream in streams)
    assert outside.endswith("] WARNING in test_logging: outside\n")
    assert inside.endswith("] WARNING in test_logging: inside\n")


def test_the_level_is_set_in_debug_mode_alone(app, target):
    assert app.logger.level == logging.NOTSET
    other = target.Flask(f"{app.name}_debug")
    other.debug = True
    assert other.logger.level == logging.DEBUG
    third = target.Flask(f"{app.name}_set")
    third.debug = True
    logging.getLogger(third.name).setLevel(logging.ERROR)
    assert third.logger.level == logging.ERROR


def test_a_handler_that_hears_it_is_enough(target_module, app, alone):
    alone()
    module = target_module("logging")
    parent, child = logging.getLogger(app.name), logging.getLogger(f"{app.name}.child")
    handler = logging.StreamHandler()
    parent.addHandler(handler)
    assert module.has_level_handler(child)
    handler.setLevel(logging.CRITICAL)
    assert not module.has_level_handler(child)
    handler.setLevel(logging.NOTSET)
    child.propagate = False
    assert not module.has_level_handler(child)
    assert app.logger.handlers == [handler]


def test_the_default_handler_is_added_once(target_module, app, alone):
    alone()
    module = target_module("logging")
    for _ in range(2):
        assert module.create_logger(app).handlers == [module.default_handler]
