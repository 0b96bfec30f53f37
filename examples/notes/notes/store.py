"""Users, notes and files: all that the app asks of its database."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import secrets
import sqlite3
import typing as t

from werkzeug.datastructures import FileStorage
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.utils import secure_filename

from kolben import abort, current_app

from . import database

#: The longest title, and the longest note, in characters.
LONGEST_TITLE = 100
LONGEST_BODY = 20_000

Row = sqlite3.Row


class RefusedError(ValueError):
    """What somebody wants to store cannot be; the message says why."""


# --- users ---------------------------------------------------------------------------------------


def add_user(name: str, password: str) -> str:
    """Store a new user and return the id."""
    if not 1 <= len(name) <= 40:
        raise RefusedError("Choose a name of 1 to 40 characters.")
    if len(password) < 8:
        raise RefusedError("Choose a password of at least 8 characters.")
    user_id = secrets.token_hex(16)
    values = (user_id, name, generate_password_hash(password))
    try:
        with database.get() as connection:
            connection.execute("INSERT INTO user (id, name, password) VALUES (?, ?, ?)", values)
    except sqlite3.IntegrityError:
        raise RefusedError(f"The name {name} is taken.") from None
    return user_id


def find_user(user_id: str) -> Row | None:
    """Return a user by id."""
    return _one("SELECT * FROM user WHERE id = ?", user_id)


def check_user(name: str, password: str) -> Row | None:
    """Return the user of this name, if the password is right."""
    user = _one("SELECT * FROM user WHERE name = ?", name)
    # A name that nobody has takes as long as a wrong password, so that time tells no names.
    known = user["password"] if user is not None else _password_of_nobody()
    return user if check_password_hash(known, password) and user is not None else None


def _password_of_nobody() -> str:
    extensions = current_app.extensions
    if "password of nobody" not in extensions:
        extensions["password of nobody"] = generate_password_hash(secrets.token_hex())
    return t.cast("str", extensions["password of nobody"])


def make_token(user: Row) -> str:
    """Give a user a new token for the API; an old one is void from then on."""
    token = secrets.token_urlsafe(32)
    with database.get() as connection:
        connection.execute("UPDATE user SET token = ? WHERE id = ?", (_hash(token), user["id"]))
    return token


def find_user_by_token(token: str) -> Row | None:
    """Return the user who has this token."""
    return _one("SELECT * FROM user WHERE token = ?", _hash(token))


def _hash(token: str) -> str:
    # A token is long and random: nobody can guess it, so it needs no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()


# --- notes ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Page:
    """Some of a user's notes."""

    items: list[Row]
    number: int
    total: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are; without any note, one."""
        return max(1, -(-self.total // self.size))


def list_notes(user: Row, number: int) -> Page:
    """Return a page of a user's notes, the latest first; a page that does not exist is a 404."""
    size = current_app.config["PER_PAGE"]
    count = _one("SELECT count(*) AS notes FROM note WHERE user_id = ?", user["id"])
    page = Page([], number, count["notes"] if count is not None else 0, size)
    if not 1 <= number <= page.pages:
        abort(404)
    items = _all(
        "SELECT * FROM note WHERE user_id = ? ORDER BY changed DESC, id DESC LIMIT ? OFFSET ?",
        *(user["id"], size, (number - 1) * size),
    )
    return dataclasses.replace(page, items=items)


def get_note(user: Row, note_id: int) -> Row:
    """Return a note: a 404 if it does not exist, a 403 if it is somebody else's."""
    note = _one("SELECT * FROM note WHERE id = ?", note_id)
    if note is None:
        abort(404)
    if note["user_id"] != user["id"]:
        abort(403)
    return note


def add_note(user: Row, title: str, body: str) -> int:
    """Store a new note and return its id."""
    title, body = _checked(title, body)
    values = (user["id"], title, body)
    with database.get() as connection:
        cursor = connection.execute(
            "INSERT INTO note (user_id, title, body) VALUES (?, ?, ?)", values
        )
    return t.cast("int", cursor.lastrowid)


def change_note(note: Row, title: str, body: str) -> None:
    """Give a note another title and text."""
    title, body = _checked(title, body)
    with database.get() as connection:
        connection.execute(
            "UPDATE note SET title = ?, body = ?, changed = CURRENT_TIMESTAMP WHERE id = ?",
            (title, body, note["id"]),
        )


def remove_note(note: Row) -> None:
    """Remove a note and its files."""
    files = list_files(note)
    with database.get() as connection:
        connection.execute("DELETE FROM note WHERE id = ?", (note["id"],))
    for file in files:
        _remove_upload(file["stored_as"])


def _checked(title: str, body: str) -> tuple[str, str]:
    title, body = title.strip(), body.replace("\r\n", "\n").strip()
    if not title:
        raise RefusedError("A note needs a title.")
    if len(title) > LONGEST_TITLE:
        raise RefusedError(f"A title may have {LONGEST_TITLE} characters, and no more.")
    if len(body) > LONGEST_BODY:
        raise RefusedError(f"A note may have {LONGEST_BODY:,} characters, and no more.")
    try:
        f"{title}{body}".encode()
    except UnicodeEncodeError:
        # JSON can spell half of a character.
        raise RefusedError("That is no complete text.") from None
    return title, body


# --- files ---------------------------------------------------------------------------------------


def list_files(note: Row) -> list[Row]:
    """Return what belongs to a note's files."""
    return _all("SELECT * FROM file WHERE note_id = ? ORDER BY id", note["id"])


def find_file(file_id: int) -> Row | None:
    """Return what belongs to a file by its id."""
    return _one("SELECT * FROM file WHERE id = ?", file_id)


def add_file(note: Row, upload: FileStorage) -> str:
    """Store an upload and return the name under which it can be downloaded."""
    if not upload.filename:
        raise RefusedError("Choose a file first.")
    name = secure_filename(upload.filename) or "file"
    # On the disk it has a name of our own: the sender's may be taken, or mean something.
    stored_as = secrets.token_hex(16)
    path = os.path.join(current_app.config["UPLOADS"], stored_as)
    upload.save(path)
    values = (note["id"], name, stored_as, os.path.getsize(path))
    with database.get() as connection:
        connection.execute(
            "INSERT INTO file (note_id, name, stored_as, size) VALUES (?, ?, ?, ?)", values
        )
    return name


def remove_file(file: Row) -> None:
    """Remove a file."""
    with database.get() as connection:
        connection.execute("DELETE FROM file WHERE id = ?", (file["id"],))
    _remove_upload(file["stored_as"])


def _remove_upload(stored_as: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(current_app.config["UPLOADS"], stored_as))


# --- questions -----------------------------------------------------------------------------------


def _one(query: str, *values: t.Any) -> Row | None:
    try:
        return t.cast("Row | None", database.get().execute(query, values).fetchone())
    except OverflowError:
        # A number in a URL may have any length, and no row has an id that SQLite cannot hold.
        return None


def _all(query: str, *values: t.Any) -> list[Row]:
    return database.get().execute(query, values).fetchall()
