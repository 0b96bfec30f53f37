"""A small shop's routes: what matches, what is built, and why.

usage: python examples/router/show.py [METHOD PATH]

With a method and a path it explains that request; without, it shows a few.
"""

from __future__ import annotations

import sys

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

import kolben
from kolben.routing import Map, Rule, Submount

ROUTES = Map(
    [
        Rule("/", endpoint="home", methods=["GET"]),
        Submount(
            "/shop",
            [
                Rule("/", endpoint="shelf", methods=["GET"]),
                Rule("/<int:article>", endpoint="article", methods=["GET"]),
                Rule("/<int:article>", endpoint="order", methods=["POST"]),
                Rule("/<any(new, sale):shelf>", endpoint="named shelf", methods=["GET"]),
                Rule("/<name>", endpoint="by name", methods=["GET"]),
            ],
        ),
        Rule("/files/<path:name>", endpoint="file", methods=["GET"]),
        Rule("/<year>-<month>-<day>.html", endpoint="day", methods=["GET"]),
    ]
)

REQUESTS = (
    ("GET", "/"),
    ("GET", "/shop"),
    ("GET", "/shop/42"),
    ("POST", "/shop/42"),
    ("DELETE", "/shop/42"),
    ("GET", "/shop/sale"),
    ("GET", "/files/img/logo.svg"),
    ("GET", "/2024-02-29.html"),
    ("GET", "/nowhere/at/all"),
)


def show(method: str, path: str) -> str:
    """What becomes of a request, in one line."""
    try:
        endpoint, arguments = ROUTES.bind("localhost").match(path, method)
    except RequestRedirect as redirect:
        return f"-> redirect to {redirect.new_url}"
    except HTTPException as error:
        return f"-> {error.code} {error.name}"
    return f"-> {endpoint!r} {dict(arguments)}"


def main(arguments: list[str]) -> int:
    """Run the show."""
    if len(arguments) == 2:
        print(ROUTES.explain(arguments[1], arguments[0]))
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    print(f"kolben {kolben.__version__}, {kolben.core_status()}\n")
    for method, path in REQUESTS:
        print(f"{method:6} {path:24} {show(method, path)}")
    urls = ROUTES.bind("localhost")
    print("\nURLs:", urls.build("article", {"article": 7}), urls.build("by name", {"name": "a b"}))
    print(f"\nwhy:\n{ROUTES.explain('/shop/42', 'DELETE')}")
    print(f"\nconflicts:\n{ROUTES.conflicts()}")
    print("\nask yourself: python examples/router/show.py GET /shop/new")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
