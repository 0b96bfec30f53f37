"""Bring another project's sdist, by version and hash, into ``.cache/``. It is not committed."""

from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "upstream"


def fetch(name: str, version: str, sha256: str) -> pathlib.Path:
    """Bring the sdist, check it, unpack it, and return the folder of its tests."""
    archive = CACHE / f"{name}-{version}.tar.gz"
    if not archive.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        subprocess.run([*command, f"{name}=={version}", "-d", str(CACHE)], check=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        archive.unlink()
        raise SystemExit(f"{archive.name}: the hash is {found}, not {sha256}; removed, try again")
    tests = CACHE / f"{name}-{version}" / "tests"
    if not tests.exists():
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 knows no filters.
            options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(CACHE, **options)
    return tests


def pytest_settings(tests: pathlib.Path) -> list[str]:
    """Return the options that make pytest use the project's own settings, not those of Kolben."""
    project = tests.parent
    settings = ["-c", str(project / "pyproject.toml"), "--rootdir", str(project)]
    return [*settings, "-p", "no:randomly", "-p", "no:cacheprovider"]
