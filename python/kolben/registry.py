"""What an app knows before it answers: settings, rules, blueprints, error handlers."""

from __future__ import annotations

import os
import sys
import typing as t
from datetime import timedelta

from werkzeug.exceptions import Aborter, BadRequest, BadRequestKeyError
from werkzeug.routing import BuildError
from werkzeug.utils import redirect as _werkzeug_redirect

from .config import Config, ConfigAttribute
from .ctx import _AppCtxGlobals
from .helpers import _split_blueprint_path, get_debug_flag
from .json.provider import DefaultJSONProvider
from .lazy import lazy
from .packages import find_package
from .routing import Map, Rule
from .scaffold import (
    Scaffold,
    T_teardown,
    T_template_filter,
    T_template_global,
    T_template_test,
    _endpoint_from_view_func,
    _registering,
    setupmethod,
)

if t.TYPE_CHECKING:
    import logging

    from werkzeug.wrappers import Response as BaseResponse

    from . import typing as ft
    from .blueprints import Blueprint
    from .json.provider import JSONProvider
    from .templating import DispatchingJinjaLoader, Environment
    from .testing import FlaskClient, FlaskCliRunner

T_shell_context_processor = t.TypeVar(
    "T_shell_context_processor", bound="ft.ShellContextProcessorCallable"
)


def _make_timedelta(value: timedelta | int | None) -> timedelta | None:
    if value is None or isinstance(value, timedelta):
        return value
    return timedelta(seconds=value)


class _EnvironmentClass:
    """The default of :attr:`App.jinja_environment`; Jinja is loaded when it is first read."""

    def __get__(self, app: t.Any, owner: type | None = None) -> type[Environment]:
        from .templating import Environment  # noqa: PLC0415 - an app without templates goes without

        return Environment


class App(Scaffold):
    """The set-up of an app; :class:`kolben.Flask` answers requests with it.

    :param import_name: The name of the module that the app is made in; usually ``__name__``.
    :param static_url_path: The URL path of static files; without it, the name of the folder.
    :param static_folder: The folder of static files.
    :param static_host: The host of static files, with host matching.
    :param host_matching: Whether rules name their host.
    :param subdomain_matching: Whether rules name their subdomain of ``SERVER_NAME``.
    :param template_folder: The folder of templates.
    :param instance_path: The folder for what belongs to one installation; absolute.
    :param instance_relative_config: Whether config files lie there rather than in the root.
    :param root_path: The folder that the others start at; without it, that of the module.
    """

    #: Makes :attr:`aborter`.
    aborter_class = Aborter
    #: The class of :attr:`jinja_env`.
    jinja_environment: type[Environment] = t.cast("t.Any", _EnvironmentClass())
    #: The class of :data:`kolben.g`.
    app_ctx_globals_class = _AppCtxGlobals
    #: The class of :attr:`config`.
    config_class = Config
    #: Whether the app is under test: exceptions reach the test.
    testing = ConfigAttribute[bool]("TESTING")
    #: Signs sessions and whatever else is signed.
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    #: How long a permanent session lives.
    permanent_session_lifetime = ConfigAttribute[timedelta](
        "PERMANENT_SESSION_LIFETIME",
        get_converter=_make_timedelta,  # type: ignore[arg-type]
    )
    #: The class of :attr:`json`.
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    #: Arguments of the Jinja environment.
    jinja_options: dict[str, t.Any] = {}  # noqa: RUF012 - an app may have its own
    #: The class of the rules.
    url_rule_class = Rule
    #: The class of :attr:`url_map`.
    url_map_class = Map
    #: The class of what :meth:`kolben.Flask.test_client` returns, if not the usual one.
    test_client_class: type[FlaskClient] | None = None
    #: The class of what :meth:`kolben.Flask.test_cli_runner` returns, if not the usual one.
    test_cli_runner_class: type[FlaskCliRunner] | None = None

    default_config: t.Mapping[str, t.Any]

    #: What the core has read of the app.
    _known: t.Any = None
    response_class: type[t.Any]

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
            import_name=import_name,
            static_folder=static_folder,
            static_url_path=static_url_path,
            template_folder=template_folder,
            root_path=root_path,
        )
        if instance_path is None:
            instance_path = self.auto_find_instance_path()
        elif not os.path.isabs(instance_path):
            raise ValueError(
                "If an instance path is provided it must be absolute."
                f" A relative path was given instead: {instance_path!r}"
            )
        #: The folder for what belongs to one installation.
        self.instance_path = instance_path
        #: The settings.
        self.config = self.make_config(instance_relative_config)
        #: Raises HTTP exceptions for :func:`kolben.abort`.
        self.aborter = self.make_aborter()
        #: Reads and writes JSON for the app.
        self.json: JSONProvider = self.json_provider_class(self)
        #: Called with the error, the endpoint and the values if a URL cannot be built.
        self.url_build_error_handlers: list[
            t.Callable[[Exception, str, dict[str, t.Any]], str]
        ] = []
        #: Called when an app context is popped.
        self.teardown_appcontext_funcs: list[ft.TeardownCallable] = []
        #: Each returns variables for the shell.
        self.shell_context_processors: list[ft.ShellContextProcessorCallable] = []
        #: The blueprints by their full names, in order of registration.
        self.blueprints: dict[str, Blueprint] = {}
        #: Where extensions keep what they know about this app.
        self.extensions: dict[str, t.Any] = {}
        #: The rules.
        self.url_map = self.url_map_class(host_matching=host_matching)
        #: Whether rules name their subdomain.
        self.subdomain_matching = subdomain_matching
        self._got_first_request = False

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_first_request:
            raise AssertionError(
                f"The setup method '{f_name}' can no longer be called on the application. It has"
                " already handled its first request, any changes will not be applied"
                " consistently.\nMake sure all imports, decorators, functions, etc. needed to set"
                " up the application are done before running it."
            )

    # What belongs to the app.

    @lazy
    def name(self) -> str:
        """The name of the app: its import name, or that of the file that was run."""
        if self.import_name != "__main__":
            return self.import_name
        file = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if file is None else os.path.splitext(os.path.basename(file))[0]

    @lazy
    def logger(self) -> logging.Logger:
        """The app's logger; it has the app's name."""
        from .logging import create_logger  # noqa: PLC0415 - an app that logs nothing goes without

        return create_logger(self)

    @lazy
    def jinja_env(self) -> Environment:
        """The Jinja environment, made when it is first read."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        """Make the Jinja environment."""
        raise NotImplementedError()

    def make_config(self, instance_relative: bool = False) -> Config:
        """Make the config.

        :param instance_relative: Whether its files lie in the instance folder.
        """
        defaults = dict(self.default_config)
        defaults["DEBUG"] = get_debug_flag()
        return self.config_class(
            self.instance_path if instance_relative else self.root_path, defaults
        )

    def make_aborter(self) -> Aborter:
        """Make the aborter."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the instance folder of an app that names none."""
        prefix, folder = find_package(self.import_name)
        if prefix is None:
            return os.path.join(folder, "instance")
        return os.path.join(prefix, "var", f"{self.name}-instance")

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Make the loader that looks for templates in the app and its blueprints."""
        from .templating import DispatchingJinjaLoader  # noqa: PLC0415 - as `jinja_environment`

        return DispatchingJinjaLoader(self)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Say whether a template is escaped: by its ending, or if it has no name.

        :param filename: The name of the template; ``None`` for one that is given as text.
        """
        return filename is None or filename.endswith((".html", ".htm", ".xml", ".xhtml", ".svg"))

    @property
    def debug(self) -> bool:
        """Whether the app runs in debug mode: ``DEBUG`` of the config."""
        return t.cast("bool", self.config["DEBUG"])

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        # An environment that is made later asks for itself.
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in vars(self):
            self.jinja_env.auto_reload = value

    # Blueprints and rules.

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: t.Any) -> None:
        """Add a blueprint.

        :param blueprint: The blueprint.
        :param options: ``url_prefix``, ``subdomain``, ``url_defaults`` and ``name`` in place of
            its own; others reach :class:`kolben.blueprints.BlueprintSetupState`.
        """
        blueprint.register(self, options)

    def iter_blueprints(self) -> t.ValuesView[Blueprint]:
        """Return the blueprints, in order of registration."""
        return self.blueprints.values()

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: t.Any,
    ) -> None:
        """Register a rule, and a view for its endpoint.

        :param rule: The rule.
        :param endpoint: The name of the rule; without it, that of the view.
        :param view_func: The view; it may be added later, by :meth:`endpoint`.
        :param provide_automatic_options: Whether ``OPTIONS`` is answered for the view.
        :param options: ``methods``, and what :class:`kolben.routing.Rule` takes.
        """
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)
        methods = _methods_of(view_func, options.pop("methods", None))
        required = set(getattr(view_func, "required_methods", ()))
        automatic = provide_automatic_options
        if automatic is None:
            automatic = getattr(view_func, "provide_automatic_options", None)
        if automatic is None:
            automatic = "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
            if automatic:
                required.add("OPTIONS")
        made = self.url_rule_class(rule, endpoint=endpoint, methods=methods | required, **options)
        made.provide_automatic_options = bool(automatic)  # type: ignore[attr-defined]
        self.url_map.add(made)
        if view_func is not None:
            before = self.view_functions.get(endpoint)
            if before is not None and before != view_func:
                raise AssertionError(
                    "View function mapping is overwriting an existing endpoint function:"
                    f" {endpoint}"
                )
            self.view_functions[endpoint] = view_func

    # Templates.

    @setupmethod
    def template_filter(
        self, name: str | None = None
    ) -> t.Callable[[T_template_filter], T_template_filter]:
        """Register the decorated function as a Jinja filter.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_template_filter, name)

    @setupmethod
    def add_template_filter(self, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
        """Register a Jinja filter.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.jinja_env.filters[name or f.__name__] = f

    @setupmethod
    def template_test(
        self, name: str | None = None
    ) -> t.Callable[[T_template_test], T_template_test]:
        """Register the decorated function as a Jinja test.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_template_test, name)

    @setupmethod
    def add_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Register a Jinja test.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.jinja_env.tests[name or f.__name__] = f

    @setupmethod
    def template_global(
        self, name: str | None = None
    ) -> t.Callable[[T_template_global], T_template_global]:
        """Register the decorated function as a Jinja global.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_template_global, name)

    @setupmethod
    def add_template_global(self, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
        """Register a Jinja global.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.jinja_env.globals[name or f.__name__] = f

    # Hooks of the app alone.

    @setupmethod
    def teardown_appcontext(self, f: T_teardown) -> T_teardown:
        """Call a function when an app context ends, with its exception or ``None``."""
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def shell_context_processor(self, f: T_shell_context_processor) -> T_shell_context_processor:
        """Give the shell the variables that a function returns."""
        self.shell_context_processors.append(f)
        return f

    # Errors.

    def _find_error_handler(
        self, e: Exception, blueprints: list[str]
    ) -> ft.ErrorHandlerCallable | None:
        """Return the handler of an exception, if there is one.

        By code at the blueprints and the app, then by class at the blueprints and the app, each
        time along the classes of the exception.
        """
        spec = self.error_handler_spec
        if not spec:
            return None
        exception_class, code = self._get_exc_class_and_code(type(e))
        for by_code in (code, None) if code is not None else (None,):
            for name in (*blueprints, None):
                handlers = spec[name][by_code] if name in spec else None
                if handlers:
                    for cls in exception_class.__mro__:
                        if cls in handlers:
                            return handlers[cls]
        return None

    def trap_http_exception(self, e: Exception) -> bool:
        """Say whether an HTTP exception is treated as any other: see ``TRAP_HTTP_EXCEPTIONS``.

        :param e: The exception.
        """
        config = self.config
        if config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap = config["TRAP_BAD_REQUEST_ERRORS"]
        if trap is None:
            # While developing, a missing form key is better seen than answered.
            return self.debug and isinstance(e, BadRequestKeyError)
        return bool(trap) and isinstance(e, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Say whether teardown functions are told nothing of an exception; for subclasses.

        :param error: The exception.
        """
        return False

    # Redirects and URLs.

    def redirect(self, location: str, code: int = 302) -> BaseResponse:
        """Make a response that sends the client to another URL.

        :param location: The URL.
        :param code: The status code.
        """
        return _werkzeug_redirect(location, code=code, Response=self.response_class)

    def inject_url_defaults(self, endpoint: str, values: dict[str, t.Any]) -> None:
        """Complete the values of a URL by the functions that are registered for that.

        :param endpoint: The endpoint.
        :param values: The values; they are changed.
        """
        functions = self.url_default_functions
        if not functions:
            return
        names: list[str | None] = [None]
        if "." in endpoint:
            names += reversed(_split_blueprint_path(endpoint.rpartition(".")[0]))
        for name in names:
            for function in functions.get(name, ()):
                function(endpoint, values)

    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: dict[str, t.Any]
    ) -> str:
        """Ask :attr:`url_build_error_handlers` for a URL that could not be built.

        :param error: The error; raised if none of them has an answer.
        :param endpoint: The endpoint.
        :param values: The values, and the options of :meth:`kolben.Flask.url_for`.
        """
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as another:
                # The next handler, or the caller, gets this one.
                error = another
            else:
                if url is not None:
                    return url
        if error is sys.exc_info()[1]:
            # As it was: with its traceback, without this line.
            raise  # noqa: PLE0704
        raise error


def _methods_of(view_func: t.Any, methods: t.Any) -> set[str]:
    """Return the methods of a rule: as given, or as the view names them, or ``GET``."""
    if methods is None:
        methods = getattr(view_func, "methods", None) or ("GET",)
    if isinstance(methods, str):
        raise TypeError(
            "Allowed methods must be a list of strings,"
            ' for example: @app.route(..., methods=["POST"])'
        )
    return {method.upper() for method in methods}
