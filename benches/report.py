"""Measure everything that needs no network: tables, JSON and charts.

usage: python -m benches.report [--quick]
"""

from __future__ import annotations

import json
import sys
import typing as t

from kolben.cli.bench.chart import bars

from . import apps, routing, startup
from .chart import curves
from .machine import MICRO, OUT, TIMES, describe_machine


def main(arguments: list[str]) -> int:
    """Measure everything; 1 if a bar was missed."""
    report, reached = measure("--quick" in arguments)
    for name, chart in draw(report).items():
        (OUT / name).write_text(chart, "utf-8")
    print(f"\nwritten: {OUT / 'bench.json'}, and charts beside it")
    return int(not reached)


def measure(quick: bool) -> tuple[dict[str, t.Any], bool]:
    """Measure, print and keep it; what was found, and whether each bar was reached."""
    machine = describe_machine()
    print(f"{machine}\n\n## Whole requests, in process\n", flush=True)
    rows, fast = apps.measure_all(apps.CASES, 7 if quick else 31)
    print("\n## Before the first request\n", flush=True)
    before, early = startup.measure_all()
    print("\n## The router\n\nA few minutes ...\n", flush=True)
    table, groups = routing.measure(quick)
    routing.print_table(table)
    report = {
        "machine": machine,
        "requests": rows,
        "startup": before,
        "routing": [row._asdict() for row in table],
        "least": groups,
    }
    OUT.mkdir(exist_ok=True)
    (OUT / "bench.json").write_text(json.dumps(report, indent=1), "utf-8")
    return report, fast and early and all(row.reached for row in table)


def draw(report: dict[str, t.Any]) -> dict[str, str]:
    """The charts of a report, by the names of their files."""
    requests = [
        (name, [(peer, row["least"][peer] * 1e6) for peer in ("kolben", "flask")])
        for name, row in report["requests"].items()
    ]
    times = [row for row in report["routing"] if row["unit"] == "x"]
    ratios = [(row["what"], [("", row["measured"])]) for row in times]
    groups = report["least"]
    return {
        "requests.svg": bars("Time of a request, in process", MICRO, requests),
        "routing.svg": bars("Times as fast", TIMES, ratios),
        "growth-rules.svg": curves(
            "Ten matches, by the number of rules", "rules", by_peer(groups[routing.MANY])
        ),
        "growth-length.svg": curves(
            "A path that matches nothing, by its length",
            "bytes",
            by_peer(groups[routing.HOSTILE], "to a part"),
        ),
    }


def by_peer(times: dict[str, float], what: str = "") -> dict[str, list[tuple[float, float]]]:
    """Points for each curve: how many there are, and the microseconds it takes."""
    points: dict[str, list[tuple[float, float]]] = {}
    for name, seconds in times.items():
        *curve, count = name.split("-")
        label = f"{curve[0]}, {curve[1]} {what}" if what else curve[0]
        points.setdefault(label, []).append((float(count), seconds * 1e6))
    return {label: sorted(found) for label, found in points.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
