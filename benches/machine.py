"""What the figures are measured on, and where they go."""

from __future__ import annotations

import datetime
import os
import pathlib
import platform
from importlib.metadata import version

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUT = ROOT / "benches" / "out"
TIMES = "\N{MULTIPLICATION SIGN}"
MICRO = "\N{MICRO SIGN}s"
PEERS = ("werkzeug", "flask", "falcon", "bottle")


def describe_machine() -> str:
    """The date, the machine, and the versions."""
    processor = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text("utf-8").splitlines() if "model name" in line]
        processor = names[0].partition(":")[2].strip() if names else processor
    versions = ", ".join(f"{name} {version(name)}" for name in ("kolben", *PEERS))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return f"{today}, {python}, {processor}, {os.cpu_count()} cores; {versions}"
