"""Draws curves of growth as SVG: both axes go by powers of ten."""

from __future__ import annotations

import html
import math
import typing as t

from .machine import MICRO

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 400, 70, 64, 190, 50
COLOURS = ("#0b6e4f", "#c1121f", "#1d4e89", "#e09f3e", "#6a4c93", "#8d99ae", "#3a5a40", "#9c6644")


class Axis(t.NamedTuple):
    """Values between two powers of ten, along so many pixels."""

    low: int
    high: int
    begin: float
    end: float

    @classmethod
    def over(cls, values: t.Sequence[float], begin: float, end: float) -> Axis:
        """An axis that all values have a place on."""
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low, max(high, low + 1), begin, end)

    def place(self, value: float) -> float:
        """Where a value is, in pixels."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def powers(self) -> list[float]:
        """Where there is a line."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def curves(title: str, unit: str, series: dict[str, t.Sequence[tuple[float, float]]]) -> str:
    """A line through the points of each series.

    :param title: What stands above.
    :param unit: What is counted from left to right; from bottom to top it is microseconds.
    :param series: Names, and the points of each.
    """
    points = [point for line in series.values() for point in line]
    across = Axis.over([count for count, _ in points], LEFT, WIDTH - RIGHT)
    up = Axis.over([time for _, time in points], HEIGHT - BOTTOM, TOP)
    parts = list(_grid(across, up, unit))
    # The uppermost curve has the uppermost name.
    by_end = sorted(series.items(), key=lambda item: -item[1][-1][1])
    for number, (name, line) in enumerate(by_end):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + 12 + number * 18
        parts.append(
            f'<rect x="{WIDTH - RIGHT + 16}" y="{y - 9}" width="10" height="10" fill="{colour}"/>'
            f'<text x="{WIDTH - RIGHT + 32}" y="{y}">{html.escape(name)}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="system-ui, sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<text x="16" y="26" font-size="15">{html.escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def _grid(across: Axis, up: Axis, unit: str) -> t.Iterator[str]:
    for value in across.powers():
        x = across.place(value)
        yield _line(x, x, up.begin, up.end)
        yield f'<text x="{x:.1f}" y="{up.begin + 18}" text-anchor="middle">{value:,.0f}</text>'
    for value in up.powers():
        y = up.place(value)
        yield _line(across.begin, across.end, y, y)
        label = f"{value:,.0f}" if value >= 1 else f"{value:g}"
        yield f'<text x="{across.begin - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    middle = (across.begin + across.end) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{html.escape(unit)}</text>'
    yield f'<text x="{LEFT - 8}" y="{TOP - 8}" text-anchor="end">{MICRO}</text>'


def _line(x1: float, x2: float, y1: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
