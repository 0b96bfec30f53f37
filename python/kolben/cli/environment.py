"""Environment variables from files."""

from __future__ import annotations

import os

import click


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files; those that are set already stay.

    It needs python-dotenv, and does nothing without.

    :param path: A file, which wins over the others.
    :param load_defaults: Whether to look for ``.env``, and ``.flaskenv``, which gives way to it.
    :return: Whether there was any variable.
    """
    try:
        import dotenv  # noqa: PLC0415 - it may be missing
    except ImportError:
        if path or any(map(os.path.isfile, (".env", ".flaskenv"))):
            tip = " * Tip: There are .env files present. Install python-dotenv to use them."
            click.secho(tip, fg="yellow", err=True)
        return False

    files: list[str | os.PathLike[str]] = []
    if load_defaults:
        found = (dotenv.find_dotenv(name, usecwd=True) for name in (".flaskenv", ".env"))
        files += filter(None, found)
    if path is not None and os.path.isfile(path):
        files.append(path)

    variables: dict[str, str | None] = {}
    for file in files:
        variables.update(dotenv.dotenv_values(file, encoding="utf-8"))
    for name, value in variables.items():
        if value is not None:
            os.environ.setdefault(name, value)
    return bool(variables)
