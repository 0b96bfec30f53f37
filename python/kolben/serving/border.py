"""Between Granian and the app: one call for each request.

What Granian does otherwise than WSGI has it, or leaves to others, is put right here:

- Its ``wsgi.input`` loses bytes and ends of lines, and takes a body that was cut off for a whole
  one. The app gets a stream that does neither, and that knows the largest size.
- It would end a stream of chunks as if it were whole when the app's iterator fails at its very
  first piece. That piece is fetched before any header is sent, so the failure is a 500.
- A status that is none ends its process, and a ``Content-Length`` that is too large makes the next
  answer on that connection a part of this one. Neither gets that far.
- A worker that is about to end says ``Connection: close``, so that nobody sends it another request
  on a connection that is about to go.
"""

from __future__ import annotations

import logging
import sys
import typing as t

from ..ops import draining
from ..ops.bodies import Body, may_come

if t.TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication

    _ExceptionInfo = (
        tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    )

__all__ = ["Border"]

logger = logging.getLogger("kolben.serve")

_FAILURE = b"Internal Server Error\n"
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class _Protocol(t.Protocol):
    """What Granian answers through."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_iter(self, status: int, headers: list[tuple[str, str]], body: t.Any) -> None: ...


class _Answer:
    """What the app has passed to ``start_response``."""

    __slots__ = ("headers", "status", "written")

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.written: list[bytes] | None = None

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: _ExceptionInfo | None = None,
    ) -> t.Callable[[bytes], object]:
        self.status = status
        self.headers = headers
        return self._write

    def _write(self, data: bytes) -> None:
        if self.written is None:
            self.written = []
        self.written.append(data)


class _Rest:
    """An answer in pieces, the first of which is here already."""

    __slots__ = ("_first", "_next", "close")

    def __init__(self, first: list[bytes], following: t.Any, close: t.Callable[[], None]) -> None:
        self._first = first
        self._next = following
        self.close = close

    def __next__(self) -> bytes:
        if self._first:
            return self._first.pop(0)
        try:
            return _piece(self._next)
        except StopIteration:
            raise
        except BaseException:
            # The status is out. Where the length is known, the client sees that some is missing.
            logger.exception("An answer ended early")
            raise StopIteration from None


class Border:
    """Runs the app for one request after the other.

    :param app: The app.
    :param max_body: The largest body, or 0.
    :param workers: How many workers there are.
    :param threads: How many threads each has.
    """

    def __init__(self, app: WSGIApplication, max_body: int, workers: int, threads: int) -> None:
        self.app = app
        self.max_body = max_body
        #: How many requests have come; it tells a worker that ends whether more are coming.
        self.seen = 0
        # The variables of the process stay out: who shows an environ shows no secret of theirs.
        self.environ = {
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SCRIPT_NAME": "",
            "SERVER_SOFTWARE": "Granian",
            "wsgi.errors": sys.stderr,
            "wsgi.input_terminated": True,
            "wsgi.multiprocess": workers > 1,
            "wsgi.multithread": threads > 1,
            "wsgi.run_once": False,
            "wsgi.version": (1, 0),
        }

    def __call__(self, protocol: _Protocol, scope: dict[str, t.Any]) -> int:
        """Answer a request; Granian calls it in one of its threads.

        :param protocol: Takes the answer.
        :param scope: The request, as most of an environ.
        """
        self.seen += 1
        environ = self.environ | scope
        if environ["SERVER_PROTOCOL"] == "HTTP/1":
            environ["SERVER_PROTOCOL"] = "HTTP/1.0"
        if may_come(environ):
            refusal = self._take_body(environ)
            if refusal is not None:
                protocol.response_bytes(*refusal)
                return refusal[0]
        answer = _Answer()
        try:
            body = self.app(environ, answer.start)
            if type(body) is list:
                return self._send(protocol, environ, answer, body)
            return self._send_pieces(protocol, environ, answer, body)
        except BaseException:  # `sys.exit()` in a view ends no worker
            logger.exception("The app raised an error")
            protocol.response_bytes(500, [_TEXT], _FAILURE)
            return 500

    def _take_body(
        self, environ: dict[str, t.Any]
    ) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """Put a stream of ours in place of Granian's, or refuse a body that is too large."""
        text = environ.get("CONTENT_LENGTH", "")
        length = int(text) if text.isdecimal() else None
        most = self.max_body
        if most and length is not None and length > most:
            text = f"The body of a request may have {most} bytes.\n"
            return 413, [_TEXT, ("Connection", "close")], text.encode()
        Body.put_in(environ, length, most)
        return None

    def _head(
        self, environ: dict[str, t.Any], answer: _Answer
    ) -> tuple[int, list[tuple[str, str]], int | None]:
        """Return the status, the headers and the length that they state, or refuse them."""
        if not answer.status:
            raise RuntimeError("The app has answered without a call of start_response.")
        status = int(answer.status[:3])
        if not 200 <= status <= 999:
            raise RuntimeError(f"The app has answered with {answer.status!r}, which no answer has.")
        headers, stated = _frame(answer.headers)
        # HTTP/2 has no such header, and tells its clients by itself.
        if draining.draining() and environ["SERVER_PROTOCOL"] != "HTTP/2":
            headers = [*headers, ("Connection", "close")]
        return status, headers, stated

    def _send(
        self, protocol: _Protocol, environ: dict[str, t.Any], answer: _Answer, body: list[bytes]
    ) -> int:
        status, headers, stated = self._head(environ, answer)
        if answer.written is not None:
            body = [*answer.written, *body]
        data = body[0] if len(body) == 1 else b"".join(body)
        if stated is None or stated <= len(data) or not _has_body(environ, status):
            protocol.response_bytes(status, headers, data)
        else:
            # What is sent in pieces and is not enough closes the connection.
            logger.error("An answer of %d bytes has the length %d", len(data), stated)
            protocol.response_iter(status, headers, _Rest([data], iter(()).__next__, _nothing))
        return status

    def _send_pieces(
        self, protocol: _Protocol, environ: dict[str, t.Any], answer: _Answer, body: t.Any
    ) -> int:
        close = getattr(body, "close", _nothing)
        following = iter(body).__next__
        try:
            first = _first(following)
            whole = not first or (
                _is_whole(answer.headers, first[0]) and not _more(following, first)
            )
            if answer.written is not None:
                first = [*answer.written, *first]
            if not whole:
                status, headers, _ = self._head(environ, answer)
        except BaseException:
            close()
            raise
        if whole:
            close()
            return self._send(protocol, environ, answer, first)
        protocol.response_iter(status, headers, _Rest(first, following, close))
        return status


def _first(following: t.Callable[[], bytes]) -> list[bytes]:
    """Return the first piece that is not empty, in a list; none if there is none."""
    first: list[bytes] = []
    while _more(following, first):
        if first[-1]:
            return first
        first.clear()
    return first


def _more(following: t.Callable[[], bytes], pieces: list[bytes]) -> bool:
    """Add the next piece to a list, and say whether there was one."""
    try:
        pieces.append(_piece(following))
    except StopIteration:
        return False
    return True


def _piece(following: t.Callable[[], t.Any]) -> bytes:
    """Return the next piece; Granian would take what is none for the end."""
    piece = following()
    if not isinstance(piece, (bytes, bytearray)):
        raise TypeError(f"The app has answered with a piece that is no bytes: {piece!r:.100}")
    return t.cast("bytes", piece)


def _frame(headers: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], int | None]:
    """Return headers without ``Transfer-Encoding``, which is the server's, and the length stated.

    :param headers: The headers; a length that is none is an error.
    """
    stated = None
    for name, value in headers:
        # PERF: most names are told by their length.
        if len(name) == 14 and name.lower() == "content-length":
            if not (value.isascii() and value.isdecimal()) or stated not in {None, int(value)}:
                raise RuntimeError(f"The app has answered with the length {value!r}.")
            stated = int(value)
        elif len(name) == 17 and name.lower() == "transfer-encoding":
            headers = [one for one in headers if one[0].lower() != "transfer-encoding"]
    return headers, stated


def _has_body(environ: dict[str, t.Any], status: int) -> bool:
    """Say whether an answer has the body that its length tells of."""
    return environ["REQUEST_METHOD"] != "HEAD" and status not in {204, 304}


def _is_whole(headers: list[tuple[str, str]], piece: bytes) -> bool:
    """Say whether a piece is as long as the whole body will be."""
    length = str(len(piece))
    return any(value == length and name.lower() == "content-length" for name, value in headers)


def _nothing() -> None:
    """An iterable that needs no closing."""
