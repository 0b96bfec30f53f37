"""Bars for ``kolben bench --svg``."""

from __future__ import annotations

import typing as t
from xml.sax.saxutils import escape

__all__ = ["bars"]

_COLORS = ("#0b6e4f", "#8d99ae")
_LEFT, _WIDTH, _BAR, _GAP = 220, 460, 16, 14


def bars(title: str, unit: str, rows: t.Sequence[tuple[str, t.Sequence[tuple[str, float]]]]) -> str:
    """Draw a group of bars for each row.

    :param title: What stands above.
    :param unit: What the values are in.
    :param rows: Names, and for each the names and values of its bars.
    """
    most = max((value for _, values in rows for _, value in values), default=0.0) or 1.0
    y, parts = 44, []
    for name, values in rows:
        middle = y + _BAR * len(values) / 2 + 4
        label = escape(name if len(name) <= 32 else f"{name[:31]}\N{HORIZONTAL ELLIPSIS}")
        parts.append(f'<text x="{_LEFT - 8}" y="{middle:.0f}" text-anchor="end">{label}</text>')
        for place, (side, value) in enumerate(values):
            width = value / most * _WIDTH
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 2}"'
                f' fill="{_COLORS[place % len(_COLORS)]}"/>'
                f'<text x="{_LEFT + width + 6:.1f}" y="{y + _BAR - 5}" class="value">'
                f"{escape(side)} {value:.1f} {escape(unit)}</text>"
            )
            y += _BAR
        y += _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 140}" height="{y}"'
        ' font-family="system-ui, sans-serif" font-size="12">'
        '<style>.value{fill:#444;font-size:11px}</style><rect width="100%" height="100%"'
        f' fill="white"/><text x="16" y="26" font-size="15">{escape(title)}</text>'
        f"{''.join(parts)}</svg>\n"
    )
