"""Headers that are lists: plain ones, dictionaries, parameters, ``Accept``, policies."""

from __future__ import annotations

import typing as t

from werkzeug import http

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

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

if t.TYPE_CHECKING:
    from werkzeug.http import (
        parse_accept_header,
        parse_cache_control_header,
        parse_csp_header,
        parse_set_header,
    )
else:
    parse_accept_header = _source.parse_accept_header
    parse_cache_control_header = _source.parse_cache_control_header
    parse_csp_header = _source.parse_csp_header
    parse_set_header = _source.parse_set_header
