"""Responses: Werkzeug's class, which makes its headers when they are asked for."""

from __future__ import annotations

import typing as t
from urllib.parse import urljoin

from werkzeug import wrappers as _werkzeug
from werkzeug.datastructures import Headers as _WerkzeugHeaders
from werkzeug.datastructures import ResponseCacheControl
from werkzeug.http import HTTP_STATUS_CODES, is_entity_header
from werkzeug.utils import header_property
from werkzeug.wsgi import get_current_url as _environ_url

from .. import headers as _http
from ..core import compiled
from ..datastructures import Headers, _ends_a_line
from ..lazy import lazy
from .kept import content_types

if t.TYPE_CHECKING:
    from datetime import datetime, timedelta

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Response", "make_plain_response", "send_response"]

if t.TYPE_CHECKING or compiled is not None:
    from .._core import begin_response as _begin
    from .._core import make_plain_response as make_plain_response
    from .._core import send_plain_response as _send
    from .._core import send_response as send_response
else:

    def _begin(*arguments: t.Any) -> bool:  # noqa: ARG001 - it takes what the core takes
        """Leave it to the constructor."""
        return False

    def make_plain_response(*arguments: t.Any) -> t.Any | None:  # noqa: ARG001 - as above
        """Leave it to the constructor."""
        return None

    def _send(*arguments: t.Any) -> None:
        """Leave it to the methods."""

    def send_response(
        response: t.Any, environ: WSGIEnvironment, start_response: t.Any
    ) -> t.Iterable[bytes]:
        """Send a response, or whatever a view's answer was made into."""
        return response(environ, start_response)


def _is_sent_without_a_body(header: tuple[str, str]) -> bool:
    """Say whether a header belongs into a 304, which says nothing new of the body."""
    name = header[0].lower()
    return name in ("expires", "content-location") or not is_entity_header(name)


def _reported(name: str, parse: t.Callable[..., t.Any], fset: t.Any, doc: str) -> t.Any:
    """Return a property that reads a header, and writes it when what was read is changed."""

    def fget(response: Response) -> t.Any:
        def write(value: t.Any) -> None:
            if value:
                response.headers[name] = value.to_header()
            else:
                del response.headers[name]

        return parse(response.headers.get(name), write)

    return property(fget, fset, doc=doc)


def _parse_cache_control(value: str | None, write: t.Callable[[t.Any], None]) -> t.Any:
    return _http.parse_cache_control_header(value, write, ResponseCacheControl)


def _date_property(name: str, doc: str) -> t.Any:
    return header_property(name, None, _http.parse_date, _http.http_date, doc=doc)


def _list_property(name: str, doc: str) -> t.Any:
    return header_property(name, None, _http.parse_set_header, _http.dump_header, doc=doc)


class Response(_werkzeug.Response):
    """An outgoing response.

    A :class:`werkzeug.wrappers.Response` in every respect, except that a status line with CR, LF or
    NUL raises :exc:`ValueError`, as a header does.

    :param response: The body: text, bytes, or an iterable of either.
    :param status: The status: a code, or a line.
    :param headers: The headers.
    :param mimetype: The type of the body, without parameters.
    :param content_type: The type of the body, with them.
    :param direct_passthrough: Whether the body goes to the server as it is.
    """

    def __init__(
        self,
        response: t.Any = None,
        status: t.Any = None,
        headers: t.Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if _begin(self, response, status, headers, mimetype, content_type, direct_passthrough):
            return
        if not isinstance(headers, _WerkzeugHeaders):
            headers = Headers(headers) if headers else Headers()
        super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)

    # What a response that was begun by the core alone has not set.

    _status = "200 OK"
    _status_code = 200
    _mimetype: str | None = None
    _length: int | None = None
    direct_passthrough = False

    @lazy
    def _on_close(self) -> list[t.Callable[[], t.Any]]:
        return []

    @lazy
    def headers(self) -> _WerkzeugHeaders:
        """The headers."""
        return self._first_headers()

    def _first_headers(self) -> Headers:
        headers = Headers()
        mimetype = self.default_mimetype if self._mimetype is None else self._mimetype
        if mimetype is not None:
            headers["Content-Type"] = content_types[mimetype]
        if self._length is not None and self.automatically_set_content_length:
            headers["Content-Length"] = str(self._length)
        return headers

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> t.Iterable[bytes]:
        """Send the response: the WSGI application that it is."""
        sent = _send(self, environ, start_response)
        return super().__call__(environ, start_response) if sent is None else sent

    def _clean_status(self, value: t.Any) -> tuple[str, int]:
        status, code = super()._clean_status(value)
        if _ends_a_line(status) is not None:
            raise ValueError(
                f"The status must not contain a carriage return, line feed or null: {status!r}"
            )
        return status, code

    # Headers that the core reads and writes; the others are text as it is.

    age = header_property(
        "Age",
        None,
        _http.parse_age,
        t.cast("t.Any", _http.dump_age),
        doc="How long ago it was made.",
    )
    date = _date_property("Date", "When it was made.")
    expires = _date_property("Expires", "When it is to be made again.")
    last_modified = _date_property("Last-Modified", "When what it shows last changed.")
    access_control_allow_headers = _list_property(
        "Access-Control-Allow-Headers", "The headers that a cross-origin request may send."
    )
    access_control_allow_methods = _list_property(
        "Access-Control-Allow-Methods", "The methods that a cross-origin request may have."
    )
    access_control_expose_headers = _list_property(
        "Access-Control-Expose-Headers", "The headers that a script may read."
    )
    cache_control = _reported(
        "Cache-Control", _parse_cache_control, None, "The ``Cache-Control`` header."
    )
    vary = _reported(
        "Vary",
        _http.parse_set_header,
        _werkzeug.Response.vary.fset,
        "The request's headers that made a difference.",
    )
    content_language = _reported(
        "Content-Language",
        _http.parse_set_header,
        _werkzeug.Response.content_language.fset,
        "The languages of the body.",
    )
    allow = _reported(
        "Allow",
        _http.parse_set_header,
        _werkzeug.Response.allow.fset,
        "The methods that the resource has.",
    )
    content_security_policy = _reported(
        "Content-Security-Policy",
        _http.parse_csp_header,
        t.cast("t.Any", _werkzeug.Response).content_security_policy.fset,
        "The ``Content-Security-Policy`` header.",
    )

    def get_etag(self) -> tuple[str, bool] | tuple[None, None]:
        """Return the entity tag and whether it is weak, or ``None`` twice."""
        return _http.unquote_etag(self.headers.get("ETag"))

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: str | datetime | int | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Set a cookie; :func:`kolben.headers.dump_cookie` explains the parameters."""
        cookie = _http.dump_cookie(
            key,
            value=value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            max_size=self.max_cookie_size,
            samesite=samesite,
            partitioned=partitioned,
        )
        self.headers.add("Set-Cookie", cookie)

    def make_conditional(
        self,
        request_or_environ: t.Any,
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> t.Any:
        """Answer the conditions and the range of a request: with a part, with 304, 412 or 416.

        :param request_or_environ: The request, or its environ.
        :param accept_ranges: The unit of ranges, or whether there are any, in bytes.
        :param complete_length: The length of the whole, which ranges need.
        """
        environ = request_or_environ
        if not isinstance(environ, dict):
            environ = environ.environ
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self
        headers = self.headers
        if "Date" not in headers:
            headers["Date"] = _http.http_date()
        is_part = self._process_range_request(environ, complete_length, accept_ranges)
        if not is_part and not _http.is_resource_modified(
            environ, headers.get("ETag"), last_modified=headers.get("Last-Modified")
        ):
            is_refused = _http.parse_etags(environ.get("HTTP_IF_MATCH"))
            self.status_code = 412 if is_refused else 304
        if self.automatically_set_content_length and "Content-Length" not in headers:
            length = self.calculate_content_length()
            if length is not None:
                headers["Content-Length"] = str(length)
        return self

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> _WerkzeugHeaders:
        """Return the headers as they are sent in answer to that environ."""
        headers = Headers(self.headers)
        status = self.status_code
        bodiless = 100 <= status < 200 or status == 204
        location = content_location = content_length = None
        for name, value in headers:
            lower = name.lower()
            if lower == "location":
                location = value
            elif lower == "content-location":
                content_location = value
            elif lower == "content-length":
                content_length = value
        if location is not None:
            headers["Location"] = self._sent_location(location, environ)
        if content_location is not None:
            headers["Content-Location"] = _http.iri_to_uri(content_location)
        if bodiless:
            headers.remove("Content-Length")
        elif status == 304:
            headers._list[:] = filter(_is_sent_without_a_body, headers._list)
        elif self.automatically_set_content_length and content_length is None and self.is_sequence:
            headers["Content-Length"] = str(sum(map(len, self.iter_encoded())))
        return headers

    def _sent_location(self, location: str, environ: WSGIEnvironment) -> str:
        location = _http.iri_to_uri(location)
        if not self.autocorrect_location_header:
            return location
        return urljoin(_http.iri_to_uri(_environ_url(environ, strip_querystring=True)), location)


if compiled is not None:
    # The core goes past these as long as nobody overrides or patches what it knows of them.
    compiled.hold_responses(
        Response,
        Headers,
        {code: f"{code} {phrase.upper()}" for code, phrase in HTTP_STATUS_CODES.items()},
        content_types,
    )
