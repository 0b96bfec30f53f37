"""Random small apps, and requests for them.

An app is made from a number: the same number makes the same app on Flask and on Kolben. What
happens in it is written down in a log, so that not only the answers can be compared.
"""

from __future__ import annotations

import importlib
import io
import random
import typing as t
import uuid
from datetime import datetime, timedelta, timezone

from markupsafe import Markup
from werkzeug.exceptions import HTTPException

Answer = t.Callable[[dict[str, t.Any]], t.Any]


# --- values --------------------------------------------------------------------------------------

TEXTS = ("", "a", "b c", "é", "日本", "<b>&", '"\\', "x" * 60, " t", "a\nb", "\u2028", "\x00")


def text(dice: random.Random) -> str:
    """A short text."""
    return dice.choice(TEXTS) + dice.choice(TEXTS)


def value(dice: random.Random, depth: int = 3) -> t.Any:
    """Anything that a session can hold."""
    kinds: list[t.Callable[[], t.Any]] = [
        lambda: text(dice),
        lambda: dice.choice((None, True, False)),
        lambda: dice.randrange(-(2**70), 2**70),
        lambda: dice.choice((0, 1, -1, 1.5, -0.0, 1e300)),
        lambda: dice.randbytes(dice.randrange(4)),
        lambda: Markup(text(dice)),
        lambda: uuid.UUID(int=dice.getrandbits(128)),
        lambda: datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(dice.randrange(9999)),
    ]
    if depth:
        kinds += [
            lambda: [value(dice, depth - 1) for _ in range(dice.randrange(3))],
            lambda: tuple(value(dice, depth - 1) for _ in range(dice.randrange(3))),
            lambda: mapping(dice, depth - 1),
            # What the tagged JSON itself uses for its tags.
            lambda: {dice.choice((" t", " b", " di", " m")): value(dice, depth - 1)},
        ]
    return dice.choice(kinds)()


def mapping(dice: random.Random, depth: int = 2) -> dict[str, t.Any]:
    """A dictionary with a few items."""
    return {text(dice): value(dice, depth) for _ in range(dice.randrange(1, 4))}


# --- answers of views ----------------------------------------------------------------------------


def _answers(flask: t.Any, dice: random.Random) -> dict[str, Answer]:
    """What a view may return: each kind, with what is in it drawn now."""
    words, status = text(dice), dice.choice((200, 201, 204, 304, 404, 418, 500, 599))
    code, wrong = dice.choice((400, 401, 404, 405, 409, 418, 503)), dice.choice((None, 5, object))
    headers: t.Any = dice.choice(
        (
            {"X-One": "1"},
            {"Content-Type": "text/x-own"},
            [("X-Two", "1"), ("X-Two", "2")],
            {"X-List": ["a", "b"]},
            {"content-length": "3"},
            {},
        )
    )
    fault = dice.choice((ValueError, KeyError, LookupError, RuntimeError, OSError))

    def wsgi(environ: t.Any, start_response: t.Any) -> t.Any:
        start_response("202 Fine", [("X-WSGI", "1"), ("Content-Type", "text/plain")])
        return [words.encode(), environ["PATH_INFO"].encode("latin-1")]

    def raises(arguments: dict[str, t.Any]) -> t.NoReturn:
        raise fault(words)

    def with_cookie(arguments: dict[str, t.Any]) -> t.Any:
        response = flask.make_response(words, status)
        response.set_cookie("drawn", words or "-", max_age=dice.choice((None, 60)), path="/")
        response.delete_cookie("other")
        return response

    def writes_session(arguments: dict[str, t.Any]) -> str:
        flask.session[words] = status
        return str(sorted(flask.session, key=repr))

    def later(arguments: dict[str, t.Any]) -> str:
        @flask.after_this_request
        def add(response: t.Any) -> t.Any:
            response.headers.add("X-Later", flask.request.method)
            return response

        return words

    def file(arguments: dict[str, t.Any]) -> t.Any:
        content = io.BytesIO(words.encode() * 3)
        return flask.send_file(content, "text/plain", etag="an-etag", conditional=True, max_age=9)

    def stream(arguments: dict[str, t.Any]) -> t.Any:
        def pieces() -> t.Iterator[str]:
            yield words
            yield flask.request.path

        return flask.stream_with_context(pieces())

    return {
        "text": lambda arguments: words,
        "bytes": lambda arguments: words.encode(),
        "arguments": lambda arguments: repr(sorted(arguments.items())),
        "mapping": lambda arguments: {"words": words, "arguments": repr(arguments)},
        "list": lambda arguments: [words, status, None],
        "wrong": lambda arguments: wrong,
        "status": lambda arguments: (words, status),
        "headers": lambda arguments: (words, headers),
        "triple": lambda arguments: ({"a": words}, status, headers),
        "text status": lambda arguments: (words, f"{status} OF OURS"),
        "long": lambda arguments: (words, 200, {}, None),
        "short": lambda arguments: (words,),
        "no body": lambda arguments: (None, 200),
        "generator": lambda arguments: (part for part in (words, "and", words)),
        "response": lambda arguments: flask.Response(words, status, headers, "text/x-other"),
        "response again": lambda arguments: (flask.Response(words, 201), status, headers),
        "wsgi": lambda arguments: wsgi,
        "abort": lambda arguments: flask.abort(code),
        # The words of a 405 would be its methods.
        "abort with words": lambda arguments: flask.abort(418 if code == 405 else code, words),
        "abort with a response": lambda arguments: flask.abort(flask.Response(words, status)),
        "raise": raises,
        "redirect": lambda arguments: flask.redirect("/ä?b=c", dice.choice((302, 303, 308))),
        "cookie": with_cookie,
        "session": writes_session,
        "look": lambda arguments: str("a" in flask.session),
        "forget": lambda arguments: str(flask.session.clear()),
        "flash": lambda arguments: str(flask.flash(words, "a")),
        "flashed": lambda arguments: repr(flask.get_flashed_messages(with_categories=True)),
        "form": lambda arguments: repr(list(flask.request.form.items(multi=True))),
        "field": lambda arguments: flask.request.form["a"],
        "json": lambda arguments: flask.jsonify(flask.request.get_json()),
        "quiet json": lambda arguments: repr(flask.request.get_json(silent=True)),
        "data": lambda arguments: flask.request.get_data(),
        "query": lambda arguments: flask.jsonify(flask.request.args),
        "about": lambda arguments: repr(
            (
                flask.request.endpoint,
                flask.request.blueprints,
                flask.request.url,
                flask.request.view_args,
                flask.request.url_rule.rule,
            )
        ),
        "template": lambda arguments: flask.render_template_string(
            "{{ words }} {{ request.path }} {{ g.get('a') }} {{ session|length }}", words=words
        ),
        "json response": lambda arguments: flask.jsonify(b=1, a=[words, uuid.UUID(int=5)]),
        "later": later,
        "file": file,
        "stream": stream,
        "url": lambda arguments: flask.url_for(flask.request.endpoint, **arguments, q=words),
        "own url": lambda arguments: flask.url_for(".home", _external=True, _anchor="é"),
    }


ANSWERS = tuple(_answers(None, random.Random(0)))

# --- apps ----------------------------------------------------------------------------------------

SEGMENTS = ("", "a", "b", "c.d", "<x>", "<int:y>", "<path:z>", "<float:f>", "<any(p, q):w>", "é")
PREFIXES = (None, "/a", "/b/", "/<x>", "/deep/er", "")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Made:
    """An app made from a number.

    :param package: ``flask`` or ``kolben``.
    :param seed: The number.
    """

    def __init__(self, package: str, seed: int) -> None:
        self.flask = importlib.import_module(package)
        self.dice = random.Random(seed)
        #: What happened, in order.
        self.log: list[t.Any] = []
        self.app = self._app()
        for number in range(self.dice.randrange(3)):
            self._attempt(self._add_blueprint, self.app, f"bp{number}", 2)
        self._fill(self.app, "app")
        # Whatever was refused, there is something to ask for.
        self.app.add_url_rule("/always", "always", lambda: "always")
        self.flask.got_request_exception.connect(self._note_fault, self.app)
        self.client = self.app.test_client()

    def _app(self) -> t.Any:
        options = self.dice.choice(({}, {}, {"subdomain_matching": True}, {"static_folder": None}))
        app = self.flask.Flask(__name__, **options)
        app.logger.disabled = True
        app.secret_key = "the same in both"
        app.config.update(
            SERVER_NAME=self.dice.choice((None, "example.org")) if not options else "example.org",
            TRAP_BAD_REQUEST_ERRORS=self.dice.random() < 0.1,
            SESSION_REFRESH_EACH_REQUEST=self.dice.random() < 0.5,
            MAX_CONTENT_LENGTH=self.dice.choice((None, None, 12)),
            APPLICATION_ROOT=self.dice.choice(("/", "/", "/root")),
            PROVIDE_AUTOMATIC_OPTIONS=self.dice.random() < 0.9,
        )
        app.url_map.strict_slashes = self.dice.random() < 0.7
        app.url_map.merge_slashes = self.dice.random() < 0.8
        app.json.sort_keys = self.dice.random() < 0.5
        return app

    def _note_fault(self, sender: t.Any, exception: BaseException, **more: t.Any) -> None:
        self.log.append(("signal", type(exception).__name__, str(exception)))

    def _attempt(self, function: t.Callable[..., t.Any], *arguments: t.Any) -> None:
        """Do something at set-up that may be refused; then that is written down."""
        try:
            function(*arguments)
        except Exception as error:  # any: both must refuse alike
            # Kolben's message about a faulty rule is another one.
            message = None if isinstance(error, SyntaxError) else str(error)
            self.log.append(("refused", type(error).__name__, message))

    def _add_blueprint(self, parent: t.Any, name: str, depth: int) -> None:
        prefix, other = self.dice.choice(PREFIXES), self.dice.choice(PREFIXES)
        subdomain = "sub" if self.dice.random() < 0.1 else None
        blueprint = self.flask.Blueprint(name, __name__, url_prefix=prefix, subdomain=subdomain)
        self._fill(blueprint, name)
        if depth and self.dice.random() < 0.5:
            self._attempt(self._add_blueprint, blueprint, f"{name}in", depth - 1)
        options: dict[str, t.Any] = self.dice.choice(
            ({}, {}, {"url_prefix": other}, {"url_defaults": {"d": 1}})
        )
        parent.register_blueprint(blueprint, **options)
        if self.dice.random() < 0.3:
            parent.register_blueprint(blueprint, name=f"{name}again", url_prefix="/again")

    def _fill(self, scaffold: t.Any, name: str) -> None:
        for number in range(self.dice.randrange(1, 5)):
            self._attempt(self._add_route, scaffold, name, "home" if not number else f"v{number}")
        for number in range(self.dice.randrange(3)):
            self._add_hook(scaffold, f"{name}.{number}")
        for number in range(self.dice.randrange(3)):
            self._add_error_handler(scaffold, f"{name}.e{number}")

    def _add_route(self, scaffold: t.Any, name: str, endpoint: str) -> None:
        dice = self.dice
        segments = [dice.choice(SEGMENTS) for _ in range(dice.randrange(1, 4))]
        rule = "/" + "/".join(segments) + dice.choice(("", "", "/"))
        methods = dice.sample(METHODS, dice.randrange(1, 4)) if dice.random() < 0.5 else None
        options: dict[str, t.Any] = dice.choice(
            ({}, {}, {}, {"defaults": {"x": "dx"}}, {"strict_slashes": False})
        )
        answers = _answers(self.flask, dice)
        answer = answers[dice.choice(ANSWERS)]

        def view(**arguments: t.Any) -> t.Any:
            self.log.append((name, endpoint, repr(sorted(arguments.items()))))
            return answer(arguments)

        scaffold.add_url_rule(rule, endpoint, view, methods=methods, **options)

    def _add_hook(self, scaffold: t.Any, name: str) -> None:
        flask, dice = self.flask, self.dice

        def before() -> t.Any:
            self.log.append(("before", name, flask.request.endpoint))
            flask.g.a = name
            asked = flask.request.args
            if asked.get("fail") == name:
                raise ValueError(name)
            return f"stopped by {name}" if asked.get("stop") == name else None

        def after(response: t.Any) -> t.Any:
            self.log.append(("after", name, response.status))
            response.headers.add("X-After", name)
            return flask.Response("other") if flask.request.args.get("swap") == name else response

        def teardown(error: BaseException | None) -> None:
            self.log.append(("teardown", name, repr(error), flask.has_request_context()))

        def preprocess(endpoint: str | None, arguments: dict[str, t.Any] | None) -> None:
            self.log.append(("values", name, endpoint, repr(arguments)))
            if arguments and "x" in arguments:
                flask.g.a = arguments.pop("x") if flask.request.args.get("pop") else None

        def defaults(endpoint: str, arguments: dict[str, t.Any]) -> None:
            arguments.setdefault("x", name)

        register = dice.choice(
            (
                lambda: scaffold.before_request(before),
                lambda: scaffold.after_request(after),
                lambda: scaffold.teardown_request(teardown),
                lambda: scaffold.url_value_preprocessor(preprocess),
                lambda: scaffold.url_defaults(defaults),
                lambda: scaffold.context_processor(lambda: {"words": name}),
            )
        )
        register()

    def _add_error_handler(self, scaffold: t.Any, name: str) -> None:
        of = self.dice.choice((400, 404, 405, 418, 500, HTTPException, ValueError, LookupError))
        answer = self.dice.choice(("text", "status", "error", "raise"))

        def handle(error: t.Any) -> t.Any:
            self.log.append(("handle", name, type(error).__name__))
            if answer == "raise":
                raise RuntimeError(name)
            if answer == "error" and isinstance(error, HTTPException):
                return error
            return f"{name}: {error}", 200 if answer == "text" else 410

        scaffold.register_error_handler(of, handle)

    def names(self) -> list[str]:
        """Every name that a hook may have."""
        return [f"{name}.{number}" for name in ("app", "bp0", "bp1", "bp0in") for number in (0, 1)]

    def paths(self) -> list[str]:
        """The rules' texts."""
        return sorted(rule.rule for rule in self.app.url_map.iter_rules())


# --- requests ------------------------------------------------------------------------------------

FILLINGS = {
    "<x>": ("1", "é", "a b", "x%2Fy", "..."),
    "<int:y>": ("0", "12", "007", "-1", "x", "٣"),
    "<path:z>": ("a", "a/b", "a//b", ".."),
    "<float:f>": ("1.5", "1", "0.0"),
    "<any(p, q):w>": ("p", "q", "r"),
    "<path:filename>": ("no.txt",),
}
BODIES: tuple[dict[str, t.Any], ...] = (
    {},
    {"data": {"a": "1", "b": ["2", "3"]}},
    {"data": {"b": "é"}},
    {"json": {"a": [1, None]}},
    {"data": "{bad", "content_type": "application/json"},
    {"data": b"\xff\xfe raw", "content_type": "application/octet-stream"},
    {"data": "a=1&a=2&=", "content_type": "application/x-www-form-urlencoded"},
    {"data": "--b", "content_type": "multipart/form-data; boundary=b"},
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"If-None-Match": '"an-etag"'},
    {"Range": "bytes=1-2"},
    {"Range": "bytes=9-1"},
    {"Accept": "application/json;q=0.5, */*"},
    {"X-HTTP-Method-Override": "PUT"},
)
HOSTS = (*("http://example.org",) * 9, None, "http://sub.example.org", "https://example.org:81")


def question(made: Made, dice: random.Random) -> dict[str, t.Any]:
    """A request: arguments of the test client's ``open``."""
    rules = sorted(made.app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    rule = dice.choice(rules)
    allowed = sorted(rule.methods or METHODS)
    path = rule.rule
    for variable, fillings in FILLINGS.items():
        while variable in path:
            path = path.replace(variable, dice.choice(fillings), 1)
    odd = (path.rstrip("/"), f"{path}/", f"{path}x", "//".join(path.rsplit("/", 1)), "/nowhere")
    query = {"a": "1", dice.choice(("stop", "fail", "swap", "pop", "b")): dice.choice(made.names())}
    host = f"http://{rule.subdomain}.example.org" if rule.subdomain else dice.choice(HOSTS)
    return {
        "path": (path if dice.random() < 0.8 else dice.choice(odd)) or "/",
        "method": dice.choice(allowed if dice.random() < 0.8 else (*METHODS, "BREW")),
        "query_string": query if dice.random() < 0.4 else None,
        "headers": dice.choice(HEADERS),
        "base_url": host,
        **dice.choice(BODIES),
    }


def ask(made: Made, request: dict[str, t.Any]) -> t.Any:
    """Send a request, and return all that came of it."""
    made.log.clear()
    if request["method"] == "BREW":
        made.client.set_cookie("session", "nonsense.of.mine")
    try:
        response = made.client.open(**request, buffered=True)
    except Exception as error:  # any: both must raise alike
        return (type(error).__name__, str(error), list(made.log))
    # No order is promised for the methods of a rule, so Werkzeug's hangs on the process's hashes.
    headers = [
        (name, sorted(value.split(", ")) if name == "Allow" else value)
        for name, value in response.headers
    ]
    return (response.status, headers, response.data, list(made.log))
