"""Names that Flask 3.2 removes or is about to, in the app's own modules.

What 3.2 changes is taken from its change log, as of its development version: ``__version__`` is
gone; one context serves both purposes, so that ``_cv_request`` is gone, and ``RequestContext`` and
``request_ctx`` are other names that warn; ``should_ignore_error`` warns; and methods that dispatch
a request take the context first, while overrides without it go on with a warning.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
import sys
import types
import typing as t

from ...app import Flask
from ...globals import session
from ...helpers import flash
from .rows import Row, place_of, shown

_GONE = "is no more in Flask 3.2"
_ALIAS = "in Flask 3.2 it is another name for {}, and warns"
#: Module and name, what happens to it, and what to use.
NAMES: t.Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("flask", "__version__"): (_GONE, "importlib.metadata.version('flask')"),
    ("flask.globals", "_cv_request"): (_GONE, "flask.globals._cv_app"),
    ("flask.globals", "request_ctx"): (_ALIAS.format("app_ctx"), "flask.globals.app_ctx"),
    ("flask.ctx", "RequestContext"): (_ALIAS.format("AppContext"), "flask.ctx.AppContext"),
    ("flask.app", "RequestContext"): (_ALIAS.format("AppContext"), "flask.ctx.AppContext"),
}
#: What went before 3.1. As an import it would have failed; inside of a function it waits.
_LONG_GONE: t.Final[dict[tuple[str, str], str]] = {
    ("flask", "_request_ctx_stack"): "flask.g, or flask.globals.app_ctx",
    ("flask", "_app_ctx_stack"): "flask.g",
    ("flask.globals", "_request_ctx_stack"): "flask.g, or flask.globals.app_ctx",
    ("flask.globals", "_app_ctx_stack"): "flask.g",
    ("flask", "Markup"): "markupsafe.Markup",
    ("flask", "escape"): "markupsafe.escape",
    ("flask", "safe_join"): "werkzeug.utils.safe_join",
    ("flask.json", "JSONEncoder"): "flask.json.provider.DefaultJSONProvider",
    ("flask.json", "JSONDecoder"): "flask.json.provider.DefaultJSONProvider",
    ("flask.json", "htmlsafe_dumps"): "the filter tojson",
}
_DECORATORS: t.Final = ("before_first_request", "before_app_first_request")
#: The methods that take the context first in 3.2.
DISPATCHING: t.Final = (
    "update_template_context",
    "handle_http_exception",
    "handle_user_exception",
    "handle_exception",
    "log_exception",
    "dispatch_request",
    "full_dispatch_request",
    "finalize_request",
    "make_default_options_response",
    "preprocess_request",
    "process_response",
    "do_teardown_request",
    "do_teardown_appcontext",
)


def look_at_names(app: Flask, modules: t.Iterable[types.ModuleType]) -> t.Iterator[Row]:
    """Look for what Flask 3.2 removes.

    :param app: The app.
    :param modules: Its own modules.
    """
    found = [*_overrides(app)]
    for module in modules:
        found += _of_module(module)
    if not found:
        found = [Row("fine", "flask-3-2", "All names", "nothing that Flask 3.2 removes is used")]
    yield from found


# --- the app's own modules -----------------------------------------------------------------------


def own_modules(app: Flask) -> list[types.ModuleType]:
    """Return the imported modules that lie in the folders of the app, and are not installed.

    Where the app itself is installed, they are those of its package.
    """
    folders = {os.path.realpath(os.getcwd()), os.path.realpath(app.root_path)}
    folders |= {os.path.realpath(blueprint.root_path) for blueprint in app.blueprints.values()}
    roots = tuple(os.path.join(folder, "") for folder in folders if not _is_installed(folder))
    package = os.path.realpath(app.root_path)
    installed = _is_installed(package) and os.path.basename(package) not in _INSTALLED
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None) if isinstance(module, types.ModuleType) else None
        if not path or not path.endswith(".py"):
            continue
        path = os.path.realpath(path)
        if (path.startswith(roots) and not _is_installed(path)) or (
            installed and path.startswith(os.path.join(package, ""))
        ):
            found[path] = module
    return [found[path] for path in sorted(found)]


_INSTALLED = {"site-packages", "dist-packages"}


@functools.cache
def _prefixes() -> tuple[str, ...]:
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    library = os.path.dirname(os.__file__)
    return tuple(os.path.join(os.path.realpath(folder), "") for folder in (here, library))


def _is_installed(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return bool(_INSTALLED & set(parts)) or path.startswith(_prefixes())


def uses_session(modules: t.Iterable[types.ModuleType]) -> bool:
    """Say whether one of the modules has the session, or what needs one, among its names."""
    return any(
        value is session or value is flash
        for module in modules
        for value in list(vars(module).values())
    )


# --- what they say -------------------------------------------------------------------------------


def _of_module(module: types.ModuleType) -> t.Iterator[Row]:
    path = os.path.realpath(str(module.__file__))
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return
    for code, name, text, advice, line in sorted(set(_Reader(tree).found), key=lambda one: one[4]):
        yield Row("warning", code, name, text, advice, shown(path, line))


class _Reader(ast.NodeVisitor):
    """Collects the names of Flask that a module uses."""

    def __init__(self, tree: ast.Module) -> None:
        #: Names of the module, and the modules of Flask that they stand for.
        self.modules: dict[str, str] = {}
        self.found: list[tuple[str, str, str, str, int]] = []
        self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = _as_flask(alias.name)
            if name is not None:
                self.modules[alias.asname or "flask"] = name if alias.asname else "flask"
                if not alias.asname and alias.name.startswith("kolben"):
                    self.modules["kolben"] = "flask"

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        package = None if node.level else _as_flask(node.module or "")
        if package is None:
            return
        for alias in node.names:
            self._note(package, alias.name, node.lineno)
            # It may be a module: `from flask import json`.
            self.modules[alias.asname or alias.name] = f"{package}.{alias.name}"

    def visit_Attribute(self, node: ast.Attribute) -> None:
        package = self._module_of(node.value)
        if package is not None:
            self._note(package, node.attr, node.lineno)
        elif node.attr in _DECORATORS:
            text, advice = "is not in Flask since 2.3", "Do it where the app is made."
            self.found.append(("gone", node.attr, text, advice, node.lineno))
        elif node.attr == "should_ignore_error":
            self._ignoring(node.lineno)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.name == "should_ignore_error":
            self._ignoring(node.lineno)
        self.generic_visit(node)

    def _ignoring(self, line: int) -> None:
        text = "warns in Flask 3.2, and goes in 3.3"
        advice = "Look at the error in a teardown function instead."
        self.found.append(("deprecated", "should_ignore_error", text, advice, line))

    def _module_of(self, node: ast.expr) -> str | None:
        """Return the module of Flask that an expression stands for."""
        if isinstance(node, ast.Name):
            return self.modules.get(node.id)
        if isinstance(node, ast.Attribute):
            package = self._module_of(node.value)
            return None if package is None else f"{package}.{node.attr}"
        return None

    def _note(self, package: str, name: str, line: int) -> None:
        full = f"{package}.{name}"
        if (package, name) in NAMES:
            text, instead = NAMES[package, name]
            code = "removed" if text == _GONE else "deprecated"
            self.found.append((code, full, text, f"Use {instead}.", line))
        elif (package, name) in _LONG_GONE:
            text = "is not in Flask 3.1 already: this fails when it is reached"
            self.found.append(("gone", full, text, f"Use {_LONG_GONE[package, name]}.", line))


def _as_flask(name: str) -> str | None:
    """Return what Flask calls a module of Flask or Kolben; ``None`` for any other."""
    package, dot, rest = name.partition(".")
    return f"flask{dot}{rest}" if package in ("flask", "kolben") else None


# --- overrides -----------------------------------------------------------------------------------


def _overrides(app: Flask) -> t.Iterator[Row]:
    for cls in type(app).__mro__:
        if cls is Flask:
            return
        for name in DISPATCHING:
            function = vars(cls).get(name)
            if not isinstance(function, types.FunctionType) or _takes_context(function):
                continue
            yield Row(
                "warning",
                "dispatch-signature",
                f"{cls.__qualname__}.{name}",
                "in Flask 3.2 this method gets the context first; without it, it warns",
                f"For 3.2: def {name}(self, ctx, ...).",
                place_of(function),
            )


def _takes_context(function: types.FunctionType) -> bool:
    names = list(inspect.signature(function).parameters.values())[1:2]
    return bool(names) and (
        names[0].name in ("ctx", "context", "app_context")
        or names[0].kind is inspect.Parameter.VAR_POSITIONAL
    )
