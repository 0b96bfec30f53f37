"""The kinds of values that settings have, read the same way from flags, variables and TOML."""

from __future__ import annotations

import os
import re
import typing as t

__all__ = [
    "Choice",
    "Duration",
    "Flag",
    "Kind",
    "Mode",
    "Number",
    "Pairs",
    "Path",
    "Paths",
    "Size",
    "Text",
]


class Kind:
    """One kind of value."""

    #: How a value is called in the help.
    metavar = "TEXT"
    #: Whether an option may be given more than once.
    several = False

    def read(self, value: t.Any, folder: str) -> t.Any:
        """Return what was meant, or raise :class:`ValueError`.

        :param value: A text, or what TOML made of it.
        :param folder: What a relative path starts from.
        """
        if not isinstance(value, str):
            raise ValueError("is no text")
        return value

    def show(self, value: t.Any) -> str:
        """Return a value as one would write it.

        :param value: What :meth:`read` has returned.
        """
        return str(value)


class Text(Kind):
    """Any text."""


class Mode(Kind):
    """The permissions of a file, in octal: ``660``."""

    metavar = "MODE"
    _MODE = re.compile(r"(?:0o?)?[0-7]{3}")

    def read(self, value: t.Any, folder: str) -> str:
        # Not a number of TOML, where 0o660 is 432.
        text: str = super().read(value, folder)
        if not self._MODE.fullmatch(text):
            raise ValueError("is no mode such as 660")
        return text


class Number(Kind):
    """A whole number.

    :param least: The least that is allowed.
    :param most: The most.
    """

    metavar = "N"

    def __init__(self, least: int = 1, most: int | None = None) -> None:
        self.least = least
        self.most = most

    def read(self, value: t.Any, folder: str) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError("is no whole number")
        try:
            number = int(value)
        except ValueError:
            raise ValueError("is no whole number") from None
        return _within(number, self.least, self.most)


def _within(number: int, least: float, most: float | None) -> int:
    if number < least:
        raise ValueError(f"is less than {least}")
    if most is not None and number > most:
        raise ValueError(f"is more than {most}")
    return number


class Size(Kind):
    """A number of bytes: ``65536``, ``64k``, ``16M``.

    :param least: The least that is allowed, apart from 0 where that means no limit.
    :param none: Whether 0 means that there is no limit.
    :param most: The most.
    """

    metavar = "BYTES"
    _SIZE = re.compile(r"(\d+)\s*([kKmMgG]?)(?:i?[bB])?")
    _UNITS: t.ClassVar = {"": 0, "k": 1, "m": 2, "g": 3}

    def __init__(self, least: int = 0, none: bool = True, most: int = 1 << 50) -> None:
        self.least = least
        self.none = none
        self.most = most

    def read(self, value: t.Any, folder: str) -> int:
        match = None if isinstance(value, bool) else self._SIZE.fullmatch(str(value).strip())
        if match is None:
            raise ValueError("is no size such as 65536, 64k or 16M")
        size = int(match[1]) * 1024 ** self._UNITS[match[2].lower()]
        return 0 if size == 0 and self.none else _within(size, self.least, self.most)


class Duration(Kind):
    """A time in seconds: ``30``, ``0.5``, ``10s``, ``5m``, ``2h``, ``1d``.

    :param least: The least that is allowed, apart from 0 where that means never.
    :param most: The most.
    :param never: Whether 0 means that it is off.
    """

    metavar = "SECONDS"
    _DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhd]?)")
    _UNITS: t.ClassVar = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}

    def __init__(self, least: float = 0, most: float = 31_536_000, never: bool = False) -> None:
        self.least = least
        self.most = most
        self.never = never

    def read(self, value: t.Any, folder: str) -> float:
        match = None if isinstance(value, bool) else self._DURATION.fullmatch(str(value).strip())
        if match is None:
            raise ValueError("is no time such as 30, 0.5 or 10m")
        seconds = float(match[1]) * self._UNITS[match[2]]
        if seconds == 0 and self.never:
            return 0.0
        if seconds < self.least:
            raise ValueError(f"is less than {self.least:g} seconds")
        if seconds > self.most:
            raise ValueError(f"is more than {self.most:.12g} seconds")
        return seconds

    def show(self, value: t.Any) -> str:
        return f"{value:g}"


class Flag(Kind):
    """On or off."""

    _WORDS: t.ClassVar = {
        **dict.fromkeys(("1", "true", "yes", "on"), True),
        **dict.fromkeys(("0", "false", "no", "off", ""), False),
    }

    def read(self, value: t.Any, folder: str) -> bool:
        known = self._WORDS.get(str(value).strip().lower())
        if known is None:
            raise ValueError("is neither true nor false")
        return known

    def show(self, value: t.Any) -> str:
        return "true" if value else "false"


class Choice(Kind):
    """One of a few words.

    :param words: The words.
    """

    def __init__(self, *words: str) -> None:
        self.words = words
        self.metavar = "|".join(words)

    def read(self, value: t.Any, folder: str) -> str:
        word = str(value).strip().lower()
        if word not in self.words:
            raise ValueError(f"is none of {', '.join(self.words)}")
        return word


class Path(Kind):
    """A file or a folder.

    :param there: What has to be there: ``"file"``, ``"folder"``, or nothing.
    """

    metavar = "PATH"

    def __init__(self, there: t.Literal["file", "folder", ""] = "") -> None:
        self.there = there

    def read(self, value: t.Any, folder: str) -> str:
        path = os.path.abspath(os.path.join(folder, super().read(value, folder)))
        if self.there == "file" and not os.path.isfile(path):
            raise ValueError("is no file that is there")
        if self.there == "folder" and not os.path.isdir(path):
            raise ValueError("is no folder that is there")
        return path


class Paths(Kind):
    """Several paths; in a variable, with the separator of ``PATH`` between them.

    :param there: As for :class:`Path`.
    """

    metavar = "PATH"
    several = True

    def __init__(self, there: t.Literal["file", "folder", ""] = "") -> None:
        self.one = Path(there)

    def read(self, value: t.Any, folder: str) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [path for path in value.split(os.pathsep) if path]
        elif not isinstance(value, (list, tuple)):
            raise ValueError("is no path and no list of paths")
        return tuple(self.one.read(path, folder) for path in value)

    def show(self, value: t.Any) -> str:
        return os.pathsep.join(value)


class Pairs(Kind):
    """Folders by URL: ``/static=path``; in TOML a table, in a variable with commas between."""

    metavar = "URL=FOLDER"
    several = True

    def __init__(self) -> None:
        self.folder = Path("folder")

    def read(self, value: t.Any, folder: str) -> tuple[tuple[str, str], ...]:
        if isinstance(value, dict):
            value = [f"{url}={path}" for url, path in value.items()]
        elif isinstance(value, str):
            value = [pair for pair in value.split(",") if pair]
        elif not isinstance(value, (list, tuple)):
            raise ValueError("is no table of folders by URL")
        return tuple(self._pair(str(pair), folder) for pair in value)

    def _pair(self, pair: str, folder: str) -> tuple[str, str]:
        url, equals, path = pair.strip().partition("=")
        if not equals or not url.startswith("/"):
            raise ValueError("is not written as in /static=path/to/static")
        if not url.rstrip("/"):
            raise ValueError("is for every URL and leaves the app none, unlike /static")
        return url.rstrip("/"), os.path.realpath(self.folder.read(path, folder))

    def show(self, value: t.Any) -> str:
        return ",".join(f"{url}={path}" for url, path in value)
