"""The pages of notes, and error pages."""

from __future__ import annotations

import io

import pytest

from kolben import request


def test_a_note_is_written_read_changed_and_removed(ada):
    note = ada.write("  Shopping ", "bread\r\n<b>butter</b>")
    page = ada.page(f"/notes/{note}")
    assert "<h1>Shopping</h1>" in page
    assert "bread\n&lt;b&gt;butter&lt;/b&gt;" in page
    assert "Shopping" in ada.page("/")

    assert 'value="Shopping"' in ada.page(f"/notes/{note}/edit")
    response = ada.send(f"/notes/{note}/edit", title="Errands", body="post office")
    assert "The note is changed." in response.text
    assert "<h1>Errands</h1>" in response.text

    response = ada.send(f"/notes/{note}/delete")
    assert "The note “Errands” is removed." in response.text
    assert ada.client.get(f"/notes/{note}").status_code == 404


@pytest.mark.parametrize(
    ("title", "body", "message"),
    [
        ("  ", "text", "A note needs a title."),
        ("t" * 101, "text", "A title may have 100 characters"),
        ("title", "kept", None),
    ],
)
def test_a_faulty_note_is_sent_back_with_what_was_written(ada, title, body, message):
    note = ada.write("An old one", "old text")
    for path in ("/notes/new", f"/notes/{note}/edit"):
        page = ada.send(path, title=title, body=body).text
        assert (message or "The note is") in page
        assert body in page


def test_a_message_is_shown_once(ada):
    assert "The note is stored." in ada.send("/notes/new", title="A title", body="").text
    assert "The note is stored." not in ada.page("/")


def test_notes_come_in_pages_the_latest_first(ada):
    assert "There is nothing yet." in ada.page("/")
    for number in range(7):
        ada.write(f"Note number {number}")
    first, second, third = (ada.page(f"/?page={number}") for number in (1, 2, 3))
    assert first.index("number 6") < first.index("number 5") < first.index("number 4")
    assert "Page 1 of 3" in first
    assert "Newer" not in first
    assert 'rel="next" href="/?page=2"' in first
    assert "number 3" in second
    assert 'rel="prev" href="/?page=1"' in second
    assert "number 0" in third
    assert "Older" not in third
    assert ada.page("/?page=nonsense") == ada.page("/")


@pytest.mark.parametrize("number", ["0", "-1", "2", "9" * 30])
def test_a_page_that_is_not_there(ada, number):
    assert ada.client.get(f"/?page={number}").status_code == 404


def test_notes_are_nobody_elses(ada, bob):
    note = ada.write("A secret")
    assert "A secret" not in bob.page("/")
    for path in (f"/notes/{note}", f"/notes/{note}/edit"):
        response = bob.client.get(path)
        assert response.status_code == 403
        assert "This belongs to somebody else." in response.text
    for path in ("edit", "delete", "files"):
        data = {"title": "Mine", "body": "", "file": (io.BytesIO(b"x"), "x.txt")}
        assert bob.send(f"/notes/{note}/{path}", **data).status_code == 403
    assert "<h1>A secret</h1>" in ada.page(f"/notes/{note}")


@pytest.mark.parametrize("path", ["/nowhere", "/notes/77", f"/notes/{'9' * 30}", "/files/77"])
def test_what_is_not_there_has_a_page_of_its_own(ada, path):
    response = ada.client.get(path)
    assert response.status_code == 404
    assert "There is nothing here." in response.text
    assert "Log out" in response.text


def test_a_method_that_is_not_allowed_says_which_are(ada):
    response = ada.client.put("/nowhere")
    assert response.status_code == 404
    response = ada.client.get("/auth/logout")
    assert response.status_code == 405
    assert set(response.allow) == {"OPTIONS", "POST"}


def test_a_request_that_is_too_large(ada):
    response = ada.send("/notes/new", title="A title", body="x" * 20_000)
    assert response.status_code == 413
    assert "That is too large." in response.text


def test_a_fault_of_ours_has_a_page_without_details(app, ada):
    def fail():
        if request.path == "/auth/account":
            raise RuntimeError("the reason is secret")

    app.before_request_funcs[None].append(fail)
    app.testing = False
    app.logger.disabled = True
    response = ada.client.get("/auth/account")
    app.logger.disabled = False
    assert response.status_code == 500
    assert "Something went wrong on our side." in response.text
    assert "secret" not in response.text


def test_static_files_are_served_and_every_answer_is_guarded(visitor):
    for path in ("/static/style.css", "/static/icon.svg", "/", "/nowhere"):
        response = visitor.client.get(path)
        assert response.headers["Content-Security-Policy"] == "default-src 'self'"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        response.close()
