"""Connexion's app, which puts a Flask app behind an OpenAPI document."""

import connexion
import flask
import pytest

DOCUMENT = {
    "openapi": "3.0.0",
    "info": {"title": "shop", "version": "1"},
    "paths": {
        "/items/{key}": {
            "get": {
                "operationId": f"{__name__}.show",
                "parameters": [
                    {"name": "key", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 3}},
                ],
                "responses": {"200": {"description": "an item"}},
            }
        },
        "/items": {
            "post": {
                "operationId": f"{__name__}.add",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"name": {"type": "string"}},
                            }
                        }
                    },
                },
                "responses": {"201": {"description": "made"}},
            }
        },
    },
}


def show(key, q=None):
    return {"key": key, "q": q, "endpoint": flask.request.endpoint, "app": flask.current_app.name}


def add(body):
    return {"name": body["name"]}, 201, {"X-Made": "1"}


@pytest.fixture
def client():
    app = connexion.FlaskApp(__name__)
    app.add_api(DOCUMENT)

    @app.route("/plain")
    def plain():
        return "plain"

    return app.test_client()


def test_arguments_have_the_types_of_the_document(client):
    answer = client.get("/items/7?q=abc").json()
    assert (answer["key"], answer["q"], answer["app"]) == (7, "abc", __name__)
    assert answer["endpoint"].endswith("show")


def test_what_the_document_refuses(client):
    assert client.get("/items/7?q=abcd").status_code == 400
    assert client.get("/items/x").status_code == 404
    assert client.post("/items", json={}).status_code == 400
    assert client.put("/items", json={}).status_code == 405
    assert client.get("/nothing").status_code == 404


def test_a_body_and_an_answer_with_headers(client):
    answer = client.post("/items", json={"name": "x"})
    assert (answer.status_code, answer.json(), answer.headers["X-Made"]) == (
        201,
        {"name": "x"},
        "1",
    )


def test_views_beside_the_document(client):
    assert client.get("/plain").text == "plain"
