"""The report as a table for people."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import typing as t

import click

from .rows import Level, Report, Row, Section

_COLORS: t.Final[dict[Level, str]] = {"fine": "green", "note": "cyan", "warning": "yellow"}
_MARKS: t.Final[dict[Level, str]] = {"fine": "✓", "note": "•", "warning": "!"}
_PLAIN_MARKS: t.Final[dict[Level, str]] = {"fine": "+", "note": "-", "warning": "!"}
_WIDEST_SUBJECT = 30


class Table:
    """Prints reports.

    :param width: How wide a line may be.
    :param unicode: Whether the terminal knows more than ASCII.
    """

    def __init__(self, width: int, unicode: bool) -> None:
        self.width = max(60, min(width, 120))
        self.marks = _MARKS if unicode else _PLAIN_MARKS
        self.line = "─" if unicode else "-"

    def lines(self, report: Report) -> t.Iterator[str]:
        """Return the lines of a report."""
        yield f"{click.style('Kolben doctor', bold=True)}  {report.app}"
        for section in report.sections:
            yield ""
            rest = self.line * (self.width - len(section.title) - 1)
            yield f"{click.style(section.title, bold=True)} {click.style(rest, dim=True)}"
            yield from self._section(section)
        yield ""
        yield self._summary(report)

    def _section(self, section: Section) -> t.Iterator[str]:
        longest = max(len(row.subject) for row in section.rows)
        column = min(longest, _WIDEST_SUBJECT)
        for row in section.rows:
            yield from self._row(row, column)

    def _row(self, row: Row, column: int) -> t.Iterator[str]:
        text = row.text if row.microseconds is None else f"{row.text} [{_cost(row.microseconds)}]"
        indent = " " * (column + 6)
        wrapped = [(line, False) for line in self._wrap(text, indent)]
        wrapped += [(line, True) for line in self._wrap(row.advice, indent)]
        wrapped += [(row.place, True)] if row.place else []
        mark = click.style(self.marks[row.level], fg=_COLORS[row.level], bold=True)
        subject = row.subject.ljust(column)
        if len(subject) > column:
            # Too long to stand beside: the text goes below.
            yield f"  {mark} {subject}"
        else:
            yield f"  {mark} {subject}  {wrapped.pop(0)[0]}"
        for line, is_aside in wrapped:
            yield f"{indent}{click.style(line, dim=True) if is_aside else line}"

    def _wrap(self, text: str, indent: str) -> list[str]:
        return textwrap.wrap(text, self.width - len(indent), break_long_words=False)

    def _summary(self, report: Report) -> str:
        warnings, notes = report.count("warning"), report.count("note")
        if not warnings:
            good = "Ready to switch: no warnings"
            return click.style(f"{good}, {_number(notes, 'note')}.", fg="green", bold=True)
        text = f"{_number(warnings, 'warning')}, {_number(notes, 'note')}."
        return click.style(text, fg="yellow", bold=True)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _cost(microseconds: float) -> str:
    return f"+{microseconds:.1f} µs each time" if microseconds >= 0.05 else "no measurable cost"


def print_report(report: Report) -> None:
    """Print a report, in colours where they are seen."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        "✓•─µ".encode(encoding)
        unicode = True
    except (UnicodeEncodeError, LookupError):
        unicode = False
    table = Table(shutil.get_terminal_size().columns, unicode)
    color = False if os.environ.get("NO_COLOR") else None
    for line in table.lines(report):
        click.echo(line if unicode else line.replace("µ", "u").replace("…", "..."), color=color)
