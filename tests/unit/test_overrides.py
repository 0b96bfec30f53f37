"""Whatever users override, patch or swap in the life of a request is called.

Each case runs on a subclass, on an instance, and on the class itself, patched before the first
request or after it.
"""

from __future__ import annotations

import subprocess
import sys
import typing as t

import pytest
import wrapt
from werkzeug.exceptions import HTTPException

WAYS = ("subclass", "instance", "class before", "class after")


def environ(**others: t.Any) -> dict[str, t.Any]:
    import io

    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        **others,
    }


def send(app: t.Any, **others: t.Any) -> tuple[str, dict[str, str], bytes]:
    sent: list[t.Any] = []
    made = environ(**others)
    body = app(made, lambda status, headers, error=None: sent.extend((status, headers)))
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return sent[0], dict(sent[1]), data


def fill(app: t.Any) -> t.Any:
    app.add_url_rule("/", "index", lambda: "text")
    app.add_url_rule("/error", "error", lambda: 1 / 0)
    app.secret_key = "k"
    return app


def calling(
    original: t.Callable[..., t.Any], calls: list[str], name: str | None = None
) -> t.Callable[..., t.Any]:
    """The original, which notes that it was called."""

    def override(*args: t.Any, **kwargs: t.Any) -> t.Any:
        calls.append(name or original.__name__)
        return original(*args, **kwargs)

    return override


APP_METHODS = (
    "wsgi_app",
    "request_context",
    "app_context",
    "create_url_adapter",
    "full_dispatch_request",
    "preprocess_request",
    "dispatch_request",
    "ensure_sync",
    "finalize_request",
    "make_response",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
)
ERROR_METHODS = {
    "/nothing": (
        "raise_routing_exception",
        "handle_user_exception",
        "handle_http_exception",
        "trap_http_exception",
        "_find_error_handler",
    ),
    "/error": ("handle_exception", "handle_user_exception", "log_exception", "should_ignore_error"),
}
CASES = [(name, "/") for name in APP_METHODS] + [
    (name, path) for path, names in ERROR_METHODS.items() for name in names
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "path"), CASES)
def test_methods_of_the_app(target, monkeypatch, name, path, way):
    calls: list[str] = []
    original = getattr(target.Flask, name)
    override = calling(original, calls)
    if way == "subclass":
        app = fill(type("Own", (target.Flask,), {name: override})("an_app"))
    else:
        if way == "class before":
            monkeypatch.setattr(target.Flask, name, override)
        app = fill(target.Flask("an_app"))
    monkeypatch.setattr(app.logger, "disabled", True)
    if way == "class after":
        send(app, PATH_INFO=path)
        monkeypatch.setattr(target.Flask, name, override)
    if way == "instance":
        send(app, PATH_INFO=path)
        setattr(app, name, calling(getattr(app, name), calls))
    calls.clear()
    send(app, PATH_INFO=path)
    assert name in calls
    # Patches go away again.
    if way in ("class before", "class after"):
        monkeypatch.undo()
        calls.clear()
        send(app, PATH_INFO=path)
        assert calls == []


SESSION_METHODS = ("open_session", "save_session", "is_null_session")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SESSION_METHODS)
def test_methods_of_the_session_interface(target, target_module, monkeypatch, name, way):
    calls: list[str] = []
    interface = target_module("sessions").SecureCookieSessionInterface
    override = calling(getattr(interface, name), calls)
    app = fill(target.Flask("an_app"))
    if way == "subclass":
        app.session_interface = type("Own", (interface,), {name: override})()
    elif way == "instance":
        app.session_interface = interface()
        send(app)
        setattr(app.session_interface, name, calling(getattr(app.session_interface, name), calls))
    else:
        if way == "class after":
            send(app)
        monkeypatch.setattr(interface, name, override)
    calls.clear()
    send(app)
    assert name in calls


def test_a_session_class_that_is_never_empty_is_saved(target, target_module):
    sessions = target_module("sessions")

    class Session(sessions.SecureCookieSession):
        def __init__(self, initial=None):
            super().__init__(initial or {"from": "the start"})
            self.modified = True

    class Interface(sessions.SecureCookieSessionInterface):
        session_class = Session

    app = fill(target.Flask("an_app"))
    app.session_interface = Interface()
    assert "session=" in send(app)[1]["Set-Cookie"]


def test_a_permanent_session_is_refreshed_though_nobody_reads_it(target):
    app = fill(target.Flask("an_app"))

    @app.get("/login")
    def login():
        target.session.permanent = True
        return "in"

    cookie = send(app, PATH_INFO="/login")[1]["Set-Cookie"].partition(";")[0]
    _, headers, _ = send(app, HTTP_COOKIE=cookie)
    assert headers["Set-Cookie"].startswith("session=")
    assert headers["Vary"] == "Cookie"
    assert "Set-Cookie" not in send(app, HTTP_COOKIE="other=1")[1]
    app.config["SESSION_COOKIE_NAME"] = "another"
    assert "Set-Cookie" not in send(app, HTTP_COOKIE=cookie)[1]


CONTEXT_METHODS = [
    *(("RequestContext", "request_context", name) for name in ("push", "pop", "match_request")),
    *(("AppContext", "app_context", name) for name in ("push", "pop", "__init__")),
]


@pytest.mark.parametrize("way", ["subclass", "class before", "class after"])
@pytest.mark.parametrize(("kind", "factory", "name"), CONTEXT_METHODS)
def test_methods_of_the_contexts(target, target_module, monkeypatch, kind, factory, name, way):
    calls: list[str] = []
    context = getattr(target_module("ctx"), kind)
    override = calling(getattr(context, name), calls, name)
    app = fill(target.Flask("an_app"))
    if way == "subclass":
        own = type("Own", (context,), {name: override})
        setattr(app, factory, lambda *args: own(app, *args))
    else:
        if way == "class after":
            send(app)
        monkeypatch.setattr(context, name, override)
    assert send(app)[2] == b"text"
    assert calls == [name]


def test_a_method_of_the_requests_own(target):
    class Request(target.Request):
        @property
        def method(self):
            return self.environ.get("HTTP_X_METHOD", self.environ["REQUEST_METHOD"])

        @method.setter
        def method(self, value):
            pass

    app = fill(target.Flask("an_app"))
    app.request_class = Request
    assert send(app, HTTP_X_METHOD="OPTIONS")[1]["Allow"]


def test_trusted_hosts_of_the_requests_own(target):
    class Request(target.Request):
        trusted_hosts: t.ClassVar[list[str]] = ["example.org"]

    app = fill(target.Flask("an_app"))
    app.request_class = Request
    assert send(app)[0].startswith("400")
    assert send(app, HTTP_HOST="example.org")[2] == b"text"
    app.config["TRUSTED_HOSTS"] = ["localhost"]
    assert send(app)[2] == b"text"
    assert send(app, HTTP_HOST="example.org")[0].startswith("400")


def test_the_request_class_is_swapped(target):
    class Request(target.Request):
        mine = "mine"

    app = fill(target.Flask("an_app"))
    app.add_url_rule("/mine", "mine", lambda: getattr(target.request, "mine", "not mine"))
    assert send(app, PATH_INFO="/mine")[2] == b"not mine"
    app.request_class = Request
    assert send(app, PATH_INFO="/mine")[2] == b"mine"
    app.request_class = target.Request
    assert send(app, PATH_INFO="/mine")[2] == b"not mine"


MESSAGE_METHODS = [
    *(("Request", "request_class", name) for name in ("__init__", "close", "__setattr__")),
    *(
        ("Response", "response_class", name)
        for name in (
            "__init__",
            "__call__",
            "get_wsgi_response",
            "get_wsgi_headers",
            "get_app_iter",
            "set_data",
            "_clean_status",
        )
    ),
]


@pytest.mark.parametrize("way", ["subclass", "class after"])
@pytest.mark.parametrize(("kind", "attribute", "name"), MESSAGE_METHODS)
def test_methods_of_requests_and_responses(target, monkeypatch, kind, attribute, name, way):
    calls: list[str] = []
    message = getattr(target, kind)
    override = calling(getattr(message, name), calls, name)
    app = fill(target.Flask("an_app"))
    if way == "subclass":
        setattr(app, attribute, type("Own", (message,), {name: override}))
    else:
        send(app)
        monkeypatch.setattr(message, name, override)
    assert send(app)[2] == b"text"
    assert name in calls


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"default_mimetype": "text/plain"}, ("200 OK", "text/plain; charset=utf-8", "4")),
        ({"default_mimetype": None}, ("200 OK", None, "4")),
        ({"default_status": 202}, ("202 ACCEPTED", "text/html; charset=utf-8", "4")),
        ({"automatically_set_content_length": False}, ("200 OK", "text/html; charset=utf-8", None)),
    ],
)
@pytest.mark.parametrize("way", ["subclass", "class after"])
def test_attributes_of_the_response(target, monkeypatch, attributes, expected, way):
    app = fill(target.Flask("an_app"))
    send(app)
    if way == "subclass":
        app.response_class = type("Own", (target.Response,), attributes)
    else:
        for name, value in attributes.items():
            monkeypatch.setattr(target.Response, name, value)
    status, headers, body = send(app)
    assert body == b"text"
    assert (status, headers.get("Content-Type"), headers.get("Content-Length")) == expected


def test_a_response_that_is_closed(target):
    app = fill(target.Flask("an_app"))
    closed = []

    @app.after_request
    def after(response):
        response.call_on_close(lambda: closed.append("called"))
        return response

    assert send(app)[2] == b"text"
    assert closed == ["called"]


def test_the_map_is_exchanged(target):
    from werkzeug.routing import Map, Rule

    app = fill(target.Flask("an_app"))
    assert send(app)[2] == b"text"
    app.url_map = Map([Rule("/other", endpoint="index", methods=["GET"])])
    assert send(app)[0].startswith("404")
    assert send(app, PATH_INFO="/other")[2] == b"text"


@pytest.mark.parametrize("name", ["bind_to_environ", "update"])
def test_methods_of_the_map(target, monkeypatch, name):
    calls: list[str] = []
    app = fill(target.Flask("an_app"))
    send(app)
    override = calling(getattr(type(app.url_map), name), calls)
    monkeypatch.setattr(type(app.url_map), name, override)
    assert send(app)[2] == b"text"
    if name == "bind_to_environ":
        assert len(calls) == 1


def test_the_match_of_the_adapter(target, monkeypatch):
    calls: list[str] = []
    app = fill(target.Flask("an_app"))
    with app.test_request_context("/") as ctx:
        adapter = type(ctx.url_adapter)
    send(app)
    monkeypatch.setattr(adapter, "match", calling(adapter.match, calls))
    assert send(app)[2] == b"text"
    assert calls == ["match"]


def test_a_signal_is_heard_as_soon_as_it_is_connected(target, target_module):
    signals = target_module("signals")
    app = fill(target.Flask("an_app"))
    send(app)
    heard = []
    names = (
        "appcontext_pushed",
        "request_started",
        "request_finished",
        "request_tearing_down",
        "appcontext_tearing_down",
        "appcontext_popped",
    )
    receivers = []
    for name in names:

        def receive(sender, name=name, **extra):
            assert sender is app
            heard.append(name)

        receivers.append(receive)
        getattr(signals, name).connect(receive, app)
    send(app)
    assert heard == list(names)
    for name, receive in zip(names, receivers, strict=True):
        getattr(signals, name).disconnect(receive, app)
    heard.clear()
    send(app)
    assert heard == []


def test_tables_that_are_edited_by_hand(target):
    app = fill(target.Flask("an_app"))
    send(app)
    order = []
    app.before_request_funcs = {None: [lambda: order.append("before")]}
    app.after_request_funcs[None] = [lambda response: order.append("after") or response]
    app.teardown_request_funcs = {None: [lambda error: order.append("teardown")]}
    app.teardown_appcontext_funcs = [lambda error: order.append("app")]
    app.url_value_preprocessors = {None: [lambda endpoint, values: order.append(endpoint)]}
    send(app)
    assert order == ["index", "before", "after", "teardown", "app"]


def test_the_classes_of_the_app(target, target_module):
    class Own(target.Flask):
        app_ctx_globals_class = type("Globals", (target_module("ctx")._AppCtxGlobals,), {"x": 1})

    app = fill(Own("an_app"))
    app.add_url_rule("/g", "g", lambda: str(target.g.x))
    assert send(app, PATH_INFO="/g")[2] == b"1"


def test_a_config_with_lookups_of_its_own(target):
    class Config(target.Config):
        def __getitem__(self, key):
            return ["example.org"] if key == "TRUSTED_HOSTS" else super().__getitem__(key)

    class Own(target.Flask):
        config_class = Config

    app = fill(Own("an_app"))
    assert send(app)[0].startswith("400")
    assert send(app, HTTP_HOST="example.org")[2] == b"text"


@pytest.mark.parametrize("name", ["get_response", "get_body", "get_headers", "__call__"])
@pytest.mark.parametrize("way", ["subclass", "class after"])
def test_methods_of_an_http_exception(target, monkeypatch, name, way):
    from werkzeug.exceptions import HTTPException, NotFound

    calls: list[str] = []
    override = calling(getattr(HTTPException, name), calls)
    app = fill(target.Flask("an_app"))
    raised = type("Own", (NotFound,), {name: override} if way == "subclass" else {})

    def fail():
        raise raised()

    app.add_url_rule("/raises", "raises", fail)
    if way == "class after":
        send(app, PATH_INFO="/raises")
        monkeypatch.setattr(HTTPException, name, override)
    status, headers, body = send(app, PATH_INFO="/raises")
    assert status == "404 NOT FOUND"
    assert headers["Content-Length"] == str(len(body))
    assert name in calls


def test_an_http_exception_with_headers_of_its_own(target):
    app = fill(target.Flask("an_app"))
    status, headers, body = send(app, REQUEST_METHOD="POST")
    assert status == "405 METHOD NOT ALLOWED"
    assert list(headers) == ["Content-Type", "Allow", "Content-Length"]
    assert set(headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert headers["Content-Length"] == str(len(body))
    assert send(app, REQUEST_METHOD="HEAD", PATH_INFO="/nothing")[2] == b""


def test_a_view_may_change_its_keywords(target):
    app = target.Flask("an_app")
    seen = []

    @wrapt.decorator
    def renaming(wrapped, instance, args, kwargs):
        kwargs["name"] = kwargs.pop("id")
        return wrapped(*args, **kwargs)

    app.add_url_rule("/<int:id>", "index", renaming(lambda name: f"{name}"))

    @app.after_request
    def note(response):
        seen.append(target.request.view_args)
        return response

    for _ in range(3):
        assert send(app, PATH_INFO="/5")[2] == b"5"
    assert seen == [{"id": 5}] * 3


def test_lists_of_hooks_with_an_order_of_their_own(target):
    calls = []

    class Ordered(list):
        def __iter__(self):
            return iter(sorted(self[:], key=lambda hook: hook.__name__))

        def __reversed__(self):
            return iter(self)

    def hook(name):
        def run(*response):
            calls.append(name)
            return response[0] if response else None

        run.__name__ = name
        return run

    app = fill(target.Flask("an_app"))
    send(app)
    app.before_request_funcs[None] = Ordered([hook("before 2"), hook("before 1")])
    app.after_request_funcs[None] = Ordered([hook("after 2"), hook("after 1")])
    send(app)
    assert calls == ["before 1", "before 2", "after 1", "after 2"]


def test_a_description_that_is_translated_when_it_is_shown(target):
    texts = {"en": "one", "de": "eins"}

    class Translated:
        def __html__(self):
            return texts[target.request.args["language"]]

    class Error(HTTPException):
        code = 418
        description = Translated()

    app = target.Flask("an_app")

    @app.route("/")
    def index():
        raise Error

    for language, text in texts.items():
        assert f"<p>{text}</p>".encode() in send(app, QUERY_STRING=f"language={language}")[2]


def test_header_values_that_are_no_text_are_made_text(target):
    app = target.Flask("an_app")

    @app.route("/")
    def index():
        response = target.Response("text")
        response.headers._list.append(("Count", 5))
        return response

    assert send(app)[1]["Count"] == "5"


@pytest.mark.parametrize("body", ["text", iter(["text"])])
@pytest.mark.parametrize("value", ["a\nSet-Cookie: b=c", "a\r\nb"])
def test_no_header_ends_early(target, value, body):
    app = target.Flask("an_app")

    @app.route("/")
    def index():
        response = target.Response(body)
        # Past the methods, which refuse it.
        response.headers._list.append(("X-Name", value))
        return response

    with pytest.raises(ValueError, match="newline"):
        send(app)


#: Patched as soon as it is imported, which is before Kolben is: as agents do it.
EARLY = """
import importlib, sys
target, module, owner, name = sys.argv[1:]
owner = getattr(importlib.import_module(module), owner)
original, calls = getattr(owner, name), []
def patched(*args, **kwargs):
    calls.append(name)
    return original(*args, **kwargs)
setattr(owner, name, patched)
flask = importlib.import_module(target)
app = flask.Flask("an_app")
@app.route("/<int:number>")
def index(number):
    flask.request.accept_mimetypes.best
    return flask.url_for("index", number=number)
flask.request_started.connect(print, app)
client = app.test_client()
client.get("/5", headers={"Accept": "text/html"})
calls.clear()
app.url_map.add(app.url_rule_class("/other/<int:number>", endpoint="index"))
client.get("/5", headers={"Accept": "text/html"})
print(len(calls))
"""


@pytest.mark.parametrize(
    "place",
    [
        ("blinker", "Signal", "send"),
        ("werkzeug.routing", "Rule", "get_converter"),
        ("werkzeug.routing", "IntegerConverter", "__init__"),
        ("werkzeug.routing.converters", "NumberConverter", "to_python"),
        ("werkzeug.routing.converters", "NumberConverter", "to_url"),
        ("werkzeug.datastructures", "Accept", "__init__"),
        ("werkzeug.datastructures", "MIMEAccept", "_specificity"),
    ],
    ids=".".join,
)
def test_what_was_patched_before_the_framework_was_imported(target, place):
    command = [sys.executable, "-c", EARLY, target.__name__, *place]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert int(ran.stdout.split()[-1]) > 0
