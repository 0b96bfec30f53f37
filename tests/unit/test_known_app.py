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


def test_an_answer_that_cannot_be_sent_is_no_error_of_the_view(target, monkeypatch):
    app = steady(target)
    app.error_handler_spec[None][None][TypeError] = lambda raised: "handled"
    app.view_functions["index"] = lambda: {"not": object()}
    monkeypatch.setattr(app.logger, "disabled", True)
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


# Answers of dicts and lists.


def json_app(target: t.Any, value: t.Any) -> t.Any:
    app = steady(target)
    app.view_functions["index"] = lambda: value
    for _ in range(2):
        send(app)
    return app


def test_objects_and_arrays_are_json(target):
    for value, body in (
        ({"b": 1, "a": [None, "é"]}, b'{"a":[null,"\\u00e9"],"b":1}\n'),
        ([], b"[]\n"),
    ):
        status, headers, sent = send(json_app(target, value))
        assert (status, sent) == ("200 OK", body)
        assert headers == {"Content-Type": "application/json", "Content-Length": str(len(body))}


@pytest.mark.parametrize(
    ("option", "value", "body"),
    [
        ("sort_keys", False, b'{"b":1,"a":"\\u00e9"}\n'),
        ("ensure_ascii", False, '{"a":"é","b":1}\n'.encode()),
        ("compact", False, b'{\n  "a": "\\u00e9",\n  "b": 1\n}\n'),
    ],
)
@pytest.mark.parametrize("on", ["instance", "class"])
def test_options_of_the_provider_count(target, monkeypatch, option, value, body, on):
    app = json_app(target, {"b": 1, "a": "é"})
    monkeypatch.setattr(app.json if on == "instance" else type(app.json), option, value)
    assert send(app)[2] == body


def test_the_mimetype_and_the_default_of_the_provider_count(target):
    app = json_app(target, {"a": {1}})
    app.json.default = list
    app.json.mimetype = "application/vnd.own+json"
    for _ in range(2):
        _, headers, body = send(app)
        assert (headers["Content-Type"], body) == ("application/vnd.own+json", b'{"a":[1]}\n')


@pytest.mark.parametrize("name", ["response", "dumps"])
@pytest.mark.parametrize("way", ["subclass", "instance", "class"])
def test_methods_of_the_provider(target, monkeypatch, name, way):
    app, calls = json_app(target, {}), []
    provider = type(app.json)
    if way == "subclass":
        override = calling(getattr(provider, name), calls)
        app.json = type("Own", (provider,), {name: override})(app)
    elif way == "instance":
        setattr(app.json, name, calling(getattr(app.json, name), calls))
    else:
        monkeypatch.setattr(provider, name, calling(getattr(provider, name), calls))
    assert send(app)[2] == b"{}\n"
    assert name in calls


@pytest.mark.parametrize("name", ["dumps", "JSONEncoder.default", "encoder.c_make_encoder"])
def test_a_patch_of_the_standard_library_counts(target, monkeypatch, name):
    import json

    app = json_app(target, {"a": 1})
    if name == "dumps":
        monkeypatch.setattr(json, "dumps", lambda *args, **kwargs: "patched")
        assert send(app)[2] == b"patched\n"
    elif name == "encoder.c_make_encoder":
        monkeypatch.setattr(json.encoder, "c_make_encoder", None)
        assert send(app)[2] == b'{"a":1}\n'
    else:
        monkeypatch.setattr(json.JSONEncoder, "encode", lambda *args: "patched")
        assert send(app)[2] == b"patched\n"


def test_debug_mode_writes_json_with_spaces(target):
    app = json_app(target, {"a": 1})
    app.debug = True
    assert send(app)[2] == b'{\n  "a": 1\n}\n'
    app.debug = False
    assert send(app)[2] == b'{"a":1}\n'


def test_json_that_is_circular_or_too_deep(target, monkeypatch):
    circular: dict[str, t.Any] = {}
    circular["self"] = circular
    for value in (circular, {1: 1, "a": 1}, {"a": object()}):
        app = json_app(target, {})
        monkeypatch.setattr(app.logger, "disabled", True)
        app.view_functions["index"] = lambda value=value: value
        assert send(app)[0].startswith("500")


def test_subclasses_of_dict_and_list_are_json(target):
    import collections

    assert send(json_app(target, collections.OrderedDict(a=1)))[2] == b'{"a":1}\n'
    assert send(json_app(target, type("Own", (list,), {})([1])))[2] == b"[1]\n"


# Hooks.


def hooked_app(target: t.Any, events: list[str]) -> t.Any:
    """An app and two blueprints, one in the other, with every kind of hook."""
    app = target.Flask("an_app")
    outer = target.Blueprint("outer", "an_app")
    inner = target.Blueprint("inner", "an_app")

    def noting(event: str, answer: t.Any = None) -> t.Callable[..., t.Any]:
        def hook(*args: t.Any) -> t.Any:
            events.append(f"{event} {target.request.endpoint}")
            return args[0] if answer == "response" else None

        return hook

    for scope, name in ((app, "app"), (outer, "outer"), (inner, "inner")):
        for number in (1, 2):
            scope.url_value_preprocessor(noting(f"{name} values {number}"))
            scope.before_request(noting(f"{name} before {number}"))
            scope.after_request(noting(f"{name} after {number}", "response"))
            scope.teardown_request(noting(f"{name} teardown {number}"))
    inner.add_url_rule("/inner", "view", lambda: events.append("view") or "text")
    outer.add_url_rule("/outer", "view", lambda: events.append("view") or "text")
    app.add_url_rule("/", "view", lambda: events.append("view") or "text")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return app


@pytest.mark.parametrize(
    ("path", "scopes"),
    [
        ("/", ["app"]),
        ("/outer", ["app", "outer"]),
        ("/inner", ["app", "outer", "inner"]),
        ("/nothing", ["app"]),
    ],
)
def test_hooks_run_in_their_order(target, path, scopes):
    events: list[str] = []
    app = hooked_app(target, events)
    for _ in range(3):
        events.clear()
        send(app, PATH_INFO=path)
    kinds = [event.rpartition(" ")[0] for event in events if event != "view"]
    assert kinds == [
        *(f"{scope} values {number}" for scope in scopes for number in (1, 2)),
        *(f"{scope} before {number}" for scope in scopes for number in (1, 2)),
        *(f"{scope} after {number}" for scope in reversed(scopes) for number in (2, 1)),
        *(f"{scope} teardown {number}" for scope in reversed(scopes) for number in (2, 1)),
    ]
    assert ("view" in events) is (path != "/nothing")


def test_a_hook_answers_in_the_place_of_the_view(target):
    events: list[str] = []
    app = hooked_app(target, events)
    send(app)
    app.before_request_funcs[None].insert(1, lambda: "answer")
    events.clear()
    assert send(app)[2] == b"answer"
    assert "view" not in events
    assert [event for event in events if "before" in event] == ["app before 1 view"]
    assert [event for event in events if "after" in event] == [
        "app after 2 view",
        "app after 1 view",
    ]


def test_a_hook_adds_hooks_and_changes_the_app(target):
    events: list[str] = []
    app = hooked_app(target, events)
    send(app)

    def add():
        app.before_request_funcs[None].append(lambda: events.append("added"))
        app.view_functions["view"] = lambda: "another view"
        app.process_response = calling(app.process_response, events)
        app.before_request_funcs[None].remove(add)

    app.before_request_funcs[None].insert(0, add)
    events.clear()
    assert send(app)[2] == b"another view"
    assert "added" in events
    assert "process_response" in events


def test_a_hook_dispatches_otherwise(target):
    app = hooked_app(target, [])
    send(app)

    def change():
        app.dispatch_request = lambda: "dispatched"

    app.before_request_funcs[None].append(change)
    assert send(app)[2] == b"dispatched"


def test_an_after_hook_gives_another_response_and_uses_the_session(target):
    app = hooked_app(target, [])
    app.secret_key = "k"
    send(app)

    def exchange(response):
        target.session["seen"] = True
        return target.Response("exchanged")

    app.after_request_funcs[None].append(exchange)
    _, headers, body = send(app)
    assert body == b"exchanged"
    assert headers["Set-Cookie"].startswith("session=")


def test_functions_after_this_request_run_before_the_hooks(target):
    events: list[str] = []
    app = hooked_app(target, events)
    send(app)

    def view():
        @target.after_this_request
        def note(response):
            events.append("this")
            return response

        return "text"

    app.view_functions["view"] = view
    events.clear()
    send(app)
    assert [event for event in events if "after" in event or event == "this"] == [
        "this",
        "app after 2 view",
        "app after 1 view",
    ]


@pytest.mark.parametrize("table", ["before_request_funcs", "after_request_funcs"])
def test_errors_of_hooks(target, monkeypatch, table):
    app = hooked_app(target, [])
    monkeypatch.setattr(app.logger, "disabled", True)
    send(app)
    app.error_handler_spec[None][None][ZeroDivisionError] = lambda error: "handled"
    getattr(app, table)[None].append(lambda *args: 1 / 0)
    status, _, body = send(app)
    if table == "before_request_funcs":
        # ... which the after hooks see as well.
        assert (status, body) == ("200 OK", b"handled")
    else:
        assert status == "500 INTERNAL SERVER ERROR"


def test_hooks_that_are_coroutine_functions_or_callables(target):
    import functools

    events: list[str] = []
    app = hooked_app(target, events)
    send(app)

    async def before():
        events.append("asynchronous")

    app.before_request_funcs[None].append(before)
    app.before_request_funcs[None].append(functools.partial(events.append, "partial"))
    app.teardown_request_funcs[None].append(functools.partial(lambda *_: events.append("end")))
    events.clear()
    assert send(app)[2] == b"text"
    assert {"asynchronous", "partial", "end"} <= set(events)


def test_a_teardown_function_gets_the_error_and_may_fail(target, monkeypatch):
    app, seen = hooked_app(target, []), []
    monkeypatch.setattr(app.logger, "disabled", True)
    send(app)
    app.teardown_request_funcs[None].append(seen.append)
    app.view_functions["view"] = lambda: 1 / 0
    send(app)
    assert isinstance(seen[-1], ZeroDivisionError)
    app.view_functions["view"] = lambda: "text"
    send(app)
    assert seen[-1] is None
    app.teardown_request_funcs[None].append(lambda error: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        send(app)
    assert not target.has_request_context()
    assert not target.has_app_context()


def test_signals_come_in_their_order(target, target_module):
    events: list[str] = []
    app = hooked_app(target, events)
    send(app)
    events.clear()
    signals = target_module("signals")

    def note(name):
        def receive(sender, **extra):
            assert sender is app
            events.append(name if "response" not in extra else f"{name} {extra['response'].data!r}")

        return receive

    names = ("request_started", "request_finished", "request_tearing_down", "appcontext_pushed")
    receivers = [(getattr(signals, name), note(name)) for name in names]
    for signal, receiver in receivers:
        signal.connect(receiver)
    try:
        send(app)
    finally:
        for signal, receiver in receivers:
            signal.disconnect(receiver)
    marks = [event for event in events if "app " not in event]
    assert marks == [
        "appcontext_pushed",
        "request_started",
        "view",
        "request_finished b'text'",
        "request_tearing_down",
    ]
    assert events.index("request_started") < events.index("app values 1 view")
    assert events.index("app after 1 view") < events.index("request_finished b'text'")


def test_tables_and_sequences_of_another_kind(target):
    app = steady(target)
    app.before_request_funcs = type("Table", (dict,), {})({None: (lambda: "from the table",)})
    assert send(app)[2] == b"from the table"
    app.before_request_funcs = {None: (lambda: None, lambda: "from a tuple")}
    assert send(app)[2] == b"from a tuple"
    app.after_request_funcs = {
        None: (lambda _: target.Response("last"), lambda _: target.Response("first"))
    }
    assert send(app)[2] == b"last"


# URLs.


def linking_app(target: t.Any) -> t.Any:
    app = steady(target)
    app.view_functions["index"] = lambda: target.url_for("index", a=1)
    for _ in range(2):
        assert send(app)[2] == b"/?a=1"
    return app


@pytest.mark.parametrize("name", ["url_for", "inject_url_defaults"])
@pytest.mark.parametrize("on", ["instance", "class"])
def test_methods_that_build_urls(target, monkeypatch, name, on):
    app, calls = linking_app(target), []
    holder = app if on == "instance" else target.Flask
    monkeypatch.setattr(holder, name, calling(getattr(holder, name), calls))
    assert send(app)[2] == b"/?a=1"
    assert calls == [name]


def test_functions_that_complete_urls(target):
    app = linking_app(target)
    app.url_default_functions[None] = [lambda endpoint, values: values.setdefault("b", 2)]
    assert send(app)[2] == b"/?a=1&b=2"
    app.url_default_functions = {}
    assert send(app)[2] == b"/?a=1"


def test_the_adapters_own_way_to_build(target, target_module, monkeypatch):
    app = linking_app(target)
    adapter = target_module("app").MapAdapter
    monkeypatch.setattr(adapter, "build", lambda *args, **kwargs: "/patched")
    assert send(app)[2] == b"/patched"


def test_urls_that_cannot_be_built_are_handled_once(target):
    app, handled = linking_app(target), []

    def handle(error, endpoint, values):
        handled.append((endpoint, values))
        return "/handled"

    app.url_build_error_handlers.append(handle)
    app.view_functions["index"] = lambda: target.url_for("nothing", x=1)
    assert send(app)[2] == b"/handled"
    nothing = {"_anchor": None, "_method": None, "_scheme": None, "_external": False}
    assert handled == [("nothing", {"x": 1, **nothing})]


def test_urls_of_another_app_within_a_request(target):
    app = linking_app(target)
    other = target.Flask("another")
    other.config["SERVER_NAME"] = "other.example"
    other.add_url_rule("/other", "other", lambda: "")

    def view():
        with other.app_context():
            try:
                return target.url_for("other")
            except Exception as error:
                return type(error).__name__

    app.view_functions["index"] = view
    assert send(app)[2] == b"BuildError"


def test_options_of_urls(target):
    app = linking_app(target)
    app.view_functions["index"] = lambda: " ".join(
        (
            target.url_for("index", _anchor="a b"),
            target.url_for("index", _external=True),
            target.url_for("index", _external=True, _scheme="https"),
            target.url_for(".index"),
        )
    )
    assert send(app)[2] == b"/#a%20b http://localhost/ https://localhost/ /"


# Sessions that nobody reads.


def cookie_of(target: t.Any, app: t.Any, **items: t.Any) -> str:
    def write():
        target.session.update(items)
        target.session.permanent = items.get("_permanent", False)
        return "written"

    before, app.view_functions["index"] = app.view_functions["index"], write
    cookie = send(app)[1]["Set-Cookie"].partition(";")[0]
    app.view_functions["index"] = before
    return cookie


@pytest.mark.parametrize("filling", ["", "x" * 500])
def test_only_a_permanent_session_is_sent_again(target, filling):
    app = steady(target)
    for permanent in (False, True):
        cookie = cookie_of(target, app, _permanent=permanent, filling=filling)
        for header in (cookie, f"a=b; {cookie}", f"{cookie}; session=another"):
            headers = send(app, HTTP_COOKIE=header)[1]
            # A session that was set to be none carries the mark all the same.
            assert ("Set-Cookie" in headers) is permanent, header
            assert ("Vary" in headers) is permanent
        app.config["SESSION_REFRESH_EACH_REQUEST"] = False
        assert "Set-Cookie" not in send(app, HTTP_COOKIE=cookie)[1]
        app.config["SESSION_REFRESH_EACH_REQUEST"] = True


@pytest.mark.parametrize(
    "value", ["", ".", "none", "a.b.c", "eyJhIjoxfQ.Zm9v.YmFy", '"quoted"', "é"]
)
def test_a_cookie_that_does_not_verify_is_left_alone(target, value):
    app = steady(target)
    tunnelled = f"session={value}".encode().decode("latin1")
    assert "Set-Cookie" not in send(app, HTTP_COOKIE=tunnelled)[1]


@pytest.mark.parametrize("name", ["should_set_cookie", "get_signing_serializer"])
@pytest.mark.parametrize("way", ["subclass", "instance", "class"])
def test_methods_that_decide_on_an_unread_session(target, target_module, monkeypatch, name, way):
    app, calls = steady(target), []
    cookie = cookie_of(target, app, a=1)
    interface = target_module("sessions").SecureCookieSessionInterface
    override = calling(getattr(interface, name), calls, name)
    if way == "subclass":
        app.session_interface = type("Own", (interface,), {name: override})()
    elif way == "instance":
        app.session_interface = interface()
        own = calling(getattr(app.session_interface, name), calls, name)
        setattr(app.session_interface, name, own)
    else:
        monkeypatch.setattr(interface, name, override)
    send(app, HTTP_COOKIE=cookie)
    assert name in calls


def test_an_app_whose_key_goes_away(target):
    app = steady(target)
    cookie = cookie_of(target, app, _permanent=True)
    app.secret_key = None
    assert "Set-Cookie" not in send(app, HTTP_COOKIE=cookie)[1]
    app.secret_key = "k"
    assert "Set-Cookie" in send(app, HTTP_COOKIE=cookie)[1]
