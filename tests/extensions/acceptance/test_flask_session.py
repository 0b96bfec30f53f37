"""Flask-Session with real Redis and Memcached, as an app uses it."""

import datetime
import time

import flask
import pymemcache
import pytest
import redis
from cachelib.file import FileSystemCache
from flask_session import Session
from flask_session.defaults import Defaults
from flask_sqlalchemy import SQLAlchemy


@pytest.fixture(params=["redis", "memcached", "cachelib", "filesystem", "sqlalchemy"])
def settings(request, tmp_path):
    found = {"SESSION_TYPE": request.param, "SESSION_KEY_PREFIX": f"{time.time()}:"}
    if request.param == "redis":
        found["SESSION_REDIS"] = redis.Redis(port=6379)
    elif request.param == "memcached":
        found["SESSION_MEMCACHED"] = pymemcache.Client(("127.0.0.1", 11211))
    elif request.param == "cachelib":
        found["SESSION_CACHELIB"] = FileSystemCache(str(tmp_path / "cache"))
    elif request.param == "filesystem":
        found["SESSION_FILE_DIR"] = str(tmp_path / "files")
    else:
        found["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/sessions.db"
    return found


@pytest.fixture
def make_app(settings):
    def make(**config):
        app = flask.Flask(__name__)
        app.config.update(settings, SECRET_KEY="x" * 20, **config)
        if settings["SESSION_TYPE"] == "sqlalchemy":
            app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
        with app.app_context():
            Session(app)

        @app.route("/set/<name>", methods=["POST"])
        def put(name):
            flask.session[name] = flask.request.get_json()
            return "", 204

        @app.route("/get/<name>")
        def get(name):
            return {"value": flask.session.get(name), "new": flask.session.new}

        @app.route("/pop/<name>")
        def pop(name):
            return {"value": flask.session.pop(name, None)}

        @app.route("/clear")
        def clear():
            flask.session.clear()
            return "", 204

        @app.route("/regenerate")
        def regenerate():
            before = flask.session.sid
            app.session_interface.regenerate(flask.session)
            return {"changed": before != flask.session.sid}

        @app.route("/lasting")
        def lasting():
            flask.session.permanent = True
            flask.session["x"] = 1
            return "", 204

        @app.route("/nothing")
        def nothing():
            return "nothing"

        return app

    return make


def session_cookie(response):
    found = [one for one in response.headers.getlist("Set-Cookie") if one.startswith("session=")]
    return found[0] if found else None


def test_values_stay_on_the_server(make_app):
    client = make_app().test_client()
    value = {"a": [1, "é", None, True], "b": {"c": 1.5}}
    response = client.post("/set/v", json=value)
    cookie = session_cookie(response)
    assert "HttpOnly" in cookie
    assert len(cookie.partition(";")[0]) < 80
    assert client.get("/get/v").json == {"value": value, "new": False}


def test_clients_are_apart(make_app):
    app = make_app()
    one, other = app.test_client(), app.test_client()
    one.post("/set/v", json=1)
    other.post("/set/v", json=2)
    assert one.get("/get/v").json["value"] == 1
    assert other.get("/get/v").json["value"] == 2
    assert app.test_client().get("/get/v").json["value"] is None


def test_pop_and_clear(make_app):
    client = make_app().test_client()
    client.post("/set/v", json=1)
    assert client.get("/pop/v").json == {"value": 1}
    assert client.get("/get/v").json["value"] is None
    client.post("/set/v", json=2)
    assert "Expires=Thu, 01 Jan 1970" in session_cookie(client.get("/clear"))
    assert client.get("/get/v").json["value"] is None


def test_another_identifier_with_the_same_values(make_app):
    client = make_app().test_client()
    first = session_cookie(client.post("/set/v", json=1))
    response = client.get("/regenerate")
    assert response.json == {"changed": True}
    assert session_cookie(response).partition(";")[0] != first.partition(";")[0]
    assert client.get("/get/v").json["value"] == 1


@pytest.mark.parametrize("signer", [False, True])
def test_a_made_up_identifier_opens_nothing(make_app, signer):
    app = make_app(SESSION_USE_SIGNER=signer)
    client = app.test_client()
    client.post("/set/v", json=1)
    other = app.test_client()
    other.set_cookie("session", "made-up")
    assert other.get("/get/v").json["value"] is None


def test_a_signed_identifier(make_app):
    client = make_app(SESSION_USE_SIGNER=True).test_client()
    value = session_cookie(client.post("/set/v", json=1)).partition(";")[0]
    assert "." in value
    assert client.get("/get/v").json["value"] == 1


def test_how_long_it_lasts(make_app):
    lifetime = datetime.timedelta(seconds=90)
    app = make_app(PERMANENT_SESSION_LIFETIME=lifetime, SESSION_PERMANENT=False)
    cookie = session_cookie(app.test_client().get("/lasting"))
    assert "Expires=" in cookie
    assert "Expires=" not in session_cookie(app.test_client().post("/set/v", json=1))


def test_settings_of_the_cookie(make_app):
    app = make_app(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")
    cookie = session_cookie(app.test_client().post("/set/v", json=1))
    assert "Secure" in cookie
    assert "SameSite=Lax" in cookie


def test_vary_is_set_when_the_session_was_read(make_app):
    client = make_app().test_client()
    assert client.get("/get/v").headers["Vary"] == "Cookie"


def test_a_session_in_a_test(make_app):
    client = make_app().test_client()
    with client.session_transaction() as session:
        session["v"] = "given"
    assert client.get("/get/v").json["value"] == "given"


def test_flashed_messages(make_app):
    app = make_app()

    @app.route("/say")
    def say():
        flask.flash("hello", "info")
        return ""

    @app.route("/read")
    def read():
        return flask.get_flashed_messages(with_categories=True)

    client = app.test_client()
    client.get("/say")
    assert client.get("/read").json == [["info", "hello"]]
    assert client.get("/read").json == []


def test_the_defaults_are_known():
    assert Defaults.SESSION_KEY_PREFIX == "session:"
