"""The first start, the settings, the commands, and the server."""

from __future__ import annotations

import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from notes import create_app, secret

HERE = pathlib.Path(__file__).resolve().parents[1]


def test_the_first_start_makes_the_database_and_a_later_one_keeps_it(app, ada):
    ada.write("A title")
    again = create_app(dict(app.config)).test_client()
    again.set_cookie("session", ada.client.get_cookie("session").value)
    assert "A title" in again.get("/").text


def test_init_db_asks_first_and_then_removes_everything(app, ada):
    upload = pathlib.Path(app.config["UPLOADS"], "upload")
    upload.write_bytes(b"x")
    runner = app.test_cli_runner()
    assert runner.invoke(args=["init-db"], input="n\n").exit_code == 1
    assert "Log out" in ada.page("/")
    done = runner.invoke(args=["init-db"], input="y\n")
    assert (done.exit_code, app.config["DATABASE"] in done.output) == (0, True)
    assert not upload.exists()
    assert "Welcome, ada." in ada.register("ada").text


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTES_PER_PAGE", "50")
    monkeypatch.setenv("NOTES_SECRET_KEY", "from the environment")
    settings = {"DATABASE": str(tmp_path / "n.sqlite"), "UPLOADS": str(tmp_path / "u")}
    app = create_app(settings)
    assert (app.config["PER_PAGE"], app.secret_key) == (50, "from the environment")
    assert create_app({**settings, "PER_PAGE": 5}).config["PER_PAGE"] == 5


def test_a_secret_key_is_made_once_and_is_its_owners(tmp_path):
    path = tmp_path / "secret_key"
    made = secret.load_or_make(str(path))
    assert len(made) == 64
    assert secret.load_or_make(str(path)) == made
    assert os.listdir(tmp_path) == ["secret_key"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree_on_the_key(tmp_path, monkeypatch):
    path = tmp_path / "secret_key"
    path.write_text("the other's", "ascii")
    # It was not there a moment ago.
    monkeypatch.setattr(secret.os.path, "exists", lambda path: False)
    assert secret.load_or_make(str(path)) == "the other's"


# --- the server ----------------------------------------------------------------------------------


@pytest.fixture
def environ(tmp_path):
    return {
        **os.environ,
        "PORT": "0",
        "NOTES_DATABASE": str(tmp_path / "notes.sqlite"),
        "NOTES_UPLOADS": str(tmp_path / "uploads"),
        "NOTES_SECRET_KEY": "test",
    }


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_it_says_where_it_is_and_stops_on_ctrl_c(environ):
    command = [sys.executable, "-m", "notes"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # What runs in the background of a shell has it ignored, and so would the server.
    pipes["preexec_fn"] = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=HERE, env=environ, **pipes) as server:
        try:
            url = server.stdout.readline().split()[3]
            with urllib.request.urlopen(url) as answer:
                assert b"A place for your notes." in answer.read()
            server.send_signal(signal.SIGINT)
            _, log = server.communicate(timeout=30)
        finally:
            server.kill()
    assert server.returncode == 0
    assert "Traceback" not in log


@pytest.mark.parametrize("port", ["taken", "99999", "nonsense"])
def test_a_port_that_cannot_be_used_is_said_in_one_line(environ, port):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1]) if port == "taken" else port
        command = [sys.executable, "-m", "notes"]
        done = subprocess.run(
            command,
            check=False,
            cwd=HERE,
            env={**environ, "PORT": port},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} cannot be used")
    assert len(done.stderr.splitlines()) == 1
