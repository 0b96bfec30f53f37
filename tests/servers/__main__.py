"""Prepare the environment of the servers, and run their tests.

usage: python -m tests.servers [OPTIONS OF PYTEST]
"""

from __future__ import annotations

import subprocess
import sys
import venv

from ..wheel import build_wheel
from .kinds import BIN, ENVIRONMENT, ROOT

#: Each is installed by itself: where one cannot be built, its tests are skipped.
_SERVERS = ("gunicorn", "gevent packaging", "waitress", "granian", "uwsgi", "mod_wsgi")


def prepare() -> None:
    """Install Kolben as it is now, Flask, and the servers."""
    if not (BIN / "python").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip = [BIN / "python", "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    wheel = build_wheel(ENVIRONMENT.parent / "wheel")
    subprocess.run([*pip, "flask==3.1.3", "werkzeug==3.1.9"], check=True)
    subprocess.run([*pip, "--force-reinstall", "--no-deps", wheel], check=True)
    for name in _SERVERS:
        done = subprocess.run([*pip, *name.split()], check=False, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"{name} is not installed: {last}")


if __name__ == "__main__":
    prepare()
    arguments = ["-m", "pytest", "-q", "-m", "servers", "-p", "no:randomly", "tests/servers"]
    sys.exit(subprocess.call([sys.executable, *arguments, *sys.argv[1:]], cwd=ROOT))
