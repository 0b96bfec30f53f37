"""Blueprints: parts of an app, written before there is an app to register them on."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from functools import update_wrapper

from .scaffold import (
    F,
    Scaffold,
    T_after_request,
    T_before_request,
    T_error_handler,
    T_teardown,
    T_template_context_processor,
    T_template_filter,
    T_template_global,
    T_template_test,
    T_url_defaults,
    T_url_value_preprocessor,
    _endpoint_from_view_func,
    _registering,
    _sentinel,
    setupmethod,
)

if t.TYPE_CHECKING:
    import os

    from . import typing as ft
    from .registry import App

    DeferredSetupFunction = t.Callable[["BlueprintSetupState"], None]


class BlueprintSetupState:
    """One registration of a blueprint on an app: what functions given to ``record`` get.

    :param blueprint: The blueprint.
    :param app: The app.
    :param options: What was passed to ``register_blueprint``.
    :param first_registration: Whether the blueprint is new to the app.
    """

    def __init__(
        self, blueprint: Blueprint, app: App, options: t.Any, first_registration: bool
    ) -> None:
        self.app = app
        self.blueprint = blueprint
        self.options = options
        self.first_registration = first_registration
        #: In front of all rules, and all rules' subdomain, unless they name one.
        self.url_prefix: str | None = self._option("url_prefix")
        self.subdomain: str | None = self._option("subdomain")
        #: The name under which the blueprint is registered, and that of the one around it.
        self.name: str = options.get("name", blueprint.name)
        self.name_prefix: str = options.get("name_prefix", "")
        #: Default arguments of all rules.
        self.url_defaults = {**blueprint.url_values_defaults, **options.get("url_defaults", {})}

    def _option(self, name: str) -> t.Any:
        """An option of the registration, or else the blueprint's own."""
        given = self.options.get(name)
        return getattr(self.blueprint, name) if given is None else given

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        **options: t.Any,
    ) -> None:
        """Register a rule on the app, with what the blueprint adds to it.

        :param rule: The rule, as the blueprint has it.
        :param endpoint: Its endpoint, as the blueprint has it.
        :param view_func: The view.
        :param options: For the rule.
        """
        if self.url_prefix is not None:
            rule = _joined(self.url_prefix, rule) if rule else self.url_prefix
        options.setdefault("subdomain", self.subdomain)
        if endpoint is None:
            endpoint = _endpoint_from_view_func(view_func)
        defaults = self.url_defaults
        if "defaults" in options:
            defaults = dict(defaults, **options.pop("defaults"))
        full = f"{self.name_prefix}.{self.name}.{endpoint}".lstrip(".")
        self.app.add_url_rule(rule, full, view_func, defaults=defaults, **options)


def _joined(prefix: str, path: str) -> str:
    return f"{prefix.rstrip('/')}/{path.lstrip('/')}"


class Blueprint(Scaffold):
    """A part of an app: routes, hooks, templates, files and commands under one name.

    :param name: The name; it stands before each endpoint.
    :param import_name: The name of the module that this is made in; usually ``__name__``.
    :param static_folder: The folder of static files.
    :param static_url_path: The URL path of static files; without it, the name of the folder.
    :param template_folder: The folder of templates; those of the app come first.
    :param url_prefix: What stands before each rule.
    :param subdomain: The subdomain of each rule.
    :param url_defaults: Default arguments of each rule.
    :param root_path: The folder that the others start at; without it, that of the module.
    :param cli_group: The name of the commands' group; ``None`` puts them beside the app's own.
    """

    _got_registered_once = False

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, t.Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _sentinel,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if not name:
            raise ValueError("'name' may not be empty.")
        if "." in name:
            # It separates the names of nested blueprints.
            raise ValueError(f"'name' may not contain a dot '.' character: {name!r}")
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.url_values_defaults = {} if url_defaults is None else url_defaults
        self.cli_group = cli_group
        #: What is done to each app that this is registered on.
        self.deferred_functions: list[DeferredSetupFunction] = []
        self._blueprints: list[tuple[Blueprint, dict[str, t.Any]]] = []

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_registered_once:
            raise AssertionError(
                f"The setup method '{f_name}' can no longer be called on the blueprint"
                f" '{self.name}'. It has already been registered at least once, any changes will"
                " not be applied consistently.\nMake sure all imports, decorators, functions, etc."
                " needed to set up the blueprint are done before registering it."
            )

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file of the blueprint's folder for reading.

        :param resource: Its path, from :attr:`root_path`.
        :param mode: ``rb``, ``r`` or ``rt``.
        :param encoding: The encoding of a text.
        """
        return self._open_resource(resource, mode, encoding)

    # Registration.

    @setupmethod
    def record(self, func: DeferredSetupFunction) -> None:
        """Have a function called at each registration.

        :param func: The function; it gets a :class:`BlueprintSetupState`.
        """
        self.deferred_functions.append(func)

    @setupmethod
    def record_once(self, func: DeferredSetupFunction) -> None:
        """Have a function called at the first registration on each app.

        :param func: The function; it gets a :class:`BlueprintSetupState`.
        """

        def first_time(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        self.record(update_wrapper(first_time, func))

    def make_setup_state(
        self, app: App, options: dict[str, t.Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Make the state of a registration; for subclasses that have their own.

        :param app: The app.
        :param options: What was passed to ``register_blueprint``.
        :param first_registration: Whether the blueprint is new to the app.
        """
        return BlueprintSetupState(self, app, options, first_registration)

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: t.Any) -> None:
        """Nest a blueprint in this one.

        :param blueprint: The inner one.
        :param options: As for :meth:`kolben.Flask.register_blueprint`.
        """
        if blueprint is self:
            raise ValueError("Cannot register a blueprint on itself")
        self._blueprints.append((blueprint, options))

    def register(self, app: App, options: dict[str, t.Any]) -> None:
        """Register all that this has on an app.

        :param app: The app.
        :param options: What was passed to ``register_blueprint``.
        """
        own_name = options.get("name", self.name)
        name = f"{options.get('name_prefix', '')}.{own_name}".lstrip(".")
        if name in app.blueprints:
            which = "this" if app.blueprints[name] is self else "a different"
            where = f" '{name}'" if own_name != name else ""
            raise ValueError(
                f"The name '{own_name}' is already registered for {which} blueprint{where}."
                " Use 'name=' to provide a unique name."
            )
        is_new = all(blueprint is not self for blueprint in app.blueprints.values())
        app.blueprints[name] = self
        self._got_registered_once = True
        state = self.make_setup_state(app, options, is_new)
        if self.has_static_folder:
            state.add_url_rule(
                f"{self.static_url_path}/<path:filename>",
                view_func=self.send_static_file,
                endpoint="static",
            )
        # Each name is new to the app.
        self._merge_blueprint_funcs(app, name)
        for function in self.deferred_functions:
            function(state)
        self._add_commands(app, name, options.get("cli_group", self.cli_group))
        for inner, inner_options in self._blueprints:
            inner.register(app, _nested_options(state, name, inner, inner_options))

    def _add_commands(self, app: App, name: str, group: str | None) -> None:
        if "cli" not in vars(self) or not self.cli.commands:
            return
        if group is None:
            app.cli.commands.update(self.cli.commands)
        else:
            self.cli.name = name if group is _sentinel else group
            app.cli.add_command(self.cli)

    def _merge_blueprint_funcs(self, app: App, name: str) -> None:
        """Copy hooks, error handlers and views into the tables of an app.

        :param app: The app.
        :param name: The full name, which they stand under there.
        """

        def full(key: ft.AppOrBlueprintKey) -> str:
            return name if key is None else f"{name}.{key}"

        for key, by_code in self.error_handler_spec.items():
            copied = {code: dict(handlers) for code, handlers in by_code.items()}
            app.error_handler_spec[full(key)] = defaultdict(dict, copied)
        app.view_functions.update(self.view_functions)
        for table in _HOOK_TABLES:
            hooks = getattr(app, table)
            for key, functions in getattr(self, table).items():
                hooks[full(key)].extend(functions)

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: t.Any,
    ) -> None:
        """Register a rule, and a view for its endpoint, on the apps to come.

        :param rule: The rule; the blueprint's prefix comes before it.
        :param endpoint: The name of the rule; without it, that of the view.
        :param view_func: The view.
        :param provide_automatic_options: Whether ``OPTIONS`` is answered for the view.
        :param options: As for :meth:`kolben.Flask.add_url_rule`.
        """
        if endpoint and "." in endpoint:
            raise ValueError(f"'endpoint' may not contain a dot '.' character: {endpoint!r}")
        if "." in getattr(view_func, "__name__", ""):
            raise ValueError("'view_func' name may not contain a dot '.' character.")
        self.record(
            lambda state: state.add_url_rule(
                rule,
                endpoint,
                view_func,
                provide_automatic_options=provide_automatic_options,
                **options,
            )
        )

    # What belongs to the whole app.

    @setupmethod
    def app_template_filter(
        self, name: str | None = None
    ) -> t.Callable[[T_template_filter], T_template_filter]:
        """Register the decorated function as a Jinja filter of the app.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_app_template_filter, name)

    @setupmethod
    def add_app_template_filter(
        self, f: ft.TemplateFilterCallable, name: str | None = None
    ) -> None:
        """Register a Jinja filter of the app.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.record_once(lambda state: state.app.add_template_filter(f, name=name))

    @setupmethod
    def app_template_test(
        self, name: str | None = None
    ) -> t.Callable[[T_template_test], T_template_test]:
        """Register the decorated function as a Jinja test of the app.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_app_template_test, name)

    @setupmethod
    def add_app_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Register a Jinja test of the app.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.record_once(lambda state: state.app.add_template_test(f, name=name))

    @setupmethod
    def app_template_global(
        self, name: str | None = None
    ) -> t.Callable[[T_template_global], T_template_global]:
        """Register the decorated function as a Jinja global of the app.

        :param name: Its name; without it, that of the function.
        """
        return _registering(self.add_app_template_global, name)

    @setupmethod
    def add_app_template_global(
        self, f: ft.TemplateGlobalCallable, name: str | None = None
    ) -> None:
        """Register a Jinja global of the app.

        :param f: The function.
        :param name: Its name; without it, that of the function.
        """
        self.record_once(lambda state: state.app.add_template_global(f, name=name))

    def _hook_app(self, table: str, f: F) -> F:
        def add(state: BlueprintSetupState) -> None:
            getattr(state.app, table).setdefault(None, []).append(f)

        self.record_once(add)
        return f

    @setupmethod
    def before_app_request(self, f: T_before_request) -> T_before_request:
        """As :meth:`before_request`, for all requests of the app."""
        return self._hook_app("before_request_funcs", f)

    @setupmethod
    def after_app_request(self, f: T_after_request) -> T_after_request:
        """As :meth:`after_request`, for all requests of the app."""
        return self._hook_app("after_request_funcs", f)

    @setupmethod
    def teardown_app_request(self, f: T_teardown) -> T_teardown:
        """As :meth:`teardown_request`, for all requests of the app."""
        return self._hook_app("teardown_request_funcs", f)

    @setupmethod
    def app_context_processor(
        self, f: T_template_context_processor
    ) -> T_template_context_processor:
        """As :meth:`context_processor`, for all templates of the app."""
        return self._hook_app("template_context_processors", f)

    @setupmethod
    def app_url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """As :meth:`url_value_preprocessor`, for all requests of the app."""
        return self._hook_app("url_value_preprocessors", f)

    @setupmethod
    def app_url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """As :meth:`url_defaults`, for all URLs of the app."""
        return self._hook_app("url_default_functions", f)

    @setupmethod
    def app_errorhandler(
        self, code: type[Exception] | int
    ) -> t.Callable[[T_error_handler], T_error_handler]:
        """As :meth:`errorhandler`, for all requests of the app.

        :param code: The code or the class.
        """

        def register(handler: T_error_handler) -> T_error_handler:
            def add(state: BlueprintSetupState) -> None:
                state.app.errorhandler(code)(handler)

            self.record_once(add)
            return handler

        return register


#: The tables of an app that take over those of a blueprint.
_HOOK_TABLES = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "url_default_functions",
    "url_value_preprocessors",
    "template_context_processors",
)


def _nested_options(
    outer: BlueprintSetupState, name: str, inner: Blueprint, given: dict[str, t.Any]
) -> dict[str, t.Any]:
    """Return the options of a nested blueprint: prefixes and subdomains add up.

    :param outer: The state of the blueprint around it.
    :param name: The full name of that one.
    :param inner: The nested blueprint.
    :param given: The options that it was nested with.
    """
    options = {**given, "name_prefix": name}
    prefix = given.get("url_prefix")
    prefix = inner.url_prefix if prefix is None else prefix
    if outer.url_prefix is not None:
        prefix = outer.url_prefix if prefix is None else _joined(outer.url_prefix, prefix)
    if prefix is not None:
        options["url_prefix"] = prefix
    subdomain = given.get("subdomain")
    subdomain = inner.subdomain if subdomain is None else subdomain
    if outer.subdomain is not None:
        subdomain = outer.subdomain if subdomain is None else f"{subdomain}.{outer.subdomain}"
    if subdomain is not None:
        options["subdomain"] = subdomain
    return options
