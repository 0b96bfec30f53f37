"""Run Flask's own tests, unmodified, with Kolben's modules as ``flask``.

usage: python -m tests.upstream.flask [--target=flask] [PYTEST ARGUMENTS]

With ``--target=flask`` they run on the real Flask, to see what can be expected. An argument that
is the path of a file in Flask's ``tests/`` runs that file alone.
"""

from __future__ import annotations

import sys

import pytest

from .fetch import fetch, pytest_settings

VERSION = "3.1.3"
SHA256 = "0ef0e52b8a9cd932855379197dd8f94047b359ca0a78695144304cb45f87c9eb"

#: What is left out, and why. More than three would be a defect.
LEFT_OUT = {
    "tests/test_reqctx.py::test_bad_environ_raises_bad_request": (
        "fails on Flask itself: Werkzeug 3.1.9 no longer raises for such a host"
    ),
}


def main(arguments: list[str]) -> int:
    """Run the suite under pytest and return its exit code."""
    tests = fetch("flask", VERSION, SHA256)
    options = [*pytest_settings(tests), "-q"]
    if "--target=flask" in arguments:
        arguments = [argument for argument in arguments if argument != "--target=flask"]
    else:
        options += ["-p", "tests.upstream.alias"]
    options += [f"--deselect={name}" for name in LEFT_OUT]
    files = [argument for argument in arguments if (tests / argument).is_file()]
    others = [argument for argument in arguments if argument not in files]
    return int(pytest.main([*options, *others, *(str(tests / name) for name in files or ["."])]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
