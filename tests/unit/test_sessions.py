"""Sessions: cookies that Flask reads too, and everything that a signature depends on."""

from __future__ import annotations

import ast
import hashlib
import random
import types
import typing as t
import uuid
from datetime import datetime, timedelta, timezone

import flask
import flask.sessions
import pytest
from itsdangerous import BadSignature, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer
from markupsafe import Markup

import kolben
import kolben.sessions


@pytest.fixture
def app(target):
    app = target.Flask("an_app")
    app.secret_key = "first"
    return app


@pytest.fixture
def interface(app, target):
    interface = app.session_interface
    assert type(interface) is target.sessions.SecureCookieSessionInterface
    return interface


def request_with(cookie: str | None) -> t.Any:
    return types.SimpleNamespace(cookies={} if cookie is None else {"session": cookie})


def cookie_of(app: t.Any, items: dict[str, t.Any]) -> str:
    """What the app sends for a session with these items."""
    session = app.session_interface.session_class()
    session.update(items)
    response = app.response_class()
    app.session_interface.save_session(app, session, response)
    header = response.headers["Set-Cookie"]
    return header.partition(";")[0].partition("=")[2]


def opened(app: t.Any, cookie: str | None) -> dict[str, t.Any]:
    return dict(app.session_interface.open_session(app, request_with(cookie)))


# --- Flask reads what Kolben writes, and the other way round -------------------------------------


def a_value(rng: random.Random, depth: int = 0) -> t.Any:
    def text() -> str:
        return "".join(rng.choices('ab é€😀\0"\\</>_ ', k=rng.randrange(6)))

    def inner() -> t.Any:
        return a_value(rng, depth + 1)

    makers: list[t.Callable[[], t.Any]] = [
        text,
        lambda: rng.choice([None, True, False, 1.5, -0.0, 2**70]),
        lambda: rng.randrange(-1000, 1000),
        lambda: rng.randbytes(rng.randrange(5)),
        lambda: uuid.UUID(int=rng.getrandbits(128)),
        lambda: Markup(text()),
        lambda: datetime.fromtimestamp(rng.randrange(2**32), timezone.utc),
    ]
    if depth < 4:
        makers += [
            lambda: [inner() for _ in range(rng.randrange(4))],
            lambda: tuple(inner() for _ in range(rng.randrange(4))),
            lambda: {text(): inner() for _ in range(rng.randrange(4))},
            lambda: {rng.choice([" t", " di", " b", " d", " t__"]): inner()},
        ]
    return rng.choice(makers)()


def test_cookies_are_the_same_and_open_on_both_sides(monkeypatch):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_700_000_000)
    rng = random.Random(5)
    ours, theirs = kolben.Flask("an_app"), flask.Flask("an_app")
    for number in range(10_000):
        if number % 100 == 0:
            key = rng.choice(["key", b"\xff\x00", "é" * 9])
            fallbacks = rng.choice([None, [], ["old"], ["older", b"old"]])
            for app in (ours, theirs):
                app.config.update(SECRET_KEY=key, SECRET_KEY_FALLBACKS=fallbacks)
        items = {f"k{name}": a_value(rng) for name in range(rng.randrange(4))} or {"a": 1}
        cookie = cookie_of(ours, items)
        assert cookie == cookie_of(theirs, items)
        assert opened(theirs, cookie) == opened(ours, cookie) == items


def test_a_broken_cookie_is_no_session(app):
    cookie = cookie_of(app, {"a": 1})
    changed = [cookie[:-2], cookie[2:], cookie + "A", cookie.replace(".", "", 1), "", ".", "a.b.c"]
    for text in changed:
        assert opened(app, text) == {}
    assert opened(app, None) == {}


def test_a_cookie_ends_with_the_lifetime(app, monkeypatch):
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1000)
    cookie = cookie_of(app, {"a": 1})
    app.permanent_session_lifetime = timedelta(seconds=10)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1010)
    assert opened(app, cookie) == {"a": 1}
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1011)
    assert opened(app, cookie) == {}


# --- what a signature depends on -----------------------------------------------------------------


class Literals:
    """A serializer that writes Python."""

    loads = staticmethod(ast.literal_eval)
    dumps = staticmethod(repr)


def test_keys_count_from_the_moment_they_change(app):
    first = cookie_of(app, {"a": 1})
    assert opened(app, first) == {"a": 1}
    app.secret_key = "second"
    assert opened(app, first) == {}
    second = cookie_of(app, {"a": 2})
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks = ["first"]
    assert opened(app, first) == {"a": 1}
    assert opened(app, second) == {"a": 2}
    fallbacks.clear()
    assert opened(app, first) == {}
    fallbacks += ["zeroth", "first"]
    assert opened(app, first) == {"a": 1}
    # A fallback verifies; it never signs.
    app.config.update(SECRET_KEY="first", SECRET_KEY_FALLBACKS=None)
    third = cookie_of(app, {"a": 3})
    app.config.update(SECRET_KEY="second", SECRET_KEY_FALLBACKS=["first"])
    assert opened(app, third) == {"a": 3}
    resigned = cookie_of(app, {"a": 3})
    app.config["SECRET_KEY_FALLBACKS"] = []
    assert opened(app, third) == {}
    assert opened(app, resigned) == {"a": 3}


@pytest.mark.parametrize("key", ["", b"", None])
def test_without_a_key_there_is_no_session(app, interface, key):
    cookie_of(app, {"a": 1})
    app.secret_key = key
    assert interface.get_signing_serializer(app) is None
    assert interface.open_session(app, request_with(None)) is None


@pytest.mark.kolben_only
@pytest.mark.parametrize("fallbacks", ["key", b"key"])
def test_one_string_in_place_of_the_fallbacks_is_an_error(app, fallbacks):
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks
    with pytest.raises(TypeError, match=r"SECRET_KEY_FALLBACKS must be a list of keys, not one"):
        opened(app, None)
    with pytest.raises(TypeError, match=r"write \[key\] for a single key"):
        app.session_interface.get_signing_serializer(app)


@pytest.mark.kolben_only
def test_the_first_request_and_the_server_refuse_one_string(app, monkeypatch):
    app.config["SECRET_KEY_FALLBACKS"] = "key"
    app.testing = True
    app.add_url_rule("/", "index", lambda: "")
    with pytest.raises(TypeError, match=r"SECRET_KEY_FALLBACKS must be a list"):
        app.test_client().get("/")
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **kwargs: None)
    with pytest.raises(TypeError, match=r"SECRET_KEY_FALLBACKS must be a list"):
        app.run(load_dotenv=False)
    app.config["SECRET_KEY_FALLBACKS"] = ["key"]
    assert app.test_client().get("/").status_code == 200


@pytest.mark.parametrize("place", ["instance", "class"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("salt", "another"),
        ("digest_method", staticmethod(hashlib.sha256)),
        ("key_derivation", "django-concat"),
        ("serializer", Literals),
    ],
)
def test_the_interfaces_attributes_count(app, interface, name, value, place, monkeypatch):
    before = cookie_of(app, {"a": (1,)})
    if place == "instance":
        value = getattr(value, "__func__", value)
        monkeypatch.setitem(vars(interface), name, value)
    else:
        monkeypatch.setattr(type(interface), name, value)
    changed = cookie_of(app, {"a": (1,)})
    assert opened(app, changed) == {"a": (1,)}
    assert changed.partition(".")[0] != before.partition(".")[0] or opened(app, before) == {}
    monkeypatch.undo()
    assert opened(app, before) == {"a": (1,)}


def test_the_digest_may_be_a_method_of_a_subclass(app, target):
    class Interface(target.sessions.SecureCookieSessionInterface):
        hash = "sha256"

        def digest_method(self, data: bytes = b"") -> t.Any:
            return hashlib.new(self.hash, data)

    stock = cookie_of(app, {"a": 1})
    app.session_interface = Interface()
    cookie = cookie_of(app, {"a": 1})
    assert opened(app, cookie) == {"a": 1}
    assert opened(app, stock) == {}
    app.session_interface = Interface()
    assert opened(app, cookie) == {"a": 1}
    app.session_interface.hash = "sha512"
    assert opened(app, cookie) == {}
    assert opened(app, cookie_of(app, {"a": 2})) == {"a": 2}


def test_what_has_no_hash_works_too(app, interface, monkeypatch):
    serializer = types.SimpleNamespace(loads=Literals.loads, dumps=Literals.dumps)
    monkeypatch.setitem(vars(interface), "serializer", serializer)
    app.secret_key = bytearray(b"first")
    cookie = cookie_of(app, {"a": {1}})
    assert opened(app, cookie) == {"a": {1}}
    app.secret_key[0] = 0
    assert opened(app, cookie) == {}


@pytest.mark.parametrize("place", ["subclass", "instance", "class"])
def test_get_signing_serializer_may_be_replaced(app, interface, place, target, monkeypatch):
    stock = cookie_of(app, {"a": 1})
    original = type(interface).get_signing_serializer

    def signing_serializer(self: t.Any, app: t.Any) -> t.Any:
        made = original(self, app)
        made.salt = b"another"
        made.secret_keys.append(b"one more")
        return made

    if place == "subclass":
        base = target.sessions.SecureCookieSessionInterface
        app.session_interface = type(
            "Interface", (base,), {"get_signing_serializer": signing_serializer}
        )()
    elif place == "instance":
        bound = types.MethodType(signing_serializer, interface)
        monkeypatch.setitem(vars(interface), "get_signing_serializer", bound)
    else:
        monkeypatch.setattr(type(interface), "get_signing_serializer", signing_serializer)
    for _ in range(2):
        assert opened(app, stock) == {}
        assert opened(app, cookie_of(app, {"a": 2})) == {"a": 2}
    monkeypatch.undo()
    app.session_interface = interface
    assert opened(app, stock) == {"a": 1}


def test_the_serializer_that_is_handed_out_is_the_callers_own(app, interface):
    cookie = cookie_of(app, {"a": 1})
    made = interface.get_signing_serializer(app)
    assert isinstance(made, URLSafeTimedSerializer)
    assert made.loads(cookie) == {"a": 1}
    made.secret_keys[:] = [b"changed"]
    made.salt = b"changed"
    assert interface.get_signing_serializer(app).loads(cookie) == {"a": 1}
    assert opened(app, cookie) == {"a": 1}


def test_a_serializer_class_put_in_place_counts(app, target, monkeypatch):
    cookie = cookie_of(app, {"a": 1})

    class Serializer(URLSafeTimedSerializer):
        def loads(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return {"theirs": True}

    monkeypatch.setattr(target.sessions, "URLSafeTimedSerializer", Serializer)
    assert opened(app, cookie) == {"theirs": True}
    monkeypatch.undo()
    assert opened(app, cookie) == {"a": 1}


def test_other_salts_are_of_no_use(app, interface):
    serializer = interface.get_signing_serializer(app)
    with pytest.raises(BadSignature):
        serializer.loads(serializer.dumps({"a": 1}, salt="one"), salt="other")
    untimed = URLSafeSerializer("first", salt="cookie-session")
    assert opened(app, untimed.dumps({"a": 1})) == {}


def test_apps_with_one_interface_keep_their_keys(app, target):
    other = target.Flask("another_app")
    other.session_interface = app.session_interface
    other.secret_key = "other"
    ours, theirs = cookie_of(app, {"a": 1}), cookie_of(other, {"a": 2})
    assert (opened(app, ours), opened(other, theirs)) == ({"a": 1}, {"a": 2})
    assert (opened(app, theirs), opened(other, ours)) == ({}, {})


@pytest.mark.kolben_only
def test_the_key_is_derived_once(app, monkeypatch):
    derived = []
    derive = TimestampSigner.derive_key

    def derive_key(self: t.Any, secret_key: t.Any = None) -> bytes:
        derived.append(secret_key)
        return derive(self, secret_key)

    monkeypatch.setattr(TimestampSigner, "derive_key", derive_key)
    app.secret_key = uuid.uuid4().hex
    for _ in range(5):
        assert opened(app, cookie_of(app, {"a": 1})) == {"a": 1}
    # Once to sign, once to verify.
    assert len(derived) == 2


@pytest.mark.kolben_only
def test_no_more_than_some_serializers_are_kept(app):
    for number in range(100):
        app.secret_key = f"key {number}"
        cookie_of(app, {"a": 1})
    kept = kolben.sessions._serializer_from_before.cache_info()
    assert kept.currsize <= kept.maxsize == 32


# --- saving --------------------------------------------------------------------------------------


def headers_after(app: t.Any, session: t.Any) -> t.Any:
    response = app.response_class()
    app.session_interface.save_session(app, session, response)
    return response.headers


def test_vary_is_set_where_the_session_was_looked_at(app, target):
    session = target.sessions.SecureCookieSession()
    assert headers_after(app, session).get("Vary") is None
    session.accessed = True
    assert headers_after(app, session)["Vary"] == "Cookie"
    assert "Set-Cookie" not in headers_after(app, session)


def test_an_emptied_session_removes_the_cookie(app, target):
    session = target.sessions.SecureCookieSession({"a": 1})
    assert not session.modified
    assert "Set-Cookie" not in headers_after(app, session)
    session.clear()
    assert session.modified
    headers = headers_after(app, session)
    assert headers["Set-Cookie"].startswith("session=; Expires=Thu, 01 Jan 1970")
    assert headers["Vary"] == "Cookie"


def test_a_permanent_session_is_sent_each_time(app, target):
    session = target.sessions.SecureCookieSession({"_permanent": True})
    assert "Expires=" in headers_after(app, session)["Set-Cookie"]
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    assert "Set-Cookie" not in headers_after(app, session)
    session.permanent = 0
    assert session["_permanent"] is False
    assert "Expires=" not in headers_after(app, session)["Set-Cookie"]


def test_every_setting_of_the_cookie_counts(app, target):
    app.config.update(
        SESSION_COOKIE_NAME="name",
        SESSION_COOKIE_DOMAIN="example.org",
        SESSION_COOKIE_PATH="/path",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PARTITIONED=True,
    )
    session = target.sessions.SecureCookieSession()
    session["a"] = 1
    kept = headers_after(app, session)["Set-Cookie"]
    session.clear()
    removed = headers_after(app, session)["Set-Cookie"]
    for header in (kept, removed):
        assert header.startswith("name=")
        attributes = set(header.split("; ")[1:])
        wanted = {"Domain=example.org", "Path=/path", "Secure", "SameSite=Lax", "Partitioned"}
        assert wanted <= attributes
        assert "HttpOnly" not in attributes


@pytest.mark.parametrize(
    ("getter", "value", "attribute"),
    [
        ("get_cookie_name", "mine", "mine="),
        ("get_cookie_domain", "example.com", "Domain=example.com"),
        ("get_cookie_path", "/mine", "Path=/mine"),
        ("get_cookie_secure", True, "Secure"),
        ("get_cookie_samesite", "Strict", "SameSite=Strict"),
        ("get_cookie_partitioned", True, "Partitioned"),
        ("get_expiration_time", datetime(2040, 1, 1, tzinfo=timezone.utc), "Expires=Sun, 01 Jan"),
    ],
)
def test_every_getter_may_be_overridden(app, target, getter, value, attribute):
    base = target.sessions.SecureCookieSessionInterface
    app.session_interface = type("Interface", (base,), {getter: lambda self, *args: value})()
    session = target.sessions.SecureCookieSession()
    session["a"] = 1
    assert attribute in headers_after(app, session)["Set-Cookie"]


def test_should_set_cookie_may_be_overridden(app, target):
    session = target.sessions.SecureCookieSession({"a": 1})
    app.session_interface = interface = target.sessions.SecureCookieSessionInterface()
    interface.should_set_cookie = lambda app, session: True
    assert "Set-Cookie" in headers_after(app, session)


# --- the classes ---------------------------------------------------------------------------------


def test_changes_are_noticed(target):
    def session() -> t.Any:
        return target.sessions.SecureCookieSession({"a": 1})

    changes: list[t.Callable[[t.Any], t.Any]] = [
        lambda session: session.update(b=1),
        lambda session: session.setdefault("b", 1),
        lambda session: session.pop("a"),
        lambda session: session.popitem(),
        lambda session: session.clear(),
        lambda session: session.__setitem__("b", 1),
        lambda session: session.__delitem__("a"),
        lambda session: setattr(session, "permanent", True),
    ]
    for change in changes:
        made = session()
        assert made.modified is False
        change(made)
        assert made.modified is True
    read = session()
    assert read.setdefault("a", 2) == 1
    assert (read.get("a"), "a" in read, list(read), read.permanent) == (1, True, ["a"], False)
    assert (read.modified, read.accessed, read.new) == (False, False, False)


def test_a_null_session_reads_and_refuses(target):
    session = target.sessions.NullSession()
    assert (session.get("a"), len(session), session.permanent) == (None, 0, False)
    changes: list[t.Callable[[], t.Any]] = [
        lambda: session.update(a=1),
        lambda: session.setdefault("a", 1),
        lambda: session.pop("a", None),
        session.popitem,
        session.clear,
        lambda: session.__setitem__("a", 1),
        lambda: session.__delitem__("a"),
    ]
    for change in changes:
        with pytest.raises(RuntimeError, match="no secret key was set"):
            change()


def test_the_interface_has_nothing_of_its_own(app, target):
    interface = target.sessions.SessionInterface()
    with pytest.raises(NotImplementedError):
        interface.open_session(app, None)
    with pytest.raises(NotImplementedError):
        interface.save_session(app, None, None)
    assert interface.is_null_session(interface.make_null_session(app))
    assert not interface.is_null_session(target.sessions.SecureCookieSession())
