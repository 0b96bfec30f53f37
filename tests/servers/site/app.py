"""An app that knows nothing of Kolben."""

import hashlib
import importlib.metadata
import os
import time

from flask import Flask, Response, abort, g, request, session, stream_with_context

app = Flask(__name__)
app.secret_key = "3f1c0d5b9a7e42688d1b"


def note(text):
    with open(os.environ["EVENTS"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


@app.before_request
def before():
    g.name = request.args.get("name")


@app.teardown_request
def after(error):
    note(f"teardown {request.path} {g.get('name')} {type(error).__name__}")


@app.errorhandler(404)
def missing(error):
    return {"missing": request.path}, 404


@app.get("/")
def index():
    return "plain"


@app.get("/mode")
def mode():
    module = Flask.__module__
    if module == "flask.app":
        status = "none"
    else:
        import kolben

        status = str(kolben.core_status())
    return {"module": module, "flask": importlib.metadata.version("flask"), "core": status}


@app.post("/json")
def json():
    return {"got": request.get_json(), "type": request.content_type}


@app.post("/upload")
def upload():
    file = request.files["file"]
    data = file.read()
    return {
        "name": file.filename,
        "sha": hashlib.sha256(data).hexdigest(),
        "fields": request.form.to_dict(flat=False),
    }


@app.put("/large")
def large():
    data = request.get_data()
    return {"length": len(data), "sha": hashlib.sha256(data).hexdigest()}


@app.get("/download")
def download():
    return b"x" * 5_000_000


@app.get("/stream")
def stream():
    @stream_with_context
    def chunks():
        for number in range(5):
            yield f"{request.args['name']} {g.name} {number}\n"
            time.sleep(0.01)

    return Response(chunks(), mimetype="text/plain")


@app.get("/endless")
def endless():
    @stream_with_context
    def chunks():
        try:
            while True:
                yield b"x" * 65536
                time.sleep(0.01)
        finally:
            note(f"closed {g.name}")

    return Response(chunks(), mimetype="application/octet-stream")


@app.get("/session")
def count():
    session["n"] = session.get("n", 0) + 1
    return {"n": session["n"]}


@app.get("/who/<name>")
def who(name):
    g.found = [name]
    for _ in range(3):
        # Others run meanwhile: in other threads, or in other greenlets.
        time.sleep(0.01)
        g.found += [request.view_args["name"], request.args["name"], g.name, request.path[5:]]
    session["name"] = name
    return {"found": sorted(set(g.found)), "session": session["name"]}


@app.get("/error")
def error():
    raise RuntimeError("on purpose")


@app.get("/gone")
def gone():
    abort(410)
