"""``kolben serve``: the app in production."""

from __future__ import annotations

import importlib.util
import os
import sys
import typing as t

import click
from click.core import ParameterSource

from . import ScriptInfo

__all__ = ["make_serve_command"]

_PACKAGE = "granian"


def make_serve_command() -> click.Command:
    """Make the command, with an option for each setting."""
    from ..serving.settings import OPTIONS  # noqa: PLC0415 - only this command needs it
    from ..serving.values import Flag  # noqa: PLC0415 - as above

    command = click.Command(
        "serve",
        callback=_serve,
        help=_HELP,
        short_help="Run the app on a production server.",
    )
    for option in OPTIONS:
        flag = option.flag
        names = [f"{flag}/--no-{flag[2:]}"] if isinstance(option.kind, Flag) else [flag]
        default = option.default() if callable(option.default) else option.default
        shown = option.kind.show(default) or "none"
        command.params.append(
            click.Option(
                [*names, option.name],
                default=None,
                multiple=option.kind.several,
                metavar=None if isinstance(option.kind, Flag) else option.kind.metavar,
                help=f"{option.help} [{shown}]",
                allow_from_autoenv=False,
            )
        )
    command.params.append(
        click.Option(
            ["--print-config"],
            is_flag=True,
            allow_from_autoenv=False,
            help="Show what is in force and where it comes from, and leave.",
        )
    )
    return command


_HELP = """\
Run the app on a production server.

The server is Granian, of the extra 'kolben[serve]'. The app is found as 'kolben run' finds it.
Each option can also be set by a variable (KOLBEN_SERVE_WORKERS for --workers) and in the table
[tool.kolben.serve] of pyproject.toml; an option wins over a variable, which wins over the table.

SIGTERM and Ctrl-C end it once the requests in hand are answered; SIGHUP loads the app anew without
losing a request.
"""


@click.pass_context
def _serve(ctx: click.Context, /, print_config: bool, **given: t.Any) -> None:
    from ..serving.settings import Mistake, gather  # noqa: PLC0415 - only this command needs it

    flags = {
        name: value
        for name, value in given.items()
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    path = ctx.ensure_object(ScriptInfo).app_import_path
    above = ctx.parent.get_parameter_source("app") if ctx.parent is not None else None
    # FLASK_APP comes later, behind what is meant for this command alone.
    if path is not None and above is ParameterSource.COMMANDLINE:
        flags.setdefault("app", path)
    try:
        settings = gather(flags, os.environ, os.getcwd())
        if print_config:
            click.echo(settings.table())
            return
        _refuse_without_server()
        from ..serving.supervisor import Supervisor  # noqa: PLC0415 - it needs Granian

        status = Supervisor(settings).run()
    except Mistake as error:
        click.echo(f"Error: {error}", err=True)
        status = 2
    sys.exit(status)


def _refuse_without_server() -> None:
    from ..serving.settings import Mistake  # noqa: PLC0415 - only this command needs it

    if os.name != "posix":
        raise Mistake("kolben serve needs a POSIX system; waitress serves the app on Windows.")
    if importlib.util.find_spec(_PACKAGE) is None:
        raise Mistake("kolben serve needs Granian. Install it with: pip install 'kolben[serve]'")
