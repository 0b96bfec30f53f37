"""Accounts and sessions."""

from __future__ import annotations

import pytest


def test_registering_logs_in(visitor):
    assert "Log in" in visitor.page("/")
    assert "Welcome, ada." in visitor.register("ada").text
    assert "Log out" in visitor.page("/")


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("", "correct horse", "Choose a name"),
        ("a" * 41, "correct horse", "Choose a name"),
        ("bea", "short", "at least 8 characters"),
        ("Ada", "correct horse", "The name Ada is taken."),
    ],
)
def test_what_cannot_be_registered(ada, visitor, name, password, message):
    assert message in visitor.register(name, password).text
    assert "Log in" in visitor.page("/")


def test_logging_out_and_in(ada):
    assert "You are logged out." in ada.send("/auth/logout").text
    wrong = ada.send("/auth/login", name="ada", password="wrong")
    assert "The name or the password is wrong." in wrong.text
    assert 'value="ada"' in wrong.text
    nobody = ada.send("/auth/login", name="nobody", password="correct horse")
    assert "The name or the password is wrong." in nobody.text
    assert "Log out" in ada.send("/auth/login", name="ada", password="correct horse").text


def test_the_login_page_leads_back(ada):
    note = ada.write("A title")
    ada.send("/auth/logout")
    response = ada.client.get(f"/notes/{note}?a=1")
    assert response.location == f"/auth/login?next=/notes/{note}?a%3D1"
    response = ada.send(response.location, name="ada", password="correct horse")
    assert response.request.full_path == f"/notes/{note}?a=1"


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil", "evil"]
)
def test_the_login_page_leads_nowhere_else(ada, address):
    response = ada.client.post(
        "/auth/login",
        query_string={"next": address},
        data={"csrf_token": ada.token(), "name": "ada", "password": "correct horse"},
    )
    assert response.location == "/"


def test_a_login_leaves_nothing_of_the_session_before(ada):
    before = ada.token()
    ada.send("/auth/login", name="ada", password="correct horse")
    assert ada.token() != before


def test_pages_are_for_users(visitor):
    for path in ("/notes/1", "/notes/new", "/notes/1/edit", "/files/1", "/auth/account"):
        assert visitor.client.get(path).location.startswith("/auth/login")
    for path in ("/notes/new", "/notes/1/delete", "/notes/1/files", "/files/1/delete"):
        response = visitor.client.post(path, data={"csrf_token": visitor.token()})
        assert response.location == "/auth/login"


def test_a_session_of_a_user_who_is_gone_is_nobodys(app, ada):
    app.test_cli_runner().invoke(args=["init-db", "--yes"])
    assert "Log in" in ada.page("/")


@pytest.mark.parametrize("token", [None, "", "wrong", "\u00e4"])
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/login", "/notes/new"])
def test_forms_from_elsewhere_are_refused(ada, path, token):
    ada.token()
    response = ada.client.post(path, data={} if token is None else {"csrf_token": token})
    assert response.status_code == 400
    assert "it came from elsewhere" in response.text
    assert "Log out" in ada.page("/")


def test_without_a_session_no_token_is_right(visitor):
    response = visitor.client.post("/auth/login", data={"csrf_token": ""})
    assert response.status_code == 400


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visitor):
    cookie = visitor.client.get("/auth/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
