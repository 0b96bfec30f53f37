"""The context variables, and the proxies that read them."""

from __future__ import annotations

import typing as t
from contextvars import ContextVar

from werkzeug.local import LocalProxy

from .core import compiled

if t.TYPE_CHECKING:
    from .app import Flask
    from .ctx import AppContext, RequestContext, _AppCtxGlobals
    from .sessions import SessionMixin
    from .wrappers import Request

__all__ = ["app_ctx", "current_app", "g", "request", "request_ctx", "session"]


def _message(*lines: str) -> str:
    return "\n".join(lines)


_no_app_msg = _message(
    "Working outside of application context.",
    "",
    "This typically means that you attempted to use functionality that needed",
    "the current application. To solve this, set up an application context",
    "with app.app_context(). See the documentation for more information.",
)
_no_req_msg = _message(
    "Working outside of request context.",
    "",
    "This typically means that you attempted to use functionality that needed",
    "an active HTTP request. Consult the documentation on testing for",
    "information about how to avoid this problem.",
)

_cv_app: ContextVar[AppContext] = ContextVar("kolben.app_ctx")
_cv_request: ContextVar[RequestContext] = ContextVar("kolben.request_ctx")


def _proxy(variable: ContextVar[t.Any], name: str | None, message: str) -> t.Any:
    proxy = LocalProxy(variable, name, unbound_message=message)
    # PERF: a subclass that finds the attributes of what it stands for in the core
    # (benches/apps.py).
    return proxy if compiled is None else compiled.make_proxy(proxy, variable, name)


def _of_app(name: str | None = None) -> t.Any:
    return _proxy(_cv_app, name, _no_app_msg)


def _of_request(name: str | None = None) -> t.Any:
    return _proxy(_cv_request, name, _no_req_msg)


app_ctx: AppContext = _of_app()
current_app: Flask = _of_app("app")
g: _AppCtxGlobals = _of_app("g")

request_ctx: RequestContext = _of_request()
request: Request = _of_request("request")
session: SessionMixin = _of_request("session")
