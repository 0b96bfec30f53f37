"""The app of the benchmarks as others have it: Falcon, Bottle, and a function on its own."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import parse_qs

import bottle
import falcon

from .app_cases import HTML, MESSAGE, OTHERS

JSON = "application/json"


class _Answer:
    """A Falcon resource of one function."""

    def __init__(self, answer: t.Callable[..., t.Any]) -> None:
        self.answer = answer

    def on_get(self, req: falcon.Request, resp: falcon.Response, **arguments: t.Any) -> None:
        resp.content_type = HTML
        resp.text = self.answer(req, **arguments)


class _Json:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = MESSAGE

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = req.media


def make_falcon() -> t.Any:
    """The part of the app that Falcon has."""
    app = falcon.App()
    for number in range(OTHERS):
        app.add_route(f"/other{number}/{{item}}/page", _Answer(lambda req, item: item))
    app.add_route("/hello", _Answer(lambda req: "Hello, World!"))
    app.add_route("/user/{id:int}", _Answer(lambda req, id: f"user {id}"))
    deep = _Answer(lambda req, number, name: f"{number} {name}")
    app.add_route("/org/{number:int}/repo/{name}", deep)
    app.add_route("/headers", _Answer(_falcon_headers))
    app.add_route("/json", _Json())
    app.add_route("/echo", _Json())
    return app


def _falcon_headers(req: falcon.Request) -> str:
    cookie = req.cookies.get("theme")
    accept = req.client_prefers(("text/html", "application/json"))
    return f"{req.get_param('q')} {cookie} {accept} {req.user_agent}"


def make_bottle() -> t.Any:
    """The part of the app that Bottle has."""
    app, request = bottle.Bottle(), bottle.request
    for number in range(OTHERS):
        app.route(f"/other{number}/<item>/page", callback=lambda item: item)
    app.route("/hello", callback=lambda: "Hello, World!")
    app.route("/user/<id:int>", callback=lambda id: f"user {id}")
    app.route("/org/<number:int>/repo/<name>", callback=lambda number, name: f"{number} {name}")
    app.route("/json", callback=lambda: MESSAGE)
    app.route("/echo", method="POST", callback=lambda: request.json)

    @app.route("/headers")
    def headers() -> str:
        # It reads no `Accept`: the first of the header is what the browser prefers.
        accept = request.get_header("Accept").partition(",")[0]
        cookie = request.get_cookie("theme")
        return f"{request.query.get('q')} {cookie} {accept} {request.get_header('User-Agent')}"

    return app


def make_raw() -> t.Any:
    """What is left when there is no framework: the work of each row, and nothing else."""
    plain = {"/hello": _hello, "/headers": _headers, "/json": _json, "/echo": _echo}

    def app(environ: dict[str, t.Any], start_response: t.Any) -> list[bytes]:
        path = environ["PATH_INFO"]
        answer = plain.get(path)
        status, content_type = "200 OK", HTML
        if answer is not None:
            body = answer(environ)
            if path in ("/json", "/echo"):
                content_type = JSON
        else:
            match path.split("/"):
                case ["", "user", id] if id.isdecimal():
                    body = f"user {int(id)}".encode()
                case ["", "org", number, "repo", name] if number.isdecimal():
                    body = f"{int(number)} {name}".encode()
                case _:
                    status, body = "404 NOT FOUND", b"there is nothing"
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    return app


def _hello(_: dict[str, t.Any]) -> bytes:
    return b"Hello, World!"


def _headers(environ: dict[str, t.Any]) -> bytes:
    query = parse_qs(environ["QUERY_STRING"])
    cookies = dict(pair.split("=", 1) for pair in environ["HTTP_COOKIE"].split("; "))
    accept = environ["HTTP_ACCEPT"].partition(",")[0]
    return f"{query['q'][0]} {cookies['theme']} {accept} {environ['HTTP_USER_AGENT']}".encode()


def _json(_: dict[str, t.Any]) -> bytes:
    return json.dumps(MESSAGE).encode()


def _echo(environ: dict[str, t.Any]) -> bytes:
    length = int(environ["CONTENT_LENGTH"])
    return json.dumps(json.loads(environ["wsgi.input"].read(length))).encode()
