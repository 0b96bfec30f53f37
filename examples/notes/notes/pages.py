"""The pages of notes."""

from __future__ import annotations

from datetime import datetime

from kolben import Blueprint, Flask, flash, redirect, render_template, request, url_for
from kolben.typing import ResponseReturnValue

from . import store
from .auth import current_user, login_required

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the user's notes; to others, what this is."""
    user = current_user()
    if user is None:
        return render_template("welcome.html")
    page = store.list_notes(user, request.args.get("page", 1, type=int))
    return render_template("notes.html", page=page)


@blueprint.get("/notes/<int:note_id>")
@login_required
def show(note_id: int) -> ResponseReturnValue:
    """Show a note."""
    note = store.get_note(_user(), note_id)
    return render_template("note.html", note=note, files=store.list_files(note))


@blueprint.route("/notes/new", methods=["GET", "POST"])
@login_required
def create() -> ResponseReturnValue:
    """Write a note."""
    if request.method == "POST":
        try:
            note_id = store.add_note(_user(), request.form["title"], request.form["body"])
        except store.RefusedError as error:
            flash(str(error), "error")
        else:
            flash("The note is stored.")
            return redirect(url_for(".show", note_id=note_id))
    return render_template("edit.html", note=request.form)


@blueprint.route("/notes/<int:note_id>/edit", methods=["GET", "POST"])
@login_required
def edit(note_id: int) -> ResponseReturnValue:
    """Change a note."""
    note = store.get_note(_user(), note_id)
    if request.method == "POST":
        try:
            store.change_note(note, request.form["title"], request.form["body"])
        except store.RefusedError as error:
            flash(str(error), "error")
        else:
            flash("The note is changed.")
            return redirect(url_for(".show", note_id=note_id))
    return render_template("edit.html", note=request.form or note, note_id=note_id)


@blueprint.post("/notes/<int:note_id>/delete")
@login_required
def delete(note_id: int) -> ResponseReturnValue:
    """Remove a note."""
    note = store.get_note(_user(), note_id)
    store.remove_note(note)
    flash(f"The note “{note['title']}” is removed.")
    return redirect(url_for(".home"))


def _user() -> store.Row:
    user = current_user()
    assert user is not None, "the view needs @login_required"
    return user


def day(time: str) -> str:
    """Spell the day of a time as SQLite gives it."""
    return f"{datetime.fromisoformat(time):%d %B %Y}".lstrip("0")


def size(count: int) -> str:
    """Spell a number of bytes."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"


def init_app(app: Flask) -> None:
    """Register the pages of this module."""
    app.register_blueprint(blueprint)
    app.add_template_filter(day)
    app.add_template_filter(size)
