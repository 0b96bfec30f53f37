"""Run Werkzeug's own tests, unmodified, with Kolben's names in Werkzeug's place.

usage: python -m tests.upstream.run [PYTEST ARGUMENTS]

The sdist is fetched by version and hash into ``.cache/`` and never committed.
"""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "upstream"
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


def fetch() -> pathlib.Path:
    """Bring the sdist, check it, unpack it, and return the folder of its tests."""
    archive = CACHE / f"werkzeug-{VERSION}.tar.gz"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        subprocess.run([*command, f"werkzeug=={VERSION}", "-d", str(CACHE)], check=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        archive.unlink()
        raise SystemExit(f"{archive.name}: the hash is {found}, not {SHA256}; removed, try again")
    tests = CACHE / f"werkzeug-{VERSION}" / "tests"
    if not tests.exists():
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 knows no filters.
            options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(CACHE, **options)
    return tests


def main(arguments: list[str]) -> int:
    """Run the suite under pytest and return its exit code."""
    tests = fetch()
    files = [str(tests / name) for name in FILES]
    options = ["-p", "tests.upstream.swap", "-p", "no:randomly", "-p", "no:cacheprovider"]
    # Werkzeug's own pytest settings, not this project's.
    settings = ["-c", str(tests.parent / "pyproject.toml"), "--rootdir", str(tests.parent)]
    return int(pytest.main([*options, *settings, "-q", *arguments, *files]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
