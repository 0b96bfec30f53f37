"""Settings that let strangers in, or let them take too much."""

from __future__ import annotations

import os
import typing as t

from ...sessions import SecureCookieSessionInterface
from .rows import Row

if t.TYPE_CHECKING:
    from ...app import Flask

_LEAST_KEY = 16
_LEAST_VARIETY = 6
_MAKE_KEY = "Make one with: python -c 'import secrets; print(secrets.token_hex())'"
#: What tutorials write.
_FAMOUS_KEYS = ("your-secret-key", "your_secret_key", "change-me", "changeme", "super-secret")


def look_at_settings(app: Flask, uses_session: bool) -> t.Iterator[Row]:
    """Look for settings that are unsafe in production.

    :param app: The app.
    :param uses_session: Whether modules of the app name the session.
    """
    found = [*_modes(app), *_keys(app, uses_session), *_cookies(app), *_limits(app)]
    if not found:
        found = [Row("fine", "settings", "All settings", "nothing unsafe is set")]
    yield from found


def _warning(code: str, subject: str, text: str, advice: str = "") -> Row:
    return Row("warning", code, subject, text, advice)


def _modes(app: Flask) -> t.Iterator[Row]:
    if app.debug:
        named = os.environ.get("FLASK_DEBUG")
        where = "FLASK_DEBUG is set here" if named not in (None, "", "0") else "the app sets it"
        yield _warning(
            "debug",
            "DEBUG",
            f"is on ({where}), for production servers as well: they show internals in errors",
            "Leave it to 'kolben run --debug'.",
        )
    if app.testing:
        yield _warning("testing", "TESTING", "is on: errors reach the server, not the handlers")
    elif app.config["PROPAGATE_EXCEPTIONS"]:
        yield Row(
            "note",
            "propagate",
            "PROPAGATE_EXCEPTIONS",
            "is on: the server, not the app, answers what goes wrong",
        )


def _keys(app: Flask, uses_session: bool) -> t.Iterator[Row]:
    key = app.secret_key
    if not key:
        if _signs(app):
            text = "is missing: there are no sessions and no flashed messages"
            level: t.Literal["warning", "note"] = "warning" if uses_session else "note"
            yield Row(level, "secret-key-missing", "SECRET_KEY", text, _MAKE_KEY)
        return
    if _is_weak(key):
        text = "is short or easy to guess: who knows it can write any session"
        yield _warning("secret-key-weak", "SECRET_KEY", text, _MAKE_KEY)
    fallbacks = app.config["SECRET_KEY_FALLBACKS"]
    if isinstance(fallbacks, (str, bytes)):
        text = "is one string, and must be a list: the app will not answer"
        yield _warning("fallbacks-string", "SECRET_KEY_FALLBACKS", text, "Write [key].")
    elif any(_is_weak(one) for one in fallbacks or ()):
        text = "holds a key that is short or easy to guess, and still opens sessions"
        yield _warning("fallback-weak", "SECRET_KEY_FALLBACKS", text)


def _signs(app: Flask) -> bool:
    return isinstance(app.session_interface, SecureCookieSessionInterface)


def _is_weak(key: str | bytes) -> bool:
    text = key.decode("latin-1") if isinstance(key, bytes) else str(key)
    return (
        len(text) < _LEAST_KEY
        or len(set(text)) < _LEAST_VARIETY
        or text.lower().startswith(_FAMOUS_KEYS)
    )


def _cookies(app: Flask) -> t.Iterator[Row]:
    if not app.secret_key and _signs(app):
        # There is no cookie.
        return
    config = app.config
    if not config["SESSION_COOKIE_SECURE"]:
        text = "is off: the session's cookie goes over plain HTTP, too"
        yield _warning("cookie-secure", "SESSION_COOKIE_SECURE", text, "Set it to True.")
    if not config["SESSION_COOKIE_HTTPONLY"]:
        text = "is off: any script in a page reads the session's cookie"
        yield _warning("cookie-httponly", "SESSION_COOKIE_HTTPONLY", text, "Set it to True.")
    same_site = config["SESSION_COOKIE_SAMESITE"]
    if same_site is None:
        text = "is not set: requests from other sites bring the session's cookie along"
        advice = "Set it to 'Lax' or 'Strict'."
        yield _warning("cookie-samesite", "SESSION_COOKIE_SAMESITE", text, advice)
    elif str(same_site).lower() == "none" and not config["SESSION_COOKIE_SECURE"]:
        text = "is 'None', which browsers take from secure cookies only"
        yield _warning("cookie-samesite", "SESSION_COOKIE_SAMESITE", text)
    if config["SESSION_COOKIE_PARTITIONED"] and not config["SESSION_COOKIE_SECURE"]:
        text = "is on, which browsers heed in secure cookies only"
        yield _warning("cookie-partitioned", "SESSION_COOKIE_PARTITIONED", text)


def _limits(app: Flask) -> t.Iterator[Row]:
    config = app.config
    if config["TRUSTED_HOSTS"] is None:
        text = "is not set: any Host header is believed, and gets into the URLs that are built"
        yield _warning("trusted-hosts", "TRUSTED_HOSTS", text, "List the app's host names.")
    for name, text, advice in (
        ("MAX_CONTENT_LENGTH", "is not set: a body may be of any length", "16 * 1024 * 1024, say."),
        ("MAX_FORM_MEMORY_SIZE", "is off: a form's field may fill the memory", ""),
        ("MAX_FORM_PARTS", "is off: a form may have any number of parts", ""),
    ):
        if config[name] is None:
            yield _warning(name.lower().replace("_", "-"), name, text, advice)
