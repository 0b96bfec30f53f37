"""How a server starts, or says in one line why it does not."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import time

import pytest

from kolben.serving import tls
from kolben.serving.settings import Mistake, gather

from .server import Server, certificate, environment, read_answer

GOOD = "from kolben import Flask\napp = Flask(__name__)\n"


def serve(folder: pathlib.Path, *options: str, source: str | None = GOOD, **extra: str):
    """Run `kolben serve` where it is not going to start."""
    if source is not None:
        (folder / "app.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-m", "kolben", "serve", "--bind", "127.0.0.1:0", *options],
        cwd=folder,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_line_when_it_is_ready(tmp_path):
    with Server(tmp_path, "--workers", "1", "--threads", "3", "--bind", "127.0.0.1:0") as server:
        expected = f"Serving 'app' on http://127.0.0.1:{server.port} (1 worker, 3 threads each)\n"
        assert server.output.read_text() == expected
        assert server.log() == ""
        server.signal(signal.SIGTERM)
        assert server.process.wait(10) == 0


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "Could not locate a Flask application."),
        ("import nowhere_at_all\n", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("1 / 0\n", "app.py, line 1)"),
        ("def broken(:\n", "SyntaxError"),
        ("app = 3\n", "Failed to find Flask application or factory in module 'app'."),
        ("raise SystemExit('no')\n", "SystemExit: no"),
    ],
)
def test_an_app_that_cannot_be_loaded(tmp_path, source, said):
    done = serve(tmp_path, source=source)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = serve(tmp_path, "--bind", f"127.0.0.1:{port}")
    assert done.returncode == 2
    where = f"127.0.0.1:{port}"
    assert done.stderr == f"Error: {where} is in use: another program listens there.\n"


def test_debug_mode_is_refused(tmp_path):
    done = serve(tmp_path, FLASK_DEBUG="1")
    assert done.returncode == 2
    assert "--allow-debug" in done.stderr
    assert done.stderr.count("\n") == 1


def test_debug_mode_that_the_app_has_switched_on_is_refused(tmp_path):
    done = serve(tmp_path, source=f"{GOOD}app.debug = True\n")
    assert done.returncode == 2
    assert "--allow-debug" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "environ"), [("", {"FLASK_DEBUG": "1"}), ("app.debug = True", {})]
)
def test_debug_mode_can_be_forced(tmp_path, said, environ):
    source = f"{GOOD}{said}\napp.add_url_rule('/', view_func=lambda: str(app.debug))\n"
    options = ["--workers", "1", "--allow-debug"]
    with Server(tmp_path, *options, app=source, **environ) as server:
        assert server.get("/")[2] == b"True"


def test_it_serves_when_nobody_reads_its_line(tmp_path):
    (tmp_path / "app.py").write_text(GOOD)
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "kolben", "serve", "--unix", "socket", "--workers", "1"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        environ = environment(NOTIFY_SOCKET=str(tmp_path / "notify"))
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=write) as process:
            os.close(write)
            # It says this after its line.
            assert systemd.recv(100).startswith(b"READY=1")
            process.terminate()
            assert process.wait(10) in (0, 120)


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    other = tmp_path_factory.mktemp("other")
    certificate(folder)
    (folder / "other.pem").write_text(certificate(other)[1].read_text())
    (folder / "none.pem").write_text("nothing of the kind\n")
    encrypt = "openssl pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:open-sesame"
    subprocess.run(encrypt.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("cert=none.pem key=key.pem", "cert and key: "),
        ("cert=cert.pem key=none.pem", "cert and key: "),
        ("cert=cert.pem key=other.pem", "key values mismatch"),
        ("cert=cert.pem key=locked.pem", "has a password: give it as tls-key-password"),
        ("cert=cert.pem key=locked.pem key-password=wrong", "cert and key: "),
        ("cert=cert.pem key=key.pem ca=none.pem", "none.pem: "),
        ("cert=cert.pem key=key.pem ca=cert.pem crl=none.pem", "none.pem: "),
    ],
)
def test_tls_with_files_that_cannot_be_used(tmp_path, tls_files, options, said):
    pairs = dict(option.split("=") for option in options.split())
    flags = []
    for name, value in pairs.items():
        flags += [f"--tls-{name}", str(tls_files / value) if "." in value else value]
    done = serve(tmp_path, *flags)
    assert done.returncode == 2
    both = f"{tls_files / pairs['cert']} and {tls_files / pairs['key']}: "
    assert said.replace("cert and key: ", both) in done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_tls_with_a_key_that_has_a_password(tmp_path, tls_files):
    cert, key = str(tls_files / "cert.pem"), str(tls_files / "locked.pem")
    options = ["--workers", "1", "--tls-cert", cert, "--tls-key", key]
    environ = {"KOLBEN_SERVE_TLS_KEY_PASSWORD": "open-sesame"}
    with Server(tmp_path, *options, **environ) as server:
        context = ssl.create_default_context(cafile=cert)
        for _ in range(2):  # the second time from a worker that has come later
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as client,
            ):
                client.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert read_answer(client)[0] == 200
            server.signal(signal.SIGHUP)
            server.wait_for(" serves, process ")


def test_without_cryptography_a_key_with_a_password_is_refused(tmp_path, tls_files, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "cryptography" else find(name)
    )
    files = {"tls_cert": str(tls_files / "cert.pem"), "tls_key": str(tls_files / "locked.pem")}
    settings = gather({**files, "tls_key_password": "open-sesame"}, {}, str(tmp_path))
    with pytest.raises(Mistake, match="pip install cryptography"):
        tls.check(settings)


def test_without_granian_it_says_what_to_install(tmp_path):
    hidden = "import importlib.util as u; f = u.find_spec\n"
    hidden += "u.find_spec = lambda n, *a: None if n == 'granian' else f(n, *a)\n"
    hidden += "from kolben.cli.program import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "serve"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'kolben[serve]'" in done.stderr


@pytest.mark.parametrize("path", ["app:create_app('x')", "app:create_app"])
def test_factories(tmp_path, path):
    source = """
from kolben import Flask
def create_app(name="nobody"):
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: name)
    return app
"""
    with Server(tmp_path, "--workers", "1", "--app", path, app=source) as server:
        assert server.get("/")[2] == (b"x" if "x" in path else b"nobody")


def test_dotenv_files_are_read_as_for_run(tmp_path):
    (tmp_path / ".flaskenv").write_text("FLASK_APP=app:other\nWORD=from-a-file\n")
    source = """
import os
from kolben import Flask
other = Flask("other")
other.add_url_rule("/", view_func=lambda: os.environ["WORD"])
"""
    with Server(tmp_path, "--workers", "1", app=source, FLASK_SKIP_DOTENV="0") as server:
        assert server.get("/")[2] == b"from-a-file"


def test_a_unix_socket(tmp_path):
    path = tmp_path / "socket"
    for _ in range(2):  # the second finds what the first has left behind
        with Server(tmp_path, "--workers", "1", "--unix", str(path)) as server:
            assert path.stat().st_mode & 0o777 == 0o660
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 200 ")
            server.process.kill()
            server.process.wait()
        assert path.exists()
    with Server(tmp_path, "--workers", "1", "--unix", str(path)) as server:
        server.kill()
    assert not path.exists()


def test_a_socket_of_systemd(tmp_path):
    """It is passed as descriptor 3, and LISTEN_PID is the process itself."""
    (tmp_path / "app.py").write_text(GOOD)
    program = "import os; os.dup2({}, 3); os.set_inheritable(3, True)\n"
    program += "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n"
    program += "from kolben.cli.program import main; main()"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-c", program.format(listener.fileno()), "serve", "--workers", "1"],
            cwd=tmp_path,
            env=environment(),
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
        )
        port = listener.getsockname()[1]
    with process:
        line = process.stdout.readline().decode()
        assert f"http://127.0.0.1:{port}" in line
        process.terminate()
        assert process.wait(10) == 0


def test_the_pid_file(tmp_path):
    path = tmp_path / "pid"
    with Server(tmp_path, "--workers", "1", "--pid-file", str(path)) as server:
        assert int(path.read_text()) == server.process.pid
    assert not path.exists()


def test_a_second_server_leaves_the_pid_file_of_the_first(tmp_path):
    path = tmp_path / "pid"
    with Server(tmp_path, "--workers", "1", "--pid-file", str(path)) as server:
        done = serve(tmp_path, "--bind", f"127.0.0.1:{server.port}", "--pid-file", str(path))
        assert "is in use" in done.stderr
        assert int(path.read_text()) == server.process.pid
        # One that has come after it, as when they are exchanged without a gap.
        with Server(tmp_path, "--workers", "1", "--pid-file", str(path)) as second:
            server.kill()
            assert int(path.read_text()) == second.process.pid
    assert not path.exists()


def test_without_a_folder_for_temporary_files_it_serves(tmp_path):
    (tmp_path / "program").mkdir()
    # A file system that may only be read, where nobody has thought of another for these.
    program = "import tempfile\ndef refuse(**options): raise FileNotFoundError(2, 'No folder')\n"
    program += "tempfile.mkdtemp = refuse\n"
    (tmp_path / "program" / "sitecustomize.py").write_text(program)
    path = f"{tmp_path / 'program'}{os.pathsep}{environment()['PYTHONPATH']}"
    with Server(tmp_path, "--workers", "1", PYTHONPATH=path) as server:
        assert server.get("/pid")[0] == 200
        assert "there is no folder for metrics, and each worker tells its own" in server.log()


@pytest.mark.parametrize("ending", ["json", "toml"])
def test_a_log_config(tmp_path, ending):
    path, lines = tmp_path / f"logs.{ending}", tmp_path / "lines"
    if ending == "json":
        handler = {"class": "logging.FileHandler", "filename": str(lines)}
        config = {"handlers": {"file": handler}, "root": {"handlers": ["file"], "level": "INFO"}}
        path.write_text(json.dumps(config))
    else:
        path.write_text(
            f'[handlers.file]\nclass = "logging.FileHandler"\nfilename = "{lines}"\n'
            '[root]\nhandlers = ["file"]\nlevel = "INFO"\n'
        )
    options = ["--workers", "1", "--log-config", str(path), "--access-log"]
    with Server(tmp_path, *options) as server:
        server.get("/pid")
        server.kill()
        assert server.log() == ""
    assert lines.read_text().split("\n") == ["request", "stopping", ""]


def test_reload_when_a_file_changes_and_not_when_it_is_broken(tmp_path):
    source = GOOD + "app.add_url_rule('/', view_func=lambda: 'one')\n"
    with Server(tmp_path, "--workers", "1", "--reload", app=source) as server:
        assert server.get("/")[2] == b"one"
        (tmp_path / "app.py").write_text("1 / 0")
        server.wait_for("the reload is given up, and the workers stay")
        assert "ZeroDivisionError" in server.log()
        assert server.get("/")[2] == b"one"
        (tmp_path / "app.py").write_text(source.replace("one", "two"))
        server.wait_for(" serves, process ")
        end = time.monotonic() + 5
        while server.get("/")[2] != b"two":
            assert time.monotonic() < end


def test_it_tells_systemd_that_it_is_ready(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(20)
        with Server(tmp_path, "--workers", "1", NOTIFY_SOCKET=path):
            assert systemd.recv(100).startswith(b"READY=1\nMAINPID=")
        assert systemd.recv(100) == b"STOPPING=1"
