"""``kolben doctor``: what there is to know about an app before it is switched."""

from __future__ import annotations

import json
import os
import traceback
import typing as t

import click

from ...dropin import install_as_flask
from .. import NoAppException, ScriptInfo
from .extensions import look_at_extensions
from .fastpath import look_at_fast_path
from .newer import look_at_names, own_modules, uses_session
from .rows import Report, Section
from .rules import look_at_rules
from .settings import look_at_settings
from .table import print_report
from .versions import look_at_versions

if t.TYPE_CHECKING:
    from ...app import Flask

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))

__all__ = ["doctor_command", "examine"]


@click.command("doctor", short_help="Tell what to know before an app is switched.")
@click.option("-A", "--app", "app_import_path", metavar="IMPORT", help="The app: 'module:name'.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--strict", is_flag=True, help="End with code 1 if there are warnings.")
@click.pass_context
def doctor_command(
    ctx: click.Context, app_import_path: str | None, as_json: bool, strict: bool
) -> None:
    """Import the app, with Kolben in Flask's place, and look at it.

    No request is sent to it. It ends with code 2 if the app does not import,
    and with 1 if '--strict' is given and there are warnings.
    """
    info = ctx.ensure_object(ScriptInfo)
    try:
        app = _load(info, app_import_path)
    except (Exception, SystemExit) as error:
        _say_why(error, as_json)
        ctx.exit(2)
    report = examine(app)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        print_report(report)
    ctx.exit(int(strict and report.count("warning") > 0))


def _load(info: ScriptInfo, app_import_path: str | None) -> Flask:
    install_as_flask()
    # The debug mode is to stay as the app sets it.
    own = ScriptInfo(app_import_path or info.app_import_path, info.create_app, set_debug_flag=False)
    return own.load_app()


def _say_why(error: BaseException, as_json: bool) -> None:
    reason = error.format_message() if isinstance(error, NoAppException) else _traceback(error)
    if as_json:
        click.echo(json.dumps({"error": reason}, indent=2))
    else:
        click.secho("The app does not import.", err=True, fg="red", bold=True)
        click.echo(reason, err=True)


def _traceback(error: BaseException) -> str:
    """Return the traceback of an error, from the first line that is not Kolben's."""
    own = (_PACKAGE, "<frozen importlib")
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename.startswith(own):
        place = place.tb_next
    return "".join(traceback.format_exception(type(error), error, place)).strip()


def examine(app: Flask) -> Report:
    """Look at an app.

    :param app: The app.
    """
    modules = own_modules(app)
    with app.app_context():
        sections = [
            Section("versions", "Versions", [*look_at_versions()]),
            Section("extensions", "Extensions", [*look_at_extensions(app)]),
            Section("fast_path", "Fast path", [*look_at_fast_path(app)]),
            Section("rules", "Rules", [*look_at_rules(app)]),
            Section("settings", "Settings", [*look_at_settings(app, uses_session(modules))]),
            Section("flask_3_2", "Flask 3.2", [*look_at_names(app, modules)]),
        ]
    where = os.path.relpath(app.root_path)
    return Report(f"{app.name} ({where})", sections)
