"""Draws bar charts as SVG, with nothing but text."""

from __future__ import annotations

import html
import typing as t

WIDTH, LABEL, HEIGHT, GAP = 760, 300, 22, 8


class Bar(t.Protocol):
    """What a bar is drawn from."""

    @property
    def what(self) -> str: ...
    @property
    def measured(self) -> float: ...
    @property
    def bar(self) -> str: ...
    @property
    def reached(self) -> bool: ...


def bars(rows: t.Sequence[Bar]) -> str:
    """A bar for each row, with a mark where the ratio has to reach."""
    most = max(row.measured for row in rows) * 1.12
    scale = (WIDTH - LABEL - 20) / most
    height = len(rows) * (HEIGHT + GAP) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="10" y="18" font-weight="bold">times as fast (line: the bar to reach)</text>',
    ]
    for number, row in enumerate(rows):
        top = 30 + number * (HEIGHT + GAP)
        middle = top + HEIGHT / 2 + 4
        colour = "#2f6f4f" if row.reached else "#b5541c"
        length = row.measured * scale
        wanted = LABEL + float(row.bar.removeprefix(">= ")) * scale
        parts += [
            f'<text x="{LABEL - 8}" y="{middle}" text-anchor="end">{html.escape(row.what)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{length:.1f}" height="{HEIGHT}" fill="{colour}"/>',
            f'<text x="{LABEL + length + 5:.1f}" y="{middle}">{row.measured:.1f}</text>',
            f'<line x1="{wanted:.1f}" x2="{wanted:.1f}" y1="{top - 2}" y2="{top + HEIGHT + 2}"'
            ' stroke="black"/>',
        ]
    return "\n".join([*parts, "</svg>", ""])
