"""The body of a request, which is whole and not too large, or an error."""

from __future__ import annotations

import io
import typing as t

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

__all__ = ["Body", "may_come"]

_BUFFER = 65536
#: The methods that mostly have none.
_WITHOUT = frozenset({"GET", "HEAD"})


def may_come(environ: t.Mapping[str, t.Any]) -> bool:
    """Say whether a request may have a body.

    :param environ: Its environ.
    """
    return (
        "CONTENT_LENGTH" in environ
        or environ["REQUEST_METHOD"] not in _WITHOUT
        or "HTTP_TRANSFER_ENCODING" in environ
        # There, a body needs no header.
        or not environ.get("SERVER_PROTOCOL", "").startswith("HTTP/1")
    )


class Body(io.RawIOBase):
    """A stream that tells a body that was cut off, or is too large, from one that is whole.

    Werkzeug ends a body of unknown length at ``max_content_length`` as if that were all of it.

    :param read: Reads so many bytes at most; none at the end.
    :param length: Its length as the client has stated it, if it has.
    :param most: The largest length, or 0.
    """

    def __init__(self, read: t.Callable[[int], bytes], length: int | None, most: int) -> None:
        self._read = read
        self._length = length
        self._most = most
        self._seen = 0

    @classmethod
    def put_in(cls, environ: dict[str, t.Any], length: int | None, most: int) -> None:
        """Put such a stream into an environ, in place of the one that is there.

        :param environ: The environ.
        :param length: As above.
        :param most: As above.
        """
        raw = cls(environ["wsgi.input"].read, length, most)
        environ["wsgi.input"] = io.BufferedReader(raw, _BUFFER)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self._read(len(buffer))
        count = len(data)
        self._seen += count
        if not count:
            if self._length is not None and self._seen < self._length:
                raise ClientDisconnected
            return 0
        if self._most and self._seen > self._most:
            raise RequestEntityTooLarge
        buffer[:count] = data
        return count
