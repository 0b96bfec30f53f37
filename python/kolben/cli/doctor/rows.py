"""What the doctor finds: rows, in sections."""

from __future__ import annotations

import os
import typing as t

#: All is well; worth knowing; to be mended.
Level = t.Literal["fine", "note", "warning"]


class Row(t.NamedTuple):
    """One thing that was looked at."""

    level: Level
    #: What it is, for programs: it stays the same from release to release.
    code: str
    #: What the row is about.
    subject: str
    text: str
    #: What to do about it.
    advice: str = ""
    #: The file and line.
    place: str = ""
    #: What it costs each time, in microseconds, as measured just now.
    microseconds: float | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """Return the row for JSON, without what is empty."""
        return {name: value for name, value in self._asdict().items() if value not in ("", None)}


class Section(t.NamedTuple):
    """Rows about one subject."""

    #: Its key in JSON.
    name: str
    title: str
    rows: list[Row]


class Report(t.NamedTuple):
    """All sections."""

    app: str
    sections: list[Section]

    def count(self, level: Level) -> int:
        """Return how many rows have a level."""
        return sum(row.level == level for section in self.sections for row in section.rows)

    def as_dict(self) -> dict[str, t.Any]:
        """Return the report for JSON."""
        return {
            "app": self.app,
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "sections": {
                section.name: [row.as_dict() for row in section.rows] for section in self.sections
            },
        }


def place_of(function: t.Any) -> str:
    """Return where a function is written, or nothing for one that Python has not read."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return "" if code is None else shown(code.co_filename, code.co_firstlineno)


def shown(path: str, line: int) -> str:
    """Return a place in a file, from the current folder if it lies there."""
    folder = os.path.join(os.path.realpath(os.getcwd()), "")
    real = os.path.realpath(path)
    return f"{real.removeprefix(folder)}:{line}"


def name_of(thing: t.Any) -> str:
    """Return the full name of a class or a function, or of the class of anything else."""
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"
