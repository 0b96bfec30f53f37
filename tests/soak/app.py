"""An app with some of everything."""

from __future__ import annotations

from kolben import Flask, Response, jsonify, render_template_string, request, session
from kolben.ops import Ops, limits

app = Flask(__name__)
app.secret_key = "a key for the soak test, and nothing else"
ops = Ops(app, profile="strict")
PAGE = "<ul>{% for number in numbers %}<li>{{ number }}{% endfor %}</ul><i>{{ name }}</i>"


@app.get("/hello")
def hello() -> str:
    return "Hello"


@app.get("/user/<int:number>")
def user(number: int):
    return {"number": number, "agent": request.user_agent.string, "q": request.args.get("q")}


@app.get("/<a>-<b>-<c>-x")
def parts(a: str, b: str, c: str) -> str:
    return f"{a} {b} {c}"


@app.post("/json")
def json():
    return jsonify(request.get_json())


@app.post("/form")
def form():
    return {name: len(value) for name, value in request.form.items()}


@app.post("/upload")
@limits(max_body=4 << 20)
def upload():
    return str(sum(len(file.read()) for file in request.files.values()))


@app.get("/visit")
def visit() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@app.get("/page/<name>")
def page(name: str) -> str:
    return render_template_string(PAGE, numbers=range(30), name=name)


@app.get("/stream")
def stream():
    return Response((f"{number}\n" for number in range(50)), mimetype="text/plain")
