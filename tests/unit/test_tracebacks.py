"""An error of the user's code shows the user's code at the bottom of its traceback."""

from __future__ import annotations

import traceback

import pytest


def failing_view():
    raise LookupError("on purpose")


def failing_converter(target):
    from werkzeug.routing import BaseConverter

    class Converter(BaseConverter):
        def to_python(self, value):
            raise LookupError("on purpose")

    return Converter


def frames(error):
    return traceback.extract_tb(error.__traceback__)


@pytest.mark.parametrize("place", ["view", "hook", "converter", "teardown"])
def test_the_last_frame_is_the_users(target, place):
    app = target.Flask("an_app")
    app.testing = True
    app.url_map.converters["failing"] = failing_converter(target)
    app.add_url_rule("/view", "view", failing_view)
    app.add_url_rule("/plain", "plain", lambda: "text")
    app.add_url_rule("/converter/<failing:value>", "converter", lambda value: value)
    if place == "hook":
        app.before_request(failing_view)
    if place == "teardown":
        app.teardown_request(lambda error: failing_view())
    path = {"view": "/view", "converter": "/converter/x"}.get(place, "/plain")
    with pytest.raises(LookupError, match="on purpose") as caught:
        app.test_client().get(path)
    found = frames(caught.value)
    assert found[-1].filename == __file__
    assert found[-1].name in ("failing_view", "to_python")
    # Each frame shows a line of Python.
    assert all(frame.filename.endswith(".py") and frame.line for frame in found)
