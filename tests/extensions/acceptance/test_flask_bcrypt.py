"""Flask-Bcrypt, as an app uses it."""

import flask
import pytest
from flask_bcrypt import Bcrypt, check_password_hash, generate_password_hash


@pytest.fixture(params=["at once", "later"])
def bcrypt(request):
    app = flask.Flask(__name__)
    app.config.update(BCRYPT_LOG_ROUNDS=4, BCRYPT_HASH_PREFIX="2b")
    if request.param == "at once":
        return Bcrypt(app)
    made = Bcrypt()
    made.init_app(app)
    return made


def test_a_hash_fits_its_password_alone(bcrypt):
    made = bcrypt.generate_password_hash("secret")
    assert made.startswith(b"$2b$04$")
    assert bcrypt.check_password_hash(made, "secret")
    assert not bcrypt.check_password_hash(made, "other")


def test_unicode_and_rounds(bcrypt):
    made = bcrypt.generate_password_hash("grüße", 5)
    assert made.startswith(b"$2b$05$")
    assert bcrypt.check_password_hash(made.decode(), "grüße")


def test_functions_of_the_module():
    assert check_password_hash(generate_password_hash("x", 4), "x")


def test_a_login():
    app = flask.Flask(__name__)
    bcrypt = Bcrypt(app)
    known = {"ada": bcrypt.generate_password_hash("love", 4)}

    @app.post("/login")
    def login():
        form = flask.request.form
        if not bcrypt.check_password_hash(known[form["name"]], form["password"]):
            flask.abort(403)
        return "welcome"

    client = app.test_client()
    assert client.post("/login", data={"name": "ada", "password": "love"}).text == "welcome"
    assert client.post("/login", data={"name": "ada", "password": "hate"}).status_code == 403
    assert client.post("/login", data={"name": "ada"}).status_code == 400
