"""The contexts in Python, for where the core cannot be loaded: they do as its contexts do."""

from __future__ import annotations

import sys
import typing as t

from werkzeug.exceptions import HTTPException

from .globals import _cv_app, _cv_request
from .lazy import lazy
from .signals import appcontext_popped, appcontext_pushed

if t.TYPE_CHECKING:
    from contextvars import Token

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from . import typing as ft
    from .app import Flask
    from .ctx import AppContext, RequestContext, _AppCtxGlobals
    from .sessions import SessionMixin
    from .wrappers import Request

__all__ = [
    "AppContextCore",
    "RequestContextCore",
    "answer_plainly",
    "make_request_context",
    "open_context",
]

#: Stands for an exception that was not given.
SENTINEL: t.Any = object()


class AppContextCore:
    """What :class:`kolben.ctx.AppContext` stands on."""

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
        self._pushed = (_cv_app.set(t.cast("AppContext", self)), self._pushed)
        if appcontext_pushed.receivers:
            app = self.app
            appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)

    def pop(self, exc: BaseException | None = SENTINEL) -> None:
        """Bring back the app context before this one, after the teardown functions."""
        app = self.app
        token, before = _last_push(self._pushed)
        try:
            if before is None:
                app.do_teardown_appcontext(sys.exc_info()[1] if exc is SENTINEL else exc)
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


class RequestContextCore:
    """What :class:`kolben.ctx.RequestContext` stands on."""

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

    @property
    def _session(self) -> SessionMixin | None:
        return self._open_session

    @_session.setter
    def _session(self, session: SessionMixin | None) -> None:
        self._open_session = session

    @property
    def _has_nothing_to_finish(self) -> bool:
        # Here the session is open, and has to be looked at.
        return False

    def push(self) -> None:
        """Make this the current request context, open the session and match the URL."""
        app = self.app
        outer = _cv_app.get(None)
        own: AppContext | None = None
        if outer is None or outer.app is not app:
            own = app.app_context()
            own.push()
        self._pushed = ((_cv_request.set(t.cast("RequestContext", self)), own), self._pushed)
        if self._session is None:
            # A converter may read the session, so it is there before the match.
            interface = app.session_interface
            session = interface.open_session(app, self.request)
            if session is None:
                session = interface.make_null_session(app)
            self._session = session
        if self.url_adapter is not None:
            t.cast("RequestContext", self).match_request()

    def pop(self, exc: BaseException | None = SENTINEL) -> None:
        """Bring back the request context before this one, after the teardown functions."""
        (token, own), before = _last_push(self._pushed)
        try:
            if before is None:
                if exc is SENTINEL:
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


def make_request_context(
    class_: type[RequestContext], app: Flask, environ: WSGIEnvironment, /
) -> RequestContext:
    """Make the context of a request: an object of that class."""
    return class_(app, environ)


def open_context(*arguments: t.Any) -> RequestContext | None:  # noqa: ARG001 - as the core's
    """Leave it to the methods of the app."""
    return None


def answer_plainly(app: Flask, /) -> t.Any | None:  # noqa: ARG001 - it takes what the core takes
    """Leave it to the methods of the app."""
    return None
