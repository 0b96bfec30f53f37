"""Form bodies: Werkzeug's parsers on the core's multipart decoder.

Where this differs from Werkzeug on purpose: the parts of a body do not depend on how it is cut
into chunks, and a part with more than 128 headers, or headers of more than 64 KiB, or a boundary
with more than 1024 bytes of padding behind it, is too large.
"""

from __future__ import annotations

import re
import typing as t
from functools import partial
from io import SEEK_CUR, BytesIO
from operator import attrgetter

from werkzeug import formparser as _werkzeug
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.datastructures import Headers as _WerkzeugHeaders
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import default_stream_factory
from werkzeug.sansio import multipart as _sansio
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, Preamble, State
from werkzeug.wsgi import LimitedStream, get_input_stream

from .core import compiled
from .datastructures import Headers
from .headers import get_content_length, parse_options_header, parse_query

if t.TYPE_CHECKING:
    import typing_extensions as te
    from _typeshed.wsgi import WSGIEnvironment

    _Result = tuple[t.IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]

__all__ = [
    "FormDataParser",
    "MultiPartParser",
    "MultipartDecoder",
    "default_stream_factory",
    "parse_form_data",
]

#: The most headers, and the most bytes of headers, that a part may have, and the most padding
#: behind a boundary. The core has the same limits.
MAX_HEADERS = 128
MAX_HEADER_BYTES = 64 * 1024
MAX_PADDING = 1024


_LINE_BREAK = rb"(?:\r\n|\n|\r)"
_SEARCHING = (State.PREAMBLE, State.DATA, State.DATA_START)


def _received_headers(entries: list[tuple[str, str]]) -> Headers:
    """Make headers of what was received, as it was received."""
    headers = Headers()
    headers._list.extend(entries)
    return headers


class _Unpadded:
    """A pattern of a delimiter that refuses one with too much padding."""

    def __init__(self, pattern: bytes) -> None:
        self.pattern = re.compile(pattern)

    def search(self, buffer: bytes | bytearray, start: int = 0) -> re.Match[bytes] | None:
        match = self.pattern.search(buffer, start)
        if match is not None:
            behind = match.group(1)
            if not behind.startswith(b"--") and len(behind.rstrip(b"\r\n")) > MAX_PADDING:
                raise RequestEntityTooLarge()
        return match


class _PlainDecoder(_sansio.MultipartDecoder):
    """Werkzeug's decoder, made independent of how the body is cut, and of hostile headers."""

    def __init__(
        self,
        boundary: bytes,
        max_form_memory_size: int | None = None,
        *,
        max_parts: int | None = None,
    ) -> None:
        super().__init__(boundary, max_form_memory_size, max_parts=max_parts)
        marker = rb"--" + re.escape(boundary)
        # A delimiter at the end of the buffer that the next bytes complete, or carry on.
        unfinished = marker + rb"(?:-|[^\S\n\r]*\r?)\Z"
        self._unfinished = re.compile(_LINE_BREAK + unfinished)
        self._unfinished_preamble = re.compile(_LINE_BREAK + b"?" + unfinished)
        behind = rb"(--[^\S\n\r]*%b?|[^\S\n\r]*%b|[^\S\n\r]{%d})"
        behind %= _LINE_BREAK, _LINE_BREAK, MAX_PADDING + 1
        self.preamble_re = t.cast("t.Any", _Unpadded(_LINE_BREAK + b"?" + marker + behind))
        self.boundary_re = t.cast("t.Any", _Unpadded(_LINE_BREAK + marker + behind))
        #: Whether what follows the buffer is known to begin a delimiter.
        self._all_decided = False
        self._longest_unfinished = len(boundary) + MAX_PADDING + 6

    def next_event(self) -> Event:
        """Return the next event, or :data:`NEED_DATA`."""
        if self.state is State.PART:
            self._refuse_headers()
        elif self.state in _SEARCHING and not self.complete:
            return self._event_before(self._decided_length())
        return super().next_event()

    def _decided_length(self) -> int:
        """Return how much of the buffer means the same whatever comes next."""
        start = max(0, len(self.buffer) - self._longest_unfinished)
        first = self.state is State.PREAMBLE
        unfinished = self._unfinished_preamble if first else self._unfinished
        if found := unfinished.search(self.buffer, start):
            # Its line break may be the end of a delimiter that is there.
            whole = (self.preamble_re if first else self.boundary_re).search(self.buffer)
            if whole is None or whole.start() >= found.start():
                return found.start()
            return len(self.buffer)
        # The line break after the headers may be the first byte of a delimiter too.
        longest = len(self.boundary) + 4
        if self.state is State.DATA_START and len(self.buffer) < longest:
            lead = t.cast("re.Match[bytes]", _sansio.LINE_BREAK_RE.match(self.buffer)).end()
            if (b"--" + self.boundary).startswith(bytes(self.buffer[lead:])):
                return 0
        return len(self.buffer)

    def _event_before(self, length: int) -> Event:
        if length == 0 and self.state is State.DATA_START:
            return _sansio.NEED_DATA
        undecided = self.buffer[length:]
        del self.buffer[length:]
        self._all_decided = bool(undecided)
        try:
            return super().next_event()
        finally:
            self._all_decided = False
            self.buffer.extend(undecided)

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        return len(data) if self._all_decided else super()._last_partial_boundary_index(data)

    def _refuse_headers(self) -> None:
        longest = MAX_HEADER_BYTES + 3
        blank = _sansio.BLANK_LINE_RE
        if len(self.buffer) > longest and not blank.search(self.buffer, 0, longest + 1):
            raise RequestEntityTooLarge()

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        if len(data) > MAX_HEADER_BYTES:
            raise RequestEntityTooLarge()
        headers = super()._parse_headers(data)
        if len(headers) > MAX_HEADERS:
            raise RequestEntityTooLarge()
        return _received_headers(list(headers))


class MultipartDecoder(_PlainDecoder):
    """A streaming decoder: bytes in, events out.

    :param boundary: The boundary, from the parameters of the content type.
    :param max_form_memory_size: The most bytes that may wait for their event.
    :param max_parts: The most parts.
    """

    _core: t.Any

    def __init__(
        self,
        boundary: bytes,
        max_form_memory_size: int | None = None,
        *,
        max_parts: int | None = None,
    ) -> None:
        self._core = None
        if _replaces(type(self), MultipartDecoder, _DECODER_STEPS):
            super().__init__(boundary, max_form_memory_size, max_parts=max_parts)
            return
        self._core = _make_core(boundary, max_form_memory_size, max_parts)
        if self._core is None:
            super().__init__(boundary, max_form_memory_size, max_parts=max_parts)
            return
        self.boundary = boundary
        self.max_form_memory_size = max_form_memory_size
        self.max_parts = max_parts
        self.complete = False

    def __getattr__(self, name: str) -> t.Any:
        # What Werkzeug's decoder keeps as attributes, on the core.
        core = self.__dict__.get("_core")
        if core is not None and name == "buffer":
            return bytearray(core.buffer)
        if core is not None and name == "state":
            return State[core.state]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def receive_data(self, data: bytes | None) -> None:
        """Take in a chunk, or ``None`` at the end."""
        if self._core is None:
            super().receive_data(data)
            return
        if data is None:
            self.complete = True
        self._core.receive_data(data if data is None or type(data) is bytes else bytes(data))

    def next_event(self) -> Event:
        """Return the next event, or :data:`NEED_DATA`."""
        if self._core is None:
            return super().next_event()
        kind, *values = self._core.next_event()
        if kind == _DATA:
            return Data(*values)
        if kind == _NEED_DATA:
            return _sansio.NEED_DATA
        if kind == _PART:
            name, filename, entries = values
            headers = _received_headers(entries)
            if filename is None:
                return Field(name=name, headers=headers)
            return File(name=name, filename=filename, headers=headers)
        return Preamble(*values) if kind == _PREAMBLE else Epilogue(*values)


# What an event or an operation of the core is.
_PREAMBLE, _PART, _DATA, _EPILOGUE, _NEED_DATA, _FIELD = range(6)

#: What a subclass of the decoder may replace that the core would go past.
_DECODER_STEPS = ("_last_partial_boundary_index", "_parse_data", "_parse_headers")


def _replaces(cls: type, base: type, names: t.Iterable[str]) -> bool:
    return any(getattr(cls, name) is not getattr(base, name) for name in names)


def _make_core(
    boundary: bytes, max_form_memory_size: int | None, max_parts: int | None
) -> t.Any | None:
    """Return a decoder of the core, or ``None`` where the plain one has to do."""
    # The core searches line by line, which a boundary with line breaks in it defeats.
    if compiled is None or b"\r" in boundary or b"\n" in boundary:
        return None
    try:
        return compiled.MultipartCore(
            bytes(boundary), max_form_memory_size, max_parts, parse_options_header
        )
    except (OverflowError, TypeError):
        return None  # a limit that is not an int of 64 bits


class MultiPartParser(_werkzeug.MultiPartParser):
    """Reads a multipart body into fields and files.

    :param stream_factory: Makes the stream that a file is written to.
    :param max_form_memory_size: The most bytes of a field.
    :param cls: The class of the two dicts.
    :param buffer_size: How much is read at once.
    :param max_form_parts: The most parts.
    """

    def parse(
        self, stream: t.IO[bytes], boundary: bytes, content_length: int | None
    ) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
        """Read the stream to its end and return the fields and the files."""
        parts = _Parts(self, content_length)
        core = _make_core(boundary, self.max_form_memory_size, self.max_form_parts)
        if core is None:
            decoder = MultipartDecoder(
                boundary,
                max_form_memory_size=self.max_form_memory_size,
                max_parts=self.max_form_parts,
            )
            step: t.Callable[[bytes | None], None] = partial(parts.decode, decoder)
        else:
            # A charset function of the user's sees every field.
            raw = getattr(self.get_part_charset, "__func__", None) is not _get_part_charset
            step = partial(parts.feed, core, raw)
        read, size = stream.read, self.buffer_size
        while data := read(size):
            step(data)
        step(None)
        return self.cls(parts.fields), self.cls(parts.files)


_get_part_charset = MultiPartParser.get_part_charset


class _Parts:
    """The fields and the files that a parser has found so far."""

    def __init__(self, parser: MultiPartParser, content_length: int | None) -> None:
        self.parser = parser
        self.content_length = content_length
        self.fields: list[tuple[str, str]] = []
        self.files: list[tuple[str, FileStorage]] = []
        self.part: Field | File | None = None
        self.container: t.Any = None
        self.size = 0

    def feed(self, core: t.Any, raw: bool, data: bytes | None) -> None:
        """Have the core work through a chunk, and do what it cannot."""
        if data is not None and type(data) is not bytes:
            data = bytes(data)
        operations, error = core.feed(data, self.fields, raw)
        for kind, *values in operations:
            if kind == _DATA:
                self._write(*values)
            elif kind == _PART:
                name, filename, entries = values
                self._open(File(name, filename, _received_headers(entries)))
            else:
                name, value, entries = values
                if entries is None:
                    # Finished, but later than a field that was not.
                    self.fields.append((name, value))
                else:
                    self._add_field(name, value, _received_headers(entries))
        if error is not None:
            raise error

    def decode(self, decoder: MultipartDecoder, data: bytes | None) -> None:
        """Take a chunk's events one by one."""
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), (Epilogue, _sansio.NeedData)):
            if isinstance(event, (Field, File)):
                self._open(event)
            elif isinstance(event, Data):
                self._write(event.data, event.more_data)

    def _open(self, part: Field | File) -> None:
        self.part = part
        self.size = 0
        if isinstance(part, File):
            self.container = self.parser.start_file_streaming(part, self.content_length)
        else:
            self.container = []

    def _write(self, data: bytes, more: bool) -> None:
        part = self.part
        if isinstance(part, File):
            self.container.write(data)
            if not more:
                self.container.seek(0)
                storage = FileStorage(
                    self.container, part.filename, part.name, headers=part.headers
                )
                self.files.append((part.name, storage))
        elif part is not None:
            self.size += len(data)
            most = self.parser.max_form_memory_size
            if most is not None and self.size > most:
                raise RequestEntityTooLarge()
            self.container.append(data)
            if not more:
                self._add_field(part.name, b"".join(self.container), part.headers)

    def _add_field(self, name: str, value: bytes, headers: _WerkzeugHeaders) -> None:
        self.fields.append((name, value.decode(self.parser.get_part_charset(headers), "replace")))


def _is_limited(stream: object) -> te.TypeIs[LimitedStream]:
    return type(stream) is LimitedStream and _stream_readers(LimitedStream) == _own_stream_readers


#: How a stream with a limit is read.
_stream_readers = attrgetter("read", "readall", "readinto", "is_exhausted", "on_exhausted")
_own_stream_readers = _stream_readers(LimitedStream)


def _read_all(stream: t.IO[bytes]) -> bytes:
    """Read a stream to its end."""
    # PERF: a body in memory behind a fresh limit needs no loop (benches/test_forms.py).
    if _is_limited(stream) and stream._pos == 0 and not stream._limit_is_max:
        source = stream._stream
        if type(source) is BytesIO and not source.closed:
            data = source.read(stream.limit)
            if len(data) == stream.limit:
                stream._pos = stream.limit
                return data
            source.seek(-len(data), SEEK_CUR)  # the client went away: the stream's to say
    return stream.read()


class FormDataParser(_werkzeug.FormDataParser):
    """Reads the body of a request into a form and files, if it is of a type that holds them.

    :param stream_factory: Makes the stream that a file is written to.
    :param max_form_memory_size: The most bytes of a multipart field.
    :param max_content_length: The most bytes of the body.
    :param cls: The class of the two dicts.
    :param silent: Whether a body that cannot be parsed counts as an empty form.
    :param max_form_parts: The most multipart parts.
    """

    def parse_from_environ(self, environ: WSGIEnvironment) -> _Result:
        """Parse the body of the request that the environ describes."""
        content_length = get_content_length(
            environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
        )
        if (
            content_length is None
            or self.max_content_length is not None
            or "wsgi.input_terminated" in environ
        ):
            stream = get_input_stream(environ, max_content_length=self.max_content_length)
        else:
            # PERF: the plain case, without a second look at the length (benches/test_forms.py).
            stream = t.cast("t.IO[bytes]", LimitedStream(environ["wsgi.input"], content_length))
        mimetype, options = parse_options_header(environ.get("CONTENT_TYPE"))
        return self.parse(stream, mimetype, content_length, options)

    def _parse_multipart(
        self,
        stream: t.IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> _Result:
        parser = MultiPartParser(
            stream_factory=self.stream_factory,
            max_form_memory_size=self.max_form_memory_size,
            max_form_parts=self.max_form_parts,
            cls=self.cls,
        )
        boundary = options.get("boundary", "").encode("ascii")
        if not boundary:
            raise ValueError("Missing boundary")
        form, files = parser.parse(stream, boundary, content_length)
        return stream, form, files

    def _parse_urlencoded(
        self,
        stream: t.IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str],
    ) -> _Result:
        # PERF: the core makes an empty one sooner too (benches/test_forms.py).
        files: t.Any = parse_query("", self.cls) if self.cls is MultiDict else self.cls()
        return stream, parse_query(_read_all(stream).decode(), self.cls), files


def parse_form_data(
    environ: WSGIEnvironment,
    stream_factory: t.Any | None = None,
    max_form_memory_size: int | None = None,
    max_content_length: int | None = None,
    cls: type[MultiDict[str, t.Any]] | None = None,
    silent: bool = True,
    *,
    max_form_parts: int | None = None,
) -> _Result:
    """Parse the body of a request with a :class:`FormDataParser` that has these settings.

    :return: The stream, the form and the files.
    """
    if max_content_length is None and _read_form is not None:
        found = _read_form(environ, cls, FormDataParser, LimitedStream)
        if found is not None:
            return t.cast("_Result", found)
    return FormDataParser(
        stream_factory=stream_factory,
        max_form_memory_size=max_form_memory_size,
        max_content_length=max_content_length,
        max_form_parts=max_form_parts,
        silent=silent,
        cls=cls,
    ).parse_from_environ(environ)


_read_form: t.Callable[..., t.Any] | None
if compiled is None:
    _read_form = None
else:
    _read_form = compiled.read_form
    compiled.hold_forms(FormDataParser, LimitedStream, BytesIO)
