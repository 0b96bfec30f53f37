"""The drop-in: ``import flask``, anywhere in the process, gives Kolben's own modules.

Nothing of Kolben is imported here at the top: this module also runs alone, while Python starts,
in processes that may never import Flask.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
import types
import typing as t
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

__all__ = ["install_as_flask", "is_installed"]

#: Where one name is not simply the other.
_ELSEWHERE = {"flask.__main__": "kolben.cli.__main__"}

#: Kolben's names of the modules that are being imported by their other name just now.
_being_imported: set[str] = set()

#: Kolben's names of the modules that have run.
_complete: set[str] = set()

#: What :mod:`importlib.metadata` says about ``flask``, and which release that is.
_DISTRIBUTION = os.path.join(os.path.dirname(__file__), "flask-3.1.3.dist-info")

_TYPES = {"TracebackType": "types:TracebackType", "cabc": "collections.abc"}
_GLOBALS = {name: f"kolben.globals:{name}" for name in ("current_app", "request", "request_ctx")}
#: What modules of Flask import to work with, and Kolben's do not: some take it from there.
_LENT: dict[str, dict[str, str]] = {
    "app": {
        **_TYPES,
        **_GLOBALS,
        **{name: f"kolben.scaffold:{name}" for name in ("T_teardown", "T_template_filter")},
        **{name: f"kolben.scaffold:{name}" for name in ("T_template_global", "T_template_test")},
        "BaseResponse": "werkzeug.wrappers:Response",
        "Headers": "kolben.datastructures:Headers",
        "Rule": "kolben.routing:Rule",
        "SessionInterface": "kolben.sessions:SessionInterface",
        "T_shell_context_processor": "kolben.registry:T_shell_context_processor",
        "chain": "itertools:chain",
        "click": "click",
        "ft": "kolben.typing",
        "is_running_from_reloader": "werkzeug.serving:is_running_from_reloader",
        "send_from_directory": "kolben.helpers:send_from_directory",
    },
    "blueprints": {
        **_GLOBALS,
        "AppGroup": "kolben.cli:AppGroup",
        "SansioBlueprint": "kolben.sansio.blueprints:Blueprint",
        "os": "os",
        "send_from_directory": "kolben.helpers:send_from_directory",
        "timedelta": "datetime:timedelta",
    },
    "cli": {
        **_TYPES,
        "ModuleType": "types:ModuleType",
        "ast": "ast",
        "import_string": "werkzeug.utils:import_string",
        "inspect": "inspect",
    },
    "ctx": {
        **_TYPES,
        "F": "kolben.scaffold:F",
        "appcontext_popped": "kolben.signals:appcontext_popped",
        "appcontext_pushed": "kolben.signals:appcontext_pushed",
        "contextvars": "contextvars",
        "ft": "kolben.typing",
        "sys": "sys",
    },
    "debughelpers": {
        "App": "kolben.sansio.app:App",
        "BaseLoader": "jinja2:BaseLoader",
        "Blueprint": "kolben.blueprints:Blueprint",
    },
    "helpers": {
        "werkzeug": "werkzeug",
        **_GLOBALS,
        "BaseResponse": "werkzeug.wrappers:Response",
        "datetime": "datetime:datetime",
    },
    "sessions": {"c": "collections.abc"},
    "templating": {
        **_GLOBALS,
        "Template": "jinja2:Template",
        "_cv_app": "kolben.globals:_cv_app",
    },
    "testing": _TYPES,
    "views": {"F": "kolben.scaffold:F"},
    "wrappers": {**_GLOBALS, "HTTPException": "werkzeug.exceptions:HTTPException"},
}


def install_as_flask() -> None:
    """Make ``import flask``, and that of its modules, give Kolben's in this process.

    Call it before anything imports Flask. Where ``KOLBEN_AS_FLASK=0`` is set, it does nothing.

    :raises RuntimeError: If the real Flask is loaded already; it says who imported it.
    """
    if os.environ.get("KOLBEN_AS_FLASK") == "0" or is_installed():
        return
    loaded = sys.modules.get("flask")
    if loaded is not None:
        raise RuntimeError(
            f"Kolben cannot take Flask's place: {_who_imported_flask()} imported the real Flask"
            f" ({getattr(loaded, '__file__', None)}) first. Call 'kolben.install_as_flask()'"
            " earlier, or use 'kolben exec'."
        )
    sys.meta_path.insert(0, _Finder())
    for name, module in list(sys.modules.items()):
        if _is_in("kolben", name):
            _rename(name, module)
    if "pkg_resources" in sys.modules:
        _tell_of_distribution(sys.modules["pkg_resources"])


def is_installed() -> bool:
    """Say whether ``import flask`` gives Kolben in this process."""
    # By name: this module may have been loaded again.
    return any(type(finder).__module__ == __spec__.name for finder in sys.meta_path)


def _is_in(package: str, name: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _rename(name: str, module: types.ModuleType) -> None:
    # Warnings are filtered, and import hooks are found, by the name that a module gives itself.
    if isinstance(getattr(module, "__loader__", None), SourceFileLoader):
        module.__name__ = name.replace("kolben", "flask", 1)
        _lend(name, module)


def _lend(name: str, module: types.ModuleType) -> None:
    """Have a module give what it would hold if it were Flask's, to those who ask."""
    lent = _LENT.get(name.partition(".")[2])
    own: t.Any = vars(module).get("__getattr__")
    if lent is None or getattr(own, "__module__", None) == __spec__.name:
        return

    def find(attribute: str) -> t.Any:
        if attribute in lent:
            home, _, value = lent[attribute].partition(":")
            found = importlib.import_module(home)
            return getattr(found, value) if value else found
        if own is not None:
            return own(attribute)
        raise AttributeError(f"module {module.__name__!r} has no attribute {attribute!r}")

    find.__module__ = __spec__.name
    vars(module)["__getattr__"] = find


# --- the modules ---------------------------------------------------------------------------------


class _Finder(importlib.abc.MetaPathFinder):
    """Finds ``flask`` and its modules in Kolben, and gives Kolben's modules their other name."""

    def find_spec(
        self,
        name: str,
        path: t.Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        if _is_in("kolben", name):
            return _find_own(name, path, target)
        if name == "pkg_resources":
            return _find_resources(path, target)
        if not _is_in("flask", name):
            return None
        if name in _ELSEWHERE:
            found = importlib.util.find_spec(_ELSEWHERE[name])
        else:
            # Not what the loaded module says of itself: that may be just about to change.
            found = _find_own(name.replace("flask", "kolben", 1), path)
        return None if found is None else _Spec(name, found)

    def find_distributions(self, context: t.Any = None) -> t.Iterable[t.Any]:
        """Give the distribution ``Flask``, to those who ask for it or for all there are."""
        name = getattr(context, "name", None)
        # Who asks for the distributions of certain folders wants to know what lies there.
        if "path" in vars(context) or (name is not None and name.lower() != "flask"):
            return ()
        from importlib.metadata import Distribution  # noqa: PLC0415 - slow; here it is loaded

        return (Distribution.at(_DISTRIBUTION),)


def _find_resources(
    path: t.Sequence[str] | None, target: types.ModuleType | None
) -> ModuleSpec | None:
    spec = PathFinder.find_spec("pkg_resources", path, target)
    if spec is not None and type(spec.loader) is SourceFileLoader:
        spec.loader = _ResourcesLoader("pkg_resources", spec.loader.path)
    return spec


class _ResourcesLoader(SourceFileLoader):
    """Loads ``pkg_resources``, which lists the distributions by itself."""

    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        _tell_of_distribution(module)


def _tell_of_distribution(resources: t.Any) -> None:
    for distribution in resources.distributions_from_metadata(_DISTRIBUTION):
        resources.working_set.add(distribution, replace=True)


def _find_own(
    name: str, path: t.Sequence[str] | None, target: types.ModuleType | None = None
) -> ModuleSpec | None:
    spec = PathFinder.find_spec(name, path, target)
    if spec is not None and type(spec.loader) is SourceFileLoader:
        spec.loader = _OwnLoader(name, spec.loader.path)
    return spec


class _OwnLoader(SourceFileLoader):
    """Loads a module of Kolben, which then goes by both names."""

    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        _rename(self.name, module)
        _complete.add(self.name)
        if self.name not in _being_imported:
            _import_as_flask(self.name)


def _import_as_flask(name: str) -> None:
    """Import a module of Kolben by its other name, too, for those who wait for that import.

    :param name: Its own name. What it has loaded of its own modules follows it.
    """
    other = name.replace("kolben", "flask", 1)
    if other in sys.modules or other.rpartition(".")[0] not in sys.modules:
        return
    try:
        importlib.import_module(other)
    except RuntimeError:
        # Each import holds a lock, here that of its own name. Another thread imports it by the
        # other name, and waits for this one.
        if name not in _being_imported:
            raise


def _import_own(name: str) -> types.ModuleType:
    """Import a module of Kolben, for its other name."""
    module = sys.modules.get(name) if name in _complete else None
    if module is not None:
        return module
    _being_imported.add(name)
    try:
        return importlib.import_module(name)
    except RuntimeError:
        # As above, with the threads in each other's place.
        if name not in _complete:
            raise
        return sys.modules[name]
    finally:
        _being_imported.discard(name)


class _Spec(ModuleSpec):
    """How ``flask.x`` is imported, where ``kolben.x`` is found."""

    def __init__(self, name: str, found: ModuleSpec) -> None:
        super().__init__(name, _SameModule(found), origin=found.origin)
        self.submodule_search_locations = found.submodule_search_locations
        #: The module's own, while the module has this one.
        self.own: ModuleSpec | None = None

    @property
    def parent(self) -> str | None:
        # Relative imports of the module must go on meanwhile, in other threads.
        return super().parent if self.own is None else self.own.parent


class _SameModule(importlib.abc.InspectLoader):
    """Loads a module that Kolben has under its own name."""

    def __init__(self, found: ModuleSpec) -> None:
        self._found = found
        self._loader: t.Any = found.loader

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = _import_own(self._found.name)
        own = module.__spec__
        # Another thread may be at it.
        self._found = t.cast("ModuleSpec", own.own if isinstance(own, _Spec) else own)
        if isinstance(spec, _Spec):
            spec.own = self._found
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        # It has run. The import put the other name's spec there.
        module.__spec__ = self._found
        for name in list(sys.modules):
            if name.startswith(f"{self._found.name}."):
                _import_as_flask(name)

    def get_code(self, fullname: str) -> types.CodeType | None:
        return t.cast("types.CodeType | None", self._loader.get_code(self._found.name))

    def get_source(self, fullname: str) -> str | None:
        return t.cast("str | None", self._loader.get_source(self._found.name))

    def get_filename(self, fullname: str) -> str:
        return t.cast("str", self._loader.get_filename(self._found.name))

    def is_package(self, fullname: str) -> bool:
        return self._found.submodule_search_locations is not None


# --- who was there before ------------------------------------------------------------------------


def _who_imported_flask() -> str:
    """Describe the modules that imported the real Flask, as far as it can be known."""
    found = [
        _describe(name, module)
        for name, module in list(sys.modules.items())
        if isinstance(module, types.ModuleType)
        and not (_is_in("flask", name) or _is_in("kolben", name))
        and _mentions_flask(module)
    ]
    if not found:
        return "something that no longer holds it (look with 'python -X importtime')"
    others = f" and {len(found) - 3} others" if len(found) > 3 else ""
    return f"{', '.join(found[:3])}{others}"


def _mentions_flask(module: types.ModuleType) -> bool:
    # Other values may be proxies, which answer for what they stand for, or fail.
    kinds = (types.ModuleType, types.FunctionType, type)
    homes = [
        value.__name__ if isinstance(value, types.ModuleType) else value.__module__
        for value in list(vars(module).values())
        if type(value) in kinds
    ]
    return any(_is_in("flask", str(home)) for home in homes) or bool(_line_of_import(module))


def _line_of_import(module: types.ModuleType) -> int | None:
    """Return the line of a module's file that imports Flask."""
    import ast  # noqa: PLC0415 - slow to import, and this is about to end in an error

    path = getattr(module, "__file__", None) or ""
    if not path.endswith(".py"):
        return None
    try:
        with open(path, "rb") as file:
            source = file.read()
        tree = ast.parse(source) if b"flask" in source else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(_is_in("flask", one.name) for one in node.names):
            return node.lineno
        if (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and _is_in("flask", node.module or "")
        ):
            return node.lineno
    return None


def _describe(name: str, module: types.ModuleType) -> str:
    path, line = getattr(module, "__file__", None), _line_of_import(module)
    if path is None:
        return f"module {name!r}"
    return f"module {name!r} ({path}{'' if line is None else f', line {line}'})"
