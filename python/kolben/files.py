"""Responses of files.

The plain case is here: a path, sent with its name, age and size. All others are
:func:`werkzeug.utils.send_file`'s.
"""

from __future__ import annotations

import mimetypes
import os
import stat
import typing as t
from time import time
from zlib import adler32

import werkzeug.utils
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.security import safe_join
from werkzeug.wsgi import wrap_file

from .datastructures import Headers
from .headers import dump_options_header, http_date, quote_etag
from .messages import Response

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["send_file", "send_from_directory"]

#: What Werkzeug's functions would call to set what is set here at once.
_PASSED_BY = (
    "__init__",
    "cache_control",
    "content_length",
    "expires",
    "headers",
    "last_modified",
    "set_etag",
)
_originals = tuple(getattr(Response, name) for name in _PASSED_BY)
_send_file = werkzeug.utils.send_file
_send_from_directory = werkzeug.utils.send_from_directory


def send_file(path: t.Any, arguments: dict[str, t.Any]) -> t.Any:
    """Make a response of a file.

    :param path: Its path, or the file itself.
    :param arguments: The others of :func:`werkzeug.utils.send_file`.
    """
    if _is_plain(path, arguments):
        return _send(os.path.join(arguments["_root_path"], path), None, **arguments)
    return werkzeug.utils.send_file(path, **arguments)


def send_from_directory(directory: t.Any, path: t.Any, arguments: dict[str, t.Any]) -> t.Any:
    """Make a response of a file below a folder; anything else is a 404.

    :param directory: The folder.
    :param path: The file, as a client asked for it.
    :param arguments: As for :func:`send_file`.
    """
    plain = werkzeug.utils.send_from_directory is _send_from_directory
    if not (plain and _is_plain(path, arguments)):
        return werkzeug.utils.send_from_directory(directory, path, **arguments)
    joined = safe_join(os.fspath(directory), path)
    if joined is None:
        raise NotFound()
    joined = os.path.join(arguments["_root_path"], joined)
    try:
        status = os.stat(joined)
    except (OSError, ValueError):
        raise NotFound() from None
    if not stat.S_ISREG(status.st_mode):
        raise NotFound()
    return _send(joined, status, **arguments)


def _is_plain(path: t.Any, arguments: dict[str, t.Any]) -> bool:
    response_class = arguments["response_class"]
    return (
        type(path) is str
        and path.isascii()
        and werkzeug.utils.send_file is _send_file
        and arguments.get("download_name") is None
        and arguments.get("last_modified") is None
        and not arguments["use_x_sendfile"]
        and tuple(getattr(response_class, name, None) for name in _PASSED_BY) == _originals
    )


def _send(
    path: str,
    status: os.stat_result | None,
    *,
    environ: WSGIEnvironment,
    mimetype: str | None = None,
    as_attachment: bool = False,
    conditional: bool = True,
    etag: bool | str = True,
    max_age: t.Any = None,
    response_class: t.Any,
    **rest: t.Any,  # noqa: ARG001 - what `_is_plain` has ruled out
) -> t.Any:
    if status is None:
        status = os.stat(path)
    size, modified = status.st_size, status.st_mtime
    name = os.path.basename(path)
    entries: list[tuple[str, str]] = []
    if mimetype is None:
        mimetype, encoding = mimetypes.guess_type(name)
        if encoding is not None and not as_attachment:
            entries.append(("Content-Encoding", encoding))
    disposition = "attachment" if as_attachment else "inline"
    entries += (
        ("Content-Disposition", dump_options_header(disposition, {"filename": name})),
        ("Content-Type", ""),
        ("Content-Length", str(size)),
        ("Last-Modified", http_date(modified)),
    )
    if callable(max_age):
        max_age = max_age(path)
    entries += _caching(max_age)
    if etag:
        if etag is True:
            etag = f"{modified}-{size}-{adler32(path.encode()) & 0xFFFFFFFF}"
        entries.append(("ETag", quote_etag(etag)))
    # PERF: the headers at once, where Werkzeug sets them one by one (benches/apps.py, `static`).
    file = open(path, "rb")  # noqa: SIM115 - the server closes it with the response
    response = response_class(
        wrap_file(environ, file),
        mimetype=mimetype or "application/octet-stream",
        headers=Headers(entries),
        direct_passthrough=True,
    )
    if conditional:
        try:
            response = response.make_conditional(environ, accept_ranges=True, complete_length=size)
        except RequestedRangeNotSatisfiable:
            file.close()
            raise
    return response


def _caching(max_age: int | None) -> list[tuple[str, str]]:
    if max_age is None:
        return [("Cache-Control", "no-cache")]
    kind = "public, " if max_age > 0 else "no-cache, "
    return [
        ("Cache-Control", f"{kind}max-age={max_age}"),
        ("Expires", http_date(int(time() + max_age))),
    ]
