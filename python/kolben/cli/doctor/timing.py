"""What a thing costs in each request, measured on the spot on small apps made for it."""

from __future__ import annotations

import copy
import time
import types
import typing as t
from functools import cache, partial

from werkzeug import routing as werkzeug_routing

from ... import routing as kolben_routing
from ...app import Flask
from ...globals import session
from ...json.provider import DefaultJSONProvider

_ROUNDS = 7
_CALLS = 150
_ENVIRON: t.Final[dict[str, t.Any]] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "localhost",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def more_than(plain: t.Callable[[], t.Any], other: t.Callable[[], t.Any]) -> float:
    """Return how much longer one function takes than another, in microseconds, and never less."""
    least = [float("inf"), float("inf")]
    for call in (plain, other):
        call()
    for _ in range(_ROUNDS):
        # In turns, so that both meet the same machine.
        for place, call in enumerate((plain, other)):
            start = time.perf_counter()
            for _ in range(_CALLS):
                call()
            least[place] = min(least[place], time.perf_counter() - start)
    return max(0.0, (least[1] - least[0]) / _CALLS * 1e6)


def requests_to(app: Flask, cookie: str = "") -> t.Callable[[], None]:
    """Return a function that sends an app one request."""
    environ = {**_ENVIRON, **({"HTTP_COOKIE": cookie} if cookie else {})}

    def send() -> None:
        body = app(dict(environ), _start_response)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()

    return send


def _start_response(status: str, headers: t.Any, error: t.Any = None) -> t.Any:
    """Take status and headers, as a server does."""


def _small_app(cls: type[Flask] = Flask, **attributes: t.Any) -> Flask:
    app = cls("kolben_doctor", static_folder=None, root_path=".")
    for name, value in attributes.items():
        setattr(app, name, value)
    app.add_url_rule("/", "index", lambda: "Hello")
    return app


@cache
def cost_of_method(name: str) -> float:
    """Measure what a subclass costs that overrides a method of the app, only to call Kolben's."""

    def method(self: Flask, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return getattr(super(overriding, self), name)(*args, **kwargs)

    overriding = type("Overriding", (Flask,), {name: method})
    return more_than(requests_to(_small_app()), requests_to(_small_app(overriding)))


@cache
def cost_of_attribute(holder: str, name: str) -> float:
    """Measure what another attribute of a class costs, one that does what Kolben's does.

    :param holder: The app's attribute that holds the class: ``request_class``, or an instance.
    :param name: The attribute.
    """
    held = getattr(Flask, holder)
    base = held if isinstance(held, type) else type(held)
    original = next(vars(cls)[name] for cls in base.__mro__ if name in vars(cls))
    other = type("Other", (base,), {name: _another(original)})
    given = {holder: other if isinstance(held, type) else other()}
    return more_than(requests_to(_small_app()), requests_to(_small_app(**given)))


def _another(original: t.Any) -> t.Any:
    """Return what does the same and is another object."""
    if isinstance(original, types.FunctionType):
        return lambda *args, **kwargs: original(*args, **kwargs)
    if isinstance(original, property):
        return property(original.fget, original.fset, original.fdel)
    if hasattr(original, "fget"):
        return type(original)(original.fget)
    try:
        return copy.copy(original)
    except TypeError:
        return original


@cache
def cost_of_session() -> float:
    """Measure what it costs that a hook reads the session, in a request with a session's cookie."""

    def look() -> None:
        session.get("user")

    apps = [_small_app(), _small_app()]
    for app in apps:
        app.secret_key = "k" * 32
    apps[1].before_request(look)
    interface: t.Any = apps[0].session_interface
    value = interface.get_signing_serializer(apps[0]).dumps({"user": 1, "theme": "dark"})
    plain, reading = (requests_to(app, f"session={value}") for app in apps)
    return more_than(plain, reading)


@cache
def cost_of_json(name: str) -> float:
    """Measure what a JSON provider costs that overrides a method, only to call Kolben's."""

    def method(self: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return getattr(super(overriding, self), name)(*args, **kwargs)

    overriding = type("Overriding", (DefaultJSONProvider,), {name: method})
    apps = [_small_app(), _small_app()]
    apps[1].json = overriding(apps[1])
    for app in apps:
        app.view_functions["index"] = lambda: {"id": 1, "name": "a name", "tags": ["a", "b"]}
    plain, other = map(requests_to, apps)
    return more_than(plain, other)


def cost_of_converter(rule: t.Any, names: t.Collection[str], path: str) -> float:
    """Measure what converters of an app cost in one match, against plain ones.

    :param rule: A rule of the app.
    :param names: The converters, by the names that rules call them.
    :param path: A path that the rule matches.
    """
    own = rule.map.converters
    plain = {name: _Plain if name in names else kind for name, kind in own.items()}
    return more_than(*(_matcher(kolben_routing, [rule], kinds, path) for kinds in (plain, own)))


class _Plain(kolben_routing.BaseConverter):
    """Takes what the app's converter takes in the rule, and any text."""

    def __init__(self, url_map: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(url_map)


def cost_of_werkzeugs_matching(url_map: t.Any, path: str) -> float:
    """Measure what one match costs more in Werkzeug's code than in the core.

    :param url_map: The app's map.
    :param path: A path that it matches.
    """
    rules, kinds = list(url_map.iter_rules()), url_map.converters
    routings = (kolben_routing, werkzeug_routing)
    return more_than(*(_matcher(routing, rules, kinds, path) for routing in routings))


def _matcher(
    routing: t.Any, rules: list[t.Any], converters: t.Mapping[str, t.Any], path: str
) -> t.Callable[[], t.Any]:
    """Return a function that matches a path among copies of rules."""
    copies = [
        routing.Rule(rule.rule, endpoint="x", strict_slashes=rule.strict_slashes, methods=["GET"])
        for rule in rules
    ]
    adapter = routing.Map(copies, converters=converters).bind("localhost")
    return partial(adapter.match, path)
