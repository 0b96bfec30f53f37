"""Flask-PyMongo on mongomock: its converter of URLs, its JSON and its errors."""

import flask
import mongomock
import pytest
from bson.objectid import ObjectId
from flask_pymongo import PyMongo
from flask_pymongo.helpers import BSONObjectIdConverter, BSONProvider


@pytest.fixture
def app(monkeypatch):
    app = flask.Flask(__name__)
    app.url_map.converters["ObjectId"] = BSONObjectIdConverter
    app.json = BSONProvider(app)
    app.items = mongomock.MongoClient().shop.items

    @app.route("/items/<ObjectId:key>")
    def item(key):
        found = app.items.find_one({"_id": key})
        if found is None:
            flask.abort(404)
        return found

    @app.post("/items")
    def add():
        made = app.items.insert_one(flask.request.get_json()).inserted_id
        return {"url": flask.url_for("item", key=made)}, 201

    return app


def test_documents_come_and_go(app):
    client = app.test_client()
    url = client.post("/items", json={"name": "x", "n": 1}).json["url"]
    answer = client.get(url)
    key = url.rpartition("/")[2]
    assert f'{{"$oid": "{key}"}}' in answer.text
    assert answer.json == {"_id": ObjectId(key), "name": "x", "n": 1}


def test_what_is_no_identifier_is_a_404(app):
    client = app.test_client()
    assert client.get("/items/nothing").status_code == 404
    assert client.get(f"/items/{ObjectId()}").status_code == 404


def test_the_extension_registers_what_it_brings():
    app = flask.Flask(__name__)
    mongo = PyMongo(app, "mongodb://127.0.0.1:1/shop", connect=False, serverSelectionTimeoutMS=1)
    assert app.url_map.converters["ObjectId"] is BSONObjectIdConverter
    assert isinstance(app.json, BSONProvider)
    assert mongo.db.name == "shop"

    @app.route("/<ObjectId:key>")
    def show(key):
        return flask.jsonify(key=key)

    key = ObjectId()
    assert app.test_client().get(f"/{key}").json == {"key": key}
