"""Sessions: their interface, and the ones that are kept in a signed cookie.

Where this differs from Flask on purpose: ``SECRET_KEY_FALLBACKS`` that is one string, where a list
of them belongs, raises :exc:`TypeError`; Flask would take each of its characters for a key.
"""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import MutableMapping
from datetime import datetime, timezone
from functools import lru_cache
from types import MethodType

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict

from .datastructures import Headers
from .json.tag import TaggedJSONSerializer
from .messages import Response as ResponseBase

if t.TYPE_CHECKING:
    import collections.abc as cabc

    from .app import Flask
    from .wrappers import Request, Response

__all__ = [
    "NullSession",
    "SecureCookieSession",
    "SecureCookieSessionInterface",
    "SessionInterface",
    "SessionMixin",
    "session_json_serializer",
]


class SessionMixin(MutableMapping[str, t.Any]):
    """What a session has beside its items."""

    #: Whether the session was made for this request. Not every kind of session knows.
    new = False

    #: Whether the session was changed. Kinds that cannot tell say yes.
    modified = True

    #: Whether the session was looked at. The context of the request sets it when it hands the
    #: session out, and the response gets ``Vary: Cookie``.
    accessed = False

    @property
    def permanent(self) -> bool:
        """Whether the session outlives the browser: its item ``_permanent``."""
        return t.cast("bool", self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


def _mark_as_modified(session: t.Any) -> None:
    session.modified = True


class SecureCookieSession(CallbackDict[str, t.Any], SessionMixin):
    """A session that is kept in a signed cookie.

    It notices changes of its own items, but not those inside of an item: after ``append`` to a
    list in it, set :attr:`modified`.

    :param initial: The items.
    """

    #: Whether an item was set or removed, and so whether the cookie is to be sent.
    modified = False

    def __init__(self, initial: cabc.Mapping[str, t.Any] | None = None) -> None:
        super().__init__(initial, _mark_as_modified)


class NullSession(SecureCookieSession):
    """The session of an app without a secret key: empty, and any change is an error."""

    def _fail(self, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
        raise RuntimeError(
            "The session is unavailable because no secret key was set.  Set the secret_key on the"
            " application to something unique and secret."
        )

    __delitem__ = __setitem__ = clear = pop = popitem = setdefault = update = _fail
    del _fail


class SessionInterface:
    """How an app opens and saves sessions; assign one to ``app.session_interface``.

    A subclass writes :meth:`open_session` and :meth:`save_session`. What it opens is a dict with
    :class:`SessionMixin`. Requests of one session may be handled at the same time.
    """

    #: What :meth:`make_null_session` makes and :meth:`is_null_session` looks for.
    null_session_class = NullSession

    #: Whether sessions are pickled. Some extensions ask.
    pickle_based = False

    def make_null_session(self, app: Flask) -> NullSession:
        """Make the session of requests for which none could be opened."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Say whether a session is one of those. They are not saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: Flask) -> str:
        """Return the cookie's name: ``SESSION_COOKIE_NAME``."""
        return t.cast("str", app.config["SESSION_COOKIE_NAME"])

    def get_cookie_domain(self, app: Flask) -> str | None:
        """Return the cookie's domain: ``SESSION_COOKIE_DOMAIN``; ``None`` is this host only."""
        return t.cast("str | None", app.config["SESSION_COOKIE_DOMAIN"])

    def get_cookie_path(self, app: Flask) -> str:
        """Return the cookie's path: ``SESSION_COOKIE_PATH`` or else ``APPLICATION_ROOT``."""
        path = app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]
        return t.cast("str", path)

    def get_cookie_httponly(self, app: Flask) -> bool:
        """Say whether scripts cannot read the cookie: ``SESSION_COOKIE_HTTPONLY``."""
        return t.cast("bool", app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say whether the cookie is for HTTPS only: ``SESSION_COOKIE_SECURE``."""
        return t.cast("bool", app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: Flask) -> str | None:
        """Return ``Lax``, ``Strict``, ``None`` or nothing: ``SESSION_COOKIE_SAMESITE``."""
        return t.cast("str | None", app.config["SESSION_COOKIE_SAMESITE"])

    def get_cookie_partitioned(self, app: Flask) -> bool:
        """Say whether each embedding site has its own: ``SESSION_COOKIE_PARTITIONED``."""
        return t.cast("bool", app.config["SESSION_COOKIE_PARTITIONED"])

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        """Return when a permanent session ends; ``None`` is with the browser."""
        if not session.permanent:
            return None
        return datetime.now(timezone.utc) + app.permanent_session_lifetime

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Say whether the response gets the cookie.

        It does when the session was changed, and always when it is permanent and
        ``SESSION_REFRESH_EACH_REQUEST`` is set.
        """
        if session.modified:
            return True
        return session.permanent and app.config["SESSION_REFRESH_EACH_REQUEST"]

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the session of a request, before its URL is matched.

        ``None`` says that there is none for a reason that is no error yet; the request gets a
        null session then.
        """
        raise NotImplementedError()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session, after the response was made. Null sessions do not come here."""
        raise NotImplementedError()


session_json_serializer = TaggedJSONSerializer()


def _lazy_sha1(string: bytes = b"") -> t.Any:
    # Looked up when it is called: Python may have been built without SHA-1.
    return hashlib.sha1(string)


class _KeptSigner(TimestampSigner):
    """A signer that derives each key once."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._derived: dict[t.Any, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        derived = self._derived.get(secret_key)
        if derived is None:
            derived = self._derived[secret_key] = super().derive_key(secret_key)
        return derived


class _KeptSerializer(URLSafeTimedSerializer):
    """A serializer that makes its signer once. Nobody else gets hold of it, to change it."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, signer=_KeptSigner, **kwargs)
        self._kept_signer = t.cast("_KeptSigner", super().make_signer())

    def make_signer(self, salt: str | bytes | None = None) -> TimestampSigner:
        return self._kept_signer


def _make_serializer(
    serializer_class: type[URLSafeTimedSerializer],
    keys: tuple[str | bytes, ...],
    salt: t.Any,
    serializer: t.Any,
    key_derivation: t.Any,
    digest_method: t.Any,
) -> URLSafeTimedSerializer:
    return serializer_class(
        list(keys),  # type: ignore[arg-type]
        salt=salt,
        serializer=serializer,
        signer_kwargs={"key_derivation": key_derivation, "digest_method": digest_method},
    )


_serializer_from_before = lru_cache(maxsize=32)(_make_serializer)


def _secret_keys(app: Flask) -> tuple[str | bytes, ...]:
    """Return the keys of an app, the one that signs at the end, or none without that one."""
    secret_key = app.secret_key
    if not secret_key:
        return ()
    fallbacks = app.config["SECRET_KEY_FALLBACKS"]
    if not fallbacks:
        return (secret_key,)
    _check_fallbacks(fallbacks)
    return (*fallbacks, secret_key)


def _check_fallbacks(fallbacks: t.Any) -> None:
    """Refuse one string, which would be read as a list of keys of one character each."""
    if isinstance(fallbacks, (str, bytes)):
        raise TypeError(
            "SECRET_KEY_FALLBACKS must be a list of keys, not one"
            f" {type(fallbacks).__name__}: write [key] for a single key."
        )


def _vary_on_cookies(response: Response) -> None:
    """Say that the answer depends on the request's cookies."""
    # PERF: without the set that stands for the header, where there is nothing to add to
    # (benches/apps.py, row `session`).
    if type(response).vary is _vary and type(response.headers) is Headers:
        others = response.headers.get("Vary")
        if others is None:
            response.headers["Vary"] = "Cookie"
        if others is None or others == "Cookie":
            return
    response.vary.add("Cookie")


class SecureCookieSessionInterface(SessionInterface):
    """Sessions in cookies that are signed with the app's secret key."""

    #: What the secret key is salted with.
    salt = "cookie-session"
    #: The hash of the signature.
    digest_method = staticmethod(_lazy_sha1)
    #: How itsdangerous derives the signing key.
    key_derivation = "hmac"
    #: What writes and reads the items.
    serializer = session_json_serializer
    session_class = SecureCookieSession

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Make what signs and verifies cookies, or return ``None`` without a secret key.

        The keys of ``SECRET_KEY_FALLBACKS`` verify, and do not sign.
        """
        keys = _secret_keys(app)
        if not keys:
            return None
        return _make_serializer(
            URLSafeTimedSerializer,
            keys,
            self.salt,
            self.serializer,
            self.key_derivation,
            self.digest_method,
        )

    def _signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what :meth:`get_signing_serializer` would, from before if nothing changed."""
        method = self.get_signing_serializer
        digest_method: t.Any = self.digest_method
        if (
            getattr(method, "__func__", None) is not _get_signing_serializer
            or URLSafeTimedSerializer is not _KeptSerializer.__base__
            # What a method does may depend on what its object holds.
            or type(digest_method) is MethodType
        ):
            return method(app)
        keys = _secret_keys(app)
        if not keys:
            return None
        if digest_method is _lazy_sha1:
            # PERF: hmac has a fast way for hashlib's own functions.
            digest_method = hashlib.sha1
        made_from = keys, self.salt, self.serializer, self.key_derivation, digest_method
        try:
            return _serializer_from_before(_KeptSerializer, *made_from)
        except TypeError:
            # One of these has no hash. If they are of no use, this says so again.
            return _make_serializer(URLSafeTimedSerializer, *made_from)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Open the session in the request's cookie; a cookie that does not verify counts as none.

        Without a secret key there is no session.
        """
        serializer = self._signing_serializer(app)
        if serializer is None:
            return None
        cookie = request.cookies.get(self.get_cookie_name(app))
        if cookie:
            lifetime = app.permanent_session_lifetime
            try:
                items = serializer.loads(cookie, max_age=int(lifetime.total_seconds()))
            except BadSignature:
                pass
            else:
                return self.session_class(items)
        return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the session's cookie if it is needed; remove it if the session was emptied."""
        if session.accessed:
            _vary_on_cookies(response)
        if session:
            if not self.should_set_cookie(app, session):
                return
        elif not session.modified:
            return

        name = self.get_cookie_name(app)
        attributes: dict[str, t.Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }
        if session:
            expires = self.get_expiration_time(app, session)
            serializer = t.cast("URLSafeTimedSerializer", self._signing_serializer(app))
            value = serializer.dumps(dict(session))
            response.set_cookie(name, value, expires=expires, **attributes)
        else:
            response.delete_cookie(name, **attributes)
        _vary_on_cookies(response)


_get_signing_serializer = SecureCookieSessionInterface.get_signing_serializer
_vary = ResponseBase.vary
