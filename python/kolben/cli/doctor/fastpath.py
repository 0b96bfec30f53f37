"""What leaves the fast path, and what that costs."""

from __future__ import annotations

import types
import typing as t

from werkzeug import routing as werkzeug_routing

from ... import app as app_module
from ...globals import session
from ...json.provider import DefaultJSONProvider
from ...routing import Map, Rule
from ...routing.conflicts import sample_path
from . import timing
from .rows import Row, name_of, place_of

if t.TYPE_CHECKING:
    from ...app import Flask

#: The methods of an app that each request comes by.
PIPELINE = (
    "wsgi_app",
    "request_context",
    "create_url_adapter",
    "app_context",
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
#: What of other classes the core does the work of, by the app's attribute that holds the class.
HELD: t.Final[dict[str, tuple[str, ...]]] = {
    "request_class": (
        *("__init__", "__setattr__", "host", "method", "trusted_hosts", "close"),
        *("files", "_load_form_data", "blueprints", "endpoint", "headers", "query_string"),
    ),
    "response_class": (
        *(
            "__call__",
            "__init__",
            "__setattr__",
            "call_on_close",
            "close",
            "default_status",
            "get_app_iter",
        ),
        *("get_wsgi_headers", "get_wsgi_response", "headers", "iter_encoded", "set_data"),
        *("status", "status_code", "automatically_set_content_length"),
    ),
    "session_interface": (
        *("open_session", "save_session", "is_null_session", "make_null_session"),
        *("session_class", "get_cookie_name", "get_signing_serializer"),
    ),
}
_HOOKS: t.Final[dict[str, str]] = {
    "url_value_preprocessors": "url_value_preprocessor",
    "before_request_funcs": "before_request",
    "after_request_funcs": "after_request",
    "teardown_request_funcs": "teardown_request",
}
#: How many calls deep a hook is looked into.
_DEPTH = 3


def look_at_fast_path(app: Flask) -> t.Iterator[Row]:
    """Look for what the core does not do by itself for this app."""
    found = [*_methods(app), *_classes(app), *_json(app)]
    found += [*_map(app), *_converters(app), *_hooks(app)]
    if not found:
        found = [
            Row("fine", "fast-path", "All requests", "nothing of the app leaves the fast path")
        ]
    yield from found


# --- overrides -----------------------------------------------------------------------------------


def _methods(app: Flask) -> t.Iterator[Row]:
    for name in PIPELINE:
        found = _override(app, name)
        if found is None:
            continue
        how, function = found
        yield Row(
            "note",
            "override",
            f"{name}()",
            f"is {how}; that costs this much, and what it does itself",
            place=place_of(function),
            microseconds=timing.cost_of_method(name),
        )


def _override(app: Flask, name: str) -> tuple[str, t.Any] | None:
    """Say where a method of the app comes from, if it is not Kolben's own."""
    if name in vars(app):
        return f"set on the app: {name_of(vars(app)[name])}", vars(app)[name]
    for cls in type(app).__mro__:
        if name in vars(cls):
            function = vars(cls)[name]
            if cls is not app_module.Flask:
                return f"overridden in {name_of(cls)}", function
            # An agent may have put something of its own there.
            is_own = getattr(function, "__module__", None) == app_module.Flask.__module__
            code = getattr(function, "__code__", None)
            if is_own and code is not None and code.co_filename == app_module.__file__:
                return None
            return f"replaced in Kolben: {name_of(function)}", function
    return None


def _classes(app: Flask) -> t.Iterator[Row]:
    for holder, names in HELD.items():
        held = getattr(app, holder)
        usual = getattr(app_module.Flask, holder)
        cls, base = (one if isinstance(one, type) else type(one) for one in (held, usual))
        if not issubclass(cls, base):
            yield _foreign(holder, cls)
            continue
        for name in names:
            # Kolben's own are held by its classes alone: an override is in front of them.
            owner = next((one for one in cls.__mro__ if name in vars(one)), base)
            if owner in base.__mro__:
                continue
            yield Row(
                "note",
                "override",
                f"{cls.__name__}.{name}",
                f"is overridden in {name_of(owner)} ({holder})",
                place=place_of(vars(owner)[name]),
                microseconds=timing.cost_of_attribute(holder, name),
            )


def _foreign(holder: str, cls: type) -> Row:
    if holder == "session_interface":
        return Row(
            "note",
            "session-interface",
            name_of(cls),
            "opens a session for each request, before the view; Kolben's opens one when it is"
            " asked for",
            microseconds=timing.cost_of_attribute(holder, "open_session"),
        )
    text = f"is the {holder}, and not derived from Kolben's: all of its work is done in Python"
    return Row("note", "foreign-class", name_of(cls), text)


def _json(app: Flask) -> t.Iterator[Row]:
    provider = type(app.json)
    for name in ("response", "dumps"):
        if getattr(provider, name) is not getattr(DefaultJSONProvider, name):
            yield Row(
                "note",
                "json-provider",
                f"{provider.__name__}.{name}",
                "writes the JSON of dicts and lists that views return, in the core's place",
                place=place_of(getattr(provider, name)),
                microseconds=timing.cost_of_json(name),
            )


# --- routing -------------------------------------------------------------------------------------


def _map(app: Flask) -> t.Iterator[Row]:
    url_map: t.Any = app.url_map
    plain = [rule for rule in url_map.iter_rules() if not isinstance(rule, Rule)]
    if isinstance(url_map, Map) and not plain:
        return
    if plain:
        what = f"{plain[0]} is a {name_of(type(plain[0]))}, no kolben.routing.Rule"
    else:
        what = f"it is a {name_of(type(url_map))}, no kolben.routing.Map"
    path = next(filter(None, map(sample_path, url_map.iter_rules())), None)
    yield Row(
        "note",
        "foreign-map",
        "app.url_map",
        f"is matched by Werkzeug's code: {what}",
        "Take the classes from kolben.routing; under the drop-in, app.url_rule_class is one.",
        microseconds=None if path is None else timing.cost_of_werkzeugs_matching(url_map, path),
    )


def _converters(app: Flask) -> t.Iterator[Row]:
    url_map: t.Any = app.url_map
    usual = werkzeug_routing.Map.default_converters
    own = {
        name: converter
        for name, converter in url_map.converters.items()
        if usual.get(name) is not converter
    }
    for name, kind in own.items():
        found = [
            (rule, converter)
            for rule in url_map.iter_rules()
            for converter in rule._converters.values()
            if type(converter) is kind
        ]
        reasons = _of_its_own(found[0][1]) if found else []
        if not reasons:
            continue
        count = len({id(rule) for rule, _ in found})
        more = f" and {count - 1} more" if count > 1 else ""
        yield Row(
            "note",
            "converter",
            f"<{name}>",
            f"has {' and '.join(reasons)}, for Python to run: {found[0][0].rule}{more}",
            place=place_of(kind.to_python),
            microseconds=_cost_of_converter(name, found[0][0]),
        )


def _cost_of_converter(name: str, rule: t.Any) -> float | None:
    path = sample_path(rule)
    if path is None:
        return None
    try:
        return timing.cost_of_converter(rule, [name], path)
    except Exception:
        # It may want a request, or a database: then nobody can say.
        return None


def _of_its_own(converter: t.Any) -> list[str]:
    """Return what a converter has that is not Werkzeug's."""
    usual = werkzeug_routing.Map.default_converters.values()
    kinds: set[t.Any] = {werkzeug_routing.BaseConverter, *usual}
    kind = type(converter)
    reasons = []
    # Werkzeug's own constructors make expressions that the core knows.
    made_there = kind.__init__ in {one.__init__ for one in kinds}
    if kind.regex not in {one.regex for one in kinds} or (
        "regex" in vars(converter) and not made_there
    ):
        reasons.append("an expression of its own")
    if kind.to_python not in {one.to_python for one in kinds}:
        reasons.append("a to_python of its own")
    return reasons


# --- hooks that read the session -----------------------------------------------------------------


def _hooks(app: Flask) -> t.Iterator[Row]:
    for table, decorator in _HOOKS.items():
        article = "an" if decorator[0] in "aeiou" else "a"
        for scope, functions in getattr(app, table).items():
            for function in functions:
                if not reads_session(function):
                    continue
                where = "" if scope is None else f" of blueprint {scope!r}"
                yield Row(
                    "note",
                    "hook-session",
                    f"{getattr(function, '__name__', function)}()",
                    f"is {article} {decorator} function{where} that reads the session, which is"
                    " verified and read then in each request",
                    place=place_of(function),
                    microseconds=timing.cost_of_session(),
                )


def reads_session(function: t.Any, depth: int = _DEPTH) -> bool:
    """Say whether a function, or one that it calls, names the session.

    It is not run: what it reaches by other ways is not seen.
    """
    function = getattr(function, "__func__", function)
    function = getattr(function, "__wrapped__", function)
    if not isinstance(function, types.FunctionType):
        return False
    names = _names(function.__code__)
    values = [function.__globals__.get(name) for name in names]
    values += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    return any(_leads_to_session(value, names, depth) for value in values)


def _leads_to_session(value: t.Any, names: set[str], depth: int) -> bool:
    if value is session:
        return True
    # A proxy would answer for what it stands for, or fail.
    kind = type(value)
    if issubclass(kind, types.ModuleType):
        return "session" in names and vars(value).get("session") is session
    return depth > 0 and kind is types.FunctionType and reads_session(value, depth - 1)


def _names(code: types.CodeType) -> set[str]:
    """Return the names of a function and of the functions in it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - the look is the question
    except ValueError:
        return False
    return True
