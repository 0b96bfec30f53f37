"""Views as classes."""

from __future__ import annotations

import typing as t

from . import typing as ft
from .globals import current_app, request

__all__ = ["MethodView", "View", "http_method_funcs"]

#: The names of the methods that a :class:`MethodView` answers with.
http_method_funcs = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "trace"})


class View:
    """A view as a class: :meth:`as_view` makes the function that a route takes."""

    #: The methods to register; ``None`` leaves the choice to ``add_url_rule``.
    methods: t.ClassVar[t.Collection[str] | None] = None

    #: Whether OPTIONS is answered without the view; ``None`` leaves that to the app.
    provide_automatic_options: t.ClassVar[bool | None] = None

    #: Applied to the function that :meth:`as_view` makes, the first one innermost. A decorator
    #: of the class itself does not touch that function.
    decorators: t.ClassVar[list[t.Callable[..., t.Any]]] = []

    #: Whether each request gets an instance of its own. One instance for all is cheaper, but
    #: then nothing about a request may be kept on it.
    init_every_request: t.ClassVar[bool] = True

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Answer the request. A subclass does this; it gets the URL's values as keywords."""
        raise NotImplementedError()

    @classmethod
    def as_view(cls, name: str, *class_args: t.Any, **class_kwargs: t.Any) -> ft.RouteCallable:
        """Make the function to register.

        :param name: The function's name, and by default the endpoint.
        :param class_args: What the class is called with.
        :param class_kwargs: And its keywords.
        """
        instance = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def view(**kwargs: t.Any) -> t.Any:
            # The name `view` is the outermost function, decorators included; its class is read
            # each time, because it may have been exchanged.
            view_class = view.view_class  # type: ignore[attr-defined]
            own = view_class(*class_args, **class_kwargs) if instance is None else instance
            return current_app.ensure_sync(own.dispatch_request)(**kwargs)

        if cls.decorators:
            _name(view, name, cls)
            for decorate in cls.decorators:
                view = decorate(view)
        _name(view, name, cls)
        outermost: t.Any = view
        outermost.__doc__ = cls.__doc__
        outermost.view_class = cls
        outermost.methods = cls.methods
        outermost.provide_automatic_options = cls.provide_automatic_options
        return t.cast("ft.RouteCallable", view)


def _name(view: t.Any, name: str, cls: type[View]) -> None:
    view.__name__ = name
    view.__module__ = cls.__module__


class MethodView(View):
    """A view with one method per HTTP method: ``get`` answers GET, and HEAD without a ``head``.

    A subclass that does not set ``methods`` gets those that it and its bases define.
    """

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in vars(cls):
            return
        found = {name.upper() for name in http_method_funcs if hasattr(cls, name)}
        for base in cls.__bases__:
            found.update(getattr(base, "methods", None) or ())
        if found:
            cls.methods = found

    def dispatch_request(self, **kwargs: t.Any) -> ft.ResponseReturnValue:
        """Call the method that the request asks for."""
        method = request.method
        answer = getattr(self, method.lower(), None)
        if answer is None and method == "HEAD":
            answer = getattr(self, "get", None)
        if answer is None:
            raise AssertionError(f"Unimplemented method {method!r}")
        return t.cast("ft.ResponseReturnValue", current_app.ensure_sync(answer)(**kwargs))
