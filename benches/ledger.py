"""What each step of a request costs, in nanoseconds: the ledger in DESIGN.md.

usage: python -m benches.ledger

The least of many rounds; what a call costs in the loop around it is taken off.
"""

from __future__ import annotations

import gc
import timeit
import typing as t

import kolben
from kolben import app as kolben_app
from kolben.globals import _cv_app, _cv_request
from kolben.messages.response import make_plain_response, send_response

from .app_cases import environ, make_app
from .apps import start_response

ROUNDS, CALLS = 15, 5_000


def least(call: t.Callable[[], t.Any]) -> float:
    """The nanoseconds that a call takes."""
    return min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS * 1e9


def main() -> None:
    """Print the ledger."""
    app = make_app(kolben)
    made = environ("/user/42")
    opened = kolben_app.RequestContext

    def whole() -> None:
        for _ in app(made, start_response):
            pass

    def push_and_pop() -> None:
        context = kolben_app.open_context(opened, app, made)
        context.push()
        context.pop(None)

    def variables() -> None:
        outer = _cv_app.set(app)
        inner = _cv_request.set(app)
        _cv_request.reset(inner)
        _cv_app.reset(outer)

    gc.disable()
    for _ in range(3):
        whole()
    empty = least(lambda: None)
    context = kolben_app.open_context(opened, app, made)
    context.push()
    view = app.view_functions["param"]
    response = make_plain_response(app.response_class, "user 42", None)
    steps: dict[str, t.Callable[[], t.Any]] = {
        "the whole request": whole,
        "the context made: request, environ and map looked at": lambda: kolben_app.open_context(
            opened, app, made
        ),
        "the same, pushed and popped: the match, both contexts, teardown": push_and_pop,
        "of that, two context variables set and reset, by Python": variables,
        "from the match to the response: hooks, view, response": lambda: (
            kolben_app.answer_plainly(app)
        ),
        "of that, the view itself": lambda: view(id=42),
        "of that, the response": lambda: make_plain_response(app.response_class, "user 42", None),
        "the response sent": lambda: send_response(response, made, start_response),
    }
    for name, step in steps.items():
        print(f"| {name} | {max(0.0, least(step) - empty):,.0f} |")
    context.pop(None)


if __name__ == "__main__":
    main()
