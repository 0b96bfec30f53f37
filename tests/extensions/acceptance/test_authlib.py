"""Authlib's client for Flask, and its server, in one conversation."""

import flask
import pytest
from authlib.integrations.flask_client import OAuth
from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator


class Client(ClientMixin):
    client_id = "shop"

    def get_client_id(self):
        return "shop"

    def get_default_redirect_uri(self):
        return "http://localhost/back"

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, uri):
        return True

    def check_client_secret(self, secret):
        return secret == "secret"

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Token(TokenMixin):
    def __init__(self, values):
        self.values = values

    def get_scope(self):
        return self.values.get("scope")

    def is_expired(self):
        return False

    def is_revoked(self):
        return False


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.secret_key = "x" * 20
    app.tokens = {}
    server = AuthorizationServer(
        app,
        query_client=lambda name: Client() if name == "shop" else None,
        save_token=lambda token, request: app.tokens.update({token["access_token"]: token}),
    )
    server.register_grant(grants.ClientCredentialsGrant)

    class Validator(BearerTokenValidator):
        def authenticate_token(self, text):
            found = app.tokens.get(text)
            return None if found is None else Token(found)

    protect = ResourceProtector()
    protect.register_token_validator(Validator())

    @app.post("/token")
    def token():
        return server.create_token_response()

    @app.get("/mine")
    @protect("profile")
    def mine():
        return {"scope": current_token.get_scope()}

    return app


def test_a_token_opens_what_it_is_for(app):
    client = app.test_client()
    form = {"grant_type": "client_credentials", "scope": "profile"}
    answer = client.post("/token", data=form, auth=("shop", "secret"))
    assert answer.status_code == 200
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert client.get("/mine", headers=bearer).json == {"scope": "profile"}


def test_what_is_refused(app):
    client = app.test_client()
    form = {"grant_type": "client_credentials"}
    wrong = client.post("/token", data=form, auth=("shop", "wrong"))
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client")
    assert client.post("/token", data={"grant_type": "x"}).status_code == 400
    assert client.get("/mine").status_code == 401
    assert client.get("/mine", headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_client_goes_to_log_in_and_comes_back():
    app = flask.Flask(__name__)
    app.secret_key = "x" * 20
    oauth = OAuth(app)
    oauth.register(
        "site",
        client_id="shop",
        client_secret="secret",
        authorize_url="http://login.example/authorize",
        access_token_url="http://login.example/token",
    )

    @app.route("/login")
    def login():
        return oauth.site.authorize_redirect(flask.url_for("back", _external=True))

    @app.route("/back")
    def back():
        return oauth.site.authorize_access_token()

    client = app.test_client()
    answer = client.get("/login")
    assert answer.status_code == 302
    assert answer.location.startswith("http://login.example/authorize?response_type=code")
    with client.session_transaction() as session:
        (key,) = [name for name in session if name.startswith("_state_site_")]
    state = key.removeprefix("_state_site_")
    assert f"state={state}" in answer.location

    class Answer:
        status_code = 200

        def json(self):
            return {"access_token": "t", "token_type": "bearer"}

        def raise_for_status(self):
            pass

    class Session(oauth.site.client_cls):
        def request(self, method, url, **options):
            assert url == "http://login.example/token"
            return Answer()

    oauth.site.client_cls = Session
    assert client.get(f"/back?code=c&state={state}").json["access_token"] == "t"
