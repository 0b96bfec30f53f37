"""What a newcomer meets when a tool is missing: one line, an exit code, and nothing half made."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="the script is for a shell")


def preflight(tmp_path: pathlib.Path, tools: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script with no tools on the path but the shell's own and those in `tools`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sed", "sort", "head"):
        (folder / name).symlink_to(shutil.which(name))
    for name, script in tools.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["sh", ROOT / "scripts" / "preflight"],
        check=False,
        cwd=ROOT,
        env={"PATH": os.fspath(folder)},
        capture_output=True,
        text=True,
    )


GOOD = {"python3": "exit 0", "cargo": "exit 0", "rustc": "echo rustc 1.99.0", "cc": "exit 0"}


def test_all_is_well(tmp_path):
    done = preflight(tmp_path, GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("missing", "change", "words"),
    [
        ("python3", None, "install Python 3.10 or newer"),
        ("python3", "exit 1", "older than Python 3.10"),
        ("python3", 'case "$2" in *ensurepip*) exit 1; esac', "python3-venv"),
        ("cargo", None, "no 'cargo' on the PATH: install Rust"),
        ("rustc", "echo rustc 1.60.0", "Rust 1.60 is too old"),
        ("rustc", None, "'rustc' does not run"),
        ("cc", None, "no C compiler 'cc'"),
    ],
)
def test_a_missing_tool_is_named_in_one_line(tmp_path, missing, change, words):
    tools = {name: script for name, script in GOOD.items() if name != missing}
    if change is not None:
        tools[missing] = change
    done = preflight(tmp_path, tools)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


@pytest.mark.parametrize(("options", "status"), [(["--needed"], 1), ([], 0)])
def test_missing_packages_are_named_in_one_line(tmp_path, options, status):
    (tmp_path / "sh").symlink_to(shutil.which("sh"))
    for name, said in (("id", "1000"), ("here", "")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {said}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    things = ["one:here", f"two:{tmp_path}/h*e", "three:nowhere", f"four:{tmp_path}/no/*/where"]
    done = subprocess.run(
        ["sh", ROOT / "scripts" / "packages", *options, *things],
        check=False,
        env={"PATH": os.fspath(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "apt install three four)" in done.stderr
