"""Run the tests of extensions, unmodified, on Flask and then on Kolben in its place.

usage: python -m tests.extensions [NAME ...]

Each extension gets an environment of its own under ``.cache/extensions``. A test that passes on
Flask and not on Kolben is named, and makes the exit code 1. What was found out goes into the data
of ``kolben doctor``, and from there into the table in ``docs/extensions.md``.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time
import typing as t
import venv
from xml.etree import ElementTree

from ..wheel import ROOT, build_wheel
from .catalogue import EXTENSIONS, Extension
from .services import MissingServiceError, running

CACHE = ROOT / ".cache" / "extensions"
TABLE = ROOT / "docs" / "extensions.md"
DATA = ROOT / "python" / "kolben" / "cli" / "doctor" / "extensions.json"
HERE = pathlib.Path(__file__).parent
FLASK = "3.1.3"
INTRODUCTION = """\
# Extensions

`make extensions` runs the tests of each of these on Flask 3.1.3 and then on Kolben in its place, in
an environment of its own, and writes this table. The tests are the own, unmodified ones of that
release; where it comes without any, they are ours, in `tests/extensions/acceptance`. The columns
count the tests that pass; the others are skipped, or fail on Flask as well. Lost are those that
pass on Flask and not on Kolben. Redis and Memcached are real servers.

| extension | version | suite | tests | Flask | Kolben | lost | s on Flask | s on Kolben |
|---|---|---|---:|---:|---:|---:|---:|---:|
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
    """Return the environment's Python, and the folder that the tests run in."""
    home = CACHE / extension.name
    python = home / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    if not (home / "ready").exists():
        venv.create(home / "env", with_pip=True)
        wanted = [f"flask=={FLASK}", "werkzeug==3.1.9", extension.pytest, *extension.needs]
        source = f"{extension.name}=={extension.version}"
        subprocess.run([*pip, "install", source, *wanted], check=True)
        if not extension.ours:
            download = ["download", "--no-deps", f"--no-binary={extension.name}", source]
            subprocess.run([*pip, *download, "-d", home / "sdist"], check=True)
            unpack(home / "sdist")
        (home / "ready").touch()
    subprocess.run([*pip, "install", "--force-reinstall", "--no-deps", wheel], check=True)
    if extension.ours:
        return python, HERE / "acceptance"
    return python, next(path for path in (home / "sdist").iterdir() if path.is_dir())


def unpack(folder: pathlib.Path) -> None:
    """Unpack the archive in a folder there."""
    # Those without settings of their own are not to find ours, further up.
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as tar:
        # Python before 3.11.4 knows no filters.
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def run(python: pathlib.Path, folder: pathlib.Path, extension: Extension, as_flask: str) -> Run:
    """Run the suite once."""
    report = CACHE / extension.name / f"report-{as_flask}.xml"
    report.unlink(missing_ok=True)
    # Some suites run `flask` by that name.
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    cache = f"cache_dir={CACHE / extension.name / 'pytest'}"
    # Files that do not load on today's Flask are no reason to leave out the others.
    options = ["-q", "--continue-on-collection-errors", "-o", cache, f"--junitxml={report}"]
    options += extension.options
    if extension.ours:
        options += ["--rootdir", str(folder), "--confcutdir", str(folder), "-c", os.devnull]
    environment = {
        **os.environ,
        "KOLBEN_AS_FLASK": as_flask,
        "PATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(HERE / "plugins"),
    }
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [python, "-m", "pytest", *options, extension.ours or extension.tests],
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as error:
        output = f"{error.stdout!r}\nit took too long"
    seconds = time.perf_counter() - start
    (CACHE / extension.name / f"output-{as_flask}.txt").write_text(output, "utf-8")
    return Run(read(report) if report.exists() else {}, seconds, output)


def read(report: pathlib.Path) -> dict[str, str]:
    """Return each test's outcome from a report."""
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcome = "passed" if not kinds else "skipped" if kinds == {"skipped"} else "failed"
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return outcomes


def compare(extension: Extension, wheel: pathlib.Path) -> tuple[dict[str, t.Any] | None, bool]:
    """Run a suite on both, and return what is noted of it, and whether all is well."""
    try:
        python, folder = prepare(extension, wheel)
        with running(extension.services):
            flask, kolben = (run(python, folder, extension, value) for value in "01")
    except (MissingServiceError, subprocess.CalledProcessError) as error:
        print(f"{extension.name}: {error}", flush=True)
        return None, False
    # A suite that fails as a whole has no outcomes.
    if not flask.passed:
        print(f"{extension.name}: nothing passes on Flask\n{flask.output[-3000:]}", flush=True)
        return None, False
    lost = sorted(flask.passed - kolben.passed)
    for name in lost[:20]:
        print(f"{extension.name}: {name} passes on Flask alone")
    found = {
        "name": extension.name,
        "version": extension.version,
        "suite": "ours" if extension.ours else "its own",
        "tests": len(flask.outcomes),
        "flask": len(flask.passed),
        "kolben": len(flask.passed) - len(lost),
        "lost": len(lost),
        "seconds_on_flask": round(flask.seconds, 1),
        "seconds_on_kolben": round(kolben.seconds, 1),
    }
    print(" ".join(str(value) for value in found.values()), flush=True)
    return found, not lost


def write(found: dict[str, dict[str, t.Any]]) -> None:
    """Write data and table: what was found now, and else what was found before."""
    before = json.loads(DATA.read_text("utf-8"))["extensions"]
    wanted = [one.key for one in EXTENSIONS]
    entries = {key: found.get(key, before.get(key)) for key in wanted}
    known = {key: entry for key, entry in entries.items() if entry is not None}
    data = {"flask": FLASK, "extensions": dict(sorted(known.items()))}
    DATA.write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    rows = [
        "| {name} | {version} | {suite} | {tests} | {flask} | {kolben} | {lost} |"
        " {seconds_on_flask} | {seconds_on_kolben} |".format_map(entry)
        for entry in known.values()
    ]
    TABLE.write_text(INTRODUCTION + "\n".join(rows) + "\n", "utf-8")


def main(names: list[str]) -> int:
    """Run what is named, or all, and return the exit code."""
    wheel = build_wheel(CACHE / "wheel")
    good, found = True, {}
    for extension in EXTENSIONS:
        if names and extension.name not in names:
            continue
        entry, fine = compare(extension, wheel)
        good &= fine
        if entry is not None:
            found[extension.key] = entry
            # Each by itself: the whole takes long.
            write(found)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
