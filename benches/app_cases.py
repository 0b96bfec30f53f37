"""One app, as Kolben and Flask have it, and the requests that the benchmarks send to it."""

from __future__ import annotations

import io
import pathlib
import types
import typing as t

from werkzeug.middleware.proxy_fix import ProxyFix

#: As many other routes are registered.
OTHERS = 100
FOLDER = pathlib.Path(__file__).parent
HTML = "text/html; charset=utf-8"
MESSAGE = {"message": "Hello, World!", "number": 5, "items": [1, 2, 3]}
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n" + b"x" * 100_000 + b"\r\n--b--\r\n"
)
FORM = "&".join(f"field{number}=value+{number}" for number in range(10)).encode()


def make_app(
    package: types.ModuleType,
    secret: bool = False,
    hooks: bool = False,
    proxied: bool = False,
    own_request: bool = False,
    patched: bool = False,
) -> t.Any:
    """The app on Kolben or on Flask."""
    app = package.Flask(
        "bench",
        root_path=str(FOLDER),
        static_folder=str(FOLDER / "static"),
        static_url_path="/static",
    )
    request, session, g = package.request, package.session, package.g
    if secret:
        app.secret_key = "a secret for the benchmarks"
    for number in range(OTHERS):
        app.add_url_rule(f"/other{number}/<item>/page", f"other{number}", lambda item: item)
    if hooks:
        add_hooks(app, package)
    if proxied:
        app.wsgi_app = ProxyFix(app.wsgi_app)
    if own_request:
        app.request_class = type("Request", (package.Request,), {"user": property(lambda _: None)})
    if patched:
        original = app.dispatch_request
        app.dispatch_request = lambda: original()

    @app.get("/hello")
    def hello() -> str:
        return "Hello, World!"

    @app.get("/user/<int:id>")
    def param(id: int) -> str:
        return f"user {id}"

    @app.get("/org/<int:number>/repo/<name>")
    def deep(number: int, name: str) -> str:
        return f"{number} {name}"

    @app.get("/headers")
    def headers() -> str:
        accept = request.accept_mimetypes.best
        cookie = request.cookies.get("theme")
        return f"{request.args.get('q')} {cookie} {accept} {request.headers.get('User-Agent')}"

    @app.get("/json")
    def json() -> dict[str, t.Any]:
        return MESSAGE

    @app.post("/echo")
    def echo() -> t.Any:
        return request.get_json()

    @app.get("/session")
    def use_session() -> str:
        session["n"] = session.get("n", 0) + 1
        return "counted"

    @app.get("/template")
    def template() -> str:
        return t.cast("str", package.render_template("page.html", items=range(20)))

    @app.get("/urls")
    def urls() -> str:
        return "".join(package.url_for("param", id=number) for number in range(10))

    @app.post("/form")
    def form() -> str:
        return str(len(request.form))

    @app.post("/upload")
    def upload() -> str:
        return str(len(request.files["file"].read()))

    @app.get("/async")
    async def asynchronous() -> str:
        return "awaited"

    @app.get("/proxies")
    def proxies() -> str:
        for _ in range(25):
            _ = request.method
            g.x = 1
            _ = package.current_app.config
            _ = session.permanent
        return "read"

    return app


def add_hooks(app: t.Any, package: types.ModuleType) -> None:
    """Two of the app, two of a blueprint, a teardown and a receiver."""
    blueprint = package.Blueprint("blueprint", "bench")
    app.before_request(lambda: None)
    app.after_request(lambda response: response)
    app.teardown_request(lambda error: None)
    blueprint.before_request(lambda: None)
    blueprint.after_request(lambda response: response)
    blueprint.add_url_rule("/hooks", "hooks", lambda: "hooked")
    app.register_blueprint(blueprint)
    # Connected while its row is measured: a signal that anybody hears costs every app.
    app.extensions["signal"] = package.request_started, lambda sender, **extra: None


def environ(path: str, method: str = "GET", body: bytes = b"", **others: str) -> dict[str, t.Any]:
    """A fresh environ, as a server makes it."""
    path, _, query = path.partition("?")
    made = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost:8000",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **others,
    }
    if body:
        made["CONTENT_LENGTH"] = str(len(body))
    return made
