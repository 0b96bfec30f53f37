"""Write `docs/benchmarks.md` and its charts from what the other benchmarks have measured.

usage: python -m benches.publish

It runs `benches.apps` first; what `make bench` and `make bench-serve` have left in `benches/out` is
published as well, if it is there.
"""

from __future__ import annotations

import json
import statistics
import sys
import typing as t
from importlib.metadata import version

from kolben.cli.bench.chart import bars

from .apps import CASES, measure_rows
from .report import OUT, ROOT, TIMES, describe_machine

PAGE = ROOT / "docs" / "benchmarks.md"
MICRO = "\N{MICRO SIGN}s"


def main() -> int:
    """Measure, and write the page."""
    parts = [
        "# Benchmarks\n",
        "Written by `make bench-report`. Times differ from machine to machine; the ratios are what"
        " matters. Each is the median\nover rounds in which Kolben and its peers take turns.\n",
        f"{describe_machine()}; flask {version('flask')}.\n",
        *apps_part(),
        *wire_part(),
        *routing_part(),
    ]
    PAGE.write_text("\n".join(parts).rstrip() + "\n", "utf-8")
    print(f"written: {PAGE}")
    return 0


def apps_part() -> t.Iterator[str]:
    """Whole requests, in process."""
    yield "## Whole requests, in process\n"
    yield (
        "From a fresh environ to the last byte of the body, with 100 other routes"
        " (`make bench-apps`).\n"
    )
    yield "![Time of a request](benchmarks-apps.svg)\n"
    heads = (f"Kolben, {MICRO}", f"Flask, {MICRO}", "against Flask")
    yield f"| row | {' | '.join(heads)} | Falcon, {MICRO} | against Falcon |"
    yield "|---|---|---|---|---|---|"
    drawn: list[tuple[str, list[tuple[str, float]]]] = []
    for name, found in measure_rows(CASES, 31):
        print(name, flush=True)
        least = {peer: seconds * 1e6 for peer, seconds in found.least.items()}
        drawn.append((name, [(peer, least[peer]) for peer in ("kolben", "flask")]))
        cells = [f"{least['kolben']:.1f}", f"{least['flask']:.1f}"]
        cells.append(f"{found.ratios['flask']:.1f}{TIMES}")
        if "falcon" in least:
            cells += [f"{least['falcon']:.1f}", f"{found.ratios['falcon']:.2f}{TIMES}"]
        else:
            cells += ["", ""]
        yield f"| {name} | {' | '.join(cells)} |"
    chart = bars("Time of a request, in process", MICRO, drawn)
    (PAGE.parent / "benchmarks-apps.svg").write_text(chart, "utf-8")
    yield ""


def wire_part() -> t.Iterator[str]:
    """Over the wire, as last measured."""
    if not (file := OUT / "wire.json").exists():
        return
    rates = {name: statistics.median(all_of) for name, all_of in read(file).items()}
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


def routing_part() -> t.Iterator[str]:
    """The router, as last measured."""
    if not (file := OUT / "routing.json").exists():
        return
    report = read(file)
    yield "## The router\n"
    yield f"As `make bench` measured it: {report['machine']}.\n"
    yield "| what | measured | must reach | |\n|---|---|---|---|"
    for row in report["rows"]:
        unit = TIMES if row["unit"] == "x" else f" {row['unit']}"
        yield f"| {row['what']} | {row['measured']:.3g}{unit} | {row['bar']} | {row['detail']} |"
    yield ""


def read(file: t.Any) -> t.Any:
    """Read a file of JSON."""
    return json.loads(file.read_text("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
