"""The app: what it does with a request, in the order in which it happens."""

from __future__ import annotations

import os
import sys
import typing as t
import weakref
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from inspect import CO_COROUTINE, iscoroutinefunction
from types import FunctionType, ModuleType
from urllib.parse import quote as _url_quote

from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import BuildError, RequestRedirect, RoutingException
from werkzeug.wsgi import get_host

from .answers import response_of, unpack_answer
from .config import Config
from .core import compiled
from .ctx import AppContext, RequestContext, _sentinel
from .globals import _cv_app, _cv_request, _no_req_msg, g, request, session
from .helpers import get_debug_flag, get_flashed_messages, get_load_dotenv
from .messages.response import make_plain_response, send_response
from .registry import App
from .routing import Map, MapAdapter
from .sessions import SecureCookieSessionInterface, _check_fallbacks
from .signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    got_request_exception,
    request_finished,
    request_started,
    request_tearing_down,
)
from .wrappers import Request, Response

if t.TYPE_CHECKING or compiled is None:
    from .ctx_pure import answer_plainly, make_request_context, open_context
else:
    from ._core import answer_plainly, make_request_context, open_context

if t.TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from . import typing as ft
    from .sessions import SessionInterface
    from .templating import Environment
    from .testing import FlaskClient, FlaskCliRunner

    _ExceptionInfo = (
        tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    )


def _request_context() -> RequestContext:
    ctx = _cv_request.get(None)
    if ctx is None:
        raise RuntimeError(_no_req_msg)
    return ctx


class Flask(App):
    """An app: a WSGI application with rules, views and settings.

    ::

        from kolben import Flask

        app = Flask(__name__)

        @app.get("/")
        def index():
            return "Hello!"

    :class:`kolben.registry.App` explains the parameters.
    """

    default_config = ImmutableDict(
        DEBUG=None,
        TESTING=False,
        PROPAGATE_EXCEPTIONS=None,
        SECRET_KEY=None,
        SECRET_KEY_FALLBACKS=None,
        PERMANENT_SESSION_LIFETIME=timedelta(days=31),
        USE_X_SENDFILE=False,
        TRUSTED_HOSTS=None,
        SERVER_NAME=None,
        APPLICATION_ROOT="/",
        SESSION_COOKIE_NAME="session",
        SESSION_COOKIE_DOMAIN=None,
        SESSION_COOKIE_PATH=None,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=False,
        SESSION_COOKIE_PARTITIONED=False,
        SESSION_COOKIE_SAMESITE=None,
        SESSION_REFRESH_EACH_REQUEST=True,
        MAX_CONTENT_LENGTH=None,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=1_000,
        SEND_FILE_MAX_AGE_DEFAULT=None,
        TRAP_BAD_REQUEST_ERRORS=None,
        TRAP_HTTP_EXCEPTIONS=False,
        EXPLAIN_TEMPLATE_LOADING=False,
        PREFERRED_URL_SCHEME="http",
        TEMPLATES_AUTO_RELOAD=None,
        MAX_COOKIE_SIZE=4093,
        PROVIDE_AUTOMATIC_OPTIONS=True,
    )

    #: The class of requests.
    request_class: type[Request] = Request
    #: The class of responses.
    response_class: type[Response] = Response
    #: Opens and saves sessions.
    session_interface: SessionInterface = SecureCookieSessionInterface()

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | os.PathLike[str] | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        super().__init__(
            import_name,
            static_url_path,
            static_folder,
            static_host,
            host_matching,
            subdomain_matching,
            template_folder,
            instance_path,
            instance_relative_config,
            root_path,
        )
        if self.has_static_folder:
            if bool(static_host) != host_matching:
                raise AssertionError(
                    "Invalid static_host/host_matching combination: static files need a host"
                    " exactly if 'host_matching' is on."
                )
            # The app holds the view: so that it can go away, the view must not hold the app.
            reference = weakref.ref(self)

            def send_static_file(**arguments: t.Any) -> Response:
                return t.cast("Flask", reference()).send_static_file(**arguments)

            self.add_url_rule(
                f"{self.static_url_path}/<path:filename>",
                endpoint="static",
                host=static_host,
                view_func=send_static_file,
            )

    # A request, from the server's call to the answer.

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; :attr:`wsgi_app` may be wrapped by middleware."""
        return self.wsgi_app(environ, start_response)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request.

        :param environ: The WSGI environ.
        :param start_response: Takes status and headers.
        """
        ctx = open_context(RequestContext, self, environ)
        if ctx is None:
            ctx = self.request_context(environ)
        error: BaseException | None = None
        try:
            try:
                ctx.push()
                response = self.full_dispatch_request()
            except Exception as raised:
                error = raised
                response = self.handle_exception(raised)
            except BaseException as raised:
                error = raised
                raise
            return send_response(response, environ, start_response)
        finally:
            if "werkzeug.debug.preserve_context" in environ:
                preserve = environ["werkzeug.debug.preserve_context"]
                preserve(_cv_app.get())
                preserve(_cv_request.get())
            if error is not None and self.should_ignore_error(error):
                error = None
            ctx.pop(error)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Make the context of a request.

        :param environ: The WSGI environ.
        """
        return make_request_context(RequestContext, self, environ)

    def app_context(self) -> AppContext:
        """Make an app context, for use outside of requests: ``with app.app_context(): ...``."""
        return AppContext(self)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Bind the rules to the host of a request, or to ``SERVER_NAME`` where there is none.

        :param request: The request; ``None`` for an app context.
        """
        config = self.config
        url_map = self.url_map
        server_name = config["SERVER_NAME"]
        if request is None:
            if server_name is None:
                return None
            adapter: MapAdapter = url_map.bind(
                server_name,
                script_name=config["APPLICATION_ROOT"],
                url_scheme=config["PREFERRED_URL_SCHEME"],
            )
            return adapter
        if (trusted := config["TRUSTED_HOSTS"]) is not None:
            request.trusted_hosts = trusted
        request.host = get_host(request.environ, request.trusted_hosts)
        subdomain = None
        if url_map.host_matching:
            server_name = None
        elif not self.subdomain_matching:
            # Any host will do, so the rules of the default subdomain answer on it.
            subdomain = url_map.default_subdomain or ""
        bound = url_map.bind_to_environ(
            request.environ, server_name=server_name, subdomain=subdomain
        )
        return t.cast("MapAdapter", bound)

    def full_dispatch_request(self) -> Response:
        """Run the hooks and the view of the current request, and turn errors into responses."""
        if not self._got_first_request:
            self._check_settings()
            self._got_first_request = True
        answer: t.Any
        try:
            # PERF: all of it at once, if the app has nothing to do but to call the view.
            plainly = answer_plainly(self)
            if plainly is None:
                if request_started.receivers:
                    request_started.send(self, _async_wrapper=self.ensure_sync)
                answer = self.preprocess_request()
                if answer is None:
                    answer = self.dispatch_request()
            elif plainly is ...:
                plainly = None
                answer = self.dispatch_request()
        except Exception as error:
            plainly = None
            answer = self.handle_user_exception(error)
        if plainly is not None:
            if type(plainly) is not tuple:
                response: Response = plainly
                return response
            answer, failure = plainly
            if failure is not None:
                raise failure
        return self.finalize_request(answer)

    def _check_settings(self) -> None:
        """Refuse settings that cannot be meant, before the app answers with them."""
        _check_fallbacks(self.config.get("SECRET_KEY_FALLBACKS"))

    def preprocess_request(self) -> ft.ResponseReturnValue | None:
        """Run what comes before the view, of the app and then of the blueprints around it.

        :return: The first answer of a ``before_request`` function, which takes the view's place.
        """
        preprocessors = self.url_value_preprocessors
        hooks = self.before_request_funcs
        if not (preprocessors or hooks):
            return None
        request = _request_context().request
        names = (None, *reversed(request.blueprints))
        for name in names:
            for preprocess in preprocessors.get(name, ()):
                preprocess(request.endpoint, request.view_args)
        for name in names:
            for hook in hooks.get(name, ()):
                answer = self.ensure_sync(hook)()
                if answer is not None:
                    return t.cast("ft.ResponseReturnValue", answer)
        return None

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Call the view of the current request and return what it returns."""
        # PERF: `_request_context()` in line, as this runs for each request.
        ctx = _cv_request.get(None)
        if ctx is None:
            raise RuntimeError(_no_req_msg)
        request = ctx.request
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule: t.Any = request.url_rule
        arguments: t.Any = request.view_args
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self.make_default_options_response()
        # PERF: no cast of the answer, which would be a call.
        answer: ft.ResponseReturnValue = self.ensure_sync(self.view_functions[rule.endpoint])(
            **arguments
        )
        return answer

    def raise_routing_exception(self, request: Request) -> t.NoReturn:
        """Raise what matching the URL ended with.

        In debug mode, a redirect that would lose the body of the request is an error instead.

        :param request: The request.
        """
        exception = t.cast("HTTPException", request.routing_exception)
        if (
            self.debug
            and isinstance(exception, RequestRedirect)
            and exception.code not in {307, 308}
            and request.method not in {"GET", "HEAD", "OPTIONS"}
        ):
            from .debughelpers import FormDataRoutingRedirect  # noqa: PLC0415 - debug only

            raise FormDataRoutingRedirect(request)
        raise exception

    def make_default_options_response(self) -> Response:
        """Make the answer to ``OPTIONS`` of a view that does not answer it itself."""
        adapter = t.cast("MapAdapter", _request_context().url_adapter)
        response = self.response_class()
        response.allow.update(adapter.allowed_methods())
        return response

    # Errors.

    def handle_user_exception(self, e: Exception) -> HTTPException | ft.ResponseReturnValue:
        """Turn an exception of a view or a hook into an answer, or raise it again.

        :param e: The exception.
        """
        if isinstance(e, HTTPException):
            if isinstance(e, BadRequestKeyError) and (
                self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]
            ):
                e.show_exception = True
            if not self.trap_http_exception(e):
                return self.handle_http_exception(e)
        handler = self._find_error_handler(e, _request_context().request.blueprints)
        if handler is None:
            raise  # noqa: PLE0704 - it is being handled, and keeps its traceback
        return t.cast("ft.ResponseReturnValue", self.ensure_sync(handler)(e))

    def handle_http_exception(self, e: HTTPException) -> HTTPException | ft.ResponseReturnValue:
        """Turn an HTTP exception into an answer, which may be itself.

        :param e: The exception.
        """
        # Without a code it is a proxy's response; a redirect of the router is no error.
        if e.code is None or isinstance(e, RoutingException):
            return e
        handler = self._find_error_handler(e, _request_context().request.blueprints)
        if handler is None:
            return e
        return t.cast("ft.ResponseReturnValue", self.ensure_sync(handler)(e))

    def handle_exception(self, e: Exception) -> Response:
        """Answer an exception that nothing else has answered, with 500.

        While testing or debugging it is raised again.

        :param e: The exception.
        """
        info = sys.exc_info()
        if got_request_exception.receivers:
            got_request_exception.send(self, _async_wrapper=self.ensure_sync, exception=e)
        propagate = self.config["PROPAGATE_EXCEPTIONS"]
        if propagate is None:
            propagate = self.testing or self.debug
        if propagate:
            if info[1] is e:
                # As it was: with its traceback, without this line.
                raise  # noqa: PLE0704
            raise e
        self.log_exception(info)
        answer: t.Any = InternalServerError(original_exception=e)
        handler = self._find_error_handler(answer, _request_context().request.blueprints)
        if handler is not None:
            answer = self.ensure_sync(handler)(answer)
        return self.finalize_request(answer, from_error_handler=True)

    def log_exception(self, exc_info: _ExceptionInfo) -> None:
        """Log an exception that is answered with 500.

        :param exc_info: What :func:`sys.exc_info` returns.
        """
        request = _request_context().request
        self.logger.error(f"Exception on {request.path} [{request.method}]", exc_info=exc_info)

    # The answer.

    def finalize_request(
        self, rv: ft.ResponseReturnValue | HTTPException, from_error_handler: bool = False
    ) -> Response:
        """Make the response and run what comes after the view.

        :param rv: What the view or an error handler has returned.
        :param from_error_handler: Whether an error is answered already, so that another one in
            here is only logged.
        """
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            if request_finished.receivers:
                request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
        except Exception:
            if not from_error_handler:
                raise
            self.logger.exception("Request finalizing failed with an error while handling an error")
        return response

    def make_response(self, rv: ft.ResponseReturnValue | HTTPException) -> Response:
        """Make a response of what a view may return.

        :param rv: Text, bytes, a dict or a list for JSON, an iterator, a response, an exception or
            another WSGI application; or a tuple of one of these with status, headers or both.
        """
        body: t.Any = rv
        status: t.Any = None
        headers: t.Any = None
        if isinstance(body, tuple):
            body, status, headers = unpack_answer(body)
        response_class = self.response_class
        if not isinstance(body, response_class):
            if isinstance(body, (str, bytes, bytearray, Iterator)):
                # PERF: a text alone, without a call of the constructor (benches/apps.py).
                if headers is None:
                    made: Response | None = make_plain_response(response_class, body, status)
                    if made is not None:
                        return made
                return response_class(body, status=status, headers=headers)
            if isinstance(body, (dict, list)):
                body = self.json.response(body)
            else:
                body = response_of(self, body)
        if status is not None:
            if isinstance(status, (str, bytes, bytearray)):
                body.status = status
            else:
                body.status_code = status
        if headers:
            body.headers.update(headers)
        response: Response = body
        return response

    def process_response(self, response: Response) -> Response:
        """Run what comes after the view, and save the session.

        First the functions of :func:`kolben.after_this_request`, then those of the blueprints from
        the inside out, then those of the app; each table from its end.

        :param response: The response.
        :return: The same, or another one.
        """
        # PERF: as in `dispatch_request`.
        ctx = _cv_request.get(None)
        if ctx is None:
            raise RuntimeError(_no_req_msg)
        hooks = self.after_request_funcs
        # PERF: the usual request registers nothing and leaves its session alone
        # (benches/apps.py).
        if ctx._has_nothing_to_finish:
            if not hooks:
                return response
        else:
            for function in ctx._after_request_functions:
                response = self.ensure_sync(function)(response)
        if hooks:
            for name in (*ctx.request.blueprints, None):
                for function in reversed(hooks.get(name, ())):
                    response = self.ensure_sync(function)(response)
        if ctx._has_nothing_to_finish:
            return response
        interface = self.session_interface
        session: t.Any = ctx._session
        if not interface.is_null_session(session):
            interface.save_session(self, session, response)
        return response

    def do_teardown_request(self, exc: BaseException | None = _sentinel) -> None:
        """Run what comes when the request is over: of the blueprints, then of the app.

        :param exc: The exception that ended it; without it, the one that is being handled.
        """
        hooks = self.teardown_request_funcs
        if not (hooks or request_tearing_down.receivers):
            return
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        if hooks:
            for name in (*_request_context().request.blueprints, None):
                for function in reversed(hooks.get(name, ())):
                    self.ensure_sync(function)(exc)
        if request_tearing_down.receivers:
            request_tearing_down.send(self, _async_wrapper=self.ensure_sync, exc=exc)

    def do_teardown_appcontext(self, exc: BaseException | None = _sentinel) -> None:
        """Run what comes when an app context is over.

        :param exc: The exception that ended it; without it, the one that is being handled.
        """
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        if self.teardown_appcontext_funcs:
            for function in reversed(self.teardown_appcontext_funcs):
                self.ensure_sync(function)(exc)
        if appcontext_tearing_down.receivers:
            appcontext_tearing_down.send(self, _async_wrapper=self.ensure_sync, exc=exc)

    # Coroutines.

    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Return a function that can be called, of a view that may be a coroutine function.

        :param func: The function.
        """
        # PERF: what `iscoroutinefunction` finds out of a function, at a tenth of its cost.
        if type(func) is FunctionType:
            if func.__code__.co_flags & CO_COROUTINE:
                return self.async_to_sync(func)
            # What `inspect.markcoroutinefunction` sets.
            if "_is_coroutine_marker" not in func.__dict__:
                return func
        return self.async_to_sync(func) if iscoroutinefunction(func) else func

    def async_to_sync(
        self, func: Callable[..., Coroutine[t.Any, t.Any, t.Any]]
    ) -> Callable[..., t.Any]:
        """Return a function that runs a coroutine function to its end.

        Coroutines of a thread run on one event loop, which lives as long as the thread.

        :param func: The coroutine function.
        """
        wrapped: Callable[..., t.Any] = _coroutines().async_to_sync(func)
        return wrapped

    # URLs and templates.

    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: t.Any,
    ) -> str:
        """Build a URL; within a request relative to it, otherwise with scheme and host.

        :param endpoint: The endpoint; with a dot in front, one of the current blueprint.
        :param _anchor: What comes after ``#``.
        :param _method: The method that the URL is for, if the endpoint's rules differ by method.
        :param _scheme: The scheme of an external URL.
        :param _external: Whether the URL has scheme and host.
        :param values: The arguments of the rule; the others make up the query.
        """
        adapter: t.Any
        request_context = _cv_request.get(None)
        if request_context is not None:
            adapter = request_context.url_adapter
            if endpoint[:1] == ".":
                blueprint = request_context.request.blueprint
                endpoint = endpoint[1:] if blueprint is None else f"{blueprint}{endpoint}"
            if _external is None:
                _external = _scheme is not None
        else:
            app_context = _cv_app.get(None)
            if app_context is not None:
                adapter = app_context.url_adapter
            else:
                adapter = self.create_url_adapter(None)
            if adapter is None:
                raise RuntimeError(
                    "Unable to build URLs outside an active request without 'SERVER_NAME'"
                    " configured. Also configure 'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME' as"
                    " needed."
                )
            if _external is None:
                _external = True
        if _scheme is not None and not _external:
            raise ValueError("When specifying '_scheme', '_external' must be True.")
        self.inject_url_defaults(endpoint, values)
        try:
            url: str = adapter.build(
                endpoint, values, method=_method, url_scheme=_scheme, force_external=_external
            )
        except BuildError as error:
            values.update(_anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external)
            return self.handle_url_build_error(error, endpoint, values)
        if _anchor is not None:
            url = f"{url}#{_url_quote(_anchor, safe=_IN_FRAGMENT)}"
        return url

    def create_jinja_environment(self) -> Environment:
        """Make the Jinja environment, with the globals that templates have."""
        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        if "auto_reload" not in options:
            reload = self.config["TEMPLATES_AUTO_RELOAD"]
            options["auto_reload"] = self.debug if reload is None else reload
        environment = self.jinja_environment(self, **options)
        environment.globals.update(
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            config=self.config,
            # For imported templates, which get no context.
            request=request,
            session=session,
            g=g,
        )
        environment.policies["json.dumps_function"] = self.json.dumps
        return environment

    def update_template_context(self, context: dict[str, t.Any]) -> None:
        """Add what the context processors return, of the app and of the blueprints around.

        :param context: The variables of a template; those that are in it already stay.
        """
        ctx = _cv_request.get(None)
        names = (None,) if ctx is None else (None, *reversed(ctx.request.blueprints))
        given = context.copy()
        for name in names:
            for process in self.template_context_processors.get(name, ()):
                context.update(self.ensure_sync(process)())
        context.update(given)

    # Files.

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = None
    ) -> t.IO[t.Any]:
        """Open a file of the app's folder for reading.

        :param resource: Its path, from :attr:`root_path`.
        :param mode: ``rb``, ``r`` or ``rt``.
        :param encoding: The encoding of a text.
        """
        return self._open_resource(resource, mode, encoding)

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file of the instance folder.

        :param resource: Its path, from :attr:`instance_path`.
        :param mode: As for :func:`open`.
        :param encoding: The encoding of a text.
        """
        path = os.path.join(self.instance_path, resource)
        return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)

    # Development and tests.

    def make_shell_context(self) -> dict[str, t.Any]:
        """Return the variables of an interactive shell."""
        variables: dict[str, t.Any] = {"app": self, "g": g}
        for process in self.shell_context_processors:
            variables.update(process())
        return variables

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: t.Any,
    ) -> None:
        """Serve the app on a development server: for one developer, never in production.

        :param host: The address; without it, that of ``SERVER_NAME``, or ``127.0.0.1``.
        :param port: The port; without it, that of ``SERVER_NAME``, or 5000.
        :param debug: Whether to run in debug mode.
        :param load_dotenv: Whether to load ``.env`` and ``.flaskenv``.
        :param options: For :func:`werkzeug.serving.run_simple`.
        """
        import click  # noqa: PLC0415 - production goes without
        from werkzeug import serving  # noqa: PLC0415 - as above

        from . import cli  # noqa: PLC0415 - as above

        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            if not serving.is_running_from_reloader():
                click.secho(
                    " * Ignoring a call to 'app.run()' that would block the current 'flask' CLI"
                    " command.\n   Only call 'app.run()' in an"
                    " 'if __name__ == \"__main__\"' guard.",
                    fg="red",
                )
            return
        if get_load_dotenv(load_dotenv):
            cli.load_dotenv()
            if "FLASK_DEBUG" in os.environ:
                self.debug = get_debug_flag()
        if debug is not None:
            self.debug = bool(debug)
        self._check_settings()
        host, port = _address(host, port, self.config.get("SERVER_NAME"))
        options.setdefault("use_reloader", self.debug)
        options.setdefault("use_debugger", self.debug)
        options.setdefault("threaded", True)
        cli.show_server_banner(self.debug, self.name)
        try:
            serving.run_simple(host, port, self, **options)
        finally:
            # Back in an interactive shell, the app may be set up further.
            self._got_first_request = False

    def test_client(self, use_cookies: bool = True, **kwargs: t.Any) -> FlaskClient:
        """Make a client that sends requests to the app without a server.

        :param use_cookies: Whether it keeps cookies.
        :param kwargs: For :attr:`test_client_class`.
        """
        from .testing import FlaskClient  # noqa: PLC0415 - production goes without

        cls = self.test_client_class or FlaskClient
        return cls(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: t.Any) -> FlaskCliRunner:
        """Make a runner that calls the app's commands.

        :param kwargs: For :attr:`test_cli_runner_class`.
        """
        from .testing import FlaskCliRunner  # noqa: PLC0415 - production goes without

        cls = self.test_cli_runner_class or FlaskCliRunner
        return cls(self, **kwargs)

    def test_request_context(self, *args: t.Any, **kwargs: t.Any) -> RequestContext:
        """Make the context of a request that is made up.

        :param args: For :class:`kolben.testing.EnvironBuilder`, behind the app.
        :param kwargs: For the same.
        """
        from .testing import EnvironBuilder  # noqa: PLC0415 - production goes without

        builder = EnvironBuilder(self, *args, **kwargs)
        try:
            return self.request_context(builder.get_environ())
        finally:
            builder.close()


@cache
def _coroutines() -> ModuleType:
    # PERF: kept, as an import takes a tenth of an async view (benches/apps.py).
    from . import coroutines  # noqa: PLC0415 - brings asyncio

    return coroutines


_IN_FRAGMENT = "%!#$&'()*+,/:;=?@"


def _address(host: str | None, port: int | None, server_name: str | None) -> tuple[str, int]:
    """Return where the development server listens."""
    named_host, _, named_port = (server_name or "").partition(":")
    if port is None or (not port and port != 0):
        port = int(named_port) if named_port else 5000
    return host or named_host or "127.0.0.1", int(port)


def __getattr__(name: str) -> t.Any:
    # As in Flask they stand here, too; they bring click and Jinja.
    if name == "cli":
        from . import cli  # noqa: PLC0415 - as said above

        return cli
    if name == "Environment":
        from .templating import Environment  # noqa: PLC0415 - as said above

        return Environment
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if compiled is not None:
    # The core goes past these as long as nobody overrides or patches what it knows of them.
    compiled.hold_contexts(
        {
            "app_variable": _cv_app,
            "request_variable": _cv_request,
            "sentinel": _sentinel,
            "started_signal": request_started,
            "finished_signal": request_finished,
            "pushed_signal": appcontext_pushed,
            "popped_signal": appcontext_popped,
            "app_teardown_signal": appcontext_tearing_down,
            "request_teardown_signal": request_tearing_down,
            "http_exception": HTTPException,
        },
        {
            "app": Flask,
            "config": Config,
            "context": AppContext,
            "request": Request,
            "session_interface": SecureCookieSessionInterface,
            "request_context": RequestContext,
            "map": Map,
            "adapter": MapAdapter,
        },
    )
