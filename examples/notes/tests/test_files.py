"""Files go up, come down, and stay where they belong."""

from __future__ import annotations

import io
import os

import pytest


def put(person, note, content=b"some text", name="a file.txt"):
    return person.send(f"/notes/{note}/files", file=(io.BytesIO(content), name))


@pytest.fixture
def note(ada):
    return ada.write("With files")


def test_a_file_goes_up_and_comes_down(ada, note):
    page = put(ada, note).text
    assert "a_file.txt is stored." in page
    assert "9 bytes" in page
    with ada.client.get("/files/1") as response:
        assert response.data == b"some text"
        assert response.headers["Content-Disposition"] == "attachment; filename=a_file.txt"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("..", "file"),
        ("<script>.html", "script.html"),
        ("größe.txt", "groe.txt"),
    ],
)
def test_names_are_made_safe(app, ada, note, sent, name):
    put(ada, note, name=sent)
    with ada.client.get("/files/1") as response:
        assert response.headers["Content-Disposition"] == f"attachment; filename={name}"
    (stored,) = os.listdir(app.config["UPLOADS"])
    assert stored.isalnum()


def test_no_file_is_no_file(ada, note):
    assert "Choose a file first." in put(ada, note, b"", "").text
    assert ada.send(f"/notes/{note}/files").status_code == 400


def test_a_file_that_is_too_large(app, ada, note):
    assert put(ada, note, b"x" * 20_000).status_code == 413
    assert os.listdir(app.config["UPLOADS"]) == []


def test_files_are_nobody_elses(app, ada, bob, note):
    put(ada, note)
    assert bob.client.get("/files/1").status_code == 403
    assert bob.send("/files/1/delete").status_code == 403
    assert len(os.listdir(app.config["UPLOADS"])) == 1


def test_a_file_is_removed_alone_or_with_its_note(app, ada, note):
    put(ada, note, name="one.txt")
    put(ada, note, name="two.txt")
    assert "one.txt is removed." in ada.send("/files/1/delete").text
    assert ada.client.get("/files/1").status_code == 404
    assert len(os.listdir(app.config["UPLOADS"])) == 1
    ada.send(f"/notes/{note}/delete")
    assert os.listdir(app.config["UPLOADS"]) == []
