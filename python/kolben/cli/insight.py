"""``kolben routes``, which also explains a match and finds rules in each other's way."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

import click

from ..globals import current_app
from ..routing import Map
from . import routes_command as flask_routes_command
from . import with_appcontext

__all__ = ["routes_command"]


@click.command("routes", short_help="Show the routes for the app, or explain them.")
@click.option(
    "--explain",
    metavar="REQUEST",
    help="Tell which rules a request such as 'GET /a/1' comes by, and why each is taken or not.",
)
@click.option(
    "--conflicts", is_flag=True, help="Show rules that can never match, or whose order decides."
)
@click.pass_context
@with_appcontext
def routes_command(
    ctx: click.Context, /, explain: str | None, conflicts: bool, **options: t.Any
) -> None:
    """Show all registered routes with endpoints and methods."""
    if explain is not None:
        click.echo(_explanation(explain))
    if conflicts:
        click.echo(str(_map().conflicts()))
    if explain is None and not conflicts:
        ctx.invoke(flask_routes_command, **options)


routes_command.params.extend(flask_routes_command.params)


def _map() -> Map:
    url_map = current_app.url_map
    if not isinstance(url_map, Map):
        raise click.ClickException(
            f"The app's map is {type(url_map).__module__}.{type(url_map).__qualname__}, which is no"
            " 'kolben.routing.Map': it explains nothing."
        )
    return url_map


def _explanation(request: str) -> str:
    """Explain a request.

    :param request: A method and a path or URL; the method may be left out.
    """
    method, _, target = request.strip().rpartition(" ")
    url = urlsplit(target)
    if not url.path.startswith("/"):
        raise click.BadParameter("write it as in 'GET /a/1'", param_hint="--explain")
    explanation = _map().explain(
        url.path,
        method.strip() or "GET",
        server_name=url.netloc or current_app.config["SERVER_NAME"] or "localhost",
        websocket=url.scheme in ("ws", "wss"),
        query_args=url.query,
    )
    return str(explanation)
