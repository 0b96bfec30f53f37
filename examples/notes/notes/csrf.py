"""Forms that only our own pages can send.

A browser sends the session's cookie whoever made the form. So each form holds a token that is in
the session as well, and that another site cannot know.
"""

from __future__ import annotations

import secrets
import typing as t

from markupsafe import Markup

from kolben import Flask, abort, request, session

#: Requests with these methods change nothing.
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
#: Blueprints that do not look at the session, so that a cookie is of no use there.
EXEMPT_BLUEPRINTS = frozenset(("api",))


def token() -> str:
    """Return the token of this session, which is made when it is first asked for."""
    if "csrf_token" not in session:
        session["csrf_token"] = secrets.token_urlsafe(32)
    return t.cast("str", session["csrf_token"])


def field() -> Markup:
    """Return the hidden field that belongs into each form."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token())


def protect() -> None:
    """Refuse a form without the right token."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if request.blueprint in EXEMPT_BLUEPRINTS:
        return
    kept = session.get("csrf_token", "")
    sent = request.form.get("csrf_token", "")
    # The comparison takes as long for a good guess as for a bad one.
    if not kept or not secrets.compare_digest(kept.encode(), sent.encode()):
        abort(400, "This form is too old, or it came from elsewhere. Go back and try it again.")


def init_app(app: Flask) -> None:
    """Protect all forms of an app."""
    app.before_request(protect)
    app.add_template_global(field, "csrf_field")
