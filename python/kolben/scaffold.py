"""What an app and a blueprint both register: routes, hooks, error handlers, files."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from datetime import timedelta
from functools import update_wrapper

from werkzeug.exceptions import HTTPException, default_exceptions

from .ctx import _default_template_ctx_processor
from .globals import current_app
from .helpers import get_root_path, send_from_directory
from .lazy import lazy
from .packages import _find_package_path as _find_package_path
from .packages import find_package as find_package

if t.TYPE_CHECKING:
    from click import Group
    from jinja2 import BaseLoader

    from . import typing as ft
    from .wrappers import Response

    #: Hooks of the app stand under ``None``, those of a blueprint under its name.
    _Hooks = dict[ft.AppOrBlueprintKey, list[t.Any]]

_sentinel: t.Any = object()

F = t.TypeVar("F", bound=t.Callable[..., t.Any])
T_after_request = t.TypeVar("T_after_request", bound="ft.AfterRequestCallable[t.Any]")
T_before_request = t.TypeVar("T_before_request", bound="ft.BeforeRequestCallable")
T_error_handler = t.TypeVar("T_error_handler", bound="ft.ErrorHandlerCallable")
T_teardown = t.TypeVar("T_teardown", bound="ft.TeardownCallable")
T_template_context_processor = t.TypeVar(
    "T_template_context_processor", bound="ft.TemplateContextProcessorCallable"
)
T_template_filter = t.TypeVar("T_template_filter", bound="ft.TemplateFilterCallable")
T_template_global = t.TypeVar("T_template_global", bound="ft.TemplateGlobalCallable")
T_template_test = t.TypeVar("T_template_test", bound="ft.TemplateTestCallable")
T_url_defaults = t.TypeVar("T_url_defaults", bound="ft.URLDefaultCallable")
T_url_value_preprocessor = t.TypeVar(
    "T_url_value_preprocessor", bound="ft.URLValuePreprocessorCallable"
)
T_route = t.TypeVar("T_route", bound="ft.RouteCallable")


def setupmethod(f: F) -> F:
    """Refuse a method once its app or blueprint is in use."""
    name = f.__name__

    def checked(self: Scaffold, *args: t.Any, **kwargs: t.Any) -> t.Any:
        self._check_setup_finished(name)
        return f(self, *args, **kwargs)

    return t.cast("F", update_wrapper(checked, f))


class Scaffold:
    """What :class:`kolben.Flask` and :class:`kolben.Blueprint` have in common.

    :param import_name: The name of the module that this is made in; usually ``__name__``.
    :param static_folder: The folder of static files.
    :param static_url_path: The URL path of static files; without it, the name of the folder.
    :param template_folder: The folder of templates.
    :param root_path: The folder that the others start at; without it, that of the module.
    """

    name: str
    _static_folder: str | None = None
    _static_url_path: str | None = None

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | None = None,
    ) -> None:
        self.import_name = import_name
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.template_folder = template_folder
        self.root_path = get_root_path(import_name) if root_path is None else root_path

        #: Endpoints to views.
        self.view_functions: dict[str, ft.RouteCallable] = {}
        #: Blueprint names to status codes to exception classes to handlers.
        self.error_handler_spec: dict[
            ft.AppOrBlueprintKey,
            dict[int | None, dict[type[Exception], ft.ErrorHandlerCallable]],
        ] = defaultdict(_new_codes)
        self.before_request_funcs: _Hooks = defaultdict(list)
        self.after_request_funcs: _Hooks = defaultdict(list)
        self.teardown_request_funcs: _Hooks = defaultdict(list)
        self.template_context_processors: _Hooks = defaultdict(
            list, {None: [_default_template_ctx_processor]}
        )
        self.url_value_preprocessors: _Hooks = defaultdict(list)
        self.url_default_functions: _Hooks = defaultdict(list)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _check_setup_finished(self, f_name: str) -> None:
        raise NotImplementedError

    @lazy
    def cli(self) -> Group:
        """The commands, as a click group, made when it is first read."""
        from .cli import AppGroup  # noqa: PLC0415 - an app that answers requests goes without

        return AppGroup(name=self.name)

    # Files.

    @property
    def static_folder(self) -> str | None:
        """The folder of static files; ``None`` if there is none."""
        folder = self._static_folder
        return None if folder is None else os.path.join(self.root_path, folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip(r"\/")

    @property
    def has_static_folder(self) -> bool:
        """Whether there is a folder of static files."""
        return self.static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """The URL path of static files; ``None`` if there are none."""
        if self._static_url_path is not None:
            return self._static_url_path
        folder = self.static_folder
        return None if folder is None else f"/{os.path.basename(folder)}".rstrip("/")

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    @lazy
    def jinja_loader(self) -> BaseLoader | None:
        """Loads the templates of :attr:`template_folder`; ``None`` if there is none."""
        if self.template_folder is None:
            return None
        from jinja2 import FileSystemLoader  # noqa: PLC0415 - an app without templates goes without

        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Return for how many seconds a file may be cached: ``SEND_FILE_MAX_AGE_DEFAULT``.

        :param filename: The name of the file.
        """
        setting = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        if isinstance(setting, timedelta):
            return int(setting.total_seconds())
        return t.cast("int | None", setting)

    def send_static_file(self, filename: str) -> Response:
        """Answer with a file of :attr:`static_folder`: the view of the static rule.

        :param filename: The name of the file.
        """
        if not self.has_static_folder:
            raise RuntimeError("'static_folder' must be set to serve static_files.")
        # The app's setting is what `send_file` knows; a blueprint may have another.
        max_age = self.get_send_file_max_age(filename)
        return send_from_directory(t.cast("str", self.static_folder), filename, max_age=max_age)

    def _open_resource(self, resource: str, mode: str, encoding: str | None) -> t.IO[t.Any]:
        if mode not in {"r", "rt", "rb"}:
            raise ValueError(
                f"Resources can only be opened for reading: mode 'r', 'rt' or 'rb', not {mode!r}."
            )
        path = os.path.join(self.root_path, resource)
        return open(path, mode, encoding=None if mode == "rb" else encoding)

    # Routes.

    def _method_route(
        self, method: str, rule: str, options: dict[str, t.Any]
    ) -> t.Callable[[T_route], T_route]:
        if "methods" in options:
            raise TypeError("Use the 'route' decorator to use the 'methods' argument.")
        return self.route(rule, methods=[method], **options)

    @setupmethod
    def get(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register a view for ``GET``, as :meth:`route` does."""
        return self._method_route("GET", rule, options)

    @setupmethod
    def post(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register a view for ``POST``, as :meth:`route` does."""
        return self._method_route("POST", rule, options)

    @setupmethod
    def put(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register a view for ``PUT``, as :meth:`route` does."""
        return self._method_route("PUT", rule, options)

    @setupmethod
    def delete(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register a view for ``DELETE``, as :meth:`route` does."""
        return self._method_route("DELETE", rule, options)

    @setupmethod
    def patch(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register a view for ``PATCH``, as :meth:`route` does."""
        return self._method_route("PATCH", rule, options)

    @setupmethod
    def route(self, rule: str, **options: t.Any) -> t.Callable[[T_route], T_route]:
        """Register the decorated view for a rule; :meth:`add_url_rule` explains the options.

        :param rule: The rule.
        :param options: ``endpoint``, ``methods`` and whatever else a rule takes.
        """

        def register(view: T_route) -> T_route:
            self.add_url_rule(rule, options.pop("endpoint", None), view, **options)
            return view

        return register

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
        raise NotImplementedError

    @setupmethod
    def endpoint(self, endpoint: str) -> t.Callable[[F], F]:
        """Register the decorated view for an endpoint whose rules are added elsewhere.

        :param endpoint: The endpoint.
        """

        def register(view: F) -> F:
            self.view_functions[endpoint] = view
            return view

        return register

    # Hooks.

    @setupmethod
    def before_request(self, f: T_before_request) -> T_before_request:
        """Call a function before each request; what it returns, unless ``None``, is the answer."""
        self.before_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def after_request(self, f: T_after_request) -> T_after_request:
        """Call a function with each response; it returns the same or another one."""
        self.after_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def teardown_request(self, f: T_teardown) -> T_teardown:
        """Call a function when a request is over, with the exception that ended it or ``None``."""
        self.teardown_request_funcs.setdefault(None, []).append(f)
        return f

    @setupmethod
    def context_processor(self, f: T_template_context_processor) -> T_template_context_processor:
        """Give templates the variables that a function returns."""
        self.template_context_processors[None].append(f)
        return f

    @setupmethod
    def url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Call a function with endpoint and URL arguments before the view; it may change them."""
        self.url_value_preprocessors[None].append(f)
        return f

    @setupmethod
    def url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Call a function with endpoint and values of each URL that is built, to complete them."""
        self.url_default_functions[None].append(f)
        return f

    # Error handlers.

    @setupmethod
    def errorhandler(
        self, code_or_exception: type[Exception] | int
    ) -> t.Callable[[T_error_handler], T_error_handler]:
        """Register the decorated function for a status code or a class of exceptions.

        :param code_or_exception: The code or the class.
        """

        def register(handler: T_error_handler) -> T_error_handler:
            self.register_error_handler(code_or_exception, handler)
            return handler

        return register

    @setupmethod
    def register_error_handler(
        self, code_or_exception: type[Exception] | int, f: ft.ErrorHandlerCallable
    ) -> None:
        """Register a function for a status code or a class of exceptions.

        :param code_or_exception: The code or the class.
        :param f: The function; it gets the exception and returns what a view may return.
        """
        exception_class, code = self._get_exc_class_and_code(code_or_exception)
        self.error_handler_spec[None][code][exception_class] = f

    @staticmethod
    def _get_exc_class_and_code(
        exc_class_or_code: type[Exception] | int,
    ) -> tuple[type[Exception], int | None]:
        """Return the class that a handler is for, and its status code if it has one."""
        given = exc_class_or_code
        if isinstance(given, int):
            if given not in default_exceptions:
                raise ValueError(
                    f"'{given}' is not a recognized HTTP error code."
                    " Use a subclass of HTTPException with that code instead."
                )
            given = default_exceptions[given]
        only = "Handlers can only be registered for Exception classes or HTTP error codes."
        if isinstance(given, Exception):
            raise TypeError(f"{given!r} is an instance, not a class. {only}")
        if not issubclass(given, Exception):
            raise ValueError(f"'{given.__name__}' is not a subclass of Exception. {only}")
        return given, given.code if issubclass(given, HTTPException) else None


def _new_codes() -> dict[int | None, dict[type[Exception], t.Any]]:
    return defaultdict(dict)


def _endpoint_from_view_func(view_func: ft.RouteCallable | None) -> str:
    """Return the endpoint of a rule that names none: the name of its view."""
    if view_func is None:
        raise AssertionError("expected view func if endpoint is not provided.")
    return view_func.__name__


def _registering(add: t.Callable[..., None], name: str | None) -> t.Callable[[F], F]:
    """Make a decorator of a method that registers a function under a name."""

    def register(function: F) -> F:
        add(function, name=name)
        return function

    return register
