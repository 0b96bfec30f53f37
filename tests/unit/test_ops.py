"""Health, metrics, logs, timing and limits."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
import types

import prometheus_client
import pytest

import kolben.ops.draining
import kolben.ops.health
from kolben import Flask, Response, g, render_template_string, request, session
from kolben.ops import AccessLog, JSONFormatter, Ops, TextFormatter, limits, request_id, timed
from kolben.ops.deadlines import Deadlines, TookTooLong
from kolben.ops.health import Checks
from kolben.testing import FlaskClient

pytestmark = pytest.mark.kolben_only


class Client(FlaskClient):
    """A client that reads each answer to its end and closes it, as a server does."""

    def open(self, *args, **options):
        return super().open(*args, buffered=True, **options)


@pytest.fixture
def app():
    app = Flask(__name__)
    app.test_client_class = Client
    app.secret_key = "the-key-of-the-app"

    @app.get("/user/<int:number>")
    def user(number):
        return f"user {number}"

    @app.get("/fails")
    def fails():
        raise RuntimeError("on purpose")

    @app.route("/echo", methods=["GET", "POST"])
    def echo():
        return request.get_data()

    return app


@pytest.fixture
def lines():
    """What is logged, formatted as the fixture is asked to."""

    class Lines(logging.Handler):
        def __init__(self):
            super().__init__()
            self.found = []

        def emit(self, record):
            self.found.append(self.format(record))

    handler = Lines()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


# --- nothing unless it is asked for --------------------------------------------------------------


def test_without_ops_an_app_is_as_it_was(app):
    assert app.wsgi_app.__self__ is app
    assert app.before_request_funcs == {}
    assert app.test_client().get("/livez").status_code == 404
    assert "X-Request-ID" not in app.test_client().get("/user/1").headers


# --- health --------------------------------------------------------------------------------------


def test_alive_and_ready(app):
    Ops(app)
    client = app.test_client()
    assert client.get("/livez").text == "alive\n"
    assert client.get("/readyz").json == {"status": "ready", "checks": {}}


def test_checks_say_what_is_wrong_but_not_why(app, caplog):
    ops = Ops(app)
    ops.check("good")(lambda: None)
    ops.check("false")(lambda: False)

    @ops.check("raises")
    def raises():
        raise RuntimeError("the password is hunter2")

    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    expected = {"good": "ok", "false": "failed", "raises": "failed"}
    assert answer.json == {"status": "unavailable", "checks": expected}
    assert "hunter2" in caplog.text


def test_a_check_that_hangs_takes_its_time_and_one_thread(app):
    ops = Ops(app)
    ops.checks.keep = 0
    release = threading.Event()
    calls = []

    @ops.check("hangs", timeout=0.1)
    def hangs():
        calls.append(1)
        release.wait(10)

    client = app.test_client()
    for _ in range(3):
        begun = time.monotonic()
        assert client.get("/readyz").json["checks"] == {"hangs": "timeout"}
        assert time.monotonic() - begun < 2
    assert len(calls) == 1
    release.set()
    end = time.monotonic() + 5
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < end


def test_checks_run_beside_each_other(app):
    checks = Ops(app).checks
    barrier = threading.Barrier(2)
    for name in "ab":
        checks.add(kolben.ops.Check(name, lambda: barrier.wait(5), 6))
    with app.app_context():
        assert checks.results() == {"a": None, "b": None}


def test_a_check_has_the_app(app):
    ops = Ops(app)
    ops.check("app")(lambda: kolben.current_app.name == app.name)
    assert app.test_client().get("/readyz").status_code == 200


def test_each_check_has_a_context_of_its_own(app):
    """What hangs on it, as a database session does, is not another's, and is let go of."""
    ops = Ops(app)
    ops.checks.keep = 0
    both, over, ended = threading.Barrier(2), threading.Event(), []
    contexts = []

    @app.teardown_appcontext
    def end(error):
        if "mine" in g:
            ended.append(g.mine)

    def check(name):
        g.mine = name
        contexts.append(kolben.globals.app_ctx._get_current_object())
        both.wait(5)
        assert g.mine == name

    ops.check("a", timeout=5)(lambda: check("a"))
    ops.check("b", timeout=5)(lambda: check("b"))

    @ops.check("late", timeout=0.05)
    def late():
        g.mine = "late"
        over.wait(5)
        return kolben.current_app.name == app.name

    answer = app.test_client().get("/readyz")
    assert answer.json["checks"] == {"a": "ok", "b": "ok", "late": "timeout"}
    assert contexts[0] is not contexts[1]
    assert sorted(ended) == ["a", "b"]
    over.set()
    deadline = time.monotonic() + 5
    while "late" not in ended:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_a_check_that_leaves_has_failed_and_is_asked_again(app, error):
    ops = Ops(app)
    ops.checks.keep = 0
    outcomes = [error, None]

    @ops.check("leaves", timeout=5)
    def leaves():
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    client = app.test_client()
    assert client.get("/readyz").json["checks"] == {"leaves": "failed"}
    assert client.get("/readyz").json["checks"] == {"leaves": "ok"}


def test_a_check_for_which_there_is_no_thread_has_failed(app, monkeypatch):
    ops = Ops(app)
    ops.check("a")(lambda: None)
    refuse = types.SimpleNamespace(Thread=no_thread, Lock=threading.Lock)
    monkeypatch.setattr(kolben.ops.health, "threading", refuse)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json["checks"]) == (503, {"a": "failed"})


def no_thread(**options):
    raise RuntimeError("can't start new thread")


def test_a_result_holds_for_a_moment():
    checks = Checks(keep=60)
    calls = []
    checks.add(kolben.ops.Check("a", lambda: calls.append(1), 1))
    assert checks.results() == checks.results()
    assert len(calls) == 1


def test_a_name_is_for_one_check(app):
    ops = Ops(app)
    ops.check("a")(lambda: None)
    with pytest.raises(ValueError, match="a check 'a' already"):
        ops.check("a")(lambda: None)


def test_not_ready_while_draining(app, monkeypatch):
    Ops(app)
    monkeypatch.setattr(kolben.ops.draining, "_draining", threading.Event())
    kolben.ops.draining.begin()
    client = app.test_client()
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json["status"] == "draining"
    assert client.get("/livez").status_code == 200


def test_a_prefix(app):
    app.config["OPS_URL_PREFIX"] = "/-"
    Ops(app)
    client = app.test_client()
    assert client.get("/-/livez").status_code == 200
    assert client.get("/livez").status_code == 404


def test_ops_is_set_up_once(app):
    Ops(app)
    with pytest.raises(RuntimeError):
        Ops(app)
    with pytest.raises(ValueError, match="no profile 'loose'"):
        Ops(profile="loose")


# --- metrics -------------------------------------------------------------------------------------


def test_metrics_are_labelled_by_rule(app, monkeypatch):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    Ops(app)
    client = app.test_client()
    for number in range(30):
        client.get(f"/user/{number}")
        client.get(f"/nowhere/{number}")
    client.get("/fails")
    client.open("/user/1", method="BREW")
    page = client.get("/metrics")
    assert page.content_type.startswith("text/plain")
    text = page.text
    series = 'http_requests_total{{method="{}",rule="{}",status="{}"}} {}'
    assert series.format("GET", "/user/<int:number>", 200, 30.0) in text
    assert series.format("GET", "none", 404, 30.0) in text
    assert series.format("GET", "/fails", 500, 1.0) in text
    assert series.format("other", "none", 405, 1.0) in text
    assert "nowhere" not in text
    assert "BREW" not in text
    assert 'http_request_duration_seconds_count{method="GET",rule="/fails"} 1.0' in text
    # The one that asks.
    assert "http_requests_in_progress 1.0" in text


def test_metrics_for_some_networks_only(app):
    app.config["OPS_METRICS_FROM"] = ["10.0.0.0/8"]
    Ops(app)
    client = app.test_client()
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200


def test_the_metrics_of_the_app_are_there_too(app, monkeypatch):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    Ops(app)
    orders = prometheus_client.Counter("orders_of_this_test", "Orders.")
    try:
        orders.inc(3)
        text = app.test_client().get("/metrics").text
    finally:
        prometheus_client.REGISTRY.unregister(orders)
    assert "orders_of_this_test_total 3.0" in text
    assert text.count("# TYPE http_requests_total counter") == 1


def test_metrics_can_be_left_out(app):
    app.config["OPS_METRICS"] = False
    Ops(app)
    assert app.test_client().get("/metrics").status_code == 404


# --- logs ----------------------------------------------------------------------------------------


def test_one_line_for_each_request(app, lines):
    lines.setFormatter(JSONFormatter())
    app.config["OPS_ACCESS_LOG"] = True
    Ops(app)
    client = app.test_client()
    client.get("/user/7?token=secret", headers={"X-Request-ID": "abc"})
    client.get("/nowhere\n2026 INFO forged", headers={"X-Request-ID": "bad id\x7f"})
    (known, unknown) = map(json.loads, lines.found)
    assert known["request_id"] == "abc"
    assert (known["rule"], known["status"], known["size"]) == ("/user/<int:number>", 200, 6)
    assert known["duration_ms"] > 0
    assert known["logger"] == "kolben.access"
    assert len(unknown["request_id"]) == 32
    assert "rule" not in unknown
    assert unknown["status"] == 404
    assert "secret" not in "".join(lines.found)
    assert "forged" not in "".join(lines.found)


def test_text_lines_cannot_be_forged(app, lines):
    lines.setFormatter(TextFormatter())
    app.config.update(OPS_ACCESS_LOG=True, OPS_LOG_PATH=True)
    Ops(app)
    path = "/a\r\n2026-01-01 INFO kolben.access: forged\xe2\x80\xa8\x1b[2J\x85"
    app.test_client().get("/", environ_overrides={"PATH_INFO": path})
    (line,) = lines.found
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert r"path=/a\r\n2026" in line


def test_a_path_is_told_in_its_own_characters(app, lines):
    lines.setFormatter(JSONFormatter())
    app.config.update(OPS_ACCESS_LOG=True, OPS_LOG_PATH=True)
    Ops(app)
    app.test_client().get("/caf%C3%A9")
    app.test_client().get("/caf%E9")
    assert [json.loads(line)["path"] for line in lines.found] == ["/café", "/caf\ufffd"]


def test_a_traceback_has_no_line_that_looks_like_one_of_ours():
    formatter = TextFormatter()
    try:
        raise ValueError("bad\n2026-01-01T00:00:00.000Z INFO app: forged")
    except ValueError as error:
        info = type(error), error, error.__traceback__
    record = logging.LogRecord("app", logging.ERROR, "", 1, "oh\nno %s", ("x\ny",), info)
    first, *rest = formatter.format(record).split("\n")
    assert first.endswith(r"ERROR app: oh\nno x\ny")
    assert rest
    assert all(line.startswith("  | ") for line in rest)


def test_json_lines_are_one_line():
    record = logging.LogRecord("app", logging.ERROR, "", 1, "oh\nno", (), None)
    text = JSONFormatter().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"] == "oh\nno"


@pytest.mark.parametrize("formatter", [TextFormatter, JSONFormatter])
def test_secrets_of_a_request_are_hidden(app, lines, formatter):
    lines.setFormatter(formatter())

    @app.get("/tells")
    def tells():
        app.logger.info("headers: %s", dict(request.headers))
        app.logger.info("key: %s", app.secret_key)
        try:
            raise RuntimeError(request.headers["Authorization"])
        except RuntimeError:
            app.logger.exception("it failed")
        return ""

    Ops(app)
    headers = {
        "Authorization": "Bearer abcdef.ghijkl",
        "Cookie": "session=0123456789abcdef; other=zyxwvu987",
        "X-Api-Key": "key-of-a-client",
    }
    app.test_client(use_cookies=False).get("/tells", headers=headers)
    text = "\n".join(lines.found)
    for secret in ("abcdef.ghijkl", "0123456789abcdef", "zyxwvu987", "key-of-a", "the-key-of"):
        assert secret not in text
    assert "[hidden]" in text


def test_app_lines_carry_the_request(app, lines):
    lines.setFormatter(JSONFormatter())
    seen = []

    @app.get("/speaks/<name>")
    def speaks(name):
        app.logger.warning("hello")
        seen.append(request_id())
        return ""

    Ops(app)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = app.test_client().get("/speaks/me", headers={"traceparent": trace})
    (line,) = map(json.loads, lines.found)
    assert line["message"] == "hello"
    assert line["traceparent"] == trace
    assert line["rule"] == "/speaks/<name>"
    assert [line["request_id"]] == seen == [answer.headers["X-Request-ID"]]
    assert request_id() is None


@pytest.mark.parametrize(
    ("peer", "original", "taken"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("", None, True),
        ("192.0.2.1", None, False),
        ("192.0.2.1", "127.0.0.1", True),
        ("127.0.0.1", "192.0.2.1", False),
        ("nonsense", None, False),
    ],
)
def test_ids_are_taken_from_whom_one_trusts(app, peer, original, taken):
    Ops(app)
    environ = {"REMOTE_ADDR": peer}
    if original is not None:
        environ["werkzeug.proxy_fix.orig"] = {"REMOTE_ADDR": original}
    headers = {"X-Request-ID": "given"}
    answer = app.test_client().get("/user/1", headers=headers, environ_overrides=environ)
    assert (answer.headers["X-Request-ID"] == "given") is taken


@pytest.mark.parametrize("bad", ["", "a b", "a" * 200, "x\x00", "é", "<script>", "-a"])
def test_odd_ids_are_replaced(app, bad):
    Ops(app)
    environ = {"HTTP_X_REQUEST_ID": bad}
    answer = app.test_client().get("/user/1", environ_overrides=environ)
    assert len(answer.headers["X-Request-ID"]) == 32


def test_the_size_of_a_stream_and_its_end(app, lines):
    lines.setFormatter(JSONFormatter())

    @app.get("/stream")
    def stream():
        return Response(piece for piece in ("ab", "c"))

    AccessLog(app)
    AccessLog(app)  # once is enough
    assert app.test_client().get("/stream").text == "abc"
    (line,) = map(json.loads, lines.found)
    assert line["size"] == 3


def test_probes_are_not_logged_unless_they_fail(app, lines):
    lines.setFormatter(JSONFormatter())
    app.config["OPS_ACCESS_LOG"] = True
    ops = Ops(app)
    client = app.test_client()
    client.get("/livez")
    assert lines.found == []
    ops.check("no")(lambda: False)
    client.get("/readyz")
    assert json.loads(lines.found[-1])["status"] == 503


def test_an_error_that_is_passed_on_is_logged(app, lines):
    lines.setFormatter(JSONFormatter())
    app.config.update(PROPAGATE_EXCEPTIONS=True, OPS_ACCESS_LOG=True)
    Ops(app)
    with pytest.raises(RuntimeError):
        app.test_client().get("/fails")
    assert json.loads(lines.found[-1])["status"] == 500


# --- Server-Timing -------------------------------------------------------------------------------


def phases(answer):
    parts = answer.headers["Server-Timing"].split(", ")
    return {name: float(value) for name, _, value in (part.partition(";dur=") for part in parts)}


def test_server_timing_where_it_is_asked_for(app):
    app.config["OPS_SERVER_TIMING"] = True

    @app.before_request
    def before():
        time.sleep(0.01)

    @app.get("/slow")
    def slow():
        with timed("database"):
            time.sleep(0.02)
        return ""

    Ops(app)
    found = phases(app.test_client().get("/slow"))
    assert set(found) == {"routing", "before", "view", "database", "after", "total"}
    assert found["before"] >= 10
    assert found["view"] >= found["database"] >= 20
    four = sum(found[name] for name in ("routing", "before", "view", "after"))
    assert four == pytest.approx(found["total"], abs=0.01)


def test_server_timing_in_debug_mode_and_not_otherwise():
    for debug in (True, False):
        app = Flask(__name__)
        app.debug = debug
        Ops(app)
        assert ("Server-Timing" in app.test_client().get("/livez").headers) is debug


@pytest.mark.parametrize("where", ["class", "app"])
def test_server_timing_goes_around_what_the_app_has(where, monkeypatch):
    class Own(Flask):
        pass

    app = Own(__name__)
    app.config["OPS_SERVER_TIMING"] = True
    if where == "app":
        app.dispatch_request = lambda: "the app's"
    Ops(app)
    if where == "class":
        # An agent that patches the class comes when it comes.
        monkeypatch.setattr(Own, "dispatch_request", lambda self: "the class's")
    answer = app.test_client().get("/livez")
    assert answer.text == f"the {where}'s"
    assert "view" in phases(answer)


def test_names_of_phases():
    with pytest.raises(ValueError, match="no name of a phase"), timed("a;b"):
        pass
    with timed("outside-of-requests"):
        pass


# --- limits --------------------------------------------------------------------------------------


@pytest.fixture
def strict(app):
    app.config.update(OPS_MAX_BODY=1000, OPS_MAX_SECONDS=0.3)

    @app.post("/upload")
    @limits(max_body=5000)
    def upload():
        return str(len(request.get_data()))

    @app.post("/form")
    def form():
        return request.form["a"]

    @app.get("/loops")
    def loops():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            sum(range(100))
        return "never"

    @app.get("/patient")
    @limits(max_seconds=None)
    def patient():
        time.sleep(0.5)
        return "done"

    @app.get("/page")
    def page():
        return render_template_string("{{ csp_nonce() }}")

    @app.get("/framed")
    @limits(csp="frame-ancestors *", referrer_policy=None)
    def framed():
        return ""

    Ops(app, profile="strict")
    return app.test_client()


def test_bodies_have_a_limit_and_a_view_has_its_own(strict):
    assert strict.post("/echo", data=b"x" * 1000).status_code == 200
    assert strict.post("/echo", data=b"x" * 1001).status_code == 413
    assert strict.post("/upload", data=b"x" * 5000).text == "5000"
    assert strict.post("/upload", data=b"x" * 5001).status_code == 413


def test_a_body_of_unknown_length_has_the_limit(strict):
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    for size, status in ((1000, 200), (1001, 413)):
        for method in ("POST", "GET"):
            body = io.BytesIO(b"x" * size)
            options = {"input_stream": body, "environ_overrides": environ}
            assert strict.open("/echo", method=method, **options).status_code == status


def test_forms_have_limits(strict, app):
    app.config.update(OPS_MAX_BODY=None, OPS_MAX_FORM_PARTS=3, OPS_MAX_FORM_MEMORY=2000)
    assert strict.post("/form", data={"a": "b"}).text == "b"
    parts = {"a": "b", **{f"b{number}": "c" for number in range(5)}}
    assert strict.post("/form", data=parts, content_type="multipart/form-data").status_code == 413
    assert strict.post("/form", data={"a": "b" * 3000}).status_code == 413


def test_headers_have_limits(strict):
    many = {f"X-{number}": "a" for number in range(100)}
    assert strict.get("/user/1", headers=many).status_code == 431
    assert strict.get("/user/1", headers={"X-Long": "a" * 20000}).status_code == 431


def test_requests_have_a_time_and_a_view_has_its_own(strict):
    begun = time.monotonic()
    assert strict.get("/loops").status_code == 503
    assert time.monotonic() - begun < 5
    assert strict.get("/patient").text == "done"
    assert strict.get("/user/1").status_code == 200


def test_safe_headers(strict):
    headers = strict.get("/page", base_url="https://localhost").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in strict.get("/page").headers
    assert "nosniff" in strict.get("/nowhere").headers["X-Content-Type-Options"]


def test_the_nonce_is_that_of_the_page_and_new_each_time(strict):
    seen = set()
    for _ in range(3):
        answer = strict.get("/page")
        nonce = answer.text.replace("&#43;", "+")
        assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]
        seen.add(nonce)
    assert len(seen) == 3


def test_a_view_has_headers_of_its_own(strict):
    headers = strict.get("/framed").headers
    assert headers["Content-Security-Policy"] == "frame-ancestors *"
    assert "Referrer-Policy" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_response_keeps_the_header_that_it_has(app):
    @app.get("/own")
    def own():
        return "", {"Content-Security-Policy": "default-src *"}

    Ops(app, profile="strict")
    assert app.test_client().get("/own").headers["Content-Security-Policy"] == "default-src *"


def test_without_the_profile_there_are_none(app):
    Ops(app)
    client = app.test_client()
    assert client.post("/echo", data=b"x" * (2 << 20)).status_code == 200
    assert "Content-Security-Policy" not in client.get("/user/1").headers


def test_the_profile_as_a_setting(app):
    app.config["OPS_PROFILE"] = "strict"
    Ops(app)
    assert "Content-Security-Policy" in app.test_client().get("/user/1").headers


def test_limits_that_there_are_not():
    with pytest.raises(TypeError, match="no limit 'max_bodies'"):
        limits(max_bodies=1)


def test_a_session_and_g_go_on_under_limits(strict, app):
    @app.get("/session")
    def uses_session():
        session["a"] = g.get("b", 1)
        return str(session["a"])

    assert strict.get("/session").text == "1"


def test_a_deadline_hits_its_own_thread_only():
    deadlines = Deadlines()
    outcomes = {}

    def work(name, seconds, allowed):
        try:
            key = deadlines.begin(allowed)
            try:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    time.sleep(0.001)
            finally:
                deadlines.end(key)
            outcomes[name] = "done"
        except TookTooLong:
            outcomes[name] = "late"

    threads = [threading.Thread(target=work, args=("late", 5, 0.1))]
    threads += [threading.Thread(target=work, args=(n, 0.3, 5)) for n in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert outcomes == {"late": "late", "a": "done", "b": "done", "c": "done"}


def test_nothing_is_raised_after_the_end():
    deadlines = Deadlines()
    for _ in range(300):
        try:
            key = deadlines.begin(0.0)
            try:
                time.sleep(0.0005)
            finally:
                deadlines.end(key)
        except TookTooLong:
            pass
        for _ in range(20):
            time.sleep(0)
