"""Who hears a signal, and how it may be overridden."""

from __future__ import annotations

import functools
import gc
import typing as t

import blinker
import pytest
import wrapt

NAMES = ("appcontext_pushed", "request_started", "request_finished", "appcontext_popped")


@pytest.fixture
def app(target):
    app = target.Flask("an_app")
    app.add_url_rule("/", "index", lambda: "text")
    return app


@pytest.fixture(params=NAMES)
def signal(request, target_module):
    return getattr(target_module("signals"), request.param)


def send(app: t.Any) -> None:
    assert app.test_client().get("/").data == b"text"


@pytest.fixture
def connect(signal):
    """Connects receivers for as long as the test runs."""
    connected = []

    def connect(receiver: t.Any, *sender: t.Any, **options: t.Any) -> None:
        signal.connect(receiver, *sender, **options)
        connected.append((receiver, sender))

    yield connect
    for receiver, sender in connected:
        signal.disconnect(receiver, *sender)


def test_what_a_receiver_may_be(app, connect):
    heard = []

    class Receiver:
        def method(self, sender, **extra):
            heard.append(("method", sender))

        def __call__(self, sender, **extra):
            heard.append(("object", sender))

    def function(kind, sender, **extra):
        heard.append((kind, sender))

    receiver = Receiver()
    partial = functools.partial(function, "partial")
    connect(receiver.method)
    connect(receiver)
    connect(partial)
    connect(lambda sender, **extra: heard.append(("lambda", sender)), weak=False)
    send(app)
    assert sorted(heard) == [(kind, app) for kind in ("lambda", "method", "object", "partial")]


def test_what_a_receiver_is_given(app, signal, connect):
    seen = []

    def receive(*args, **extra):
        seen.append((args, extra))

    connect(receive)
    send(app)
    [(args, extra)] = seen
    assert args == (app,)
    if "finished" in signal.name:
        assert extra.pop("response").data == b"text"
    assert extra == {}


def test_a_receiver_of_another_app_hears_nothing(target, app, connect):
    heard = []

    def receive(sender, **extra):
        heard.append(sender)

    other = target.Flask("another")
    connect(receive, other)
    send(app)
    assert heard == []


def test_a_receiver_that_is_gone_hears_nothing(app, signal):
    heard = []

    def receive(sender, **extra):
        heard.append(sender)

    signal.connect(receive)
    del receive
    gc.collect()
    send(app)
    assert heard == []


def test_a_muted_signal(app, signal, connect):
    heard = []

    def receive(sender, **extra):
        heard.append(sender)

    connect(receive)
    with signal.muted():
        send(app)
    assert heard == []
    send(app)
    assert heard == [app]


def test_a_receiver_that_disconnects_itself(app, signal):
    heard = []

    def receive(sender, **extra):
        heard.append(sender)
        signal.disconnect(receive)

    signal.connect(receive)
    send(app)
    send(app)
    assert heard == [app]


@pytest.mark.parametrize("signal", ["request_started", "request_finished"], indirect=True)
def test_an_error_of_a_receiver_comes_out(app, connect):
    app.testing = True

    def receive(sender, **extra):
        raise ZeroDivisionError("of the receiver")

    connect(receive)
    with pytest.raises(ZeroDivisionError, match="of the receiver"):
        send(app)


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("name", ["send", "receivers_for"])
@pytest.mark.parametrize("place", ["class", "base", "instance"])
def test_how_it_is_sent_may_be_patched(app, signal, connect, monkeypatch, place, name, early):
    heard, calls = [], []

    def receive(sender, **extra):
        heard.append(sender)

    connect(receive)
    if not early:
        send(app)
        heard.clear()
    original = getattr(blinker.Signal, name)

    def patched(self, *args, **kwargs):
        if name == "send":
            assert kwargs["_async_wrapper"] == app.ensure_sync
        calls.append(args[0])
        return original(self, *args, **kwargs)

    if place == "instance":
        monkeypatch.setitem(vars(signal), name, functools.partial(patched, signal))
    else:
        owner = type(signal) if place == "class" else blinker.Signal
        monkeypatch.setattr(owner, name, patched)
    send(app)
    # Another signal may be heard, too, if the class is patched.
    assert calls.count(app) >= 1
    assert heard == [app]


@pytest.mark.kolben_only
@pytest.mark.parametrize("overridden", [False, True])
def test_a_receiver_may_be_a_coroutine_function(app, connect, overridden):
    heard = []

    class Receiver:
        async def method(self, sender, **extra):
            heard.append("method")

    async def function(sender, **extra):
        heard.append("function")

    wrapped = []
    if overridden:
        original = app.ensure_sync
        app.ensure_sync = lambda function: wrapped.append(function) or original(function)
    receiver = Receiver()
    connect(receiver.method)
    connect(function)
    send(app)
    assert sorted(heard) == ["function", "method"]
    if overridden:
        assert function in wrapped
        assert receiver.method in wrapped


def test_a_receiver_may_change_its_keywords(target, target_module):
    finished = target_module("signals").request_finished
    app = target.Flask("an_app")
    app.add_url_rule("/", "index", lambda: "text")
    heard = []

    @wrapt.decorator
    def emptying(wrapped, instance, args, kwargs):
        heard.append(sorted(kwargs))
        kwargs.clear()

    receivers = [emptying(lambda sender, **extra: None) for _ in range(3)]
    for receiver in receivers:
        finished.connect(receiver)
    try:
        send(app)
        heard.clear()
        send(app)
    finally:
        for receiver in receivers:
            finished.disconnect(receiver)
    assert heard == [["response"]] * 3
