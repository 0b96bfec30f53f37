"""The routes that the routing benchmarks share, in the form that each framework wants."""

from __future__ import annotations

import pathlib
import re
import typing as t

#: A value for each converter, as it stands in a path.
VALUES = {
    None: "alpha",
    "float": "52.5",
    "int": "12345",
    "path": "css/site/main.css",
    "uuid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
}

_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")


class Route(t.NamedTuple):
    """One line of ``routes.txt``."""

    methods: list[str]
    rule: str

    @property
    def path(self) -> str:
        """A path that the rule matches."""
        return _VARIABLE.sub(lambda match: VALUES[match[1]], self.rule)

    @property
    def falcon(self) -> str:
        """The rule as Falcon writes it."""

        def variable(match: re.Match[str]) -> str:
            suffix = f":{match[1]}" if match[1] else ""
            return f"{{{match[2]}{suffix}}}"

        return _VARIABLE.sub(variable, self.rule)


def read_routes() -> list[Route]:
    """All routes of the table."""
    lines = (pathlib.Path(__file__).parent / "routes.txt").read_text("utf-8").splitlines()
    fields = (line.split() for line in lines if line and not line.startswith("#"))
    return [Route(methods.split(","), rule) for methods, rule in fields]


ROUTES = read_routes()
PATHS = [route.path for route in ROUTES]


def make_map(module: t.Any, routes: t.Iterable[Route] = ROUTES) -> t.Any:
    """A map of all routes with the classes of `module`."""
    return module.Map(
        [module.Rule(route.rule, endpoint=route.rule, methods=route.methods) for route in routes]
    )


def falcon_router() -> t.Any:
    """Falcon's compiled router with all routes."""
    import falcon.routing

    class Resource:
        def on_get(self, request: t.Any, response: t.Any, **_: t.Any) -> None: ...

        on_post = on_put = on_delete = on_get

    router = falcon.routing.CompiledRouter()
    for route in ROUTES:
        router.add_route(route.falcon, Resource())
    return router


def environ(path: str) -> dict[str, t.Any]:
    """The environ of a plain request."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "example.com",
        "wsgi.url_scheme": "http",
    }
