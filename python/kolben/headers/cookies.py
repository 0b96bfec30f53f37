"""``Cookie`` and ``Set-Cookie``."""

from __future__ import annotations

import typing as t
import warnings
from datetime import datetime, timedelta
from time import time

from werkzeug import http
from werkzeug.sansio import http as sansio_http

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds
from .dates import http_date

if t.TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

__all__ = ["dump_cookie", "parse_cookie"]

# Werkzeug's own, held here: a test may put ours in their place.
_parse_cookie = http.parse_cookie
_parse_decoded_cookie = sansio_http.parse_cookie
_dump_cookie = http.dump_cookie
_write_cookie: t.Any = compiled and compiled.write_cookie

# Where the core gives the very value, its functions stand here themselves.
parse_cookie: t.Callable[..., MultiDict[str, str]]
parse_cookie = _parse_cookie if compiled is None else compiled.parse_cookie
parse_decoded_cookie: t.Callable[..., MultiDict[str, str]]
parse_decoded_cookie = _parse_decoded_cookie if compiled is None else compiled.parse_decoded_cookie


def dump_cookie(
    key: str,
    value: str = "",
    max_age: timedelta | int | None = None,
    expires: str | datetime | int | float | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    sync_expires: bool = True,
    max_size: int = 4093,
    samesite: str | None = None,
    partitioned: bool = False,
) -> str:
    """Write a ``Set-Cookie`` header.

    Unlike Werkzeug, a carriage return, line feed or null in ``key``, ``domain``, ``path`` or
    ``expires`` raises :exc:`ValueError`.

    :param key: the cookie's name.
    :param value: its value, quoted and escaped where it has to be.
    :param max_age: seconds to live; ``None`` is until the browser closes.
    :param expires: a date that says the same.
    :param path: the path that the cookie is for.
    :param domain: the domain that the cookie is for, if not this host alone.
    :param secure: over HTTPS only.
    :param httponly: not for JavaScript.
    :param sync_expires: compute ``expires`` from ``max_age``.
    :param max_size: warn about a longer header; 0 never does.
    :param samesite: ``Strict``, ``Lax`` or ``None`` as text.
    :param partitioned: keep a jar per site; implies ``secure``.
    """
    if domain and (compiled is None or not compiled.is_plain_domain(domain)):
        domain = domain.partition(":")[0].lstrip(".").encode("idna").decode("ascii")
    if max_age is not None:
        if isinstance(max_age, timedelta):
            max_age = int(max_age.total_seconds())
        if expires is None and sync_expires:
            expires = http_date(time() + max_age)
    if expires is not None and not isinstance(expires, str):
        expires = http_date(expires)
    if samesite is not None and samesite not in {"Strict", "Lax", "None"}:
        samesite = samesite.title()
        if samesite not in {"Strict", "Lax", "None"}:
            raise ValueError("SameSite must be 'Strict', 'Lax', or 'None'.")
    if partitioned:
        secure = True
    if compiled is None:
        _refuse_line_ends(key, domain, path, expires)
        header = _dump_cookie(
            key, value, max_age, expires, path, domain, secure, httponly, False, 0, samesite,
            partitioned,
        )  # fmt: skip
    else:
        header = _write_cookie(
            key, value, domain, expires, max_age, secure, httponly, path, samesite, partitioned
        )
    if max_size and len(header) > max_size:
        _warn_of_size(key, header, max_size)
    return header


def _refuse_line_ends(key: str, domain: str | None, path: str | None, expires: str | None) -> None:
    parts = {"key": key, "domain": domain, "path": path, "expires": expires}
    for name, text in parts.items():
        if text and ("\r" in text or "\n" in text or "\0" in text):
            raise ValueError(
                f"The {name} of a cookie must not contain a carriage return, line feed or null:"
                f" {text[:100]!r}"
            )


def _warn_of_size(key: str, header: str, max_size: int) -> None:
    # The value begins after the key, which may be longer in the header, and ends before an
    # attribute: a semicolon in it would be escaped.
    start = (len(key) if key.isascii() else len(key.encode())) + 1
    end = header.find("; ", start)
    value_size = (len(header) if end < 0 else end) - start
    warnings.warn(
        f"The '{key}' cookie is too large: the value was {value_size} bytes but the header required"
        f" {len(header) - value_size} extra bytes. The final size was {len(header)} bytes but the"
        f" limit is {max_size} bytes. Browsers may silently ignore cookies larger than this.",
        # Past dump_cookie, to its caller.
        stacklevel=3,
    )
