"""Kolben as a wheel, for environments of their own."""

from __future__ import annotations

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def build_wheel(folder: pathlib.Path) -> pathlib.Path:
    """Build the wheel into a folder, and return its path."""
    for old in folder.glob("*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "maturin", "build", "--quiet", "--release", "-o", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT)
    return next(folder.glob("*.whl"))
