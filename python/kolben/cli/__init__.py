"""The command line: ``kolben run``, ``kolben shell``, ``kolben routes``, and the app's commands.

It reads the variables (``FLASK_APP``, ``FLASK_DEBUG``, ``FLASK_RUN_PORT``, ...), the files and the
entry points that Flask's does, so that scripts and plug-ins go on working.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
import traceback
import typing as t
from functools import update_wrapper
from operator import itemgetter

import click
from click.core import ParameterSource
from werkzeug import run_simple
from werkzeug.serving import is_running_from_reloader

from ..globals import current_app
from ..helpers import get_debug_flag, get_load_dotenv
from .environment import load_dotenv as load_dotenv
from .locate import NoAppException as NoAppException
from .locate import find_app_by_string as find_app_by_string
from .locate import find_best_app as find_best_app
from .locate import prepare_import as prepare_import
from .options import CertParamType as CertParamType
from .options import SeparatedPathType as SeparatedPathType
from .options import _validate_key

if t.TYPE_CHECKING:
    import ssl

    from _typeshed.wsgi import WSGIApplication

    from ..app import Flask

#: The release of Flask whose API this is.
_FLASK_VERSION = "3.1.3"

F = t.TypeVar("F", bound=t.Callable[..., t.Any])

# They live here, wherever they are written.
for _public in (NoAppException, CertParamType, SeparatedPathType):
    _public.__module__ = __name__
del _public


# --- the app -------------------------------------------------------------------------------------


@t.overload
def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: t.Literal[True] = True
) -> Flask: ...


@t.overload
def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: t.Literal[False] = ...
) -> Flask | None: ...


def locate_app(
    module_name: str, app_name: str | None, raise_if_not_found: bool = True
) -> Flask | None:
    """Import a module and return its app.

    :param module_name: The module.
    :param app_name: The app's name in it, or a call that makes it; by default, the best one.
    :param raise_if_not_found: Whether a module that does not exist is an error.
    """
    try:
        __import__(module_name)
    except ImportError as error:
        # With another frame below this one, the module was found, and failed inside.
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise NoAppException(
                f"While importing {module_name!r}, an ImportError was raised:"
                f"\n\n{traceback.format_exc()}"
            ) from None
        if raise_if_not_found:
            raise NoAppException(f"Could not import {module_name!r}.") from None
        return None

    module = sys.modules[module_name]
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)


class ScriptInfo:
    """What the commands of one call share: the app, loaded when it is first asked for.

    :param app_import_path: Where the app is: ``module:name``.
    :param create_app: Makes the app, in place of that.
    :param set_debug_flag: Whether the app's debug mode is set from the environment.
    :param load_dotenv_defaults: Whether ``.env`` and ``.flaskenv`` are to be loaded; it is noted
        here for those who load them.
    """

    def __init__(
        self,
        app_import_path: str | None = None,
        create_app: t.Callable[..., Flask] | None = None,
        set_debug_flag: bool = True,
        load_dotenv_defaults: bool = True,
    ) -> None:
        self.app_import_path = app_import_path
        self.create_app = create_app
        self.set_debug_flag = set_debug_flag
        self.load_dotenv_defaults = get_load_dotenv(load_dotenv_defaults)
        #: For commands, to keep what they like.
        self.data: dict[t.Any, t.Any] = {}
        self._loaded_app: Flask | None = None

    def load_app(self) -> Flask:
        """Return the app."""
        if self._loaded_app is None:
            app = self._find_app()
            if app is None:
                raise NoAppException(
                    "Could not locate a Flask application. Use the 'kolben --app' option,"
                    " 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the"
                    " current directory."
                )
            if self.set_debug_flag:
                app.debug = get_debug_flag()
            self._loaded_app = app
        return self._loaded_app

    def _find_app(self) -> Flask | None:
        if self.create_app is not None:
            return self.create_app()
        if self.app_import_path:
            # The colon after a drive's letter separates nothing.
            path, *names = re.split(r":(?![\\/])", self.app_import_path, maxsplit=1)
            return locate_app(prepare_import(path), names[0] if names else None)
        for path in ("wsgi.py", "app.py"):
            app = locate_app(prepare_import(path), None, raise_if_not_found=False)
            if app is not None:
                return app
        return None


# --- groups of commands --------------------------------------------------------------------------

pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)


def with_appcontext(f: F) -> F:
    """Run a command inside of an app context.

    Commands of ``app.cli`` and ``blueprint.cli`` have one without it.

    :param f: The command's function.
    """

    @click.pass_context
    def inside(ctx: click.Context, /, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not current_app:
            app = ctx.ensure_object(ScriptInfo).load_app()
            ctx.with_resource(app.app_context())
        return ctx.invoke(f, *args, **kwargs)

    return t.cast("F", update_wrapper(inside, f))


class AppGroup(click.Group):
    """A group of commands that run inside of an app context."""

    def command(  # type: ignore[override]
        self, *args: t.Any, **kwargs: t.Any
    ) -> t.Callable[[t.Callable[..., t.Any]], click.Command]:
        """Register a command, as :meth:`click.Group.command` does.

        :param args: As there.
        :param kwargs: As there, and ``with_appcontext=False`` for a command without a context.
        """
        wrap = with_appcontext if kwargs.pop("with_appcontext", True) else None
        # It has no other name inside of the function below.
        register = super().command

        def decorator(f: t.Callable[..., t.Any]) -> click.Command:
            made = register(*args, **kwargs)(f if wrap is None else wrap(f))
            return t.cast("click.Command", made)

        return decorator

    def group(  # type: ignore[override]
        self, *args: t.Any, **kwargs: t.Any
    ) -> t.Callable[[t.Callable[..., t.Any]], click.Group]:
        """Register a group, which is an :class:`AppGroup` unless ``cls`` says otherwise.

        :param args: As for :meth:`click.Group.group`.
        :param kwargs: As there.
        """
        made = super().group(*args, **{"cls": AppGroup, **kwargs})
        return t.cast("t.Callable[[t.Callable[..., t.Any]], click.Group]", made)


def get_version(
    ctx: click.Context,
    param: click.Parameter,  # noqa: ARG001 - Click calls it so
    value: t.Any,
) -> None:
    """Print the versions and leave; the callback of ``--version``."""
    if not value or ctx.resilient_parsing:
        return
    lines = (
        f"Python {platform.python_version()}",
        f"Kolben {importlib.metadata.version('kolben')}",
        f"Flask {_FLASK_VERSION} (the API)",
        f"Werkzeug {importlib.metadata.version('werkzeug')}",
    )
    click.echo("\n".join(lines), color=ctx.color)
    ctx.exit()


version_option = click.Option(
    ["--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=get_version,
    help="Show the versions of Kolben and what it runs on.",
)


def _set_app(
    ctx: click.Context,
    param: click.Option,  # noqa: ARG001 - Click calls it so
    value: str | None,
) -> str | None:
    if value is not None:
        ctx.ensure_object(ScriptInfo).app_import_path = value
    return value


# Eager, and before --help, which then shows the app's commands.
_app_option = click.Option(
    ["-A", "--app"],
    is_eager=True,
    expose_value=False,
    callback=_set_app,
    metavar="IMPORT",
    help=(
        "The Flask application or factory function to load, in the form 'module:name'. Module is"
        " a dotted import or a file's path. Name is 'app', 'application', 'create_app' or"
        " 'make_app' unless given, and may be 'name(args)' to pass arguments."
    ),
)


def _set_debug(ctx: click.Context, param: click.Option, value: bool) -> bool | None:
    source = ctx.get_parameter_source(param.name or "")
    if source in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP):
        # Nobody asked: FLASK_DEBUG stays what it is.
        return None
    # A factory can read it there, long before the app has a debug mode.
    os.environ["FLASK_DEBUG"] = "1" if value else "0"
    return value


_debug_option = click.Option(
    ["--debug/--no-debug"], expose_value=False, callback=_set_debug, help="Set debug mode."
)


def _env_file_callback(ctx: click.Context, param: click.Option, value: str | None) -> str | None:
    try:
        import dotenv  # noqa: F401, PLC0415 - a failed import is an answer here
    except ImportError:
        # Without a file given there is nothing wrong; load_dotenv may have a tip.
        if value is not None:
            raise click.BadParameter(
                "python-dotenv must be installed to load an env file.", ctx, param
            ) from None

    defaults = ctx.obj.load_dotenv_defaults
    if defaults or value is not None:
        load_dotenv(value, load_defaults=defaults)
    return value


# Eager, and first, so that the other options find the variables.
_env_file_option = click.Option(
    ["-e", "--env-file"],
    is_eager=True,
    expose_value=False,
    callback=_env_file_callback,
    type=click.Path(exists=True, dir_okay=False),
    help=(
        "Load environment variables from this file. They win over those of '.env' and"
        " '.flaskenv'; those that are set already win over all. It needs python-dotenv."
    ),
)


class FlaskGroup(AppGroup):
    """The commands of the command line: its own, those of plug-ins, and those of the app.

    :param add_default_commands: Whether it has ``run``, ``shell`` and ``routes``.
    :param create_app: Makes the app; by default it is looked for.
    :param add_version_option: Whether it has ``--version``.
    :param load_dotenv: Whether ``.env`` and ``.flaskenv`` are loaded.
    :param set_debug_flag: Whether the app's debug mode is set from the environment.
    :param extra: For :class:`click.Group`.
    """

    def __init__(
        self,
        add_default_commands: bool = True,
        create_app: t.Callable[..., Flask] | None = None,
        add_version_option: bool = True,
        load_dotenv: bool = True,
        set_debug_flag: bool = True,
        **extra: t.Any,
    ) -> None:
        # Options with callbacks, not a callback of the group: that one is free for others.
        params = [*(extra.pop("params", None) or ()), _env_file_option, _app_option, _debug_option]
        if add_version_option:
            params.append(version_option)
        extra.setdefault("context_settings", {}).setdefault("auto_envvar_prefix", "FLASK")
        super().__init__(params=params, **extra)
        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        self._loaded_plugin_commands = False
        if add_default_commands:
            for command in (run_command, shell_command, routes_command):
                self.add_command(command)

    def _load_plugin_commands(self) -> None:
        if not self._loaded_plugin_commands:
            for entry_point in importlib.metadata.entry_points(group="flask.commands"):
                self.add_command(entry_point.load(), entry_point.name)
            self._loaded_plugin_commands = True

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command: one of the group's or a plug-in's, or else one of the app's."""
        self._load_plugin_commands()
        command = super().get_command(ctx, name)
        if command is not None:
            return command
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except NoAppException as error:
            _say_in_red(f"Error: {error.format_message()}")
            return None
        # Callbacks of parameters run with the app's context, too.
        if not current_app or _current_app_object() is not app:
            ctx.with_resource(app.app_context())
        return app.cli.get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List all commands; why the app's are missing is said on the way."""
        self._load_plugin_commands()
        names = set(super().list_commands(ctx))
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except NoAppException as error:
            _say_in_red(f"Error: {error.format_message()}")
        except Exception:
            _say_in_red(traceback.format_exc())
        return sorted(names)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: t.Any,
    ) -> click.Context:
        """Make the context of a call, with a :class:`ScriptInfo` in it."""
        # It makes `app.run()` in an unguarded module do nothing, rather than serve.
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        if "obj" not in {**self.context_settings, **extra}:
            extra["obj"] = ScriptInfo(
                create_app=self.create_app,
                set_debug_flag=self.set_debug_flag,
                load_dotenv_defaults=self.load_dotenv,
            )
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; for a page of help, what the environment says about the app first."""
        bare = not args and self.no_args_is_help
        if bare or (len(args) == 1 and args[0] in self.get_help_option_names(ctx)):
            for option in (_env_file_option, _app_option):
                option.handle_parse_result(ctx, {}, [])
        return super().parse_args(ctx, args)


def _current_app_object() -> t.Any:
    return t.cast("t.Any", current_app)._get_current_object()


def _say_in_red(message: str) -> None:
    click.secho(f"{message}\n", err=True, fg="red")


# --- the commands --------------------------------------------------------------------------------


def show_server_banner(debug: bool, app_import_path: str | None) -> None:
    """Say what is about to be served, once, not at each reload.

    :param debug: Whether in debug mode.
    :param app_import_path: The app.
    """
    if is_running_from_reloader():
        return
    if app_import_path is not None:
        click.echo(f" * Serving Flask app '{app_import_path}'")
    if debug is not None:
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")


_BY_DEFAULT_IN_DEBUG_MODE = "By default it is active in debug mode."
_SEPARATED = f"Several are separated by {os.path.pathsep!r}."


@click.command("run", short_help="Run a development server.")
@click.option("--host", "-h", default="127.0.0.1", help="The interface to bind to.")
@click.option("--port", "-p", default=5000, help="The port to bind to.")
@click.option(
    "--cert", type=CertParamType(), is_eager=True, help="A certificate file, to use HTTPS."
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True),
    expose_value=False,
    callback=_validate_key,
    help="The key file of the certificate.",
)
@click.option(
    "--reload/--no-reload",
    default=None,
    help=f"Enable or disable the reloader. {_BY_DEFAULT_IN_DEBUG_MODE}",
)
@click.option(
    "--debugger/--no-debugger",
    default=None,
    help=f"Enable or disable the debugger. {_BY_DEFAULT_IN_DEBUG_MODE}",
)
@click.option(
    "--with-threads/--without-threads", default=True, help="Enable or disable multithreading."
)
@click.option(
    "--extra-files",
    type=SeparatedPathType(),
    default=None,
    help=f"More files whose change triggers a reload. {_SEPARATED}",
)
@click.option(
    "--exclude-patterns",
    type=SeparatedPathType(),
    default=None,
    help=f"Files that match these patterns trigger no reload. {_SEPARATED}",
)
@pass_script_info
def run_command(
    info: ScriptInfo,
    host: str,
    port: int,
    reload: bool,
    debugger: bool,
    with_threads: bool,
    cert: ssl.SSLContext | tuple[str, str | None] | t.Literal["adhoc"] | None,
    extra_files: list[str] | None,
    exclude_patterns: list[str] | None,
) -> None:
    """Run a local development server.

    It is for development only: it is neither as stable nor as safe nor as
    fast as a production server. With '--debug' it reloads the app when a
    file changes, and has the debugger.
    """
    app = _app_to_serve(info)
    debug = get_debug_flag()
    show_server_banner(debug, info.app_import_path)
    run_simple(
        host,
        port,
        app,
        threaded=with_threads,
        use_debugger=debug if debugger is None else debugger,
        use_reloader=debug if reload is None else reload,
        ssl_context=cert,
        extra_files=extra_files,
        exclude_patterns=exclude_patterns,
    )


run_command.params.insert(0, _debug_option)


def _app_to_serve(info: ScriptInfo) -> WSGIApplication:
    try:
        loaded = info.load_app()
        loaded._check_settings()
        return t.cast("WSGIApplication", loaded)
    except Exception as error:
        if not is_running_from_reloader():
            raise error from None
        # The server stays up, to reload when the mistake is mended; each request shows it.
        traceback.print_exc()
        failure = error

    def app(*_: t.Any) -> t.NoReturn:
        raise failure from None

    return app


@click.command("shell", short_help="Run a shell in the app context.")
@with_appcontext
def shell_command() -> None:
    """Run an interactive Python shell with the app's context and names."""
    import code  # noqa: PLC0415 - only this command needs it, and it is slow to import

    names: dict[str, t.Any] = {}
    startup = os.environ.get("PYTHONSTARTUP")
    if startup and os.path.isfile(startup):
        with open(startup) as file:
            exec(compile(file.read(), startup, "exec"), names)
    names.update(current_app.make_shell_context())

    # Set by `site`, which brings the history and completion, or by a startup file.
    hook = getattr(sys, "__interactivehook__", None)
    if hook is not None:
        _complete_from(names)
        hook()

    banner = (
        f"Python {sys.version} on {sys.platform}",
        f"App: {current_app.import_name}",
        f"Instance: {current_app.instance_path}",
    )
    code.interact(banner="\n".join(banner), local=names)


def _complete_from(names: dict[str, t.Any]) -> None:
    """Complete the shell's names, not those of the main module."""
    try:
        import readline  # noqa: PLC0415 - not every platform has it
        from rlcompleter import Completer  # noqa: PLC0415 - it needs readline
    except ImportError:
        return
    readline.set_completer(Completer(names).complete)


@click.command("routes", short_help="Show the routes for the app.")
@click.option(
    "--sort",
    "-s",
    default="endpoint",
    type=click.Choice(("endpoint", "methods", "domain", "rule", "match")),
    help="The column to sort by; 'match' is the order in which routes are tried.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS methods.")
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """Show all registered routes with endpoints and methods."""
    url_map = current_app.url_map
    rules = list(url_map.iter_rules())
    if not rules:
        click.echo("No routes were registered.")
        return

    domain = "host" if url_map.host_matching else "subdomain"
    columns = {"endpoint": "Endpoint", "methods": "Methods", "rule": "Rule"}
    if any(getattr(rule, domain) for rule in rules):
        columns = {**columns, "domain": domain.title()}
        columns["rule"] = columns.pop("rule")
    hidden: set[str] = set() if all_methods else {"HEAD", "OPTIONS"}
    rows = [
        {
            "endpoint": rule.endpoint,
            "methods": ", ".join(sorted((rule.methods or set()) - hidden)),
            "domain": getattr(rule, domain) or "",
            "rule": rule.rule,
        }
        for rule in rules
    ]
    if sort in columns:
        rows.sort(key=itemgetter(sort))

    widths = {name: max(len(row[name]) for row in [columns, *rows]) for name in columns}
    line = {name: "-" * width for name, width in widths.items()}
    for row in (columns, line, *rows):
        click.echo("  ".join(f"{row[name]:<{widths[name]}}" for name in columns))


cli = FlaskGroup(
    name="kolben",
    help="""\
A general utility script for Flask applications.

The application to load is given with the '--app' option or the 'FLASK_APP'
environment variable, or stands in a 'wsgi.py' or 'app.py' file in the
current directory.
""",
)


def main() -> None:
    """Run the command line."""
    cli.main()
