"""``profile="strict"``: limits for requests, and headers that keep a browser careful.

Each of them is a key of the app's config, and :func:`limits` sets it anew for one view.
"""

from __future__ import annotations

import base64
import os
import typing as t

from werkzeug.exceptions import RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from ..globals import current_app, g, request
from .bodies import Body
from .deadlines import Deadlines

if t.TYPE_CHECKING:
    from ..app import Flask
    from ..wrappers import Response

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
        self.deadlines = Deadlines()
        # Before the hooks of the app itself, which may read the body, and after the one that notes
        # which rule it is.
        first = int("kolben.ops.watch" in app.extensions)
        app.before_request_funcs.setdefault(None, []).insert(first, self.check)
        app.teardown_request(self._done)
        # The first that is registered runs last, after those of the app.
        app.after_request_funcs.setdefault(None, []).insert(0, self.add_headers)
        app.add_template_global(csp_nonce)

    def setting(self, name: str) -> t.Any:
        """Return a setting for the current request: the view's own, or the app's.

        :param name: The key.
        """
        view = current_app.view_functions.get(request.endpoint or "")
        own: dict[str, t.Any] = getattr(view, _ATTRIBUTE, {})
        return own[name] if name in own else current_app.config[name]

    def check(self) -> None:
        """Refuse a request that goes beyond a limit, and set the others for what follows."""
        headers = request.headers
        count, size = self.setting("OPS_MAX_HEADER_COUNT"), self.setting("OPS_MAX_HEADER_SIZE")
        if count is not None and len(headers) > count:
            raise RequestHeaderFieldsTooLarge
        if size is not None and sum(len(name) + len(text) + 4 for name, text in headers) > size:
            raise RequestHeaderFieldsTooLarge
        self._limit_body()
        if (parts := self.setting("OPS_MAX_FORM_PARTS")) is not None:
            request.max_form_parts = parts
        if (seconds := self.setting("OPS_MAX_SECONDS")) is not None:
            g._kolben_deadline = self.deadlines.begin(seconds)

    def _limit_body(self) -> None:
        most, memory = self.setting("OPS_MAX_BODY"), self.setting("OPS_MAX_FORM_MEMORY")
        if memory is not None:
            request.max_form_memory_size = memory
            # Werkzeug has this limit for the fields of multipart forms alone.
            if request.mimetype == "application/x-www-form-urlencoded":
                most = memory if most is None else min(most, memory)
        if most is None:
            return
        if request.content_length is None:
            Body.put_in(request.environ, None, most)
        elif request.content_length > most:
            raise RequestEntityTooLarge
        # The limit is kept already; this is for who reads it.
        request.max_content_length = None if request.content_length is None else most

    def _done(self, _: BaseException | None) -> None:
        deadline = g.pop("_kolben_deadline", None)
        if deadline is not None:
            self.deadlines.end(deadline)

    def add_headers(self, response: Response) -> Response:
        """Add the headers that the response does not have.

        :param response: The response.
        """
        if (policy := self.setting("OPS_CSP")) is not None:
            policy = policy.replace("{nonce}", csp_nonce()) if "{nonce}" in policy else policy
            response.headers.setdefault("Content-Security-Policy", policy)
        if (hsts := self.setting("OPS_HSTS")) is not None and request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", hsts)
        if self.setting("OPS_NOSNIFF"):
            response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if (referrer := self.setting("OPS_REFERRER_POLICY")) is not None:
            response.headers.setdefault("Referrer-Policy", referrer)
        return response
