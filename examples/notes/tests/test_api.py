"""The JSON API."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def headers(ada):
    page = ada.send("/auth/account").text
    found = re.search(r'<code id="token">([^<]+)</code>', page)
    assert found is not None
    return {"Authorization": f"Bearer {found[1]}"}


@pytest.fixture
def client(app):
    return app.test_client()


def test_a_note_is_stored_read_replaced_and_removed(client, headers):
    made = client.post("/api/notes", json={"title": "One", "body": "text"}, headers=headers)
    assert (made.status_code, made.location) == (201, "/api/notes/1")
    assert made.json.keys() == {"id", "title", "body", "changed", "url"}
    assert client.get("/api/notes/1", headers=headers).json == made.json
    replaced = client.put("/api/notes/1", json={"title": "Two"}, headers=headers).json
    assert (replaced["title"], replaced["body"]) == ("Two", "")
    removed = client.delete("/api/notes/1", headers=headers)
    assert (removed.status_code, removed.data) == (204, b"")
    gone = client.get("/api/notes/1", headers=headers)
    assert gone.status_code == 404
    assert "nothing here" in gone.json["error"]


def test_notes_are_listed_in_pages(client, headers):
    for number in range(4):
        client.post("/api/notes", json={"title": f"{number}"}, headers=headers)
    listed = client.get("/api/notes?page=2", headers=headers).json
    assert (listed["page"], listed["pages"], listed["total"]) == (2, 2, 4)
    assert [note["title"] for note in listed["notes"]] == ["0"]


@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xe4"])
def test_without_a_token_there_is_nothing(ada, sent):
    # The cookie of somebody who is logged in is of no use here.
    headers = {} if sent is None else {"Authorization": sent}
    response = ada.client.get("/api/notes", headers=headers)
    assert response.status_code == 401
    assert response.www_authenticate.type == "bearer"
    assert "error" in response.json


def test_a_new_token_makes_the_old_one_void(ada, client, headers):
    ada.send("/auth/account")
    assert client.get("/api/notes", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("[]", 400),
        ("{}", 400),
        ("no JSON", 400),
        pytest.param("[" * 5_000, 400, id="nested too deeply"),
        ('{"title": 1}', 400),
        ('{"title": "t", "body": null}', 400),
        ('{"title": ""}', 422),
        ('{"title": "\\ud800"}', 422),
        pytest.param(f'{{"title": "{"x" * 20_000}"}}', 413, id="too large"),
    ],
)
def test_faulty_input_is_an_error_in_json(client, headers, body, code):
    response = client.post(
        "/api/notes", data=body, headers=headers, content_type="application/json"
    )
    assert response.status_code == code
    assert response.json["error"]


def test_other_errors_are_json_too(client, headers, bob):
    note = bob.write("A secret")
    assert client.get(f"/api/notes/{note}", headers=headers).status_code == 403
    assert client.post("/api/notes", data="text", headers=headers).status_code == 415
    response = client.patch("/api/notes", headers=headers)
    assert response.status_code == 405
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert client.get("/api/nowhere").json["error"]
