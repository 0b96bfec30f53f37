"""How much memory a rule takes: run as a program, one framework a process.

usage: python -m benches.memory MODULE
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import pathlib
import re
import sys

RULES = 20_000


def resident() -> int:
    """The resident memory of this process in bytes, without what is free but not given back."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
    status = pathlib.Path("/proc/self/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    if found is None:
        raise SystemExit("no VmRSS in /proc/self/status: this measurement needs Linux")
    return int(found[1]) * 1024


def main(name: str) -> None:
    """Print how many bytes a rule takes, its share of the map and of the first match included."""
    module = importlib.import_module(name)
    url_map = module.Map()
    url_map.add(module.Rule("/warm/<int:id>", endpoint="warm"))
    url_map.bind("example.com").match("/warm/1")
    before = resident()
    for number in range(RULES):
        url_map.add(module.Rule(f"/area{number}/item/<int:id>", endpoint=number, methods=["GET"]))
    url_map.bind("example.com").match("/area7/item/1")
    print((resident() - before) // RULES)


if __name__ == "__main__":
    main(sys.argv[1])
