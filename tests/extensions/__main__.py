"""Run the tests of extensions, unmodified, on Flask and then on Kolben in its place.

usage: python -m tests.extensions [NAME ...]

Each extension gets an environment of its own under ``.cache/extensions``. A test that passes on
Flask and not on Kolben is named, and makes the exit code 1. Without names, all run, and the table
in ``docs/extensions.md`` is written anew.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tarfile
import time
import typing as t
import venv
from xml.etree import ElementTree

from ..wheel import build_wheel
from .catalogue import EXTENSIONS, Extension

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "extensions"
TABLE = ROOT / "docs" / "extensions.md"
FLASK = "flask==3.1.3"
INTRODUCTION = """\
# Extensions

`make extensions` runs the own, unmodified tests of each of these on Flask 3.1.3 and then on Kolben
in its place, in an environment of its own, and writes this table. Tests that do not pass on Flask
are skipped, or fail there as well. Lost are those that pass on Flask and not on Kolben.

| extension | version | tests | pass on Flask | pass on Kolben | lost | s on Flask | s on Kolben |
|---|---|---:|---:|---:|---:|---:|---:|
"""


class Run(t.NamedTuple):
    """What one run of a suite gave."""

    #: Each test's outcome: passed, skipped or failed.
    outcomes: dict[str, str]
    seconds: float
    output: str

    @property
    def passed(self) -> set[str]:
        return {name for name, outcome in self.outcomes.items() if outcome == "passed"}


def prepare(extension: Extension, wheel: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Return the environment's Python, and the unpacked sdist."""
    home = CACHE / extension.name
    python = home / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(home / "env", with_pip=True)
    source = f"{extension.name}=={extension.version}"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    if not list(home.glob("*.tar.gz")):
        download = ["download", "--no-deps", f"--no-binary={extension.name}", source, "-d", home]
        subprocess.run([*pip, *download], check=True)
    (archive,) = home.glob("*.tar.gz")
    folder = home / archive.name.removesuffix(".tar.gz")
    if not folder.exists():
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 knows no filters.
            tar.extractall(home, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        needs = [FLASK, "werkzeug==3.1.9", "pytest<9", *extension.needs]
        subprocess.run([*pip, "install", archive, *needs], check=True)
    subprocess.run([*pip, "install", "--force-reinstall", "--no-deps", wheel], check=True)
    return python, folder


def run(python: pathlib.Path, folder: pathlib.Path, extension: Extension, as_flask: str) -> Run:
    """Run the suite once."""
    report = folder / f"report-{as_flask}.xml"
    report.unlink(missing_ok=True)
    # Some suites run `flask` by that name.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    options = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", *extension.options]
    start = time.perf_counter()
    done = subprocess.run(
        [python, "-m", "pytest", *options, extension.tests],
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "KOLBEN_AS_FLASK": as_flask,
            "PATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )
    seconds = time.perf_counter() - start
    return Run(read(report) if report.exists() else {}, seconds, done.stdout)


def read(report: pathlib.Path) -> dict[str, str]:
    """Return each test's outcome from a report."""
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcome = "passed" if not kinds else "skipped" if kinds == {"skipped"} else "failed"
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return outcomes


def main(names: list[str]) -> int:
    """Run what is named, or all, and return the exit code."""
    wanted = [one for one in EXTENSIONS if not names or one.name in names]
    wheel = build_wheel(CACHE / "wheel")
    rows, lost_any = [], False
    for extension in wanted:
        python, folder = prepare(extension, wheel)
        flask, kolben = (run(python, folder, extension, value) for value in "01")
        lost = sorted(flask.passed - kolben.passed)
        if not flask.passed:
            print(f"{extension.name}: nothing passes on Flask\n{flask.output[-3000:]}")
        # A suite that fails as a whole has no outcomes.
        for name in lost[:20]:
            print(f"{extension.name}: {name} passes on Flask alone")
        (folder / "output.txt").write_text(kolben.output, "utf-8")
        lost_any |= bool(lost) or not flask.passed
        row = (
            f"| {extension.name} | {extension.version} | {len(flask.outcomes)} |"
            f" {len(flask.passed)} | {len(kolben.passed)} | {len(lost)} |"
            f" {flask.seconds:.1f} | {kolben.seconds:.1f} |"
        )
        print(row, flush=True)
        rows.append(row)
    if not names:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(INTRODUCTION + "\n".join(rows) + "\n", "utf-8")
    return int(lost_any)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
