"""What these tests share."""

from __future__ import annotations

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items, HERE, "serve")


def mark(items: list[pytest.Item], folder: pathlib.Path, name: str) -> None:
    """Mark all tests of a folder."""
    for item in items:
        if folder in item.path.parents:
            item.add_marker(name)


@pytest.fixture
def figures(capsys):
    """Prints what was measured, whether or not output is captured."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)

    return say
