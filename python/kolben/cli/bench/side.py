"""One side of a benchmark, in a process of its own: sends requests to the app, and takes the time.

It runs as a script, on the real Flask as well as on Kolben, and there it imports no other module
of Kolben: what it shares with another script, it runs by its path.
It reads questions from its input, a line of JSON each, and answers each with a line.

usage: python side.py APP
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder of this script is no place to import from.
    del sys.path[0]

import base64
import functools
import gc
import io
import json
import os
import pathlib
import runpy
import time
import traceback
import typing as t
from urllib.parse import unquote_to_bytes

_either = runpy.run_path(str(pathlib.Path(__file__).parents[1] / "either.py"))
#: As many requests share one look at the clock of the process; each has its own look, too.
_BATCH = 16


def main(name: str) -> None:
    """Answer questions until there are none."""
    # What the app prints goes where errors go.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: t.Any) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        app = _either["load_app"](name or None)
    except (Exception, SystemExit) as error:
        say({"error": getattr(error, "format_message", traceback.format_exc)()})
        return
    say({"version": _either["version"](), "paths": _plain_paths(app)})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            say(_QUESTIONS[question["do"]](app, question))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


def _plain_paths(app: t.Any) -> list[str]:
    """The paths of the rules that answer GET and have no variables."""
    return sorted(
        {
            rule.rule
            for rule in app.url_map.iter_rules()
            if not rule.arguments and "GET" in (rule.methods or ()) and not rule.build_only
        }
    )


def _environ(request: dict[str, t.Any]) -> dict[str, t.Any]:
    """A fresh environ, as a server makes it."""
    path, _, query = request["path"].partition("?")
    body = base64.b64decode(request["body"])
    environ = {
        "REQUEST_METHOD": request["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_USER_AGENT": "kolben bench",
        "HTTP_ACCEPT": "*/*",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request["headers"]:
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _send(app: t.Any, environ: dict[str, t.Any]) -> str:
    sent: list[str] = []
    body = app(environ, lambda status, *_: sent.append(status))
    try:
        for _ in body:
            pass
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return sent[-1] if sent else "no status"


def _once(app: t.Any, question: dict[str, t.Any]) -> dict[str, t.Any]:
    """Send a request a few times, and say how it is answered."""
    for _ in range(3):
        status = _send(app, _environ(question["request"]))
    return {"status": status}


def _measure(app: t.Any, question: dict[str, t.Any]) -> dict[str, t.Any]:
    """Send a request for some time: the nanoseconds of each."""
    request, clock = question["request"], time.perf_counter_ns
    taken: list[int] = []
    gc.collect()
    until = clock() + int(question["seconds"] * 1e9)
    while clock() < until:
        environs = [_environ(request) for _ in range(_BATCH)]
        for environ in environs:
            begun = clock()
            _send(app, environ)
            taken.append(clock() - begun)
    return {"taken": taken}


#: Methods of the app, and the phase that each of them is.
_PHASES = {
    "preprocess_request": "hooks",
    "dispatch_request": "view",
    "make_response": "response",
    "process_response": "hooks",
    "do_teardown_request": "teardown",
    "do_teardown_appcontext": "teardown",
}


def _phases(app: t.Any, question: dict[str, t.Any]) -> dict[str, t.Any]:
    """The nanoseconds that the phases of a request take, with clocks around the app's methods."""
    clocks = _Clocks()
    interface = app.session_interface
    session = dict.fromkeys(("open_session", "save_session"), "session")
    with clocks.around(app, _PHASES), clocks.around(interface, session):
        total = clocks.run(app, question)
    clocks.spent["routing"] = clocks.before
    clocks.spent["rest"] = max(0, total - sum(clocks.spent.values()))
    return {"phases": {name: spent / clocks.count for name, spent in clocks.spent.items()}}


class _Clocks:
    """Counts the time in methods; one that is called by another is not counted twice."""

    def __init__(self) -> None:
        names = ("routing", "session", "hooks", "view", "response", "teardown", "rest")
        self.spent = dict.fromkeys(names, 0)
        self.count = 0
        #: The time before the first hook: of the context, the session and the match.
        self.before = 0
        self.begun: int | None = None
        self.inner = [0]

    def around(self, holder: t.Any, phases: dict[str, str]) -> _Patch:
        return _Patch(
            holder,
            {
                name: self.timed(getattr(holder, name), phase, name)
                for name, phase in phases.items()
            },
        )

    def timed(self, method: t.Any, phase: str, name: str) -> t.Any:
        clock = time.perf_counter_ns

        @functools.wraps(method)
        def call(*args: t.Any, **kwargs: t.Any) -> t.Any:
            start = clock()
            if name == "preprocess_request" and self.begun is not None:
                self.before += start - self.begun - self.inner[0]
                self.begun = None
            self.inner.append(0)
            try:
                return method(*args, **kwargs)
            finally:
                whole = clock() - start
                self.spent[phase] += whole - self.inner.pop()
                self.inner[-1] += whole

        return call

    def run(self, app: t.Any, question: dict[str, t.Any]) -> int:
        clock, total = time.perf_counter_ns, 0
        until = clock() + int(question["seconds"] * 1e9)
        while clock() < until:
            environ = _environ(question["request"])
            self.inner[:] = [0]
            self.begun = start = clock()
            _send(app, environ)
            total += clock() - start
            self.count += 1
        return total


class _Patch:
    """Attributes of an object that are others for a while."""

    def __init__(self, holder: t.Any, attributes: dict[str, t.Any]) -> None:
        self.holder, self.attributes = holder, attributes

    def __enter__(self) -> None:
        self.before = {name: vars(self.holder).get(name, self) for name in self.attributes}
        for name, value in self.attributes.items():
            setattr(self.holder, name, value)

    def __exit__(self, *_: object) -> None:
        for name, value in self.before.items():
            if value is self:
                delattr(self.holder, name)
            else:
                setattr(self.holder, name, value)


_QUESTIONS = {"once": _once, "measure": _measure, "phases": _phases}

if __name__ == "__main__":
    main(*sys.argv[1:])
