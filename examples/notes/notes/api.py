"""The JSON API.

A program says who it is with ``Authorization: Bearer TOKEN``; the account page makes the token.
"""

from __future__ import annotations

import typing as t

from kolben import Blueprint, Flask, abort, g, jsonify, request, url_for
from kolben.typing import ResponseReturnValue

from . import store

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.before_request
def authenticate() -> ResponseReturnValue | None:
    """Find out whose token it is."""
    sent = request.authorization
    token = sent.token if sent is not None and sent.type == "bearer" else None
    g.user = store.find_user_by_token(token) if token else None
    if g.user is None:
        return jsonify(error="A valid token is needed."), 401, {"WWW-Authenticate": "Bearer"}
    return None


@blueprint.errorhandler(store.RefusedError)
def refuse(error: store.RefusedError) -> ResponseReturnValue:
    """Say why something cannot be stored."""
    return jsonify(error=str(error)), 422


@blueprint.get("/notes")
def list_notes() -> ResponseReturnValue:
    """List a page of notes, without their text."""
    page = store.list_notes(g.user, request.args.get("page", 1, type=int))
    return {
        "notes": [_summary(note) for note in page.items],
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
    }


@blueprint.post("/notes")
def create() -> ResponseReturnValue:
    """Store a new note."""
    note_id = store.add_note(g.user, *_title_and_body())
    note = _whole(store.get_note(g.user, note_id))
    return note, 201, {"Location": note["url"]}


@blueprint.get("/notes/<int:note_id>")
def show(note_id: int) -> ResponseReturnValue:
    """Return a note."""
    return _whole(store.get_note(g.user, note_id))


@blueprint.put("/notes/<int:note_id>")
def replace(note_id: int) -> ResponseReturnValue:
    """Give a note another title and text."""
    store.change_note(store.get_note(g.user, note_id), *_title_and_body())
    return _whole(store.get_note(g.user, note_id))


@blueprint.delete("/notes/<int:note_id>")
def delete(note_id: int) -> ResponseReturnValue:
    """Remove a note."""
    store.remove_note(store.get_note(g.user, note_id))
    return "", 204


def _title_and_body() -> tuple[str, str]:
    data = request.get_json()
    if not isinstance(data, dict):
        abort(400, "A JSON object is needed.")
    title, body = data.get("title"), data.get("body", "")
    if not isinstance(title, str) or not isinstance(body, str):
        abort(400, "Needed: a title that is a string, and a body that is one if there is one.")
    return title, body


def _summary(note: store.Row) -> dict[str, t.Any]:
    url = url_for(".show", note_id=note["id"])
    return {"id": note["id"], "title": note["title"], "changed": note["changed"], "url": url}


def _whole(note: store.Row) -> dict[str, t.Any]:
    return {**_summary(note), "body": note["body"]}


def init_app(app: Flask) -> None:
    """Register the API."""
    app.register_blueprint(blueprint)
