"""The settings of `kolben serve`, and what stands between Granian and the app."""

from __future__ import annotations

import io
import pathlib
import re
import socket
import sys

import pytest
from click.testing import CliRunner
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

import kolben.cli.program
from kolben import Flask, request
from kolben.ops import DEFAULTS, draining
from kolben.ops.limits import STRICT
from kolben.serving import settings as settings_module
from kolben.serving.border import Border
from kolben.serving.settings import OPTIONS, Mistake, gather
from kolben.serving.sockets import Listeners, address
from kolben.serving.values import Duration, Flag, Number, Pairs, Paths, Size
from kolben.serving.watching import Files

pytestmark = pytest.mark.kolben_only


# --- settings ------------------------------------------------------------------------------------


def test_a_flag_wins_over_a_variable_over_pyproject_over_the_default(tmp_path):
    pyproject = tmp_path / "pyproject.toml"
    table = "[tool.kolben.serve]\nworkers = 3\nthreads = 4\nbacklog = 300\n"
    pyproject.write_text(table)
    environ = {"KOLBEN_SERVE_WORKERS": "5", "KOLBEN_SERVE_THREADS": "6", "OTHER": "x"}
    settings = gather({"workers": "7"}, environ, str(tmp_path))
    assert (settings.workers, settings.threads, settings.backlog) == (7, 6, 300)
    sources = [settings.settings[name].source for name in ("workers", "threads", "backlog", "http")]
    assert sources == [
        "flag --workers",
        "environment KOLBEN_SERVE_THREADS",
        f"{pyproject} [tool.kolben.serve]",
        "default",
    ]


def test_pyproject_is_found_above_and_its_paths_start_there(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "static").mkdir()
    table = '[tool.kolben.serve]\npid-file = "run/pid"\nstatic = {"/static" = "static"}\n'
    (tmp_path / "pyproject.toml").write_text(table)
    settings = gather({}, {}, str(below))
    assert settings.pid_file == str(tmp_path / "run" / "pid")
    assert settings.static == (("/static", str(tmp_path / "static")),)


@pytest.mark.parametrize(
    ("table", "environ", "said"),
    [
        ("worker = 3", {}, "no setting 'worker'"),
        ("worker = 3", {}, "Did you mean 'workers'?"),
        ("drain-timout = 3", {}, "Did you mean 'drain-timeout'?"),
        ("", {"KOLBEN_SERVE_WORKRS": "3"}, "Did you mean 'KOLBEN_SERVE_WORKERS'?"),
        ("workers = 'many'", {}, "workers is 'many', which is no whole number"),
        ("workers = 0", {}, "is less than 1"),
        ("threads = true", {}, "is no whole number"),
        ("", {"KOLBEN_SERVE_TLS_CERT": "nowhere.pem"}, "is no file that is there"),
        ("unix = 'a'\nbind = ':1'", {}, "either --bind or --unix"),
        ("unix-mode = '9'", {}, "no mode such as 660"),
        ("tls-client-verify = true", {}, "needs --tls-ca"),
        ("workers = ", {}, "cannot be read"),
        # What selectors, sockets and Granian have no room for.
        ("grace = 99999999999999", {}, "is more than 31536000 seconds"),
        ("backlog = 99999999999", {}, "is more than 1048576"),
        ("max-header-size = '99999999999999G'", {}, "is more than 1073741824"),
        ("unix-mode = 0o660", {}, "is no text"),
        ("unix-mode = '-10'", {}, "unix-mode is '-10', which is no mode such as 660"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, table, environ, said):
    (tmp_path / "pyproject.toml").write_text(f"[tool.kolben.serve]\n{table}\n")
    with pytest.raises(Mistake) as caught:
        gather({}, environ, str(tmp_path))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value).rstrip(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool = 3", "tool is no table"),
        ("tool.kolben = 3", "tool.kolben is no table"),
        ("tool.kolben.serve = 3", "tool.kolben.serve is no table"),
    ],
)
def test_a_pyproject_of_another_shape(tmp_path, text, said):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(Mistake, match=re.escape(said)):
        gather({}, {}, str(tmp_path))


def test_a_pyproject_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(settings_module, "read_toml", refuse)
    with pytest.raises(Mistake, match="Permission denied"):
        gather({}, {}, str(tmp_path))


def test_a_wrong_value_of_an_option_for_several_is_shown_as_it_was_given(tmp_path):
    with pytest.raises(Mistake, match=r"^static is 'foo', which is not written"):
        gather({"static": ("foo",)}, {}, str(tmp_path))


def test_a_password_is_not_shown(tmp_path):
    settings = gather({}, {"KOLBEN_SERVE_TLS_KEY_PASSWORD": "hunter22"}, str(tmp_path))
    assert settings.tls_key_password == "hunter22"
    assert "hunter22" not in settings.table()


def test_print_config_has_each_setting(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOLBEN_SERVE_GRACE", "2m")
    monkeypatch.setenv("FLASK_SERVE_THREADS", "77")  # as for `run`, but this command is Kolben's
    arguments = ["--app", "shop:app", "serve", "--print-config", "--no-respawn"]
    done = CliRunner().invoke(kolben.cli.program.program, arguments)
    assert done.exit_code == 0, done.output
    lines = {line.split()[0]: line.split(None, 2)[1:] for line in done.output.splitlines()}
    assert set(lines) == {option.name for option in OPTIONS}
    assert lines["app"] == ["shop:app", "flag --app"]
    assert lines["grace"] == ["120", "environment KOLBEN_SERVE_GRACE"]
    assert lines["respawn"] == ["false", "flag --no-respawn"]
    assert lines["threads"] == ["8", "default"]


def test_flask_app_counts_unless_something_else_does(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.kolben.serve]\napp = 'table'\n")
    environ = {"FLASK_APP": "flask", "KOLBEN_SERVE_APP": "variable"}
    assert gather({"app": "flag"}, environ, str(tmp_path)).app == "flag"
    assert gather({}, environ, str(tmp_path)).app == "variable"
    del environ["KOLBEN_SERVE_APP"]
    found = gather({}, environ, str(tmp_path)).settings["app"]
    assert (found.value, found.source) == ("flask", "environment FLASK_APP")
    assert gather({}, {}, str(tmp_path)).app == "table"


def test_an_unknown_variable_ends_it_with_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KOLBEN_SERVE_TREADS", "7")
    done = CliRunner().invoke(kolben.cli.program.program, ["serve"])
    assert done.exit_code == 2
    assert done.output.startswith("Error: There is no setting 'KOLBEN_SERVE_TREADS'")
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Size(), "64k", 65536),
        (Size(), "1 MiB", 1 << 20),
        (Size(), 100, 100),
        (Size(8192), "0", 0),
        (Duration(), "1.5m", 90.0),
        (Duration(), "250ms", 0.25),
        (Duration(60, never=True), "0", 0.0),
        (Flag(), "Yes", True),
        (Flag(), False, False),
        (Number(), "12", 12),
        (Paths(), "a:b", ("/x/a", "/x/b")),
    ],
)
def test_values(kind, text, value):
    assert kind.read(text, "/x") == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Size(8192, none=False), "0"),
        (Size(), "64 potatoes"),
        (Size(), True),
        (Duration(), "soon"),
        (Duration(0, 60), "61"),
        (Duration(60), "0"),
        (Flag(), "perhaps"),
        (Number(), "1.5"),
        (Pairs(), "static=/"),
        (Pairs(), "/=/"),
        (Pairs(), 3),
        (Paths(), 3),
        (Paths(), [3]),
        (Pairs(), "/static"),
    ],
)
def test_values_that_are_none(kind, text):
    with pytest.raises(ValueError, match="is"):
        kind.read(text, "/")


# --- sockets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        (":8000", ("0.0.0.0", 8000)),
        ("[::1]:5", ("::1", 5)),
    ],
)
def test_addresses(text, expected):
    assert address(text) == expected


@pytest.mark.parametrize("text", ["localhost", "a:b", "1:70000", ""])
def test_addresses_that_are_none(text):
    with pytest.raises(Mistake):
        address(text)


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        flags = {"bind": f"127.0.0.1:{other.getsockname()[1]}"}
        with pytest.raises(Mistake, match="is in use: another program listens there"):
            Listeners(gather(flags, {}, str(tmp_path)), {})


def test_a_port_that_a_server_of_ours_has_is_in_use(tmp_path):
    first = Listeners(gather({"bind": "127.0.0.1:0", "workers": "2"}, {}, str(tmp_path)), {})
    flags = {"bind": f"127.0.0.1:{first.name[1]}"}
    with pytest.raises(Mistake, match="is in use"):
        Listeners(gather(flags, {}, str(tmp_path)), {})
    first.close()


def test_a_place_that_is_given_up_leaves_its_connections_to_the_others(tmp_path):
    settings = gather({"bind": "127.0.0.1:0", "workers": "2"}, {}, str(tmp_path))
    listeners = Listeners(settings, {})
    assert listeners.of(0) is listeners.of(0)
    listeners.give_up(1)
    rest = listeners.of(0)
    rest.settimeout(5)
    for _ in range(20):
        with socket.create_connection(listeners.name):
            rest.accept()[0].close()
    assert listeners.of(1).getsockname() == rest.getsockname()
    listeners.close()


def test_the_url_of_a_socket(tmp_path):
    settings = gather({"bind": "127.0.0.1:0"}, {}, str(tmp_path))
    listeners = Listeners(settings, {})
    assert listeners.url(False) == f"http://127.0.0.1:{listeners.of(0).getsockname()[1]}"
    assert listeners.url(True).startswith("https://")
    listeners.close()


def test_files_that_change_are_noticed(tmp_path):
    path = tmp_path / "a.py"
    files = Files([str(tmp_path)])
    assert files.changed() is None
    path.write_text("1")
    assert files.changed() == str(path)
    assert files.changed() is None
    path.unlink()
    assert files.changed() == str(path)
    (tmp_path / "a.pyc").write_text("1")
    assert files.changed() is None


def test_a_file_that_is_no_socket_stays(tmp_path):
    path = tmp_path / "file"
    path.write_text("data")
    with pytest.raises(Mistake, match="is there already, and is no socket"):
        Listeners(gather({"unix": str(path)}, {}, str(tmp_path)), {})
    assert path.read_text() == "data"


def test_the_socket_of_the_next_server_stays(tmp_path):
    path = tmp_path / "socket"
    settings = gather({"unix": str(path)}, {}, str(tmp_path))
    first = Listeners(settings, {})
    first.close()
    # It drains still when the next one finds that nobody listens there.
    second = Listeners(settings, {})
    first.remove_file()
    assert path.exists()
    second.close()
    second.remove_file()
    assert not path.exists()


# --- the border ----------------------------------------------------------------------------------


class Protocol:
    """Granian's place to answer to."""

    def response_bytes(self, status, headers, body):
        self.answer = status, headers, body

    def response_iter(self, status, headers, body):
        pieces = []
        try:
            while True:
                pieces.append(body.__next__())
        except StopIteration:
            body.close()
        self.answer = status, headers, pieces


def ask(app, path="/", method="GET", body=None, most=0, **environ):
    protocol = Protocol()
    scope = {
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "wsgi.url_scheme": "http",
        "wsgi.input": body or io.BytesIO(),
        **environ,
    }
    status = Border(app, most, 2, 3)(protocol, scope)
    assert protocol.answer[0] == status
    return protocol.answer


@pytest.fixture
def app():
    app = Flask(__name__)

    @app.get("/")
    def index():
        return "hello"

    @app.route("/echo", methods=["GET", "POST"])
    def echo():
        return request.get_data()

    @app.get("/environ")
    def environ():
        return {name: repr(value) for name, value in request.environ.items()}

    return app


def test_an_answer_of_one_piece_is_sent_as_bytes(app):
    status, headers, body = ask(app)
    assert (status, body) == (200, b"hello")
    assert ("Content-Length", "5") in headers


def test_the_variables_of_the_process_stay_out(app, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    assert b"DATABASE_PASSWORD" not in ask(app, "/environ")[2]


def test_http_1_0_is_called_so(app):
    assert b'"SERVER_PROTOCOL":"\'HTTP/1.0\'"' in ask(app, "/environ", SERVER_PROTOCOL="HTTP/1")[2]


@pytest.mark.parametrize("pieces", [[], [b""], [b"", b""]])
def test_an_answer_without_a_piece(pieces):
    def app(environ, start_response):
        start_response("204 NO CONTENT", [("X-A", "b")])
        return iter(pieces)

    assert ask(app) == (204, [("X-A", "b")], b"")


def test_pieces_come_one_by_one_and_close_is_called():
    closed = []

    class Body:
        def __iter__(self):
            return iter([b"", b"a", b"", b"b"])

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("200 OK", [])
        return Body()

    assert ask(app) == (200, [], [b"a", b"", b"b"])
    assert closed == [True]


def test_write_is_there():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return [b"c"]

    assert ask(app)[2] == b"abc"


def test_write_before_pieces():
    def app(environ, start_response):
        start_response("200 OK", [])(b"a")
        yield b"b"
        yield b"c"

    assert ask(app)[2] == [b"a", b"b", b"c"]


def test_an_error_before_the_first_piece_is_a_500(caplog):
    def app(environ, start_response):
        start_response("200 OK", [])
        raise RuntimeError("on purpose")
        yield b""

    assert ask(app)[0] == 500
    assert "The app raised an error" in caplog.text


def test_an_error_after_the_first_piece_is_logged(caplog):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        raise RuntimeError("on purpose")

    assert ask(app)[2] == [b"a"]
    assert "An answer ended early" in caplog.text


def test_an_app_that_never_starts_its_response_is_a_500():
    assert ask(lambda environ, start_response: [b"x"])[0] == 500


def plain(status="200 OK", headers=(), body=(b"x",)):
    def app(environ, start_response):
        start_response(status, list(headers))
        return body

    return app


@pytest.mark.parametrize("body", [[b"x"], (b"x", b"y")])
@pytest.mark.parametrize("status", ["99 X", "42 X", "0 UNKNOWN", "101 S", "-1 X", "abc"])
def test_a_status_that_no_answer_has_is_a_500(status, body, caplog):
    """Granian would end the process."""
    assert ask(plain(status, body=body))[0] == 500
    assert "The app raised an error" in caplog.text


def test_an_answer_that_is_refused_is_closed():
    closed = []

    class Body(list):
        def close(self):
            closed.append(True)

    assert ask(plain("42 X", body=Body([b"x", b"y"])))[0] == 500
    assert closed == [True]


def test_an_answer_that_is_shorter_than_its_length_is_sent_so_that_it_is_cut_off(caplog):
    """Sent as a whole, it would have the next answer on that connection for its rest."""
    short = plain(headers=[("content-length", "7")], body=[b"x"])
    assert ask(short) == (200, [("content-length", "7")], [b"x"])
    assert "An answer of 1 bytes has the length 7" in caplog.text
    assert ask(short, method="HEAD")[2] == b"x"
    assert ask(plain("304 NOT MODIFIED", [("Content-Length", "7")], []))[2] == b""
    assert ask(plain(headers=[("Content-Length", "1")], body=[b"x"]))[2] == b"x"


@pytest.mark.parametrize("body", [[b"x"], (b"x", b"y")])
@pytest.mark.parametrize("lengths", ["x", "-1", "", "1\n", "\u0661", "1 2"])
def test_a_length_that_is_none_is_a_500(lengths, body):
    headers = [("Content-Length", length) for length in lengths.split(" ")]
    assert ask(plain(headers=headers, body=body))[0] == 500


@pytest.mark.parametrize(("body", "sent"), [([b"x"], b"x"), ((b"x", b"y"), [b"x", b"y"])])
def test_how_an_answer_is_transferred_is_the_servers(body, sent):
    """An app that passes on what it got elsewhere; Granian would close without an answer."""
    headers = [("X-A", "b"), ("Transfer-Encoding", "chunked"), ("X-C", "d")]
    assert ask(plain(headers=headers, body=body)) == (200, [("X-A", "b"), ("X-C", "d")], sent)


@pytest.mark.parametrize("piece", ["text", None, 3])
def test_a_piece_that_is_no_bytes(piece, caplog):
    assert ask(plain(body=iter([piece])))[0] == 500
    assert ask(plain(body=iter([b"a", piece, b"b"])))[2] == [b"a"]
    assert "An answer ended early" in caplog.text
    assert ask(plain(body=iter([b"a", bytearray(b"b")])))[2] == [b"a", b"b"]


def test_leaving_the_program_in_a_view_is_a_500(caplog):
    def leaves(environ, start_response):
        sys.exit("on purpose")

    def leaves_later(environ, start_response):
        start_response("200 OK", [])
        yield b"a"
        sys.exit("on purpose")

    assert ask(leaves)[0] == 500
    assert ask(leaves_later)[2] == [b"a"]
    assert "The app raised an error" in caplog.text
    assert "An answer ended early" in caplog.text


def test_bodies(app):
    assert ask(app, "/echo", "POST", io.BytesIO(b"abc"), CONTENT_LENGTH="3")[2] == b"abc"


def test_a_short_body_is_an_error(app):
    assert ask(app, "/echo", "POST", io.BytesIO(b"abc"), CONTENT_LENGTH="4")[0] == 400


def test_a_large_body_is_refused_before_it_is_read(app):
    status, headers, _ = ask(app, "/echo", "POST", None, 3, CONTENT_LENGTH="4")
    assert (status, dict(headers)["Connection"]) == (413, "close")


def test_a_large_body_of_unknown_length_is_refused_while_it_is_read(app):
    assert ask(app, "/echo", "POST", io.BytesIO(b"abcd"), 3)[0] == 413
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask(app, "/echo", "GET", io.BytesIO(b"abcd"), 3, **chunked)[0] == 413
    assert ask(app, "/echo", "GET", io.BytesIO(b"abcd"), 3, SERVER_PROTOCOL="HTTP/2")[0] == 413
    assert ask(app, "/echo", "POST", io.BytesIO(b"abc"), 3)[2] == b"abc"


def test_the_errors_of_a_body_are_werkzeugs():
    def app(environ, start_response):
        start_response("200 OK", [])
        with pytest.raises(expected):
            environ["wsgi.input"].read()
        return []

    expected: type[Exception] = ClientDisconnected
    assert ask(app, "/", "POST", io.BytesIO(b"a"), CONTENT_LENGTH="2")[0] == 200
    expected = RequestEntityTooLarge
    assert ask(app, "/", "POST", io.BytesIO(b"abcd"), 3)[0] == 200


def test_while_draining_each_answer_closes_the_connection(app, monkeypatch):
    monkeypatch.setattr(draining, "draining", lambda: True)
    assert ("Connection", "close") in ask(app)[1]
    assert ("Connection", "close") not in ask(app, SERVER_PROTOCOL="HTTP/2")[1]


# --- the documents -------------------------------------------------------------------------------

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "serving.md"


def test_the_documents_list_each_setting_with_its_default():
    found = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.+) \|$", DOCS.read_text(), re.MULTILINE)
    expected = []
    for option in OPTIONS:
        default = "CPUs" if callable(option.default) else option.kind.show(option.default)
        expected.append((option.name.replace("_", "-"), default, option.help))
    assert found == [(name, default, text.replace("|", "\\|")) for name, default, text in expected]


def test_the_documents_list_each_key_of_ops():
    assert set(re.findall(r"`(OPS_[A-Z_]+)`", DOCS.read_text())) | {"OPS_PROFILE"} == {
        *DEFAULTS,
        *STRICT,
        "OPS_LOG_PATH",
        "OPS_LOG_PROBES",
        "OPS_REQUEST_ID_FROM",
    }
