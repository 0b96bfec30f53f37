"""``profile="strict"``: limits for requests, and headers that keep a browser careful.

Each of them is a key of the app's config, and :func:`limits` sets it anew for one view.
"""

from __future__ import annotations

import base64
import collections
import os
import typing as t

from werkzeug.exceptions import RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from ..globals import _cv_request, g
from .bodies import Body, may_come
from .deadlines import Deadlines

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import Flask
    from ..ctx import RequestContext
    from ..wrappers import Request, Response

__all__ = ["Limits", "csp_nonce", "limits"]

F = t.TypeVar("F", bound="t.Callable[..., t.Any]")

#: What the strict profile sets, where the app has set nothing.
STRICT: dict[str, t.Any] = {
    "OPS_MAX_BODY": 1 << 20,
    "OPS_MAX_FORM_MEMORY": 256 << 10,
    "OPS_MAX_FORM_PARTS": 200,
    "OPS_MAX_HEADER_COUNT": 64,
    "OPS_MAX_HEADER_SIZE": 16 << 10,
    "OPS_MAX_SECONDS": 30.0,
    "OPS_CSP": (
        "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
        " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "OPS_HSTS": "max-age=31536000; includeSubDomains",
    "OPS_NOSNIFF": True,
    "OPS_REFERRER_POLICY": "strict-origin-when-cross-origin",
}
_ATTRIBUTE = "_kolben_ops_limits"


def limits(**settings: t.Any) -> t.Callable[[F], F]:
    """Set limits anew for one view: ``@limits(max_body=50 << 20, csp=None)``.

    :param settings: The names of the config's keys, without ``OPS_`` and in lower case; ``None``
        switches a limit or header off.
    """
    given = {f"OPS_{name.upper()}": value for name, value in settings.items()}
    unknown = sorted(given.keys() - STRICT.keys())
    if unknown:
        raise TypeError(f"There is no limit {unknown[0][4:].lower()!r}.")

    def decorator(view: F) -> F:
        setattr(view, _ATTRIBUTE, {**getattr(view, _ATTRIBUTE, {}), **given})
        return view

    return decorator


def csp_nonce() -> str:
    """Return the nonce of this request.

    A template has it as ``<script nonce="{{ csp_nonce() }}">``.
    """
    nonce = g.get("_kolben_csp_nonce")
    if nonce is None:
        nonce = g._kolben_csp_nonce = base64.b64encode(os.urandom(16)).decode()
    return t.cast("str", nonce)


class Limits:
    """Checks each request of an app, and adds the headers.

    :param app: The app.
    :param strict: Whether what the app has not set is as :data:`STRICT` says, and not off.
    """

    def __init__(self, app: Flask, strict: bool) -> None:
        for name, value in STRICT.items():
            app.config.setdefault(name, value if strict else None)
        self.app = app
        self.deadlines = Deadlines()
        # Before the hooks of the app itself, which may read the body, and after the one that notes
        # which rule it is.
        first = int("kolben.ops.watch" in app.extensions)
        app.before_request_funcs.setdefault(None, []).insert(first, self.check)
        app.teardown_request(self._done)
        # The first that is registered runs last, after those of the app.
        app.after_request_funcs.setdefault(None, []).insert(0, self.add_headers)
        app.add_template_global(csp_nonce)

    def settings(self, ctx: RequestContext) -> t.Mapping[str, t.Any]:
        """Return what holds for a request: the view's own settings, and else the app's.

        :param ctx: The context of the request.
        """
        app = self.app
        view = app.view_functions.get(ctx.request.endpoint or "")
        own: dict[str, t.Any] | None = getattr(view, _ATTRIBUTE, None)
        return app.config if own is None else collections.ChainMap(own, app.config)

    def check(self) -> None:
        """Refuse a request that goes beyond a limit, and set the others for what follows."""
        ctx = t.cast("RequestContext", _cv_request.get(None))
        settings = self.settings(ctx)
        self._check_head(ctx.request.environ, settings)
        self._limit_body(ctx.request, settings)
        if (seconds := settings["OPS_MAX_SECONDS"]) is not None:
            g._kolben_deadline = self.deadlines.begin(seconds)

    def _check_head(self, environ: WSGIEnvironment, settings: t.Mapping[str, t.Any]) -> None:
        count, size = settings["OPS_MAX_HEADER_COUNT"], settings["OPS_MAX_HEADER_SIZE"]
        if count is None and size is None:
            return
        # PERF: not through `request.headers`, which makes a name and a pair of each.
        names = [name for name in environ if name.startswith(("HTTP_", "CONTENT_"))]
        if count is not None and len(names) > count:
            raise RequestHeaderFieldsTooLarge
        # The prefix that the environ has is about as long as what it leaves out, `: ` and the end.
        if size is not None and sum(len(name) + len(environ[name]) for name in names) > size:
            raise RequestHeaderFieldsTooLarge

    def _limit_body(self, request: Request, settings: t.Mapping[str, t.Any]) -> None:
        most, memory = settings["OPS_MAX_BODY"], settings["OPS_MAX_FORM_MEMORY"]
        length = request.content_length
        if not may_come(request.environ):
            return
        if (parts := settings["OPS_MAX_FORM_PARTS"]) is not None:
            request.max_form_parts = parts
        if memory is not None:
            request.max_form_memory_size = memory
            # Werkzeug has this limit for the fields of multipart forms alone.
            if request.mimetype == "application/x-www-form-urlencoded":
                most = memory if most is None else min(most, memory)
        if most is None:
            return
        if length is None:
            # The limit is kept by this stream; with its own, Werkzeug would end the body there.
            Body.put_in(request.environ, None, most)
        elif length > most:
            raise RequestEntityTooLarge
        request.max_content_length = None if length is None else most

    def _done(self, _: BaseException | None) -> None:
        deadline = g.pop("_kolben_deadline", None)
        if deadline is not None:
            self.deadlines.end(deadline)

    def add_headers(self, response: Response) -> Response:
        """Add the headers that the response does not have.

        :param response: The response.
        """
        ctx = t.cast("RequestContext", _cv_request.get(None))
        settings, headers = self.settings(ctx), response.headers
        if (policy := settings["OPS_CSP"]) is not None:
            policy = policy.replace("{nonce}", csp_nonce()) if "{nonce}" in policy else policy
            headers.setdefault("Content-Security-Policy", policy)
        if (hsts := settings["OPS_HSTS"]) is not None and ctx.request.is_secure:
            headers.setdefault("Strict-Transport-Security", hsts)
        if settings["OPS_NOSNIFF"]:
            headers.setdefault("X-Content-Type-Options", "nosniff")
        if (referrer := settings["OPS_REFERRER_POLICY"]) is not None:
            headers.setdefault("Referrer-Policy", referrer)
        return response
