"""The command line: what Flask's own tests do not look at."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import ssl
import subprocess
import sys
import types
import typing as t

import click
import pytest
from click.testing import CliRunner

import kolben
import kolben.cli
import kolben.cli.program

APP = """
from {package} import Flask
app = Flask(__name__)
@app.cli.command()
def greet():
    print("hello from", app.name)
"""


@pytest.fixture
def cli(target_module):
    return target_module("cli")


@pytest.fixture
def runner():
    return CliRunner()


@pytest.fixture
def environ(monkeypatch):
    """The environment, without what says something about an app, and put back afterwards."""
    for name in [name for name in os.environ if name.startswith("FLASK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLASK_SKIP_DOTENV", "1")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    monkeypatch.setenv("FLASK_DEBUG", "0")
    return os.environ


@pytest.fixture
def script_info(target, cli):
    return cli.ScriptInfo(create_app=lambda: target.Flask("an_app"))


def command(folder: t.Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    call = [sys.executable, *arguments]
    return subprocess.run(
        call, check=False, cwd=folder, env=environ, capture_output=True, text=True
    )


# --- in a process of its own ---------------------------------------------------------------------


@pytest.mark.kolben_only
@pytest.mark.parametrize("module", ["kolben", "kolben.cli"])
def test_the_version_names_what_it_runs_on(tmp_path, module):
    done = command(tmp_path, "-m", module, "--version")
    assert done.stdout.splitlines() == [
        f"Python {platform.python_version()}",
        f"Kolben {importlib.metadata.version('kolben')}",
        "Flask 3.1.3 (the API)",
        f"Werkzeug {importlib.metadata.version('werkzeug')}",
    ]


@pytest.mark.kolben_only
def test_the_program_is_called_kolben():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="kolben")
    assert script.load() is kolben.cli.program.main
    assert kolben.cli.program.program.name == kolben.cli.cli.name == "kolben"


@pytest.mark.kolben_only
def test_no_app_and_where_to_say_it(tmp_path):
    done = command(tmp_path, "-m", "kolben", "routes")
    assert done.returncode == 2
    assert "Could not locate a Flask application. Use the 'kolben --app' option" in done.stderr


def test_an_app_in_the_folder_is_found_with_its_commands(tmp_path, target):
    package = target.__name__
    (tmp_path / "app.py").write_text(APP.format(package=package))
    assert command(tmp_path, "-m", package, "greet").stdout == "hello from app\n"
    listed = command(tmp_path, "-m", package, "--help").stdout.partition("Commands:")[2]
    own = ["bench", "compare", "doctor", "exec", "serve"] if package == "kolben" else []
    names = [line.split()[0] for line in listed.strip().splitlines()]
    assert names == sorted(["greet", "routes", "run", "shell", *own])


# --- routes --------------------------------------------------------------------------------------

TABLE = """\
Endpoint  Methods       Rule
--------  ------------  -----------------------
index     DELETE, POST  /
static    GET           /static/<path:filename>
user      GET           /user/<int:id>
"""
SUBDOMAINS = """\
Endpoint  Methods       Subdomain  Rule
--------  ------------  ---------  -----------------------
static    GET                      /static/<path:filename>
user      GET                      /user/<int:id>
index     DELETE, POST  api        /
"""
HOSTS = """\
Endpoint  Methods                Host  Rule
--------  ---------------------  ----  -----------------------
index     DELETE, OPTIONS, POST  a.b   /
static    GET, HEAD, OPTIONS     s.b   /static/<path:filename>
user      GET, HEAD, OPTIONS           /user/<int:id>
"""


@pytest.mark.parametrize(
    ("setting", "index", "options", "table"),
    [
        ({}, {}, [], TABLE),
        # There is no such column: they stay in the order in which they were added.
        ({}, {}, ["--sort=domain"], None),
        ({}, {"subdomain": "api"}, ["-s", "domain"], SUBDOMAINS),
        ({"host_matching": True, "static_host": "s.b"}, {"host": "a.b"}, ["--all-methods"], HOSTS),
    ],
)
def test_routes_are_a_table(target, cli, runner, setting, index, options, table):
    app = target.Flask("an_app", static_folder="static", **setting)
    app.add_url_rule("/user/<int:id>", "user")
    app.add_url_rule("/", "index", methods=["POST", "DELETE"], **index)
    info = cli.ScriptInfo(create_app=lambda: app)
    printed = runner.invoke(cli.routes_command, options, obj=info).output
    lines = [line.rstrip() for line in printed.splitlines()]
    if table is None:
        assert [line.split()[0] for line in lines[2:]] == ["static", "user", "index"]
    else:
        assert lines == table.splitlines()


# --- run -----------------------------------------------------------------------------------------


@pytest.fixture
def served(cli, monkeypatch):
    """What the server was started with."""
    calls: list[t.Any] = []
    monkeypatch.setattr(cli, "run_simple", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


def test_run_serves_with_its_options(cli, runner, script_info, served, environ):
    result = runner.invoke(
        cli.run_command, ["-p", "1", "--no-debugger", "--debug"], obj=script_info
    )
    assert result.output.splitlines() == [" * Debug mode: on"]
    (((host, port, app), options),) = served
    assert (host, port, app) == ("127.0.0.1", 1, script_info.load_app())
    assert app.debug is True
    assert options == {
        "use_reloader": True,
        "use_debugger": False,
        "threaded": True,
        "ssl_context": None,
        "extra_files": None,
        "exclude_patterns": None,
    }


def test_variables_give_the_options_of_run(cli, runner, target, served, environ, monkeypatch):
    monkeypatch.setenv("FLASK_RUN_PORT", "81")
    monkeypatch.setenv("FLASK_RUN_EXTRA_FILES", os.pathsep.join(["a", "b"]))
    group = cli.FlaskGroup(create_app=lambda: target.Flask("an_app"))
    result = runner.invoke(group, ["run"])
    assert result.exit_code == 0, result.output
    (((_, port, _), options),) = served
    assert (port, options["extra_files"]) == (81, ["a", "b"])


def test_the_banner_may_be_replaced(cli, runner, script_info, served, environ, monkeypatch):
    monkeypatch.setattr(cli, "show_server_banner", lambda *args: click.echo("another banner"))
    assert runner.invoke(cli.run_command, [], obj=script_info).output == "another banner\n"


def test_a_mistake_in_the_app_ends_the_command(cli, runner, served, environ):
    info = cli.ScriptInfo(create_app=lambda: 1 / 0)
    result = runner.invoke(cli.run_command, [], obj=info)
    assert isinstance(result.exception, ZeroDivisionError)
    assert served == []


def test_a_mistake_in_the_app_does_not_end_the_reloader(
    cli, runner, served, environ, monkeypatch, capsys
):
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    info = cli.ScriptInfo(create_app=lambda: 1 / 0)
    result = runner.invoke(cli.run_command, [], obj=info)
    assert result.exit_code == 0
    assert "ZeroDivisionError" in result.output
    (((_, _, app), _),) = served
    with pytest.raises(ZeroDivisionError):
        app({}, None)


def test_an_ssl_context_is_imported(cli, runner, script_info, served, environ, monkeypatch):
    module = types.ModuleType("certificates")
    module.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    monkeypatch.setitem(sys.modules, "certificates", module)
    arguments = ["--cert", "certificates:context"]
    assert runner.invoke(cli.run_command, arguments, obj=script_info).exit_code == 0
    assert served[0][1]["ssl_context"] is module.context
    refused = runner.invoke(cli.run_command, [*arguments, "--key", __file__], obj=script_info)
    assert 'When "--cert" is an SSLContext object, "--key" is not used.' in refused.output


def test_a_certificate_needs_its_key(cli, runner, script_info, served, environ):
    for arguments, message in (
        (["--cert", __file__], 'Required when using "--cert".'),
        (["--key", __file__], '"--cert" must also be specified.'),
        (["--cert", "adhoc", "--key", __file__], 'When "--cert" is "adhoc", "--key" is not used.'),
        (["--cert", "/no/such/file"], "does not exist"),
    ):
        result = runner.invoke(cli.run_command, arguments, obj=script_info)
        assert result.exit_code == 2
        assert message in result.output
    pair = ["--cert", __file__, "--key", __file__]
    assert runner.invoke(cli.run_command, pair, obj=script_info).exit_code == 0
    assert served[0][1]["ssl_context"] == (__file__, __file__)


# --- finding the app -----------------------------------------------------------------------------


def test_a_class_put_in_the_place_of_flask_counts(target, cli, monkeypatch):
    class Other:
        pass

    module = types.ModuleType("a_module")
    module.app, module.thing = target.Flask("an_app"), Other()
    assert cli.find_best_app(module) is module.app
    monkeypatch.setattr(target, "Flask", Other)
    assert cli.find_best_app(module) is module.thing


def test_what_is_found_and_what_is_said_when_it_is_not(target, cli):
    module = types.ModuleType("a_module")
    module.value, module.make = 1, lambda *names, end: target.Flask("".join(names) + end)
    assert cli.find_app_by_string(module, "make('a', 'b', end='c')").name == "abc"
    for name, message in (
        ("value", "A valid Flask application was not obtained from 'a_module:value'."),
        ("missing", "Failed to find attribute 'missing' in 'a_module'."),
        ("make('a')", "The factory \"make('a')\" in module 'a_module' could not be called with"),
        ("make(a)", "Failed to parse arguments as literal values: 'make(a)'."),
        ("os.make()", "Function reference must be a simple name: 'os.make()'."),
        ("1", "Failed to parse '1' as an attribute name or function call."),
        ("(", "Failed to parse '(' as an attribute name or function call."),
    ):
        with pytest.raises(cli.NoAppException) as caught:
            cli.find_app_by_string(module, name)
        assert caught.value.message.startswith(message)


@pytest.mark.parametrize("name", ["find_best_app", "find_app_by_string", "prepare_import"])
def test_the_steps_may_be_replaced(target, cli, name, monkeypatch):
    app = target.Flask("an_app")
    value = (lambda path: "json") if name == "prepare_import" else lambda *args: app
    monkeypatch.setattr(cli, name, value)
    monkeypatch.setattr(sys.modules["json"], "app", app, raising=False)
    path = "json:app" if name == "find_app_by_string" else "json"
    assert cli.ScriptInfo(path if name != "prepare_import" else "anything").load_app() is app


# --- .env ----------------------------------------------------------------------------------------


def test_without_dotenv_there_is_a_tip(cli, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "dotenv", None)
    monkeypatch.chdir(tmp_path)
    assert cli.load_dotenv() is False
    assert capsys.readouterr().err == ""
    (tmp_path / ".flaskenv").write_text("A=1")
    assert cli.load_dotenv() is False
    assert "Install python-dotenv to use them." in capsys.readouterr().err


def test_env_files_give_way_in_order(cli, tmp_path, monkeypatch):
    pytest.importorskip("dotenv")
    monkeypatch.chdir(tmp_path)
    names = "FILE_A", "FILE_B", "FILE_C", "FILE_D"
    for name in names:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("FILE_D", "environment")
    texts = {".flaskenv": names, ".env": names[1:], "given": names[2:]}
    for file, among in texts.items():
        (tmp_path / file).write_text("".join(f"{name}={file}\n" for name in among))
    assert cli.load_dotenv("given") is True
    assert [os.environ[name] for name in names] == [".flaskenv", ".env", "given", "environment"]


# --- what Flask's command line has not -----------------------------------------------------------

SHOP = """
from kolben import Flask
app = Flask(__name__, static_folder=None)
app.add_url_rule("/a/<int:n>", "number")
app.add_url_rule("/a/<name>", "name")
app.add_url_rule("/a/<other>", "other", methods=["GET"])
"""


@pytest.mark.kolben_only
def test_routes_are_explained(tmp_path):
    (tmp_path / "app.py").write_text(SHOP)
    routes = ("-m", "kolben", "routes")
    for request in ("GET /a/x", "/a/x", " get http://localhost/a/x?q=1"):
        lines = command(tmp_path, *routes, "--explain", request).stdout.splitlines()
        assert lines[0] == "GET /a/x"
        assert lines[-1] == "=> 'name' with {'name': 'x'}"
    found = command(tmp_path, *routes, "--conflicts").stdout
    assert found.startswith("rules that can never match:\n")
    assert "/a/<other>" in found
    assert "number" in command(tmp_path, *routes, "--sort", "rule").stdout
    wrong = command(tmp_path, *routes, "--explain", "nothing")
    assert (wrong.returncode, "write it as in 'GET /a/1'" in wrong.stderr) == (2, True)


@pytest.mark.kolben_only
def test_a_map_of_another_kind_explains_nothing(tmp_path):
    (tmp_path / "app.py").write_text(
        f"{SHOP}\nfrom werkzeug.routing import Map\napp.url_map = Map()\n"
    )
    done = command(tmp_path, "-m", "kolben", "routes", "--conflicts")
    assert done.returncode == 1
    assert "werkzeug.routing.map.Map, which is no 'kolben.routing.Map'" in done.stderr
