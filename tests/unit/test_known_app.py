"""The core reads an app once: whatever changes an app later is noticed all the same."""

from __future__ import annotations

import copy
import typing as t

import pytest

from tests.unit.test_overrides import APP_METHODS, calling, fill, send


def steady(target: t.Any) -> t.Any:
    """An app that has answered some requests."""
    app = fill(target.Flask("an_app"))
    for _ in range(3):
        assert send(app)[2] == b"text"
    return app


@pytest.mark.parametrize("name", APP_METHODS)
def test_a_method_is_assigned_and_taken_away(target, name):
    app, calls = steady(target), []
    for _ in range(2):
        setattr(app, name, calling(getattr(app, name), calls))
        send(app)
        assert name in calls
        delattr(app, name)
        calls.clear()
        send(app)
        assert calls == []


@pytest.mark.parametrize("name", APP_METHODS)
def test_a_method_is_put_into_the_dictionary(target, name):
    app, calls = steady(target), []
    vars(app)[name] = calling(getattr(app, name), calls)
    send(app)
    assert name in calls
    del vars(app)[name]
    calls.clear()
    send(app)
    assert calls == []


@pytest.mark.parametrize("name", APP_METHODS)
def test_a_method_takes_the_place_of_an_attribute(target, name):
    app, calls = steady(target), []
    app.marker = object()
    send(app)
    del app.marker
    setattr(app, name, calling(getattr(app, name), calls))
    send(app)
    assert name in calls


LATER = (
    "finalize_request",
    "make_response",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
)


@pytest.mark.parametrize("on", ["instance", "class"])
@pytest.mark.parametrize("name", LATER)
def test_the_view_itself_overrides_what_comes_after_it(target, monkeypatch, name, on):
    app, calls = steady(target), []
    holder = app if on == "instance" else target.Flask

    def override():
        monkeypatch.setattr(holder, name, calling(getattr(holder, name), calls))
        return "text"

    app.view_functions["index"] = override
    assert send(app)[2] == b"text"
    assert calls == [name]


def test_the_view_adds_what_comes_after_it(target):
    app, calls = steady(target), []

    def add():
        app.after_request_funcs[None] = [lambda response: calls.append("after") or response]
        app.teardown_request_funcs[None] = [lambda error: calls.append("teardown")]
        app.teardown_appcontext_funcs.append(lambda error: calls.append("appcontext"))
        return "text"

    app.view_functions["index"] = add
    assert send(app)[2] == b"text"
    assert calls == ["after", "teardown", "appcontext"]


@pytest.mark.parametrize(
    "table", ["before_request_funcs", "after_request_funcs", "teardown_request_funcs"]
)
def test_a_table_is_exchanged(target, table):
    app, calls = steady(target), []
    before = getattr(app, table)

    def hook(*args):
        calls.append(table)
        return args[0] if table == "after_request_funcs" else None

    setattr(app, table, {None: [hook]})
    send(app)
    assert calls == [table]
    setattr(app, table, before)
    send(app)
    assert calls == [table]


def test_view_functions_are_exchanged_and_replaced(target):
    app = steady(target)
    app.view_functions["index"] = lambda: "replaced"
    assert send(app)[2] == b"replaced"
    app.view_functions = {"index": lambda: "exchanged"}
    assert send(app)[2] == b"exchanged"
    app.view_functions = type("Views", (dict,), {"__getitem__": lambda *_: lambda: "computed"})()
    assert send(app)[2] == b"computed"


def test_classes_are_exchanged(target):
    app = steady(target)
    app.response_class = type("Own", (target.Response,), {"default_mimetype": "text/plain"})
    assert send(app)[1]["Content-Type"].startswith("text/plain")
    app.response_class = target.Response
    assert send(app)[1]["Content-Type"].startswith("text/html")
    app.request_class = type("Own", (target.Request,), {"mine": "mine"})
    app.view_functions["index"] = lambda: target.request.mine
    assert send(app)[2] == b"mine"


def test_the_session_interface_is_exchanged_between_making_and_pushing_a_context(target):
    app, opened = steady(target), []

    class Interface(type(app.session_interface)):
        def open_session(self, app, request):
            opened.append(request.path)
            return super().open_session(app, request)

    context = app.test_request_context("/")
    app.session_interface = Interface()
    with context:
        assert opened == ["/"]


def test_the_config_is_exchanged(target):
    app = steady(target)
    app.config = app.config_class(app.root_path, {**app.config, "TRUSTED_HOSTS": ["example.org"]})
    assert send(app)[0].startswith("400")


def test_an_attribute_that_is_computed(target):
    switch: dict[str, t.Any] = {"class": target.Response}
    other = type("Own", (target.Response,), {"default_mimetype": "text/plain"})

    class Own(target.Flask):
        response_class = property(lambda self: switch["class"])

    app = fill(Own("an_app"))
    for _ in range(3):
        assert send(app)[1]["Content-Type"].startswith("text/html")
    switch["class"] = other
    assert send(app)[1]["Content-Type"].startswith("text/plain")


def test_a_class_that_looks_attributes_up_itself(target):
    switch: dict[str, t.Any] = {}

    class Own(target.Flask):
        def __getattribute__(self, name):
            return switch[name] if name in switch else super().__getattribute__(name)

    app, calls = fill(Own("an_app")), []
    for _ in range(3):
        assert send(app)[2] == b"text"
    switch["process_response"] = lambda response: calls.append("called") or response
    assert send(app)[2] == b"text"
    assert calls == ["called"]


def test_an_attribute_changes_with_each_request(target):
    app, calls = steady(target), []
    app.last = None

    def count():
        app.last = object()
        return "text"

    app.view_functions["index"] = count
    for _ in range(1100):
        assert send(app)[2] == b"text"
    app.process_response = calling(app.process_response, calls)
    send(app)
    assert calls == ["process_response"]


def test_a_copy_of_an_app_is_another_app(target):
    app, calls = steady(target), []
    other = copy.copy(app)
    assert send(other)[2] == b"text"
    other.process_response = calling(other.process_response, calls)
    send(app)
    assert calls == []
    send(other)
    assert calls == ["process_response"]


def test_an_app_goes_away_with_what_is_known_of_it(target):
    import gc
    import weakref

    reference = weakref.ref(steady(target))
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("error", [KeyError, SystemExit])
def test_errors_of_the_view_pass_as_ever(target, error):
    app, torn_down = steady(target), []
    app.teardown_request_funcs[None] = [torn_down.append]

    def fail():
        raise error("from the view")

    app.view_functions["index"] = fail
    app.error_handler_spec[None][None][KeyError] = lambda raised: f"handled {raised}"
    if error is KeyError:
        assert send(app)[2] == b"handled 'from the view'"
        assert torn_down == [None]
    else:
        with pytest.raises(SystemExit):
            send(app)
        assert isinstance(torn_down[0], SystemExit)


def test_an_answer_that_cannot_be_sent_is_no_error_of_the_view(target):
    app = steady(target)
    app.error_handler_spec[None][None][TypeError] = lambda raised: "handled"
    app.view_functions["index"] = lambda: {"not": object()}
    app.logger.disabled = True
    assert send(app)[0].startswith("500")
    app.view_functions["index"] = lambda: None
    assert send(app)[0].startswith("500")


@pytest.mark.parametrize(
    "answer",
    ["text", b"text", ("text", 200), ["text"], bytearray(b"text"), iter(["text"])],
    ids=lambda answer: type(answer).__name__,
)
def test_answers_of_every_kind(target, answer):
    app = steady(target)
    app.view_functions["index"] = lambda: answer
    status, _, body = send(app)
    assert status == "200 OK"
    assert b"text" in body


def test_a_response_of_the_view_is_sent_itself(target):
    app = steady(target)
    made = target.Response("made", status=201, headers={"X-Made": "yes"})
    app.view_functions["index"] = lambda: made
    status, headers, body = send(app)
    assert (status, headers["X-Made"], body) == ("201 CREATED", "yes", b"made")


def test_views_that_are_no_plain_functions(target):
    import functools
    import inspect

    app = steady(target)
    app.view_functions["index"] = functools.partial(lambda text: text, "partial")
    assert send(app)[2] == b"partial"

    async def asynchronous():
        return "asynchronous"

    app.view_functions["index"] = asynchronous
    assert send(app)[2] == b"asynchronous"
    if hasattr(inspect, "markcoroutinefunction"):
        app.view_functions["index"] = inspect.markcoroutinefunction(lambda: asynchronous())
        assert send(app)[2] == b"asynchronous"


def test_the_session_is_saved_after_a_plain_view(target):
    app = steady(target)

    def write():
        target.session["key"] = "value"
        return "text"

    app.view_functions["index"] = write
    assert send(app)[1]["Set-Cookie"].startswith("session=")


def test_functions_after_this_request_run(target):
    app = steady(target)

    def later():
        @target.after_this_request
        def mark(response):
            response.headers["X-Marked"] = "yes"
            return response

        return "text"

    app.view_functions["index"] = later
    assert send(app)[1]["X-Marked"] == "yes"


def test_a_routing_exception_that_is_set_by_hand_counts(target):
    from werkzeug.exceptions import Forbidden

    app = steady(target)
    with app.test_request_context("/"):
        target.request.routing_exception = Forbidden()
        assert app.full_dispatch_request().status_code == 403
