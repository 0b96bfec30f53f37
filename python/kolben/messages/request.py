"""Requests: Werkzeug's class, read from the core on first use."""

from __future__ import annotations

import typing as t
from operator import attrgetter

from werkzeug import wrappers as _werkzeug
from werkzeug.datastructures import (
    CharsetAccept,
    CombinedMultiDict,
    LanguageAccept,
    MIMEAccept,
    MultiDict,
    RequestCacheControl,
)
from werkzeug.datastructures import Headers as _WerkzeugHeaders
from werkzeug.exceptions import ClientDisconnected
from werkzeug.utils import header_property
from werkzeug.wsgi import LimitedStream, _get_server, get_input_stream

from .. import headers as _http
from ..core import compiled
from ..datastructures import EnvironHeaders
from ..formparser import FormDataParser, _read_all
from ..headers import parse_accept_header, parse_query
from ..headers.sansio import parse_cookie
from ..lazy import lazy
from .kept import mimetypes

if t.TYPE_CHECKING or compiled is not None:
    from .._core import read_body as _read_body
else:

    def _read_body(*arguments: t.Any) -> bytes | None:  # noqa: ARG001 - it takes what the core takes
        """Leave it to the stream."""
        return None


if t.TYPE_CHECKING:
    from datetime import datetime

    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["Request"]


def _text(tunnelled: str) -> str:
    """Read as UTF-8 what WSGI hands on as Latin-1."""
    if tunnelled.isascii():
        return tunnelled
    return tunnelled.encode("latin1").decode(errors="replace")


class Request(_werkzeug.Request):
    """An incoming request, read from a WSGI environ.

    A :class:`werkzeug.wrappers.Request` in every respect.

    :param environ: The environ.
    :param populate_request: Whether to put the request into the environ.
    :param shallow: Whether reading the body raises :exc:`RuntimeError`.
    """

    form_data_parser_class = FormDataParser

    #: Whether reading the body raises an error.
    shallow = False

    #: Whether the body is no longer all to be had from the environ.
    _is_stream_used = False

    #: Whether there may be files that have to be closed.
    _may_hold_files = False

    #: Whether a subclass has its own idea of what is set when a request is made.
    _reads_ahead: t.ClassVar[bool] = False

    def __init_subclass__(cls, **options: t.Any) -> None:
        super().__init_subclass__(**options)
        cls._reads_ahead = any(
            _defined(cls, name) is not Request.__dict__[name] for name in _SET_BY_WERKZEUG
        )

    def __init__(
        self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False
    ) -> None:
        if self._reads_ahead:
            super().__init__(environ, populate_request, shallow)
            self.headers = EnvironHeaders(environ)
            return
        self.environ = environ
        if shallow:
            self.shallow = True
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    # What Werkzeug sets when a request is made.

    @lazy
    def method(self) -> str:
        """The method, in upper case."""
        return t.cast("str", self.environ.get("REQUEST_METHOD", "GET").upper())

    @lazy
    def scheme(self) -> str:
        """The scheme of the URL."""
        return t.cast("str", self.environ.get("wsgi.url_scheme", "http"))

    @lazy
    def server(self) -> tuple[str, int | None] | None:
        """The address of the server: host and port, or path and ``None``."""
        return _get_server(self.environ)

    @lazy
    def root_path(self) -> str:
        """Where the application is mounted, without a slash at the end."""
        return _text(self.environ.get("SCRIPT_NAME") or "").rstrip("/")

    @lazy
    def path(self) -> str:
        """The path below that, with a slash at the beginning."""
        return "/" + _text(self.environ.get("PATH_INFO") or "").lstrip("/")

    @lazy
    def query_string(self) -> bytes:
        """The query as it was sent."""
        return t.cast("str", self.environ.get("QUERY_STRING", "")).encode("latin1")

    @lazy
    def headers(self) -> _WerkzeugHeaders:
        """The headers, a view of the environ."""
        return EnvironHeaders(self.environ)

    @lazy
    def remote_addr(self) -> str | None:
        """The address of the client, as the server sees it."""
        return self.environ.get("REMOTE_ADDR")

    # The URL.

    @lazy
    def args(self) -> MultiDict[str, str]:
        """The query, parsed."""
        return parse_query(self.query_string.decode(), self.parameter_storage_class)

    @lazy
    def host(self) -> str:
        """The host that was asked for, if :attr:`trusted_hosts` covers it."""
        return _http.get_host(
            self.scheme, self.headers.get("host"), self.server, self.trusted_hosts
        )

    @lazy
    def full_path(self) -> str:
        """The path and the query."""
        return f"{self.path}?{self.query_string.decode()}"

    @lazy
    def url(self) -> str:
        """The whole URL, as an IRI."""
        return _http.get_current_url(
            self.scheme, self.host, self.root_path, self.path, self.query_string
        )

    @lazy
    def base_url(self) -> str:
        """The URL without the query."""
        return _http.get_current_url(self.scheme, self.host, self.root_path, self.path)

    @lazy
    def root_url(self) -> str:
        """The URL that the application is mounted at."""
        return _http.get_current_url(self.scheme, self.host, self.root_path)

    @lazy
    def url_root(self) -> str:
        """The same as :attr:`root_url`."""
        return self.root_url

    @lazy
    def host_url(self) -> str:
        """The scheme and the host of the URL."""
        return _http.get_current_url(self.scheme, self.host)

    @lazy
    def access_route(self) -> list[str]:
        """The addresses that the request came through, the client first."""
        if "X-Forwarded-For" in self.headers:
            forwarded = self.headers["X-Forwarded-For"]
            return self.list_storage_class(_http.parse_list_header(forwarded))
        if self.remote_addr is not None:
            return self.list_storage_class([self.remote_addr])
        return self.list_storage_class()

    # Headers.

    @lazy
    def cookies(self) -> t.Any:
        """The cookies."""
        sent = self.headers.getlist("Cookie")
        cookie = sent[0] if len(sent) == 1 else ";".join(sent)
        return parse_cookie(cookie, self.dict_storage_class)

    @lazy
    def content_length(self) -> int | None:
        """The length of the body; ``None`` if it is not stated, or the body is chunked."""
        return _http.get_content_length(
            self.headers.get("Content-Length"), self.headers.get("Transfer-Encoding")
        )

    date = header_property(
        "Date", None, _http.parse_date, read_only=True, doc="When the message was made."
    )
    access_control_request_headers = header_property(
        "Access-Control-Request-Headers",
        load_func=_http.parse_set_header,
        read_only=True,
        doc="The headers that a cross-origin request is going to send.",
    )

    @property
    def mimetype(self) -> str:
        """The type of the body, in lower case and without parameters."""
        return self._mimetype

    @lazy
    def _mimetype(self) -> str:
        return mimetypes[self.headers.get("Content-Type", "")]

    def _parse_content_type(self) -> None:
        if not hasattr(self, "_parsed_content_type"):
            content_type = self.headers.get("Content-Type", "")
            self._parsed_content_type = _http.parse_options_header(content_type)

    @lazy
    def pragma(self) -> t.Any:
        """The ``Pragma`` header."""
        return _http.parse_set_header(self.headers.get("Pragma", ""))

    @lazy
    def accept_mimetypes(self) -> MIMEAccept:
        """The types of content that the client takes."""
        return parse_accept_header(self.headers.get("Accept"), MIMEAccept)

    @lazy
    def accept_charsets(self) -> CharsetAccept:
        """The charsets that the client takes."""
        return parse_accept_header(self.headers.get("Accept-Charset"), CharsetAccept)

    @lazy
    def accept_encodings(self) -> t.Any:
        """The compressions that the client takes."""
        return parse_accept_header(self.headers.get("Accept-Encoding"))

    @lazy
    def accept_languages(self) -> LanguageAccept:
        """The languages that the client takes."""
        return parse_accept_header(self.headers.get("Accept-Language"), LanguageAccept)

    @lazy
    def cache_control(self) -> RequestCacheControl:
        """The ``Cache-Control`` header."""
        return _http.parse_cache_control_header(
            self.headers.get("Cache-Control"), None, RequestCacheControl
        )

    @lazy
    def if_match(self) -> t.Any:
        """The tags of ``If-Match``."""
        return _http.parse_etags(self.headers.get("If-Match"))

    @lazy
    def if_none_match(self) -> t.Any:
        """The tags of ``If-None-Match``."""
        return _http.parse_etags(self.headers.get("If-None-Match"))

    @lazy
    def if_modified_since(self) -> datetime | None:
        """The date of ``If-Modified-Since``."""
        return _http.parse_date(self.headers.get("If-Modified-Since"))

    @lazy
    def if_unmodified_since(self) -> datetime | None:
        """The date of ``If-Unmodified-Since``."""
        return _http.parse_date(self.headers.get("If-Unmodified-Since"))

    @lazy
    def if_range(self) -> t.Any:
        """The tag or the date of ``If-Range``."""
        return _http.parse_if_range_header(self.headers.get("If-Range"))

    @lazy
    def range(self) -> t.Any:
        """The ``Range`` header."""
        return _http.parse_range_header(self.headers.get("Range"))

    @lazy
    def user_agent(self) -> t.Any:
        """The ``User-Agent`` header, as a :attr:`user_agent_class`."""
        return self.user_agent_class(self.headers.get("User-Agent", ""))

    @lazy
    def authorization(self) -> t.Any:
        """The ``Authorization`` header."""
        return _http.Authorization.from_header(self.headers.get("Authorization"))

    # The body.

    @property
    def stream(self) -> t.IO[bytes]:
        """The body as a stream that ends where the body does."""
        own = self.__dict__
        if "stream" not in own:
            own["stream"] = self._first_stream()
            self._is_stream_used = True
        return t.cast("t.IO[bytes]", own["stream"])

    @stream.setter
    def stream(self, value: t.IO[bytes]) -> None:
        self.__dict__["stream"] = value
        self._is_stream_used = True

    def _first_stream(self) -> t.IO[bytes]:
        if self.shallow:
            raise RuntimeError(
                "This request was created with 'shallow=True', reading"
                " from the input stream is disabled."
            )
        stream = get_input_stream(self.environ, max_content_length=self.max_content_length)
        if self._is_stream_used and isinstance(stream, LimitedStream):
            # The body was read without it.
            stream._pos = stream.limit
        return stream

    @t.overload
    def get_data(
        self, cache: bool = True, as_text: t.Literal[False] = False, parse_form_data: bool = False
    ) -> bytes: ...

    @t.overload
    def get_data(
        self, cache: bool = True, as_text: t.Literal[True] = ..., parse_form_data: bool = False
    ) -> str: ...

    def get_data(
        self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
    ) -> bytes | str:
        """Return the body.

        :param cache: Whether to keep it for the next call.
        :param as_text: Whether to decode it, as UTF-8.
        :param parse_form_data: Whether to parse a form first, which leaves nothing here.
        """
        data: bytes | None = getattr(self, "_cached_data", None)
        if data is None:
            if parse_form_data:
                self._load_form_data()
            data = _read_body(self)
            if data is None:
                data = _read_all(self.stream)
            if cache:
                self._cached_data = data
        return data.decode(errors="replace") if as_text else data

    @lazy
    def data(self) -> bytes:
        """The body, if it is no form."""
        return self.get_data(parse_form_data=True)

    @lazy
    def form(self) -> t.Any:
        """The fields of the form in the body."""
        self._load_form_data()
        return self.form

    @property
    def files(self) -> t.Any:
        """The files of the form in the body."""
        own = self.__dict__
        if "files" not in own:
            self._load_form_data()
        return own["files"]

    @files.setter
    def files(self, value: t.Any) -> None:
        self.__dict__["files"] = value
        self._may_hold_files = True

    def _load_form_data(self) -> None:
        if not self._loads_urlencoded():
            super()._load_form_data()
        self._may_hold_files = self._is_stream_used = True

    def _loads_urlencoded(self) -> bool:
        """Load the form, if it is a short one without files, read by Kolben's own methods."""
        # PERF: without a stream and a parser, which take longer than it (benches/apps.py, `form`).
        own = self.__dict__
        if (
            "form" in own
            or getattr(self, "_cached_data", None) is not None
            or self.mimetype != "application/x-www-form-urlencoded"
            or _form_readers(type(self)) != _own_form_readers
        ):
            return False
        body = _read_body(self)
        if body is None:
            return False
        try:
            form = parse_query(body.decode(), self.parameter_storage_class)
        except UnicodeDecodeError:
            form = self.parameter_storage_class()
        own["form"], own["files"] = form, self.parameter_storage_class()
        return True

    @lazy
    def values(self) -> CombinedMultiDict[str, str]:
        """:attr:`args`, and :attr:`form` unless the method is ``GET``."""
        sources = [self.args]
        if self.method != "GET":
            sources.append(self.form)
        return CombinedMultiDict(
            [source if isinstance(source, MultiDict) else MultiDict(source) for source in sources]
        )


#: The attributes that Werkzeug assigns when a request is made.
_SET_BY_WERKZEUG = (
    "headers",
    "method",
    "path",
    "query_string",
    "remote_addr",
    "root_path",
    "scheme",
    "server",
)


def _defined(cls: type, name: str) -> t.Any:
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


#: How a class of requests reads forms.
_form_readers = attrgetter(
    "form_data_parser_class",
    "make_form_data_parser",
    "want_form_data_parsed",
    "_get_stream_for_parsing",
)
_own_form_readers = _form_readers(Request)

if compiled is not None:
    # The core goes past these as long as nobody overrides or patches what it knows of them.
    compiled.hold_requests(Request, EnvironHeaders)
    compiled.hold_bodies(Request, ClientDisconnected)
