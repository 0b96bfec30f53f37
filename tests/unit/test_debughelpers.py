"""Errors for developers: what Flask's own tests do not look at."""

from __future__ import annotations

import io
import logging

import jinja2
import pytest
from werkzeug.routing import RequestRedirect


@pytest.fixture
def app(target):
    app = target.Flask("an_app")
    app.debug = app.testing = True
    return app


def test_a_form_without_the_encoding(app, target, target_module):
    errors = target_module("debughelpers")
    with app.test_request_context("/", method="POST", data={"file": "a.txt", "n": "1"}):
        with pytest.raises(KeyError) as caught:
            target.request.files["file"]
        with pytest.raises(KeyError) as other:
            target.request.files["missing"]
        assert target.request.files.get("file") is None
        assert type(target.request.files).__name__ == "ImmutableMultiDict"
    assert isinstance(caught.value, errors.DebugFilesKeyError)
    assert not isinstance(other.value, errors.DebugFilesKeyError)
    assert str(caught.value) == (
        "You tried to access the file 'file' in the request.files dictionary but it does not exist."
        " The mimetype for the request is 'application/x-www-form-urlencoded' instead of"
        " 'multipart/form-data' which means that no file contents were transmitted. To fix this"
        ' error you should provide enctype="multipart/form-data" in your form.\n\nThe browser'
        " instead transmitted some file names. This was submitted: 'a.txt'"
    )


def test_files_that_came_are_files(app, target):
    data = {"file": (io.BytesIO(b"text"), "a.txt"), "n": "1"}
    with app.test_request_context("/", method="POST", data=data):
        assert target.request.files["file"].read() == b"text"


@pytest.mark.parametrize("slash", [True, False])
def test_a_redirect_that_would_lose_the_form(app, target_module, slash):
    errors = target_module("debughelpers")
    with app.test_request_context("/path?a=1", method="POST") as context:
        request = context.request
        where = "http://localhost/path/?a=1" if slash else "http://localhost/other"
        request.routing_exception = RequestRedirect(where)
        message = str(errors.FormDataRoutingRedirect(request))
    assert message == (
        "A request was sent to 'http://localhost/path?a=1', but routing issued a redirect to the"
        f" canonical URL '{where}'."
        + (
            " The URL was defined with a trailing slash. Flask will redirect to the URL with a"
            " trailing slash if it was accessed without one."
            if slash
            else ""
        )
        + " Send requests to the canonical URL, or use 307 or 308 for routing redirects."
        " Otherwise, browsers will drop form data.\n\n"
        "This exception is only raised in debug mode."
    )


def test_the_search_for_a_template_is_explained(app, target, caplog):
    app.config["EXPLAIN_TEMPLATE_LOADING"] = True
    app.jinja_loader = jinja2.DictLoader({"twice": "app"})
    page = target.Blueprint("page", "an_app.page")
    page.jinja_loader = jinja2.DictLoader({"twice": "page", "once": "page"})

    @page.get("/<name>")
    def index(name: str) -> str:
        return target.render_template(name)

    app.register_blueprint(page)
    client = app.test_client()
    with caplog.at_level(logging.INFO, "an_app"):
        assert client.get("/twice").text == "app"
        assert client.get("/once").text == "page"
        with pytest.raises(jinja2.TemplateNotFound):
            client.get("/never")
    twice, once, never = [record.getMessage() for record in caplog.records]
    asked = (
        "    1: trying loader of application 'an_app'\n"
        "       class: jinja2.loaders.DictLoader\n"
        "       -> {}\n"
        "    2: trying loader of blueprint 'page' (an_app.page)\n"
        "       class: jinja2.loaders.DictLoader\n"
        "       -> {}"
    )
    hint = (
        "\n  The template was looked up from an endpoint that belongs to the blueprint 'page'.\n"
        "  Maybe you did not place a template in the right folder?\n"
        "  See https://flask.palletsprojects.com/blueprints/#templates"
    )
    found = "found ('<string>')"
    assert twice == (
        "Locating template 'twice':\n"
        + asked.format(found, found)
        + "\nWarning: multiple loaders returned a match for the template."
        + hint
    )
    assert once == "Locating template 'once':\n" + asked.format("no match", found)
    assert never == (
        "Locating template 'never':\n"
        + asked.format("no match", "no match")
        + "\nError: the template could not be found."
        + hint
    )


def test_what_is_said_about_a_loader(target_module):
    class Loader(jinja2.BaseLoader):
        def __init__(self) -> None:
            self.paths = ["a", "b"]
            self.mixed = ("a", 1)
            self.number, self.flag, self.none = 1, True, None
            self.name = "n"
            self._hidden = "h"

    lines = list(target_module("debughelpers")._dump_loader_info(Loader()))
    assert lines == [
        f"class: {__name__}.Loader",
        "flag: True",
        "name: 'n'",
        "number: 1",
        "paths:",
        "  - a",
        "  - b",
    ]
