"""Values of odd types mean what they mean to Werkzeug."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import MethodNotAllowed

WEBSOCKET_ERROR = "400 Bad Request"


@pytest.fixture
def adapter(module):
    rules = [
        module.Rule("/", endpoint="get", methods=["GET"]),
        module.Rule("/any/<int:n>", endpoint="any"),
    ]
    return module.Map(rules).bind("localhost")


def test_a_method_in_bytes_is_another_method(adapter):
    assert adapter.match("/any/1", method=b"GET") == ("any", {"n": 1})
    with pytest.raises(MethodNotAllowed):
        adapter.match("/", method=b"GET")


@pytest.mark.parametrize("websocket", ["yes", 1, 2.5])
def test_only_a_value_that_equals_the_rules_matches(module, adapter, websocket):
    assert adapter.match("/any/1", websocket=0) == ("any", {"n": 1})
    with pytest.raises(module.WebsocketMismatch) as caught:
        adapter.match("/any/1", websocket=websocket)
    assert WEBSOCKET_ERROR in str(caught.value)
