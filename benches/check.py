"""Whether Kolben has become slower since the last record: by its ratio to Flask in the same run.

usage: python -m benches.check [--short | --record]

A row fails if it has lost more than 15 % of its ratio; with `--short`, which is for CI, a few rows
are measured for a minute, and only a gross loss fails. `--record` makes what is measured now the
record: `benches/record/apps.json`.
"""

from __future__ import annotations

import datetime
import json
import sys
import typing as t

from .apps import CASES, measure_rows
from .machine import ROOT, describe_machine

RECORD = ROOT / "benches" / "record" / "apps.json"
SHORT = ("hello", "headers", "json", "404", "session", "url_for", "form")


def main(arguments: list[str]) -> int:
    """Measure and compare; 1 if a row has lost too much."""
    if "--record" in arguments:
        record()
        return 0
    is_short = "--short" in arguments
    share, rounds = (0.5, 3) if is_short else (0.85, 15)
    known = json.loads(RECORD.read_text("utf-8"))
    print(f"{describe_machine()}\nrecord: {known['machine']}\n")
    print("| row | against Flask | in the record | of that |\n|---|---|---|---|")
    lost: list[str] = []
    rows = [name for name in (SHORT if is_short else CASES) if name in known["ratios"]]
    for name, found in measure_rows(rows, rounds):
        ratio, before = found.ratios["flask"], known["ratios"][name]["flask"]
        if ratio < before * share:
            # Once more, for other work may have been in the way.
            ((_, again),) = measure_rows([name], rounds * 2)
            ratio = again.ratios["flask"]
        is_lost = ratio < before * share
        if is_lost:
            lost.append(name)
        mark = " **lost**" if is_lost else ""
        print(f"| {name} | {ratio:.2f} | {before:.2f} | {ratio / before:.0%}{mark} |", flush=True)
    if lost:
        print(f"\nless than {share:.0%} of the record: {', '.join(lost)}")
    return int(bool(lost))


def record() -> None:
    """Measure all rows and keep them."""
    ratios: dict[str, t.Any] = {}
    for name, found in measure_rows(CASES, 31):
        ratios[name] = {peer: round(ratio, 3) for peer, ratio in found.ratios.items()}
        print(f"{name}: {ratios[name]}", flush=True)
    report = {
        "date": datetime.date.today().isoformat(),
        "machine": describe_machine(),
        "ratios": ratios,
    }
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(f"written: {RECORD}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
