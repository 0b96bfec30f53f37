"""The app behind the proxies."""

from __future__ import annotations

import os
import time

from werkzeug.middleware.proxy_fix import ProxyFix

from kolben import Flask, Response, core_status, request
from kolben.ops import Ops
from tests.serve.answers import answer

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_port=1)
Ops(app).checks.keep = 0.0


@app.get("/work/<int:number>")
def work(number: int) -> str:
    time.sleep(number % 8 / 1000)
    return answer(number)


@app.get("/stream/<int:number>")
def stream(number: int):
    text = answer(number)
    return Response(text[start : start + 500] for start in range(0, len(text), 500))


@app.get("/hello")
def hello() -> str:
    return "Hello"


@app.get("/waits")
def waits() -> str:
    time.sleep(0.01)
    return "Hello"


@app.get("/sleep/<float:seconds>")
def sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "slept"


@app.get("/seen")
def seen():
    return {
        "url": request.url,
        "remote": request.remote_addr,
        "host": request.host,
        "port": request.environ["SERVER_PORT"],
        "prefix": request.headers.get("X-Forwarded-Prefix"),
        "id": request.headers.get("X-Request-ID"),
        "pid": os.getpid(),
    }


@app.get("/core")
def core() -> str:
    return str(core_status())


@app.post("/echo")
def echo() -> bytes:
    return request.get_data()


@app.get("/ticks")
def ticks():
    def pieces():
        for number in range(4):
            yield f"data: {number}\n\n"
            time.sleep(0.3)

    return Response(pieces(), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
