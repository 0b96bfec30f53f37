"""The secret key of an app that was given none: made once, and kept in a file."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile


def load_or_make(path: str) -> str:
    """Read the key from a file, which is made at the first call.

    :param path: The file.
    """
    if not os.path.exists(path):
        _make(path)
    with open(path, encoding="ascii") as file:
        return file.read()


def _make(path: str) -> None:
    # A temporary file is its owner's alone. It is linked to its place when it is complete, so that
    # processes that start at the same time agree on one key.
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=os.path.dirname(path)) as file:
        file.write(secrets.token_hex(32))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
