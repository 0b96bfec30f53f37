"""One small app for each framework, for `make bench-serve`: `/user/42` answers `user 42`."""

from __future__ import annotations

import importlib
import typing as t

HTML = "text/html; charset=utf-8"


def _flask_like(package: str) -> t.Any:
    app = importlib.import_module(package).Flask("wire", static_folder=None)
    for number in range(100):
        app.add_url_rule(f"/other{number}/<item>/page", f"other{number}", lambda item: item)
    app.add_url_rule("/user/<int:id>", "user", lambda id: f"user {id}")
    return app


def kolben() -> t.Any:
    """Kolben's."""
    return _flask_like("kolben")


def flask() -> t.Any:
    """Flask's."""
    return _flask_like("flask")


def falcon() -> t.Any:
    """Falcon's, for WSGI."""
    import falcon

    class User:
        def on_get(self, req: t.Any, resp: t.Any, id: int) -> None:
            resp.content_type = HTML
            resp.text = f"user {id}"

    class Item:
        def on_get(self, req: t.Any, resp: t.Any, item: str) -> None:
            resp.text = item

    app = falcon.App()
    for number in range(100):
        app.add_route(f"/other{number}/{{item}}/page", Item())
    app.add_route("/user/{id:int}", User())
    return app


def raw() -> t.Any:
    """A WSGI function and no more: what the server alone can do."""
    headers = [("Content-Type", HTML), ("Content-Length", "7")]

    def app(_: t.Any, start_response: t.Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [b"user 42"]

    return app


def starlette() -> t.Any:
    """Starlette's."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    async def user(request: t.Any) -> t.Any:
        return HTMLResponse(f"user {request.path_params['id']}")

    async def item(request: t.Any) -> t.Any:
        return HTMLResponse(request.path_params["item"])

    others = [Route(f"/other{number}/{{item}}/page", item) for number in range(100)]
    return Starlette(routes=[*others, Route("/user/{id:int}", user)])


def fastapi() -> t.Any:
    """FastAPI's."""
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    app = FastAPI()

    async def item(item: str) -> str:
        return item

    async def user(id: int) -> str:
        return f"user {id}"

    for number in range(100):
        app.get(f"/other{number}/{{item}}/page", response_class=HTMLResponse)(item)
    app.get("/user/{id}", response_class=HTMLResponse)(user)
    return app


def blacksheep() -> t.Any:
    """BlackSheep's."""
    from blacksheep import Application
    from blacksheep.server.responses import html

    app = Application()

    async def item(item: str) -> t.Any:
        return html(item)

    async def user(id: int) -> t.Any:
        return html(f"user {id}")

    for number in range(100):
        app.router.add_get(f"/other{number}/{{item}}/page", item)
    app.router.add_get("/user/{id}", user)
    return app


def sanic() -> t.Any:
    """Sanic's."""
    from sanic import Sanic
    from sanic.response import html

    app = Sanic("wire")

    async def item(_: t.Any, item: str) -> t.Any:
        return html(item)

    async def user(_: t.Any, id: int) -> t.Any:
        return html(f"user {id}")

    for number in range(100):
        app.add_route(item, f"/other{number}/<item>/page", name=f"other{number}")
    app.add_route(user, "/user/<id:int>")
    return app


def robyn() -> t.Any:
    """Robyn's."""
    from robyn import Response, Robyn

    app = Robyn(__file__)

    def item(request: t.Any) -> t.Any:
        return request.path_params["item"]

    def user(request: t.Any) -> t.Any:
        return Response(200, {"Content-Type": HTML}, f"user {int(request.path_params['id'])}")

    for number in range(100):
        app.get(f"/other{number}/:item/page")(item)
    app.get("/user/:id")(user)
    return app


def __getattr__(name: str) -> t.Any:
    # Servers ask for `kolben_app` and the like.
    make, _, ending = name.rpartition("_")
    if ending == "app" and make in globals():
        return globals()[make]()
    raise AttributeError(name)
