"""Files that belong to notes: up, down, and away."""

from __future__ import annotations

from kolben import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    redirect,
    request,
    send_from_directory,
    url_for,
)
from kolben.typing import ResponseReturnValue

from . import store
from .auth import current_user, login_required

blueprint = Blueprint("files", __name__)


@blueprint.post("/notes/<int:note_id>/files")
@login_required
def upload(note_id: int) -> ResponseReturnValue:
    """Add a file to a note."""
    note = _note(note_id)
    try:
        name = store.add_file(note, request.files["file"])
    except store.RefusedError as error:
        flash(str(error), "error")
    else:
        flash(f"{name} is stored.")
    return redirect(url_for("pages.show", note_id=note_id))


@blueprint.get("/files/<int:file_id>")
@login_required
def download(file_id: int) -> ResponseReturnValue:
    """Send a file, to be saved and not to be shown: who knows what is in it."""
    file = _file(file_id)
    return send_from_directory(
        current_app.config["UPLOADS"],
        file["stored_as"],
        as_attachment=True,
        download_name=file["name"],
    )


@blueprint.post("/files/<int:file_id>/delete")
@login_required
def delete(file_id: int) -> ResponseReturnValue:
    """Remove a file."""
    file = _file(file_id)
    store.remove_file(file)
    flash(f"{file['name']} is removed.")
    return redirect(url_for("pages.show", note_id=file["note_id"]))


def _note(note_id: int) -> store.Row:
    user = current_user()
    assert user is not None, "the view needs @login_required"
    return store.get_note(user, note_id)


def _file(file_id: int) -> store.Row:
    file = store.find_file(file_id)
    if file is None:
        abort(404)
    # It can be read by whoever can read its note.
    _note(file["note_id"])
    return file


def init_app(app: Flask) -> None:
    """Register the pages of this module."""
    app.register_blueprint(blueprint)
