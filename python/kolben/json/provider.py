"""How an app reads and writes JSON."""

from __future__ import annotations

import dataclasses
import decimal
import json
import typing as t
import uuid
import weakref
from datetime import date
from json import encoder as _encoder
from json import scanner as _scanner
from types import MethodType

from ..core import compiled
from ..headers import http_date
from ..messages.response import make_plain_response

if t.TYPE_CHECKING:
    from ..registry import App
    from ..wrappers import Response

__all__ = ["DefaultJSONProvider", "JSONProvider"]


def _read(load: t.Callable[..., t.Any], source: t.Any, options: dict[str, t.Any]) -> t.Any:
    """Load JSON, with nesting that is too deep an error in the JSON, for a client can send that."""
    try:
        return load(source, **options)
    except RecursionError:
        raise json.JSONDecodeError("The JSON is nested too deeply", "", 0) from None


class JSONProvider:
    """What an app does with JSON. A subclass writes at least :meth:`dumps` and :meth:`loads`.

    An app makes one of its ``json_provider_class``; any other can be assigned to ``app.json``.

    :param app: The app, which is kept as a weak proxy in ``_app``.
    """

    def __init__(self, app: App) -> None:
        self._app: App = weakref.proxy(app)

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON.

        :param obj: The value.
        :param kwargs: For the library that does it.
        """
        raise NotImplementedError

    def dump(self, obj: t.Any, fp: t.IO[str], **kwargs: t.Any) -> None:
        """Write a value as JSON into a file.

        :param obj: The value.
        :param fp: The file, open for text.
        :param kwargs: For the library that does it.
        """
        fp.write(self.dumps(obj, **kwargs))

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        :param s: The JSON, as text or as UTF-8.
        :param kwargs: For the library that does it.
        """
        raise NotImplementedError

    def load(self, fp: t.IO[t.AnyStr], **kwargs: t.Any) -> t.Any:
        """Read a value from JSON in a file.

        :param fp: The file, open for text or with UTF-8 in it.
        :param kwargs: For the library that does it.
        """
        return self.loads(fp.read(), **kwargs)

    def _prepare_response_obj(self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]) -> t.Any:
        if kwargs:
            if args:
                raise TypeError("app.json.response() takes either args or kwargs, not both")
            return kwargs
        if len(args) > 1:
            return args
        return args[0] if args else None

    def response(self, *args: t.Any, **kwargs: t.Any) -> Response:
        """Make a JSON response of one value, of several as a list, or of keywords as an object.

        :param args: The value or values; none stands for ``None``.
        :param kwargs: An object, in place of values.
        """
        text = self.dumps(self._prepare_response_obj(args, kwargs))
        response_class: t.Any = self._app.response_class
        return t.cast("Response", response_class(text, mimetype="application/json"))


def _default(o: t.Any) -> t.Any:
    if isinstance(o, date):
        return http_date(o)
    if isinstance(o, (uuid.UUID, decimal.Decimal)):
        return str(o)
    if dataclasses.is_dataclass(o):
        return dataclasses.asdict(o)  # type: ignore[arg-type]
    if hasattr(o, "__html__"):
        return str(o.__html__())
    raise TypeError(f"Object of type {type(o).__name__} is not JSON serializable")


_COMPACT = (",", ":")
_Write = t.Callable[[t.Any, int], t.Iterable[str]]
#: `default`, `ensure_ascii`, `sort_keys`, and what was made of them.
_Kept = tuple[t.Any, t.Any, t.Any, _Write]


def _machinery() -> tuple[t.Any, ...]:
    """Return all that stands between :func:`json.dumps` and the text."""
    encoder = json.JSONEncoder
    return (
        json.dumps,
        encoder,
        encoder.__init__,
        encoder.encode,
        encoder.iterencode,
        encoder.item_separator,
        encoder.key_separator,
        getattr(_encoder, "c_make_encoder", None),
        _encoder.encode_basestring,
        _encoder.encode_basestring_ascii,
    )


def _is_the_standard_librarys() -> bool:
    """Say whether nothing of it had been patched before this module was imported."""
    encoder = json.JSONEncoder
    functions: tuple[t.Any, ...] = (encoder.__init__, encoder.encode, encoder.iterencode)
    return getattr(json.dumps, "__globals__", None) is vars(json) and all(
        getattr(function, "__globals__", None) is vars(_encoder) for function in functions
    )


_json, _machinery_as_imported = json, _machinery()


def _is_untouched() -> bool:
    """Say whether nothing of it has been patched since."""
    return _machinery() == _machinery_as_imported


_c_make_encoder: t.Any = getattr(_encoder, "c_make_encoder", None)
if not _is_the_standard_librarys():
    _c_make_encoder = None


_Read = t.Callable[[str, int], tuple[t.Any, int]]


def _make_reader() -> _Read | None:
    """Make the function that reads a value, as :func:`json.loads` does with no options."""
    make = getattr(_scanner, "c_make_scanner", None)
    if make is None or not _is_the_standard_librarys():
        return None
    return t.cast("_Read", make(json.JSONDecoder()))


_loads_as_imported = json.loads, json._default_decoder  # type: ignore[attr-defined]
_read_value = _make_reader()


def _read_plainly(source: t.Any) -> t.Any:
    """Read an object or an array that stands there alone, in UTF-8; ``...`` if it is not so plain.

    PERF: :func:`json.loads` guesses the encoding, and looks for space with regular expressions,
    which takes as long as the reading (benches/apps.py, row ``echo``).
    """
    if (
        type(source) is not bytes
        or source[:1] not in _OPENING
        or not source[1:2].strip(b"\0")
        or _read_value is None
        or (_json.loads, _json._default_decoder) != _loads_as_imported  # type: ignore[attr-defined]
    ):
        return ...
    try:
        text = source.decode()
        value, end = _read_value(text, 0)
    except (ValueError, StopIteration, RecursionError):
        # json.loads says it better.
        return ...
    return value if end == len(text) else ...


_OPENING = frozenset((b"{", b"["))


def _make_writer(default: t.Any, ensure_ascii: t.Any, sort_keys: t.Any, compact: bool) -> _Write:
    """Make the function of an encoder with these options that writes a value in pieces."""
    separators = json.JSONEncoder(separators=_COMPACT if compact else None)
    escape: t.Any = _encoder.encode_basestring_ascii
    return t.cast(
        "_Write",
        _c_make_encoder(
            # Without a record of the containers it is in, it can be kept and shared.
            None,
            default,
            escape if ensure_ascii else _encoder.encode_basestring,
            None,
            separators.key_separator,
            separators.item_separator,
            bool(sort_keys),
            False,
            True,
        ),
    )


def _same_method(one: t.Any, other: t.Any) -> bool:
    # A method is bound anew whenever it is read.
    return (
        type(one) is MethodType
        and type(other) is MethodType
        and one.__func__ is other.__func__
        and one.__self__ is other.__self__
    )


class DefaultJSONProvider(JSONProvider):
    """JSON with the standard library, and a few types more.

    Dates become text as in HTTP headers, :class:`~decimal.Decimal` and :class:`~uuid.UUID` their
    ``str``, a dataclass an object, and what has an ``__html__`` method the text that it returns.
    JSON that is nested too deeply to be read is a :exc:`ValueError`, not a :exc:`RecursionError`.
    """

    #: Called for what JSON has no form for; returns something that it has one for, or raises
    #: :exc:`TypeError`.
    default: t.Callable[[t.Any], t.Any] = staticmethod(_default)

    #: Whether characters outside ASCII are written as escapes.
    ensure_ascii = True

    #: Whether the keys of objects are sorted. They must all be strings then.
    sort_keys = True

    #: Whether :meth:`response` writes no spaces and new lines; ``None`` is yes but for debug mode.
    compact: bool | None = None

    #: The media type of :meth:`response`.
    mimetype = "application/json"

    # What was made of the options that were used last: with spaces, and without.
    _kept_spaced: _Kept | None = None
    _kept_compact: _Kept | None = None

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON.

        :param obj: The value.
        :param kwargs: For :func:`json.dumps`; some of them have their defaults on this class.
        """
        # PERF: json.dumps makes an encoder on each call, because options are given.
        if not kwargs or (len(kwargs) == 1 and kwargs.get("separators") == _COMPACT):
            write = self._writer(bool(kwargs))
            if write is not None:
                try:
                    return "".join(write(obj, 0))
                except RecursionError:
                    # Too deep, or circular: json.dumps knows which.
                    pass
        options = {
            "default": self.default,
            "ensure_ascii": self.ensure_ascii,
            "sort_keys": self.sort_keys,
        }
        return json.dumps(obj, **{**options, **kwargs})

    def _writer(self, compact: bool) -> _Write | None:
        if json is not _json or not _is_untouched():
            return None
        default, ensure_ascii, sort_keys = self.default, self.ensure_ascii, self.sort_keys
        kept = self._kept_compact if compact else self._kept_spaced
        if (
            kept is not None
            and kept[1] is ensure_ascii
            and kept[2] is sort_keys
            and (kept[0] is default or _same_method(kept[0], default))
        ):
            return kept[3]
        if default is None or _c_make_encoder is None:
            return None
        write = _make_writer(default, ensure_ascii, sort_keys, compact)
        kept = default, ensure_ascii, sort_keys, write
        if compact:
            self._kept_compact = kept
        else:
            self._kept_spaced = kept
        return write

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        """Read a value from JSON.

        :param s: The JSON, as text or as UTF-8.
        :param kwargs: For :func:`json.loads`.
        """
        if not kwargs and json is _json:
            value = _read_plainly(s)
            if value is not ...:
                return value
        return _read(json.loads, s, kwargs)

    def response(self, *args: t.Any, **kwargs: t.Any) -> Response:
        """Make a JSON response of one value, of several as a list, or of keywords as an object.

        :param args: The value or values; none stands for ``None``.
        :param kwargs: An object, in place of values.
        """
        value = self._prepare_response_obj(args, kwargs)
        spaced = self._app.debug if self.compact is None else self.compact is False
        text = self.dumps(value, indent=2) if spaced else self.dumps(value, separators=_COMPACT)
        response_class: t.Any = self._app.response_class
        # PERF: without a call of the constructor, where that does no more (benches/apps.py).
        made = make_plain_response(response_class, f"{text}\n", None, self.mimetype)
        if made is None:
            made = response_class(f"{text}\n", mimetype=self.mimetype)
        response: Response = made
        return response


if compiled is not None and _c_make_encoder is not None:
    # The core goes past these as long as nobody overrides or patches what it knows of them.
    compiled.hold_json(DefaultJSONProvider, json, _encoder)
    _is_untouched = compiled.json_is_untouched
