"""What a million requests leave behind: the memory of the process after the first tenth, and after.

usage: python -m benches.steady [REQUESTS]

They go over all rows of `benches.apps`, and over errors: a view that fails, a body that is no JSON,
a method that is not allowed, a redirect, a host that is none.
"""

from __future__ import annotations

import sys
import typing as t

import kolben

from .app_cases import environ, make_app
from .apps import CASES, JSON, start_response
from .memory import resident

ERRORS: tuple[dict[str, t.Any], ...] = (
    {"path": "/fails"},
    {"path": "/nothing"},
    {"path": "/hello", "method": "DELETE"},
    {"path": "/slash"},
    {"path": "/user/999999999999999999999999"},
    {"path": "/echo", "method": "POST", "body": b'{"a": ', **JSON},
    {"path": "/hello", "HTTP_HOST": "no host"},
    {"path": "/static/missing"},
    {"path": "/session", "HTTP_COOKIE": "session=eyJhIjoxfQ.Zm9v.YmFy"},
)
#: As much more memory may be in use afterwards, in KiB.
BAR = 64


def make_apps() -> dict[str, t.Any]:
    """The apps of the rows, with views that go wrong."""
    apps = {
        "plain": make_app(kolben),
        "secret": make_app(kolben, secret=True),
        "hooks": make_app(kolben, hooks=True),
        "proxied": make_app(kolben, proxied=True),
        "own request": make_app(kolben, own_request=True),
        "patched": make_app(kolben, patched=True),
    }
    for app in apps.values():
        app.add_url_rule("/fails", "fails", lambda: 1 / 0)
        app.add_url_rule("/slash/", "slash", lambda: "")
        app.logger.disabled = True
    return apps


def main(arguments: list[str]) -> int:
    """Send the requests; 1 if they have left too much."""
    count = int(arguments[0]) if arguments else 1_000_000
    apps = make_apps()
    requests: list[tuple[t.Any, dict[str, t.Any]]] = []
    for case in CASES.values():
        request = dict(case.request)
        if request.pop("known", None):
            request["HTTP_IF_NONE_MATCH"] = "*"
        requests.append((apps[case.app], request))
    requests += [(apps["secret"], request) for request in ERRORS]

    def send(rounds: int) -> None:
        for _ in range(rounds):
            for app, request in requests:
                body = app(environ(**request), start_response)
                for _ in body:
                    pass
                if hasattr(body, "close"):
                    body.close()

    rounds = count // len(requests)
    send(rounds // 10)
    after_a_tenth = resident() // 1024
    print(f"after {rounds // 10 * len(requests):,} requests: {after_a_tenth:,} KiB", flush=True)
    send(rounds - rounds // 10)
    at_the_end = resident() // 1024
    more = at_the_end - after_a_tenth
    print(f"after {rounds * len(requests):,} requests: {at_the_end:,} KiB, {more:+,} KiB")
    print(f"may be {BAR} KiB more: {'reached' if more <= BAR else 'missed'}")
    return int(more > BAR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
