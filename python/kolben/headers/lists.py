"""Headers that are lists: plain ones, dictionaries, parameters, ``Accept``, policies."""

from __future__ import annotations

import typing as t

from werkzeug import http
from werkzeug.datastructures import (
    Accept,
    CharsetAccept,
    ContentSecurityPolicy,
    HeaderSet,
    LanguageAccept,
    MIMEAccept,
    RequestCacheControl,
    ResponseCacheControl,
)

from ..core import compiled

__all__ = [
    "dump_csp_header",
    "dump_header",
    "dump_options_header",
    "parse_accept_header",
    "parse_cache_control_header",
    "parse_csp_header",
    "parse_dict_header",
    "parse_list_header",
    "parse_options_header",
    "parse_set_header",
    "quote_header_value",
    "unquote_header_value",
]

_A = t.TypeVar("_A", bound=Accept)
_D = t.TypeVar("_D", bound="dict[str, t.Any]")

# Werkzeug's own, held here: a test may put ours in their place.
_parse_accept_header = http.parse_accept_header
_parse_cache_control_header: t.Callable[..., t.Any] = http.parse_cache_control_header
_parse_csp_header: t.Callable[..., t.Any] = http.parse_csp_header
_parse_set_header = http.parse_set_header

dump_csp_header = http.dump_csp_header

# Where the core gives the very value, its functions stand here themselves.
_source: t.Any = compiled or http
quote_header_value: t.Callable[..., str] = _source.quote_header_value
unquote_header_value: t.Callable[[str], str] = _source.unquote_header_value
parse_list_header: t.Callable[[str], list[str]] = _source.parse_list_header
parse_dict_header: t.Callable[[str], dict[str, str | None]] = _source.parse_dict_header
parse_options_header: t.Callable[[str | None], tuple[str, dict[str, str]]]
parse_options_header = _source.parse_options_header
dump_header: t.Callable[[dict[str, t.Any] | t.Iterable[t.Any]], str] = _source.dump_header
dump_options_header: t.Callable[[str | None, t.Mapping[str, t.Any]], str]
dump_options_header = _source.dump_options_header

#: The classes that the core fills itself, how each sorts, and the method that says so. A subclass
#: or a patched method may have its own idea of that, so it gets the choices in the order of the
#: header through its constructor.
_ORDERS = {
    cls: ("/" if cls is MIMEAccept else "*", cls._specificity)
    for cls in (Accept, CharsetAccept, LanguageAccept, MIMEAccept)
}
# The constructors that the core passes over; a patched one is called.
_ACCEPT_INIT = Accept.__init__
_CACHE_CONTROL_INIT = RequestCacheControl.__init__
_HEADER_SET_INIT = HeaderSet.__init__
_POLICY_INIT = ContentSecurityPolicy.__init__
_new_dict: t.Any = dict.__new__
_new_list = list.__new__
_new_object = object.__new__
_NEITHER = (None, None)


def parse_accept_header(value: str | None, cls: type[_A] | None = None) -> _A:
    """Parse ``Accept``, ``Accept-Charset``, ``Accept-Encoding`` or ``Accept-Language``.

    :param value: the header.
    :param cls: the class of the result, :class:`~werkzeug.datastructures.Accept` by default.
    """
    if cls is None:
        cls = t.cast("type[_A]", Accept)
    if not value:
        return cls(None)
    if compiled is None:
        return _parse_accept_header(value, cls)
    order, specificity = _ORDERS.get(cls, _NEITHER)
    if cls._specificity is specificity and cls.__init__ is _ACCEPT_INIT:
        result = _new_list(cls)
        compiled.fill_choices(result, value, order)
        result.provided = True
        return result
    choices: list[tuple[str, float]] = []
    compiled.fill_choices(choices, value, "")
    return cls(choices)


def parse_cache_control_header(
    value: str | None,
    on_update: t.Callable[[t.Any], None] | None = None,
    cls: type[_D] | None = None,
) -> _D:
    """Parse ``Cache-Control``.

    :param value: the header.
    :param on_update: called with the result whenever that changes.
    :param cls: the class of the result,
        :class:`~werkzeug.datastructures.RequestCacheControl` by default.
    """
    if cls is None:
        cls = t.cast("type[_D]", RequestCacheControl)
    if compiled is None:
        return t.cast("_D", _parse_cache_control_header(value, on_update, cls))
    make: t.Any = cls
    if not value:
        return t.cast("_D", make((), on_update))
    if (make is RequestCacheControl or make is ResponseCacheControl) and (
        make.__init__ is _CACHE_CONTROL_INIT
    ):
        result: t.Any = _new_dict(make)
        compiled.fill_dict(result, value)
        result.on_update = on_update
        result.provided = True
    else:
        result = make(compiled.parse_dict_header(value), on_update)
    return result  # type: ignore[no-any-return]


def parse_csp_header(
    value: str | None,
    on_update: t.Callable[[t.Any], None] | None = None,
    cls: type[_D] | None = None,
) -> _D:
    """Parse ``Content-Security-Policy``.

    :param value: the header.
    :param on_update: called with the result whenever that changes.
    :param cls: the class of the result,
        :class:`~werkzeug.datastructures.ContentSecurityPolicy` by default.
    """
    if cls is None:
        cls = t.cast("type[_D]", ContentSecurityPolicy)
    if compiled is None:
        return t.cast("_D", _parse_csp_header(value, on_update, cls))
    make: t.Any = cls
    if value is None:
        return t.cast("_D", make((), on_update))
    if make is ContentSecurityPolicy and make.__init__ is _POLICY_INIT:
        result: t.Any = _new_dict(make)
        compiled.fill_policy(result, value)
        result.on_update = on_update
        result.provided = True
    else:
        result = make(compiled.policy_pairs(value), on_update)
    return result  # type: ignore[no-any-return]


def parse_set_header(
    value: str | None, on_update: t.Callable[[HeaderSet], None] | None = None
) -> HeaderSet:
    """Parse a list whose elements are compared without regard to case.

    :param value: the header.
    :param on_update: called with the result whenever that changes.
    """
    if compiled is None or not value or HeaderSet.__init__ is not _HEADER_SET_INIT:
        return _parse_set_header(value, on_update)
    result = _new_object(HeaderSet)
    result._headers, result._set = compiled.header_set(value)
    result.on_update = on_update
    return result
