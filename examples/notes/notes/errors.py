"""Errors: a page for people, JSON for programs."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException

from kolben import Flask, Response, jsonify, render_template, request
from kolben.typing import ResponseReturnValue

#: What people can do about it; other errors say it themselves.
ADVICE = {
    403: "This belongs to somebody else.",
    404: "There is nothing here. It may have been removed, or the address is wrong.",
    413: "That is too large. Try it with a smaller file.",
    500: "Something went wrong on our side. Try it again later.",
}


def show(error: HTTPException) -> ResponseReturnValue:
    """Answer with an error."""
    code = error.code or 500
    text = ADVICE.get(code, error.description)
    # Such as the methods that would be allowed.
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    if request.path.startswith("/api/"):
        return jsonify(error=text), code, headers
    return render_template("error.html", error=error, text=text), code, headers


def add_headers(response: Response) -> Response:
    """Tell browsers to run and show nothing that is not ours."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'self'")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response


def init_app(app: Flask) -> None:
    """Give an app its error pages."""
    app.register_error_handler(HTTPException, show)
    app.after_request(add_headers)
