"""Flask-DebugToolbar, as a developer uses it: it wraps dispatch and reads nearly everything."""

import flask
import pytest
from flask_debugtoolbar import DebugToolbarExtension

PAGE = "<html><body><h1>{{ name }}</h1></body></html>"


@pytest.fixture
def app():
    app = flask.Flask(__name__)
    app.config.update(
        SECRET_KEY="x" * 20,
        DEBUG_TB_ENABLED=True,
        DEBUG_TB_INTERCEPT_REDIRECTS=True,
        TESTING=False,
    )

    @app.route("/page/<name>")
    def page(name):
        flask.session["seen"] = name
        flask.g.mark = "of-g"
        app.logger.warning("a line in the log")
        return flask.render_template_string(PAGE, name=name)

    @app.route("/json")
    def data():
        return {"a": 1}

    @app.route("/go")
    def go():
        return flask.redirect(flask.url_for("page", name="x"))

    return app


def test_the_bar_is_put_into_pages(app):
    DebugToolbarExtension(app)
    response = app.test_client().get("/page/ada?q=1")
    assert response.status_code == 200
    text = response.text
    assert "<h1>ada</h1>" in text
    assert 'id="flDebug"' in text
    assert int(response.headers["Content-Length"]) == len(response.data)
    for expected in ("of-g", "a line in the log", "seen", "/page/&lt;name&gt;", "Werkzeug"):
        assert expected in text, expected


def test_other_answers_stay_as_they_are(app):
    DebugToolbarExtension(app)
    assert app.test_client().get("/json").json == {"a": 1}


def test_redirects_are_shown(app):
    DebugToolbarExtension(app)
    response = app.test_client().get("/go")
    assert response.status_code == 200
    assert "/page/x" in response.text


def test_its_files_are_served(app):
    DebugToolbarExtension(app)
    response = app.test_client().get("/_debug_toolbar/static/js/toolbar.js")
    assert response.status_code == 200
    assert "fldt" in response.text


def test_the_profiler_runs_the_view(app):
    app.config["DEBUG_TB_PROFILER_ENABLED"] = True
    DebugToolbarExtension(app)
    client = app.test_client()
    client.set_cookie("fldt-panel-ProfilerDebugPanel", "1")
    assert "<h1>ada</h1>" in client.get("/page/ada").text


def test_switched_off(app):
    app.config["DEBUG_TB_ENABLED"] = False
    DebugToolbarExtension(app)
    assert "flDebug" not in app.test_client().get("/page/ada").text
