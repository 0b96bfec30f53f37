"""JSON with orjson, for apps that choose it: ``app.json = OrjsonProvider(app)``."""

from __future__ import annotations

import re
import typing as t

from .provider import _COMPACT, DefaultJSONProvider

try:
    import orjson
except ImportError as error:
    raise ImportError(
        "OrjsonProvider needs the package orjson; `pip install kolben[orjson]` brings it.",
        name="orjson",
    ) from error

__all__ = ["OrjsonProvider"]

#: What orjson has forms of its own for, but not those of :class:`DefaultJSONProvider`. Subclasses
#: are among them because the standard library asks a dict for its ``items()``.
_PASSED_THROUGH = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_OPTIONS = frozenset({"default", "ensure_ascii", "indent", "separators", "sort_keys"})
_beyond_ascii = re.compile(r"[^\0-~]").sub

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
#: As many digits as the greatest number of 64 bits with a sign has.
_LONG_NUMBER = b"0" * 19


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}"


def _plain(value: t.Any) -> t.Any:
    """Return an instance of a built-in type's subclass as the standard library sees it."""
    if isinstance(value, dict):
        return dict(value.items()) if dict.__len__(value) else {}
    if isinstance(value, (list, tuple)):
        kind: t.Any = list if isinstance(value, list) else tuple
        return list(kind.__iter__(value))
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


_BUILT_IN = (dict, list, tuple, str, int, float)


class OrjsonProvider(DefaultJSONProvider):
    """JSON with orjson, with the options and the results of :class:`DefaultJSONProvider`.

    What orjson cannot write or read goes to the standard library: keys that are no strings,
    numbers of more than 64 bits, options that orjson does not have. What differs:

    - There are no spaces, unless ``indent=2`` asks for lines.
    - Infinity and NaN are written as ``null``, and small numbers as ``1e-7`` for ``1e-07``.
    - UUIDs and enumerations are written without :attr:`default`, the latter as their values.
    """

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON.

        :param obj: The value.
        :param kwargs: As for :func:`json.dumps`.
        """
        option = self._option(kwargs)
        if option is None:
            return super().dumps(obj, **kwargs)
        convert = _converter(kwargs["default"]) if "default" in kwargs else self._convert
        try:
            data = orjson.dumps(obj, convert, option)
        except TypeError:
            # Too much for orjson, or for JSON: the standard library writes it, or says why not.
            if "indent" not in kwargs:
                kwargs["separators"] = _COMPACT
            return super().dumps(obj, **kwargs)
        text = data.decode()
        if kwargs.get("ensure_ascii", self.ensure_ascii) and not (
            text.isascii() and "\x7f" not in text
        ):
            return _beyond_ascii(_escaped, text)
        return text

    def _option(self, kwargs: dict[str, t.Any]) -> int | None:
        """Return orjson's options, or ``None`` where it has none like these."""
        option = _PASSED_THROUGH
        if kwargs.get("sort_keys", self.sort_keys):
            option |= orjson.OPT_SORT_KEYS
        if not kwargs:
            return option
        if not kwargs.keys() <= _OPTIONS or kwargs.keys() >= {"indent", "separators"}:
            return None
        if kwargs.get("separators", _COMPACT) != _COMPACT or kwargs.get("default", self) is None:
            return None
        if "indent" in kwargs:
            return option | orjson.OPT_INDENT_2 if kwargs["indent"] == 2 else None
        return option

    def _convert(self, value: t.Any) -> t.Any:
        return _plain(value) if isinstance(value, _BUILT_IN) else self.default(value)

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        :param s: The JSON, as text or as UTF-8.
        :param kwargs: For :func:`json.loads`, which then does it.
        """
        if not kwargs and not _has_long_number(s):
            try:
                return orjson.loads(s)
            except orjson.JSONDecodeError:
                pass
        return super().loads(s, **kwargs)


def _converter(default: t.Callable[[t.Any], t.Any]) -> t.Callable[[t.Any], t.Any]:
    def convert(value: t.Any) -> t.Any:
        return _plain(value) if isinstance(value, _BUILT_IN) else default(value)

    return convert


def _has_long_number(source: str | bytes) -> bool:
    # orjson would make a float of a whole number that it has no room for.
    data = source.encode("utf-8", "replace") if isinstance(source, str) else source
    return _LONG_NUMBER in data.translate(_DIGITS_TO_ZERO)
