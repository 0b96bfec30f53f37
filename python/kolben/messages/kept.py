"""What is made of the same few texts again and again."""

from __future__ import annotations

import typing as t

from werkzeug.utils import get_content_type

from ..headers import parse_options_header

__all__ = ["content_types", "mimetypes"]


class _Kept(dict[t.Any, str]):
    """What a function makes of texts; some are kept.

    Views and clients may come with any number of them, of any length.
    """

    def __init__(self, make: t.Callable[[t.Any], str]) -> None:
        self._make = make

    def __missing__(self, text: str | None) -> str:
        made = self._make(text)
        if len(self) < 100 and len(text or "") < 100:
            self[text] = made
        return made


#: Of a header ``Content-Type``, what comes before its options.
mimetypes = _Kept(lambda content_type: parse_options_header(content_type)[0].lower())
#: Of a mimetype, the header.
content_types = _Kept(lambda mimetype: get_content_type(mimetype, "utf-8"))
