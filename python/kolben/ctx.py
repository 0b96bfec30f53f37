"""What is bound to the current app and to the current request."""

from __future__ import annotations

import typing as t
from functools import update_wrapper

from werkzeug.exceptions import HTTPException

from .core import compiled
from .ctx_pure import SENTINEL
from .globals import _cv_app, _cv_request

if t.TYPE_CHECKING or compiled is None:
    from .ctx_pure import AppContextCore, RequestContextCore
else:
    from ._core import AppContextCore, RequestContextCore

if t.TYPE_CHECKING:
    from types import TracebackType

    import typing_extensions as te

    from . import typing as ft
    from .sessions import SessionMixin

    _F = t.TypeVar("_F", bound=t.Callable[..., t.Any])

__all__ = [
    "AppContext",
    "RequestContext",
    "after_this_request",
    "copy_current_request_context",
    "has_app_context",
    "has_request_context",
]

_sentinel = SENTINEL


class _AppCtxGlobals:
    """A namespace that lives as long as an app context: what :data:`kolben.g` stands for."""

    if t.TYPE_CHECKING:

        def __setattr__(self, name: str, value: t.Any) -> None: ...

        def __delattr__(self, name: str) -> None: ...

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(name)

    def get(self, name: str, default: t.Any | None = None) -> t.Any:
        """Return an attribute, or the default if there is none of that name."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: t.Any = _sentinel) -> t.Any:
        """Remove an attribute and return it.

        :param default: What to return if there is none; without it, that is a :exc:`KeyError`.
        """
        if default is _sentinel:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: t.Any = None) -> t.Any:
        """Return an attribute; set it first if there is none of that name."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __iter__(self) -> t.Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        ctx = _cv_app.get(None)
        return object.__repr__(self) if ctx is None else f"<flask.g of '{ctx.app.name}'>"


def _current_request_context(asking: str) -> RequestContext:
    ctx = _cv_request.get(None)
    if ctx is None:
        raise RuntimeError(
            f"{asking!r} can only be used when a request context is active,"
            " such as in a view function."
        )
    return ctx


def after_this_request(
    f: ft.AfterRequestCallable[t.Any],
) -> ft.AfterRequestCallable[t.Any]:
    """Have a function called with the response of this request, before the hooks of the app.

    It returns the response, the same or another one.
    """
    _current_request_context("after_this_request")._after_request_functions.append(f)
    return f


def copy_current_request_context(f: _F) -> _F:
    """Wrap a function so that it runs with a copy of the current request context.

    For work that goes on in another thread or greenlet. The session is the same object, so
    only one of them should change it.
    """
    ctx = _current_request_context("copy_current_request_context").copy()

    def with_context(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with ctx:
            return ctx.app.ensure_sync(f)(*args, **kwargs)

    return t.cast("_F", update_wrapper(with_context, f))


def has_request_context() -> bool:
    """Say whether :data:`kolben.request` and :data:`kolben.session` can be used here."""
    return _cv_request.get(None) is not None


def has_app_context() -> bool:
    """Say whether :data:`kolben.current_app` and :data:`kolben.g` can be used here."""
    return _cv_app.get(None) is not None


def _default_template_ctx_processor() -> dict[str, t.Any]:
    """Give templates the request and ``g``, as objects rather than proxies."""
    names: dict[str, t.Any] = {}
    app_context = _cv_app.get(None)
    if app_context is not None:
        names["g"] = app_context.g
    request_context = _cv_request.get(None)
    if request_context is not None:
        names["request"] = request_context.request
    return names


class _Context:
    """What both contexts do: they are pushed and popped, by hand or by ``with``."""

    if t.TYPE_CHECKING:

        def push(self) -> None: ...

        def pop(self, exc: BaseException | None = _sentinel) -> None: ...

    def __enter__(self) -> te.Self:
        self.push()
        return self

    def __exit__(
        self,
        exc_type: type | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.pop(exc_value)


class AppContext(AppContextCore, _Context):
    """The app, and what belongs to it for the length of a request or a command.

    :param app: The app.
    """


class RequestContext(RequestContextCore, _Context):
    """The request, and what belongs to it until it is answered.

    :param app: The app that answers.
    :param environ: The WSGI environ.
    :param request: The request, if it is made already.
    :param session: The session, if it is open already.
    """

    def copy(self) -> RequestContext:
        """Return another context of the same request and session, to push elsewhere."""
        return self.__class__(
            self.app, environ=self.request.environ, request=self.request, session=self._session
        )

    def match_request(self) -> None:
        """Find the rule and the arguments, or note the exception that the dispatch will raise."""
        request = self.request
        try:
            # Only `push` and tests come here, with an adapter.
            found = self.url_adapter.match(return_rule=True)  # type: ignore[union-attr]
        except HTTPException as error:
            request.routing_exception = error
        else:
            request.url_rule, request.view_args = found  # type: ignore[assignment]

    @property
    def session(self) -> SessionMixin:
        """The session; whoever reads it has accessed it, and the response says so."""
        session = self._session
        assert session is not None, "The session has not yet been opened."
        session.accessed = True
        return session

    def __repr__(self) -> str:
        request = self.request
        name = type(self).__name__
        return f"<{name} {request.url!r} [{request.method}] of {self.app.name}>"
