"""Run Werkzeug's own tests, unmodified, with Kolben's names in Werkzeug's place.

usage: python -m tests.upstream.werkzeug [PYTEST ARGUMENTS]
"""

from __future__ import annotations

import sys

import pytest

from .fetch import fetch, pytest_settings

VERSION = "3.1.9"
SHA256 = "55ca7c70a75689be937aa27f8ff4b018f06ff4838fc73045560bf0f5a1291060"

#: The files of Werkzeug's suite that stand on something Kolben replaces.
FILES = (
    "sansio/test_multipart.py",
    "sansio/test_request.py",
    "sansio/test_utils.py",
    "test_datastructures.py",
    "test_exceptions.py",
    "test_formparser.py",
    "test_http.py",
    "test_routing.py",
    "test_test.py",
    "test_urls.py",
    "test_utils.py",
    "test_wrappers.py",
    "test_wsgi.py",
)


def main(arguments: list[str]) -> int:
    """Run the suite under pytest and return its exit code."""
    tests = fetch("werkzeug", VERSION, SHA256)
    files = [str(tests / name) for name in FILES]
    options = [*pytest_settings(tests), "-p", "tests.upstream.swap", "-q"]
    return int(pytest.main([*options, *arguments, *files]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
