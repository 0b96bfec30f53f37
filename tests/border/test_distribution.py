"""The wheel and the sdist: both install into an empty environment, and work there."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import venv

import pytest

import kolben

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "target" / "distribution"
pytestmark = [
    pytest.mark.skipif(not kolben.core_status().compiled, reason="one mode is enough to build in"),
    pytest.mark.skipif(shutil.which("cargo") is None, reason="building needs cargo"),
    pytest.mark.timeout(1200),
]

TRY = """
import kolben, sys
from kolben.routing import Map, Rule
assert kolben.core_status().compiled, kolben.core_status()
assert "site-packages" in kolben.__file__, kolben.__file__
print(kolben.__version__, Map([Rule("/<int:n>", endpoint="x")]).bind("h").match("/7"))
"""


def run(*command: object, cwd: pathlib.Path = ROOT) -> str:
    """Run a command with a build folder of its own, and return what it prints."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with a fresh sdist, and the wheel that was built from it."""
    # All files of an sdist are equally old, so that cargo would take what it once built of another.
    for known in (TARGET / "release" / ".fingerprint").glob("kolben*"):
        shutil.rmtree(known)
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "maturin", "build", "--quiet", "--release", "--sdist", "-o", folder)
    return folder


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_it_installs_into_an_empty_environment_and_works(built, tmp_path, pattern):
    (archive,) = built.glob(pattern)
    venv.create(tmp_path / "env", with_pip=True)
    python = next((tmp_path / "env").glob("*/python"))
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", archive)
    assert run(python, "-c", TRY, cwd=tmp_path).split() == [
        kolben.__version__,
        "('x',",
        "{'n':",
        "7})",
    ]
    # The real Flask is not there.
    assert "Flask 3.1.3" in run(python, "-m", "kolben", "exec", "flask", "--version", cwd=tmp_path)


def test_the_wheel_holds_the_package_and_its_types_only(built):
    import zipfile

    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    data = {"kolben/py.typed", "kolben/_core.pyi", "kolben/cli/doctor/extensions.json"}
    assert data <= set(names)
    assert all(name.startswith(("kolben/", "kolben-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
