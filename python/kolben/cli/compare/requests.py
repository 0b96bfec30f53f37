"""The requests of a comparison, from a HAR file or from a list of paths."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import urlencode, urlsplit

__all__ = ["SentRequest", "UnreadableError", "read_har", "read_paths"]

#: What belongs to the connection, or follows from the rest.
_LEFT_OUT = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


class UnreadableError(ValueError):
    """A file does not hold requests."""


class SentRequest(t.NamedTuple):
    """A request to send to both sides."""

    method: str
    #: Path and query.
    path: str
    base_url: str = "http://localhost"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def has_cookies(self) -> bool:
        """Whether it brings cookies along."""
        return any(name.lower() == "cookie" for name, _ in self.headers)

    def as_dict(self, cookies: bool) -> dict[str, t.Any]:
        """Return the request for JSON.

        :param cookies: Whether its cookies are sent; otherwise a jar has them.
        """
        headers = [one for one in self.headers if cookies or one[0].lower() != "cookie"]
        body = base64.b64encode(self.body).decode("ascii")
        return {**self._asdict(), "headers": headers, "body": body}


def read_paths(text: str) -> list[SentRequest]:
    """Read lines such as ``/a/1``, ``DELETE /a/1``, ``POST /a x=1&y=2`` or ``POST /a {"x": 1}``."""
    requests = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(maxsplit=2)
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("/"):
            words = ["GET", words[0]]
        if len(words) < 2 or not words[1].startswith("/"):
            raise UnreadableError(f"line {number} is no path, and no method with a path: {line!r}")
        method, path, *rest = words
        body = rest[0].strip() if rest else ""
        headers = (("Content-Type", _type_of(body)),) if body else ()
        requests.append(SentRequest(method.upper(), path, headers=headers, body=body.encode()))
    return requests


def _type_of(body: str) -> str:
    return "application/json" if body[0] in "{[" else "application/x-www-form-urlencoded"


def read_har(text: str) -> tuple[list[SentRequest], int]:
    """Read a HAR file: its requests to the first host in it, and how many others there are."""
    try:
        entries = [entry["request"] for entry in json.loads(text)["log"]["entries"]]
        read = [_of_entry(entry) for entry in entries]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"this is no HAR file: {type(error).__name__}: {error}") from None
    requests = [one for one in read if one.base_url == read[0].base_url]
    return requests, len(read) - len(requests)


def _of_entry(entry: dict[str, t.Any]) -> SentRequest:
    url = urlsplit(entry["url"])
    headers = [
        (header["name"], header["value"])
        for header in entry.get("headers", ())
        # In HTTP/2 there are some that begin with a colon.
        if header["name"].lower() not in _LEFT_OUT and not header["name"].startswith(":")
    ]
    posted = entry.get("postData") or {}
    body = _body(posted)
    mimetype = posted.get("mimeType")
    if body and mimetype and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", mimetype))
    path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    base = f"{url.scheme or 'http'}://{url.netloc or 'localhost'}"
    return SentRequest(entry["method"].upper(), path, base, tuple(headers), body)


def _body(posted: dict[str, t.Any]) -> bytes:
    text = posted.get("text")
    if text is None:
        fields = [(field["name"], field.get("value", "")) for field in posted.get("params", ())]
        return urlencode(fields).encode()
    if "base64" in (posted.get("encoding"), posted.get("_encoding")):
        return base64.b64decode(text)
    return t.cast("str", text).encode()
