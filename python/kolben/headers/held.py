"""What the core holds of Werkzeug: the classes that it makes objects of itself, and the functions
that it leaves odd input to. They are taken as they stand when Kolben is imported; a class that is
patched later is called as usual.
"""

from __future__ import annotations

import typing as t

from werkzeug import datastructures as ds
from werkzeug import http, urls
from werkzeug.sansio import http as sansio_http

from ..core import compiled


def _reporting(challenge: ds.WWWAuthenticate | None) -> t.Callable[[t.Any], None]:
    # What the parameters of a challenge call when they change; the core makes its like.
    return lambda _: t.cast("ds.WWWAuthenticate", challenge)._trigger_on_update()


if compiled is not None:
    compiled.hold(
        accept=ds.Accept,
        callback_dict=ds.CallbackDict,
        challenge=ds.WWWAuthenticate,
        charset_accept=ds.CharsetAccept,
        content_range=ds.ContentRange,
        etags=ds.ETags,
        header_set=ds.HeaderSet,
        if_range=ds.IfRange,
        immutable_multi_dict=ds.ImmutableMultiDict,
        language_accept=ds.LanguageAccept,
        mime_accept=ds.MIMEAccept,
        multi_dict=ds.MultiDict,
        policy=ds.ContentSecurityPolicy,
        range=ds.Range,
        request_cache_control=ds.RequestCacheControl,
        response_cache_control=ds.ResponseCacheControl,
        challenge_callback=_reporting(None),
        dump_header=http.dump_header,
        dump_options_header=http.dump_options_header,
        iri_to_uri=urls.iri_to_uri,
        parse_age=http.parse_age,
        parse_authorization=vars(ds.Authorization)["from_header"].__func__,
        parse_content_range=http.parse_content_range_header,
        parse_date=http.parse_date,
        parse_decoded_cookie=sansio_http.parse_cookie,
        parse_range=http.parse_range_header,
        quote_header_value=http.quote_header_value,
        uri_to_iri=urls.uri_to_iri,
    )
