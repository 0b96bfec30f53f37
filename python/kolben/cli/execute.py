"""``kolben exec``: any program, with Kolben in the place of Flask."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import click

__all__ = ["command_line", "exec_command"]

_PYTHON = re.compile(r"(python|pypy)[0-9.]*(\.exe)?", re.IGNORECASE)
_PYTHON_SCRIPT = re.compile(rb"#!.*(python|pypy)|#!/bin/sh\n'''exec' .*(python|pypy)")


@click.command(
    "exec",
    short_help="Run any program with Kolben as Flask.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def exec_command(command: tuple[str, ...]) -> None:
    """Run a program in which 'import flask' gives Kolben.

    COMMAND is a Python script, '-m MODULE', or a program such as 'pytest' or 'gunicorn', with its
    arguments. The processes that it starts have Kolben, too. With KOLBEN_AS_FLASK=0 in the
    environment, the program runs on the real Flask.
    """
    if not command or command in (("--help",), ("-h",)):
        click.echo(click.get_current_context().get_help())
        return
    environment = {**os.environ}
    # An app whose module calls `app.run()` is to run here.
    environment.pop("FLASK_RUN_FROM_CLI", None)
    environment.setdefault("KOLBEN_AS_FLASK", "1")
    arguments = command_line(command, as_flask=environment["KOLBEN_AS_FLASK"] != "0")
    _run(arguments, environment)


def command_line(command: t.Sequence[str], as_flask: bool = True) -> list[str]:
    """Return the program to run and its arguments.

    :param command: What the user wrote.
    :param as_flask: Whether Kolben is to take Flask's place there.
    """
    program, *arguments = command
    if program == "-m":
        return [sys.executable, "-m", *arguments]
    if program == "flask" and as_flask:
        # It may not be installed; and if it is, this is the same.
        return [sys.executable, "-m", "flask", *arguments]
    if program.endswith(".py") and os.path.isfile(program):
        return [sys.executable, program, *arguments]
    path = _find(program)
    if path is None:
        click.echo(f"Error: there is no program {program!r}.", err=True)
        raise SystemExit(127)
    if _PYTHON.fullmatch(os.path.basename(program)) or not _is_python_script(path):
        return [path, *arguments]
    # Its own first line may name a Python that has no Kolben.
    return [sys.executable, path, *arguments]


def _find(program: str) -> str | None:
    beside = os.path.dirname(sys.executable)
    return (None if os.path.dirname(program) else shutil.which(program, path=beside)) or (
        shutil.which(program)
    )


def _is_python_script(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return _PYTHON_SCRIPT.match(file.read(256)) is not None
    except OSError:
        return False


def _run(arguments: list[str], environment: dict[str, str]) -> t.NoReturn:
    if environment["KOLBEN_AS_FLASK"] != "0" and not _reaches_new_processes():
        raise click.ClickException(
            "this installation of Kolben has no 'kolben_as_flask.pth' beside it, through which"
            " other processes learn of it. Install Kolben with pip."
        )
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # there, the shell would not wait for what replaces a process
        raise SystemExit(subprocess.call(arguments, env=environment))
    try:
        os.execve(arguments[0], arguments, environment)
    except OSError as error:
        click.echo(f"Error: {arguments[0]!r} cannot be run: {error.strerror}.", err=True)
        raise SystemExit(126) from None


def _reaches_new_processes() -> bool:
    spec = importlib.util.find_spec("kolben_as_flask")
    return (
        spec is not None
        and spec.origin is not None
        and pathlib.Path(spec.origin).with_suffix(".pth").is_file()
    )
