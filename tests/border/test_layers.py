"""The layers of the package: a module imports from below or from beside itself, never from above.

What counts is what happens when a module is imported. An import inside of a function comes later,
and says why it is there; one for type checkers never comes.
"""

from __future__ import annotations

import ast
import graphlib
import pathlib
import re
import typing as t

import pytest

import kolben

PACKAGE = pathlib.Path(kolben.__file__).parent

#: From below to above. A package counts as one; what is in it has an order of its own.
LAYERS = (
    {"_core"},
    {"core", "deferred", "dropin"},
    # `globals` needs no context: it holds the variables and the proxies.
    {"headers", "routing", "signals", "typing", "globals", "lazy", "packages"},
    # Werkzeug's messages, which `wrappers` makes Flask's of.
    {"datastructures", "formparser", "messages"},
    {"config", "files", "json", "sessions"},
    {"wrappers", "helpers", "ctx", "ctx_pure", "coroutines", "views", "logging", "debughelpers"},
    {"answers", "templating"},
    {"scaffold"},
    {"registry", "blueprints"},
    {"app"},
    {"ops"},
    {"testing", "cli"},
    # `cli` starts it, and imports it only then.
    {"serving"},
    # Names of what is below, and nothing of their own.
    {"__init__", "__main__", "sansio"},
)
HEIGHTS = {name: height for height, names in enumerate(LAYERS) for name in names}
FILES = sorted(PACKAGE.rglob("*.py"))

Import = ast.Import | ast.ImportFrom


def module_of(file: pathlib.Path) -> tuple[str, ...]:
    """The module's name below the package: ``("json", "tag")``."""
    return file.relative_to(PACKAGE).with_suffix("").parts


def is_for_types(node: ast.AST) -> t.TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(node: ast.AST, inside: bool = False) -> t.Iterator[tuple[Import, bool]]:
    """Every import that happens, and whether it is inside of a function."""
    if isinstance(node, Import):
        yield node, inside
    inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    children = node.orelse if is_for_types(node) else ast.iter_child_nodes(node)
    for child in children:
        yield from imports(child, inside)


def targets(file: pathlib.Path, node: Import) -> t.Iterator[str]:
    """The modules that an import takes, as dotted names below the package; others are left out."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif node.level == 0:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        # One dot is the package that a module is in; an `__init__` is in itself.
        package = ("kolben", *module_of(file)[: -node.level])
        prefix = ".".join([*package, node.module] if node.module else package)
        names = [f"{prefix}.{alias.name}" for alias in node.names]
    for name in names:
        outer, _, inner = name.partition(".")
        if outer == "kolben":
            yield inner or "__init__"


def modules_imported(file: pathlib.Path) -> set[str]:
    """The names, of those in the first level of the package, that importing this file takes."""
    tree = ast.parse(file.read_text("utf-8"))
    found = {
        target.partition(".")[0]
        for node, inside in imports(tree)
        if not inside
        for target in targets(file, node)
    }
    # `from . import name` in the package's own top takes a name of the package itself.
    return {name if name in HEIGHTS else "__init__" for name in found}


@pytest.mark.parametrize("file", FILES, ids=lambda file: ".".join(module_of(file)))
def test_nothing_is_imported_from_above(file: pathlib.Path) -> None:
    module = module_of(file)[0]
    assert module in HEIGHTS, f"say in LAYERS where {module} belongs"
    above = {name for name in modules_imported(file) if HEIGHTS[name] > HEIGHTS[module]}
    assert above == set()


def test_no_modules_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        module = module_of(file)[0]
        graph.setdefault(module, set()).update(modules_imported(file) - {module})
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("globals") < order.index("ctx") < order.index("app")


@pytest.mark.parametrize("file", FILES, ids=lambda file: ".".join(module_of(file)))
def test_an_import_inside_of_a_function_says_why(file: pathlib.Path) -> None:
    text = file.read_text("utf-8")
    lines = text.splitlines()
    for node, inside in imports(ast.parse(text)):
        if inside:
            line = lines[node.lineno - 1]
            assert re.search(r"# noqa: (\w+, )*PLC0415 - \w", line), line


def test_every_layer_has_what_it_says() -> None:
    modules = {module_of(file)[0] for file in FILES} | {"_core"}
    assert modules == set(HEIGHTS)


def test_what_this_test_looks_for_would_be_found(tmp_path: pathlib.Path) -> None:
    source = """
from . import app
from .globals import g
import kolben.cli
if t.TYPE_CHECKING:
    from .testing import FlaskClient
else:
    from .blueprints import Blueprint
try:
    from kolben import json
except ImportError:
    def later():
        from .views import View
"""
    found = list(imports(ast.parse(source)))
    taken = [list(targets(PACKAGE / "config.py", node)) for node, _ in found]
    inside = [name for _, name in found]
    wanted = [["app"], ["globals.g"], ["cli"], ["blueprints.Blueprint"], ["json"], ["views.View"]]
    assert taken == wanted
    assert inside == [False] * 5 + [True]
