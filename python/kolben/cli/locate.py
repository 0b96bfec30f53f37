"""Where the app of the command line is."""

from __future__ import annotations

import ast
import inspect
import os
import sys
import traceback
import typing as t

import click

if t.TYPE_CHECKING:
    from types import ModuleType

    from ..app import Flask


class NoAppException(click.UsageError):
    """There is no app, or it cannot be loaded."""


def _app_class() -> type[Flask]:
    from .. import Flask  # noqa: PLC0415 - a tool may have put a subclass in its place

    return Flask


def find_best_app(module: ModuleType) -> Flask:
    """Return the app in a module: by name, the only one there is, or what a factory makes.

    :param module: The module.
    """
    app_class = _app_class()
    where = module.__name__
    for name in ("app", "application"):
        named = getattr(module, name, None)
        if isinstance(named, app_class):
            return named

    apps = [value for value in vars(module).values() if isinstance(value, app_class)]
    if len(apps) == 1:
        return apps[0]
    if apps:
        raise NoAppException(
            f"Detected multiple Flask applications in module '{where}'. Use '{where}:name' to"
            " specify the correct one."
        )

    for name in ("create_app", "make_app"):
        factory = getattr(module, name, None)
        if not inspect.isfunction(factory):
            continue
        try:
            made = factory()
        except TypeError as error:
            if not _called_with_wrong_args(factory):
                raise
            raise NoAppException(
                f"Detected factory '{name}' in module '{where}', but could not call it without"
                f" arguments. Use '{where}:{name}(args)' to specify arguments."
            ) from error
        if isinstance(made, app_class):
            return made

    raise NoAppException(
        f"Failed to find Flask application or factory in module '{where}'. Use '{where}:name' to"
        " specify one."
    )


def _called_with_wrong_args(f: t.Callable[..., t.Any]) -> bool:
    """Say whether the :exc:`TypeError` that is being handled came from the call of a function.

    :param f: The function. If one of its frames is in the traceback, the call was right.
    """
    error = sys.exc_info()[1]
    frames = traceback.walk_tb(error.__traceback__ if error is not None else None)
    return all(frame.f_code is not f.__code__ for frame, _ in frames)


def _literal(node: ast.expr, source: str) -> t.Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise NoAppException(f"Failed to parse arguments as literal values: {source!r}.") from None


def _parse_reference(source: str) -> tuple[str, list[t.Any], dict[str, t.Any]]:
    """Split ``name`` or ``name(arguments)``."""
    unreadable = f"Failed to parse {source!r} as an attribute name or function call."
    try:
        node = ast.parse(source.strip(), mode="eval").body
    except SyntaxError:
        raise NoAppException(unreadable) from None
    if isinstance(node, ast.Name):
        return node.id, [], {}
    if not isinstance(node, ast.Call):
        raise NoAppException(unreadable)
    if not isinstance(node.func, ast.Name):
        raise NoAppException(f"Function reference must be a simple name: {source!r}.")
    arguments = [_literal(argument, source) for argument in node.args]
    keywords = {
        keyword.arg: _literal(keyword.value, source)
        for keyword in node.keywords
        if keyword.arg is not None
    }
    return node.func.id, arguments, keywords


def find_app_by_string(module: ModuleType, app_name: str) -> Flask:
    """Return the app that a name stands for, or that a call of it makes.

    :param module: The module.
    :param app_name: ``name`` or ``name(arguments)``; the arguments are literals.
    """
    name, arguments, keywords = _parse_reference(app_name)
    try:
        found = getattr(module, name)
    except AttributeError as error:
        raise NoAppException(
            f"Failed to find attribute {name!r} in {module.__name__!r}."
        ) from error

    if inspect.isfunction(found):
        factory = found
        try:
            found = factory(*arguments, **keywords)
        except TypeError as error:
            if not _called_with_wrong_args(factory):
                raise
            raise NoAppException(
                f"The factory {app_name!r} in module {module.__name__!r} could not be called with"
                " the specified arguments."
            ) from error

    if not isinstance(found, _app_class()):
        raise NoAppException(
            f"A valid Flask application was not obtained from '{module.__name__}:{app_name}'."
        )
    return found


def prepare_import(path: str) -> str:
    """Turn a file's path into a module's name, and put the folder it starts from on the path.

    :param path: The path, or a dotted name.
    """
    path = os.path.realpath(path)
    if path.endswith(".py"):
        path = path[:-3]
    if os.path.basename(path) == "__init__":
        path = os.path.dirname(path)

    # A folder with an `__init__.py` is a package, and part of the name.
    folder, name = os.path.split(path)
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        name = f"{package}.{name}"
    if sys.path[0] != folder:
        sys.path.insert(0, folder)
    return name
