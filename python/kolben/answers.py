"""What a view may return, beyond what is quick to answer, and how it becomes a response."""

from __future__ import annotations

import typing as t
from types import NoneType

from werkzeug.datastructures import Headers as WerkzeugHeaders
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from .datastructures import Headers
from .globals import request
from .messages.response import make_plain_response

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from .app import Flask
    from .wrappers import Response

__all__ = ["response_of", "unpack_answer"]

# What sends an exception, as Werkzeug has it, and what its page is made of.
_get_response = HTTPException.get_response
_call_exception = HTTPException.__call__
_PAGE_PARTS = ("get_body", "get_description", "name")
_page_parts = [getattr(HTTPException, part) for part in _PAGE_PARTS]
#: The pages of exceptions that say what their class says.
_pages: dict[tuple[int | None, str | None], str] = {}
#: The headers of most exceptions, which a response has by itself.
_HTML = [("Content-Type", "text/html; charset=utf-8")]


def unpack_answer(answer: tuple[t.Any, ...]) -> tuple[t.Any, t.Any, t.Any]:
    """Take a view's tuple apart into body, status and headers."""
    if len(answer) == 3:
        return answer
    if len(answer) == 2:
        body, second = answer
        if isinstance(second, (WerkzeugHeaders, dict, tuple, list)):
            return body, None, second
        return body, second, None
    raise TypeError(
        "The view function did not return a valid response tuple. The tuple must have the form"
        " (body, status, headers), (body, status), or (body, headers)."
    )


def response_of(app: Flask, body: t.Any) -> Response:
    """Make a response of a response of another class, or of a WSGI application."""
    if body is None:
        raise TypeError(
            f"The view function for {request.endpoint!r} did not return a valid response. The"
            " function either returned None or ended without a return statement."
        )
    refusal = (
        "The view function did not return a valid response. The return type must be a string,"
        " dict, list, tuple with headers or status, Response instance, or WSGI callable, but"
        f" it was a {type(body).__name__}."
    )
    if not (isinstance(body, BaseResponse) or callable(body)):
        raise TypeError(refusal)
    if isinstance(body, HTTPException):
        made = _response_of_exception(app, body)
        if made is not None:
            return made
    try:
        forced = app.response_class.force_type(body, request.environ)
        return t.cast("Response", forced)
    except TypeError as error:
        raise TypeError(f"{error}\n{refusal}").with_traceback(error.__traceback__) from None


def _response_of_exception(app: Flask, error: HTTPException) -> Response | None:
    """Make the response of an exception that is nothing but a page; ``None`` if it is more."""
    # PERF: as a WSGI application it would make a response, send it, and take it up again as
    # another one, for each 404 (benches/apps.py).
    cls = type(error)
    if (
        error.response is not None
        or cls.get_response is not _get_response
        or cls.__call__ is not _call_exception
        or request.method == "HEAD"
    ):
        return None
    environ = request.environ
    headers = error.get_headers(environ)
    response = make_plain_response(app.response_class, _page_of(error, environ), error.code)
    if response is not None and headers != _HTML:
        # Made by hand, so that the length comes last.
        length = response.headers["Content-Length"]
        response.headers = Headers(headers)
        response.headers["Content-Length"] = length
    return response


def _page_of(error: HTTPException, environ: WSGIEnvironment) -> str:
    cls = type(error)
    if (
        error.description is not cls.description
        # A text that is translated when it is shown, for one, may be another one each time.
        or type(error.description) not in {str, NoneType}
        or error.code is not cls.code
        or [getattr(cls, part) for part in _PAGE_PARTS] != _page_parts
    ):
        return error.get_body(environ)
    # PERF: escaping a text that never changes is most of a 404 (benches/apps.py).
    page = _pages.get((error.code, error.description))
    if page is None:
        page = _pages[error.code, error.description] = error.get_body(environ)
    return page
