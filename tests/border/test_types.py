"""What Flask's users rely on passes a strict type check here, too."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.upstream import flask as upstream
from tests.upstream.fetch import fetch


@pytest.mark.skipif(os.environ.get("KOLBEN_PURE") == "1", reason="types know no modes")
def test_flasks_own_type_checks_pass(tmp_path):
    folder = fetch("flask", upstream.VERSION, upstream.SHA256) / "type_check"
    files = sorted(folder.glob("*.py"))
    assert files
    for file in files:
        # They are about Flask by its name alone.
        text = re.sub(r"\b(from|import) flask\b", r"\1 kolben", file.read_text())
        (tmp_path / file.name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
