"""The router beside Werkzeug's, Falcon's and matchit: times, memory and growth.

The times behind the ratios are the least of many rounds: on a machine that other work shares, that
is the part which is the program's own.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import subprocess
import sys
import typing as t

from .machine import OUT, ROOT, TIMES


class Row(t.NamedTuple):
    """One line of the table."""

    what: str
    measured: float
    unit: str
    bar: str
    reached: bool
    detail: str


def measure(quick: bool) -> tuple[list[Row], Times]:
    """Measure everything; the rows, and the least time of each case by its group."""
    groups = run_pytest_benchmark(quick)
    memory = {name: run_memory(name) for name in ("kolben.routing", "werkzeug.routing")}
    core = core_row(run_criterion(quick))
    return [*routing_rows(groups), core, memory_row(memory), *growth_rows(groups)], groups


Times = dict[str, dict[str, float]]
MANY, HOSTILE = "match among so many rules", "hostile growth"


def run_pytest_benchmark(quick: bool) -> Times:
    """Run the files of the suite; for each group, the least time of each case in seconds."""
    result = OUT / "pytest-benchmark.json"
    options = ["--benchmark-min-rounds=10", f"--benchmark-max-time={0.3 if quick else 2}"]
    files = ["benches/test_routing.py", "benches/test_routing_growth.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *files, *options]
    command += ["--benchmark-disable-gc", f"--benchmark-json={result}", "--benchmark-quiet"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    groups: Times = {}
    for case in json.loads(result.read_text("utf-8"))["benchmarks"]:
        name = case["params"] and "-".join(str(value) for value in case["params"].values())
        groups.setdefault(case["group"], {})[name or "kolben"] = case["stats"]["min"]
    return groups


def run_criterion(quick: bool) -> dict[str, float]:
    """The mean time of the core and of matchit over all routes, in nanoseconds."""
    command = ["cargo", "bench", "--quiet", "-p", "kolben-core", "--bench", "router", "--"]
    command += [
        "--noplot",
        *(["--measurement-time", "1", "--warm-up-time", "0.5"] if quick else []),
    ]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "criterion"
    times = {}
    for name in ("kolben", "matchit"):
        estimates = folder / "all-routes" / name / "new" / "estimates.json"
        times[name] = json.loads(estimates.read_text("utf-8"))["median"]["point_estimate"]
    return times


def run_memory(module: str) -> int:
    """How many bytes a rule takes."""
    command = [sys.executable, "-m", "benches.memory", module]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return int(done.stdout)


def routing_rows(groups: Times) -> list[Row]:
    """The rows that compare with a peer."""
    bars = (
        ("match", "werkzeug", 25.0),
        ("match", "falcon", 2.5),
        ("bind_to_environ and match", "werkzeug", 15.0),
        ("404", "werkzeug", 10.0),
        ("405", "werkzeug", 10.0),
        ("build", "werkzeug", 8.0),
        ("build with a query", "werkzeug", 8.0),
        ("add a rule", "werkzeug", 25.0),
        ("first match after adding all rules", "werkzeug", 1.0),
    )
    rows = []
    for group, peer, bar in bars:
        times = groups[group]
        ratio = times[peer] / times["kolben"]
        detail = f"{times['kolben'] * 1e6:.4g} µs, {peer} {times[peer] * 1e6:.4g} µs, a round"
        rows.append(
            Row(f"{group}, against {peer}", ratio, "x", f">= {bar:g}", ratio >= bar, detail)
        )
    return rows


def core_row(times: dict[str, float]) -> Row:
    """The core beside matchit."""
    ratio = times["kolben"] / times["matchit"]
    detail = f"{times['kolben']:.0f} ns, matchit {times['matchit']:.0f} ns, a round"
    return Row("the core's time, of matchit's", ratio, "of it", "<= 3", ratio <= 3, detail)


def memory_row(memory: dict[str, int]) -> Row:
    """Bytes for a rule."""
    mine, theirs = memory["kolben.routing"], memory["werkzeug.routing"]
    ratio = mine / theirs
    detail = f"{mine} bytes, werkzeug {theirs} bytes"
    return Row(
        "memory of a rule, of werkzeug's", ratio, "of it", "<= 0.333", ratio <= 1 / 3, detail
    )


def growth_rows(groups: Times) -> list[Row]:
    """The rows about growth."""
    many = groups[MANY]
    ratio = many["kolben-100000"] / many["kolben-10"]
    row = Row("match among 100,000 rules, of among 10", ratio, "of it", "<= 2", ratio <= 2, "")
    (hostile,) = groups["/<a>-<b>-<c>-x against a hostile path of 2 KB"].values()
    rows = [row, Row("hostile path of 2 KB", hostile * 1e3, "ms", "<= 1", hostile <= 1e-3, "")]
    worst = max(exponents(groups[HOSTILE]).items(), key=lambda item: item[1])
    detail = f"worst with {worst[0]} converters"
    rows.append(
        Row("hostile path, growth to the power", worst[1], "", "<= 1.1", worst[1] <= 1.1, detail)
    )
    return rows


def exponents(times: dict[str, float]) -> dict[str, float]:
    """For each number of converters, the power of the length with which the time grows."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name, seconds in times.items():
        peer, converters, length = name.split("-")
        if peer != "kolben":
            continue
        found.setdefault(converters, []).append((int(length), seconds))
    powers = {}
    for converters, points in found.items():
        (short, first), (long, last) = min(points), max(points)
        powers[converters] = math.log(last / first) / math.log(long / short)
    return powers


def print_table(rows: list[Row]) -> None:
    """Print the table in Markdown."""
    print("| what | measured | must reach | |\n|---|---|---|---|")
    for row in rows:
        unit = {"x": TIMES, "": "", "ms": " ms", "of it": TIMES}[row.unit]
        mark = "" if row.reached else " **missed**"
        print(f"| {row.what} | {row.measured:.3g}{unit}{mark} | {row.bar} | {row.detail} |")
