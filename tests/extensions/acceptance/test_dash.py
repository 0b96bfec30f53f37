"""Dash, which serves its pages from a Flask app of its own or of yours."""

import dash
import flask
import pytest
from dash import Input, Output, State, dcc, html


@pytest.fixture(params=["its own", "ours"])
def app(request):
    server = True if request.param == "its own" else flask.Flask("ours")
    app = dash.Dash("shop", server=server, title="Shop")
    app.layout = html.Div([dcc.Input(id="in", value="x"), html.Div(id="out")])

    @app.callback(Output("out", "children"), Input("in", "value"), State("in", "id"))
    def update(value, name):
        if value == "stay":
            raise dash.exceptions.PreventUpdate
        return f"{name}: {value}, by {flask.request.method}"

    return app


def post(app, value):
    return app.server.test_client().post(
        "/_dash-update-component",
        json={
            "output": "out.children",
            "outputs": {"id": "out", "property": "children"},
            "inputs": [{"id": "in", "property": "value", "value": value}],
            "state": [{"id": "in", "property": "id", "value": "in"}],
            "changedPropIds": ["in.value"],
        },
    )


def test_it_is_a_flask_app(app):
    assert isinstance(app.server, flask.Flask)


def test_the_page_and_its_parts(app):
    client = app.server.test_client()
    page = client.get("/")
    assert page.status_code == 200
    assert "<title>Shop</title>" in page.text
    layout = client.get("/_dash-layout").json
    assert layout["props"]["children"][0]["props"] == {"id": "in", "value": "x"}
    (callback,) = client.get("/_dash-dependencies").json
    assert callback["output"] == "out.children"
    script = page.text.partition('src="/_dash-component-suites/')[2].partition('"')[0]
    assert client.get(f"/_dash-component-suites/{script}").status_code == 200


def test_a_callback(app):
    answer = post(app, "hello")
    assert answer.json["response"] == {"out": {"children": "in: hello, by POST"}}
    assert post(app, "stay").status_code == 204


def test_pages_of_any_path(app):
    assert app.server.test_client().get("/any/path").status_code == 200


def test_it_lives_beside_views(app):
    app.server.add_url_rule("/health", view_func=lambda: "fine", endpoint="health")
    assert app.server.test_client().get("/health").status_code == 200
