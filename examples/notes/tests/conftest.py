"""An app with an empty database, and people who use it."""

from __future__ import annotations

import re
import typing as t

import pytest

from kolben import Flask
from kolben.testing import FlaskClient
from notes import create_app


class Person:
    """Somebody with a browser: sends forms with the token that the page has."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def page(self, path: str) -> str:
        response = self.client.get(path)
        assert response.status_code == 200, response.status
        return response.text

    def token(self) -> str:
        """Return the token of a form, as a page of this session shows it."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page("/auth/login"))
        assert found is not None
        return found[1]

    def send(self, path: str, **fields: t.Any) -> t.Any:
        """Send a form and follow where it leads."""
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(path, data=data, follow_redirects=True)

    def register(self, name: str, password: str = "correct horse") -> t.Any:
        return self.send("/auth/register", name=name, password=password)

    def write(self, title: str, body: str = "") -> int:
        """Write a note and return its id."""
        response = self.send("/notes/new", title=title, body=body)
        return int(response.request.path.rpartition("/")[2])


@pytest.fixture
def app(tmp_path):
    return create_app(
        {
            "TESTING": True,
            "SECRET_KEY": "test",
            "DATABASE": str(tmp_path / "notes.sqlite"),
            "UPLOADS": str(tmp_path / "uploads"),
            "MAX_CONTENT_LENGTH": 10_000,
            "PER_PAGE": 3,
        }
    )


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app.test_client())


@pytest.fixture
def ada(app: Flask) -> Person:
    person = Person(app.test_client())
    person.register("ada")
    return person


@pytest.fixture
def bob(app: Flask) -> Person:
    person = Person(app.test_client())
    person.register("bob")
    return person
