"""The test client: what Flask's own tests do not look at."""

from __future__ import annotations

import click
import pytest
import werkzeug.test
from werkzeug.wrappers import Request


@pytest.fixture
def app(target):
    app = target.Flask("an_app")
    app.secret_key = "key"

    @app.route("/", methods=["GET", "POST"])
    def index():
        request, session = target.request, target.session
        if "set" in request.args:
            session["number"] = request.args["set"]
        return {
            "url": request.url,
            "agent": request.user_agent.string,
            "address": request.remote_addr,
            "number": session.get("number"),
            "json": request.get_json(silent=True),
        }

    return app


def test_a_request_may_come_in_many_forms(app, target):
    client = app.test_client()
    builder = target.testing.EnvironBuilder(app, "/?set=1")
    environ = builder.get_environ()
    plain = werkzeug.test.EnvironBuilder(
        path="/", base_url="http://localhost/", query_string="set=1"
    )
    wanted = client.get("/?set=1").json
    for source in (builder, environ, Request(environ), plain):
        assert client.open(source).json == wanted
    # They stay as they are.
    assert "HTTP_COOKIE" not in environ
    assert builder.environ_base in (None, {})


def test_environ_base_may_be_changed(app):
    client = app.test_client()
    assert client.get("/").json["agent"].startswith("Werkzeug/")
    client.environ_base["REMOTE_ADDR"] = "10.0.0.1"
    assert client.get("/").json["address"] == "10.0.0.1"
    once = client.get("/", environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert once.json["address"] == "10.0.0.2"
    client.environ_base = {}
    assert client.get("/").json["agent"] == ""


@pytest.mark.parametrize(
    ("path", "options", "url"),
    [
        ("/?a=1", {}, "http://example.org/root/?a=1"),
        ("/", {"subdomain": "sub", "url_scheme": "https"}, "https://sub.example.org/root/"),
        ("https://other.org/?a=1", {}, "https://other.org/root/?a=1"),
        ("/", {"base_url": "http://third.org/base/"}, "http://third.org/base/"),
    ],
)
def test_where_a_request_goes(app, target, path, options, url):
    app.config.update(SERVER_NAME="example.org", APPLICATION_ROOT="/root")
    assert target.testing.EnvironBuilder(app, path, **options).get_request().url == url


@pytest.mark.parametrize("option", [{"subdomain": "a"}, {"url_scheme": "https"}])
def test_a_base_url_says_it_all(app, target, option):
    with pytest.raises(AssertionError, match='Cannot pass "subdomain" or "url_scheme" with'):
        target.testing.EnvironBuilder(app, "/", base_url="http://a/", **option)


def test_json_is_written_by_the_app(app):
    app.json.default = lambda value: "by the app"
    assert app.test_client().post("/", json=[object()]).json["json"] == ["by the app"]


def test_a_session_is_changed_in_a_transaction(app, target):
    with app.test_client() as client:
        with client.session_transaction() as session:
            session["number"] = 7
        assert client.get("/").json["number"] == 7
        assert target.session["number"] == 7
        with client.session_transaction() as session:
            session.clear()
        assert client.get("/").json["number"] is None


def test_transactions_that_cannot_be(app, target):
    with (
        pytest.raises(TypeError, match="Create a client with 'use_cookies=True'"),
        app.test_client(use_cookies=False).session_transaction(),
    ):
        pass
    app.session_interface = target.sessions.SecureCookieSessionInterface()
    app.session_interface.open_session = lambda app, request: None
    with (
        pytest.raises(RuntimeError, match="Session backend did not open a session"),
        app.test_client().session_transaction(),
    ):
        pass


def test_an_error_in_a_transaction_saves_nothing(app):
    client = app.test_client()
    transaction = client.session_transaction()
    transaction.__enter__()["number"] = 7
    assert not transaction.__exit__(LookupError, LookupError(), None)
    assert client.get("/").json["number"] is None


def test_the_last_context_is_kept_until_the_block_ends(app, target):
    client = app.test_client()
    with client:
        for query in (b"1", b"2"):
            client.get("/?" + query.decode())
            assert target.request.query_string == query
        with pytest.raises(RuntimeError, match="Cannot nest client invocations"):
            client.__enter__()
    assert not target.has_request_context()
    client.get("/?3")
    assert not target.has_request_context()


def test_a_runner_gives_commands_the_app(app, target):
    @app.cli.command()
    def which() -> None:
        click.echo(target.current_app.name)

    @click.command()
    @click.pass_obj
    def given(obj: object) -> None:
        click.echo(obj)

    runner = app.test_cli_runner()
    assert isinstance(runner, target.testing.FlaskCliRunner)
    assert runner.invoke(args=["which"]).output == "an_app\n"
    assert runner.invoke(given, obj="mine").output == "mine\n"
    assert "ScriptInfo object" in runner.invoke(given).output
