"""What the core holds of Werkzeug: the classes that it makes objects of itself, and the functions
that it leaves odd input to. They are taken as they stand when Kolben is imported; a class that is
patched later is called as usual.
"""

from __future__ import annotations

from werkzeug import http
from werkzeug.datastructures import (
    Authorization,
    ContentRange,
    ETags,
    ImmutableMultiDict,
    MultiDict,
    Range,
)
from werkzeug.sansio import http as sansio_http

from ..core import compiled

if compiled is not None:
    compiled.hold(
        authorization=Authorization,
        content_range=ContentRange,
        etags=ETags,
        immutable_multi_dict=ImmutableMultiDict,
        multi_dict=MultiDict,
        range=Range,
        parse_authorization=vars(Authorization)["from_header"].__func__,
        parse_content_range=http.parse_content_range_header,
        parse_decoded_cookie=sansio_http.parse_cookie,
        parse_range=http.parse_range_header,
    )
