"""Write `docs/benchmarks.md` and its charts.

usage: python -m benches.publish [--quick]

It measures what `make bench` does; what `make bench-serve` has left in `benches/out` is published
as well, if it is there.
"""

from __future__ import annotations

import json
import statistics
import sys
import typing as t

from kolben.cli.bench.chart import bars

from .machine import MICRO, OUT, ROOT, TIMES
from .report import draw, measure

PAGE = ROOT / "docs" / "benchmarks.md"
UNITS = {"x": TIMES, "": "", "ms": " ms", "of it": TIMES}


def main(arguments: list[str]) -> int:
    """Measure, and write the page."""
    report, _ = measure("--quick" in arguments)
    for name, chart in draw(report).items():
        (PAGE.parent / f"benchmarks-{name}").write_text(chart, "utf-8")
    parts = [
        "# Benchmarks\n",
        "Written by `make bench-report`. Times differ from machine to machine; the ratios are what"
        " matters. Each is the median\nover rounds in which Kolben and its peers take turns.\n",
        f"{report['machine']}.\n",
        *requests_part(report["requests"]),
        *wire_part(),
        *startup_part(report["startup"]),
        *routing_part(report["routing"]),
    ]
    PAGE.write_text("\n".join(parts).rstrip() + "\n", "utf-8")
    print(f"written: {PAGE}")
    return 0


def requests_part(rows: dict[str, t.Any]) -> t.Iterator[str]:
    """Whole requests, in process."""
    yield "## Whole requests, in process\n"
    yield (
        "From a fresh environ to the last byte of the body, with 100 other routes. The function"
        " has no framework around it, and does\nthe work of its row only (`make bench-apps`).\n"
    )
    yield "![Time of a request](benchmarks-requests.svg)\n"
    peers = ("flask", "falcon", "bottle", "raw")
    yield f"| row | Kolben, {MICRO} | of Flask's | Falcon's | Bottle's | the function's speed |"
    yield "|---" * 6 + "|"
    for name, row in rows.items():
        ratios = [f"{row[peer]:.2f}{TIMES}" if peer in row else "" for peer in peers]
        yield f"| {name} | {row['least']['kolben'] * 1e6:.1f} | {' | '.join(ratios)} |"
    yield ""


def wire_part() -> t.Iterator[str]:
    """Over the wire, as last measured."""
    if not (file := OUT / "wire.json").exists():
        return
    found = json.loads(file.read_text("utf-8"))
    rates = {name: statistics.median(all_of) for name, all_of in found.items()}
    by_rate = sorted(rates.items(), key=lambda pair: -pair[1])
    yield "## Over the wire\n"
    yield "One core for the server, one for `wrk` with 32 connections (`make bench-serve`).\n"
    yield "![Requests a second](benchmarks-wire.svg)\n"
    yield "| | requests/s |\n|---|---|"
    for name, rate in by_rate:
        yield f"| {name} | {rate:,.0f} |"
    chart = bars("Requests a second", "a second", [(name, [("", rate)]) for name, rate in by_rate])
    (PAGE.parent / "benchmarks-wire.svg").write_text(chart, "utf-8")
    yield ""


def startup_part(figures: dict[str, t.Any]) -> t.Iterator[str]:
    """Imports, memory, and many rules."""
    yield "## Before the first request\n"
    yield "| what | Kolben | Flask | ratio | must reach |\n|---|---|---|---|---|"
    for what, figure in figures.items():
        yield f"| {what} | {' | '.join(figure['cells'])} |"
    yield ""


def routing_part(rows: list[dict[str, t.Any]]) -> t.Iterator[str]:
    """The router, and how its time grows."""
    yield "## The router\n"
    yield "| what | measured | must reach | |\n|---|---|---|---|"
    for row in rows:
        measured = f"{row['measured']:.3g}{UNITS[row['unit']]}"
        yield f"| {row['what']} | {measured} | {row['bar']} | {row['detail']} |"
    yield ""
    yield "![By the number of rules](benchmarks-growth-rules.svg)\n"
    yield (
        "Paths that match nothing, against rules of several converters in one part,"
        " as `/<a>-<b>-x`:\n"
    )
    yield "![By the length of a path](benchmarks-growth-length.svg)\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
