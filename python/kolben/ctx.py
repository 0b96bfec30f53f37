"""What is bound to the current app and to the current request."""

from __future__ import annotations

import sys
import typing as t
from functools import update_wrapper

from werkzeug.exceptions import HTTPException

from .globals import _cv_app, _cv_request
from .lazy import lazy
from .signals import appcontext_popped, appcontext_pushed

if t.TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    import typing_extensions as te
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from . import typing as ft
    from .app import Flask
    from .sessions import SessionMixin
    from .wrappers import Request

    _F = t.TypeVar("_F", bound=t.Callable[..., t.Any])

__all__ = [
    "AppContext",
    "RequestContext",
    "after_this_request",
    "copy_current_request_context",
    "has_app_context",
    "has_request_context",
]

_sentinel: t.Any = object()


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

    def push(self) -> None:
        raise NotImplementedError

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        raise NotImplementedError

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


class AppContext(_Context):
    """The app, and what belongs to it for the length of a request or a command.

    :param app: The app.
    """

    # One push deep, a context has its token here; what was there before waits in the pair.
    _pushed: tuple[Token[AppContext], t.Any] | None = None

    def __init__(self, app: Flask) -> None:
        self.app = app

    @lazy
    def url_adapter(self) -> MapAdapter | None:
        """Builds URLs outside of requests; ``None`` unless ``SERVER_NAME`` is set."""
        return self.app.create_url_adapter(None)

    @lazy
    def g(self) -> _AppCtxGlobals:
        """The namespace that :data:`kolben.g` stands for."""
        return self.app.app_ctx_globals_class()

    def push(self) -> None:
        """Make this the current app context."""
        self._pushed = (_cv_app.set(self), self._pushed)
        if appcontext_pushed.receivers:
            app = self.app
            appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Bring back the app context before this one, after the teardown functions."""
        app = self.app
        token, before = _last_push(self._pushed)
        try:
            if before is None:
                app.do_teardown_appcontext(sys.exc_info()[1] if exc is _sentinel else exc)
        finally:
            current = _cv_app.get()
            self._pushed = before
            _cv_app.reset(token)
        if current is not self:
            raise AssertionError(f"Popped wrong app context. ({current!r} instead of {self!r})")
        if appcontext_popped.receivers:
            appcontext_popped.send(app, _async_wrapper=app.ensure_sync)


def _last_push(pushed: tuple[t.Any, t.Any] | None) -> tuple[t.Any, t.Any]:
    if pushed is None:
        raise AssertionError("The context was popped more often than it was pushed.")
    return pushed


class RequestContext(_Context):
    """The request, and what belongs to it until it is answered.

    :param app: The app that answers.
    :param environ: The WSGI environ.
    :param request: The request, if it is made already.
    :param session: The session, if it is open already.
    """

    #: What :func:`kolben.get_flashed_messages` has taken out of the session.
    flashes: list[tuple[str, str]] | None = None
    url_adapter: MapAdapter | None = None
    _open_session: SessionMixin | None = None
    _pushed: tuple[tuple[Token[RequestContext], AppContext | None], t.Any] | None = None

    def __init__(
        self,
        app: Flask,
        environ: WSGIEnvironment,
        request: Request | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        self.app = app
        if request is None:
            request = app.request_class(environ)
            request.json_module = app.json
        self.request = request
        if session is not None:
            self._open_session = session
        try:
            self.url_adapter = app.create_url_adapter(request)
        except HTTPException as error:
            request.routing_exception = error

    @lazy
    def _after_request_functions(self) -> list[ft.AfterRequestCallable[t.Any]]:
        return []

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
    def _session(self) -> SessionMixin | None:
        return self._open_session

    @_session.setter
    def _session(self, session: SessionMixin | None) -> None:
        self._open_session = session

    @property
    def session(self) -> SessionMixin:
        """The session; whoever reads it has accessed it, and the response says so."""
        session = self._session
        assert session is not None, "The session has not yet been opened."
        session.accessed = True
        return session

    def push(self) -> None:
        """Make this the current request context, open the session and match the URL."""
        app = self.app
        outer = _cv_app.get(None)
        own: AppContext | None = None
        if outer is None or outer.app is not app:
            own = app.app_context()
            own.push()
        self._pushed = ((_cv_request.set(self), own), self._pushed)
        if self._session is None:
            # A converter may read the session, so it is there before the match.
            interface = app.session_interface
            session = interface.open_session(app, self.request)
            if session is None:
                session = interface.make_null_session(app)
            self._session = session
        if self.url_adapter is not None:
            self.match_request()

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Bring back the request context before this one, after the teardown functions."""
        (token, own), before = _last_push(self._pushed)
        try:
            if before is None:
                if exc is _sentinel:
                    exc = sys.exc_info()[1]
                self._tear_down(exc)
        finally:
            current = _cv_request.get()
            self._pushed = before
            _cv_request.reset(token)
            if before is None:
                # The environ and the request hold each other: let go of one.
                current.request.environ["werkzeug.request"] = None
            if own is not None:
                own.pop(exc)
            if current is not self:
                raise AssertionError(
                    f"Popped wrong request context. ({current!r} instead of {self!r})"
                )

    def _tear_down(self, exc: BaseException | None) -> None:
        self.app.do_teardown_request(exc)
        close = getattr(self.request, "close", None)
        if close is not None:
            close()

    def __repr__(self) -> str:
        request = self.request
        name = type(self).__name__
        return f"<{name} {request.url!r} [{request.method}] of {self.app.name}>"
