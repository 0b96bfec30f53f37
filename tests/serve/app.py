"""The app that is served. It writes down each request that reaches it."""

from __future__ import annotations

import os
import time

from kolben import Flask, request
from tests.serve.answers import answer

app = Flask(__name__)
_entered = os.open(os.environ["ENTERED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def note(number: int) -> None:
    os.write(_entered, f"{number}\n".encode())


@app.get("/work/<int:number>")
def work(number: int) -> str:
    note(number)
    time.sleep(number % 8 / 1000)
    return answer(number)


@app.get("/stream/<int:number>")
def stream(number: int):
    note(number)

    def pieces():
        text = answer(number)
        for start in range(0, len(text), 500):
            time.sleep(0.001)
            yield text[start : start + 500]

    return app.response_class(pieces())


@app.get("/sleep/<float:seconds>")
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


@app.get("/pid")
def pid() -> str:
    return str(os.getpid())


@app.post("/echo")
def echo() -> bytes:
    return request.get_data()


@app.post("/lines")
def lines() -> list[str]:
    return [line.decode() for line in request.stream]


@app.get("/grow/<int:size>")
def grow(size: int) -> str:
    held.append(b"x" * size)
    return str(os.getpid())


held: list[bytes] = []


@app.get("/fails")
def fails() -> str:
    raise RuntimeError("on purpose")


@app.get("/fails-at-once")
def fails_at_once():
    def pieces():
        raise RuntimeError("on purpose")
        yield ""

    return app.response_class(pieces())


@app.get("/short")
def short():
    response = app.response_class("abc")
    response.headers["Content-Length"] = "10"
    return response


@app.get("/status/<text>")
def status(text: str):
    return app.response_class("abc", status=text)


@app.get("/passes-on")
def passes_on():
    return app.response_class("abc", headers={"Transfer-Encoding": "chunked"})


@app.get("/leaves")
def leaves():
    raise SystemExit(1)


@app.get("/fails-later")
def fails_later():
    def pieces():
        yield "abc"
        raise RuntimeError("on purpose")

    return app.response_class(pieces(), headers={"Content-Length": "6"})
