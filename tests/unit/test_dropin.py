"""The drop-in, in processes of its own: here ``flask`` is the real one."""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import importlib.util
import os
import pathlib
import pickle
import pkgutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import typing as t
import urllib.request

import flask
import pytest

import kolben
from kolben import dropin

pytestmark = pytest.mark.kolben_only

posix = pytest.mark.skipif(os.name == "nt", reason="processes are ended in another way there")

INSTALL = "import kolben; kolben.install_as_flask()\n"


def environment(**variables: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    known.pop("KOLBEN_AS_FLASK", None)
    return {**known, "PYTHONWARNINGS": "error", **variables}


def run(*arguments: object, folder=None, code: int = 0, **variables: str) -> str:
    """Run Python, and return what it prints."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        check=False,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return (done.stdout + done.stderr).strip()


def run_code(code: str, *arguments: object) -> str:
    """Run code with the drop-in that is called, and then with the one of the environment."""
    called = run("-c", INSTALL + code, *arguments)
    started = run("-c", code, *arguments, KOLBEN_AS_FLASK="1")
    assert called == started
    return called


# --- the modules ---------------------------------------------------------------------------------


def test_both_names_give_the_same_modules():
    names = [name for name in sys.modules if name == "flask" or name.startswith("flask.")]
    code = f"""
import importlib, sys
for name in {names}:
    one, other = importlib.import_module(name), importlib.import_module("kolben" + name[5:])
    assert one is other is sys.modules[name], name
    assert one.__spec__.name == "kolben" + name[5:], one.__spec__
    assert one.__name__ == name, one.__name__
from flask.globals import request_ctx
import flask.json.provider, kolben.globals
assert request_ctx is kolben.globals.request_ctx
print(flask.Flask.__module__)
"""
    assert run_code(code) == "kolben.app"


#: Names that begin with an underscore, and are Flask's own.
_OWN_OF_FLASK = {
    *("_called_with_wrong_args", "_make_timedelta", "_path_is_ancestor"),
    *("_prepare_send_file_kwargs", "_werkzeug_version", "_wz_abort", "_wz_redirect"),
}


def test_what_flasks_modules_import_to_work_with_is_found_there():
    """Some import ``Rule`` of ``flask.app``, or ``request`` of ``flask.helpers``."""
    names = {
        module.name: sorted(
            name
            for name in vars(importlib.import_module(module.name))
            if not name.startswith("__") and name not in _OWN_OF_FLASK
        )
        for module in pkgutil.walk_packages(flask.__path__, "flask.")
        if module.name != "flask.__main__"
    }
    code = f"""
import importlib
for name, wanted in {names}.items():
    module = importlib.import_module(name)
    missing = [one for one in wanted if not hasattr(module, one)]
    if missing:
        print(name, missing)
from flask.app import Rule
import flask, kolben.routing
print(Rule is kolben.routing.Rule, flask.helpers.request is flask.request)
try:
    flask.app.nothing
except AttributeError as error:
    print(error)
importlib.reload(flask.app)
print(flask.app.Rule is Rule, flask.app.cli is flask.cli, flask.app.Environment.__module__)
"""
    assert run_code(code).splitlines() == [
        "True True",
        "module 'flask.app' has no attribute 'nothing'",
        "True True kolben.templating",
    ]


def test_modules_that_are_imported_later_have_both_names():
    code = """
import flask, sys
import kolben.testing
print(sys.modules["flask.testing"] is kolben.testing is flask.testing, kolben.testing.__name__)
"""
    assert run_code(code) == "True flask.testing"


def test_what_flask_has_not_is_not_found():
    code = """
try:
    import flask.ext.login
except ModuleNotFoundError as error:
    print(error)
"""
    assert run_code(code) == "No module named 'flask.ext'"


def test_a_process_that_asked_for_nothing_has_the_real_flask():
    code = "import sys, flask; print(flask.__file__, 'kolben.dropin' in sys.modules)"
    for value in ("", "0"):
        assert run("-c", code, KOLBEN_AS_FLASK=value) == f"{flask.__file__} False"


def test_zero_in_the_environment_switches_it_off():
    code = f"{INSTALL}import flask; print(flask.__file__)"
    assert run("-c", code, KOLBEN_AS_FLASK="0") == flask.__file__


def test_nothing_of_kolben_is_imported_before_flask_is():
    code = "import sys; print([name for name in sys.modules if name.startswith('kolben')])"
    assert run("-c", code, KOLBEN_AS_FLASK="1") == "['kolben.dropin', 'kolben_as_flask']"


def test_installing_twice_is_installing_once():
    code = f"{INSTALL * 2}import sys, importlib, kolben.dropin; importlib.reload(kolben.dropin)\n"
    code += f"{INSTALL}print(sum(type(one).__module__ == 'kolben.dropin' for one in sys.meta_path))"
    assert run("-c", code) == "1"


def test_the_error_names_who_imported_the_real_flask(tmp_path):
    (tmp_path / "early.py").write_text("import os\nfrom flask import request\n", "utf-8")
    (tmp_path / "main.py").write_text(f"import early\n{INSTALL}", "utf-8")
    printed = run(tmp_path / "main.py", code=1).splitlines()[-1]
    assert printed.startswith("RuntimeError: Kolben cannot take Flask's place: module 'early' (")
    assert "early.py, line 2) imported the real Flask" in printed
    assert flask.__file__ in printed


def test_the_error_knows_when_it_does_not_know():
    printed = run("-c", f"__import__('flask')\n{INSTALL}", code=1).splitlines()[-1]
    assert "something that no longer holds it" in printed


# --- what looks at modules -----------------------------------------------------------------------


def test_source_reload_and_walk():
    code = """
import importlib, inspect, pkgutil, flask
print(inspect.getsource(flask.Flask).splitlines()[0], inspect.getmodule(flask.Flask).__name__)
tag = importlib.reload(flask.json.tag)
print(tag is flask.json.tag, tag.__name__, tag.TaggedJSONSerializer.__module__)
print(importlib.util.find_spec("flask.app").origin == flask.app.__file__)
found = [module.name for module in pkgutil.walk_packages(flask.__path__, "flask.")]
print({"flask.app", "flask.json.provider", "flask.sansio.app"} <= set(found))
for name in found:
    if not name.endswith(("__main__", "_core", "orjson")):
        importlib.import_module(name)
"""
    assert run_code(code).splitlines() == [
        "class Flask(App): flask.app",
        "True flask.json.tag kolben.json.tag",
        "True",
        "True",
    ]


HOOK = """
import importlib.abc, importlib.util, sys

class Chained(importlib.abc.Loader):
    def __init__(self, loader):
        self.loader = loader
    def create_module(self, spec):
        return self.loader.create_module(spec)
    def exec_module(self, module):
        self.loader.exec_module(module)
        print(module.__name__, sorted(vars(module)).count("Flask"))

class Hook(importlib.abc.MetaPathFinder):
    busy = False
    def find_spec(self, name, path=None, target=None):
        if self.busy or name not in ("flask", "flask.app", "flask.templating"):
            return None
        self.busy = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.busy = False
        spec.loader = Chained(spec.loader)
        return spec

sys.meta_path.insert(0, Hook())
"""


@pytest.mark.parametrize("imported", ["flask", "flask.app", "flask.globals"])
def test_hooks_that_wait_for_an_import_fire_once(imported):
    printed = run_code(f"{HOOK}import {imported}, flask.templating")
    assert sorted(printed.splitlines()) == ["flask 1", "flask.app 1", "flask.templating 0"]


def test_warnings_say_where_they_come_from_by_flasks_name():
    code = """
import warnings, flask.app
warnings.resetwarnings()
warnings.filterwarnings("error")
warnings.filterwarnings("ignore", module=r"flask\\.app$")
exec("import warnings; warnings.warn('x')", vars(flask.app))
print("ignored")
"""
    assert run_code(code) == "ignored"


def test_the_deprecated_version_is_that_of_flask():
    code = """
import warnings, flask
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(flask.__version__, *[str(one.message)[:38] for one in caught])
"""
    message = "The '__version__' attribute is depreca"
    assert run_code(code) == f"3.1.3 {message}"


def test_threads_that_import_at_the_same_time_get_whole_modules():
    code = """
import threading, sys
import flask
sys.setswitchinterval(1e-6)
errors = []
def load(barrier, name, value):
    barrier.wait()
    try:
        getattr(__import__(name, fromlist=["x"]), value)
    except BaseException as error:
        errors.append(error)
later = {
    "views": "View",
    "logging": "has_level_handler",
    "debughelpers": "UnexpectedUnicodeError",
    "json.orjson": "OrjsonProvider",
    "cli": "main",
    "testing": "FlaskClient",
}
for name, value in later.items():
    barrier = threading.Barrier(4)
    threads = [
        threading.Thread(target=load, args=[barrier, f"{package}.{name}", value])
        for package in ("flask", "kolben") * 2
    ]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    if sys.modules.get("flask." + name) is not sys.modules["kolben." + name]:
        errors.append(name)
print(errors)
"""
    assert run_code(code) == "[]"


# --- the distribution ----------------------------------------------------------------------------

METADATA = """
import importlib.metadata as metadata
print(metadata.version("flask"), metadata.version("Flask"))
print(metadata.distribution("flask").metadata["Name"])
print(sorted(metadata.requires("flask")))
print([one.value for one in metadata.entry_points(group="console_scripts") if one.name == "flask"])
print([one.version for one in metadata.distributions() if one.metadata["Name"] == "Flask"][:1])
print(metadata.version("werkzeug"))
"""


def test_the_distribution_is_that_of_flask():
    assert run_code(METADATA) == run("-c", METADATA)


def test_the_distribution_is_there_without_the_real_one():
    hide = """
import sys
for finder in list(sys.meta_path):
    if hasattr(finder, "find_distributions") and type(finder).__module__ != "kolben.dropin":
        sys.meta_path.remove(finder)
"""
    # What it imports only when it is used would no longer be found.
    used = 'import importlib.metadata as m; m.version("werkzeug")'
    code = f'{used}; print(m.version("flask"), len(m.requires("flask")))'
    assert run("-c", f"{INSTALL}{code}".replace("; print", f"\n{hide}\nprint")) == "3.1.3 9"


def test_the_distributions_of_a_folder_are_those_that_lie_there(tmp_path):
    code = "import importlib.metadata as m, sys; print(list(m.distributions(path=[sys.argv[1]])))"
    assert run_code(code, tmp_path) == "[]"


RESOURCES = """
import sys, warnings
warnings.simplefilter("ignore")
{0}
{1}
found = pkg_resources.get_distribution("flask")
print(found.project_name, found.version, len(found.requires()), found.location.endswith("kolben"))
print([one.version for one in pkg_resources.require("Flask>=3.1")][:1])
print(pkg_resources.get_distribution("werkzeug").project_name.lower())
"""
HIDE = """
import pathlib, site
for folder in list(sys.path):
    for found in pathlib.Path(folder).glob("flask-3*.dist-info"):
        raise SystemExit(f"{found} is still to be found")
"""


@pytest.fixture
def without_flask(tmp_path):
    """A folder with all that is installed here, but the real Flask."""
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for found in pathlib.Path(folder).iterdir():
            if not found.name.lower().startswith(("flask", "__pycache__")):
                (tmp_path / found.name).symlink_to(found)
    return tmp_path


@posix
@pytest.mark.parametrize("turned", [False, True])
def test_pkg_resources_knows_it_without_the_real_one(without_flask, turned):
    pytest.importorskip("setuptools._distutils")
    if importlib.util.find_spec("pkg_resources") is None:
        pytest.skip("this setuptools has no pkg_resources")
    lines = ["import pkg_resources", INSTALL]
    code = RESOURCES.format(*(lines if turned else lines[::-1]))
    package = pathlib.Path(kolben.__file__).parent.parent
    path = f"import sys; sys.path[:] = [{str(without_flask)!r}, {str(package)!r}] + sys.path\n"
    # `-S` leaves the folder out that has the real one; `-I` keeps the environment out.
    assert run("-I", "-S", "-c", path + HIDE + code).splitlines() == [
        "flask 3.1.3 6 True",
        "['3.1.3']",
        "werkzeug",
    ]


WRAPT = """
import wrapt
seen = []
{}

@wrapt.when_imported("flask")
def of_flask(module):
    seen.append((module.__name__, hasattr(module, "Flask")))

@wrapt.when_imported("flask.app")
def of_app(module):
    seen.append((module.__name__, hasattr(module, "Flask")))
    def around(wrapped, instance, args, kwargs):
        seen.append("request")
        return wrapped(*args, **kwargs)
    wrapt.wrap_function_wrapper(module, "Flask.full_dispatch_request", around)

import {}
import flask
app = flask.Flask(__name__, static_folder=None)
app.add_url_rule("/", "index", lambda: "x")
assert app.test_client().get("/").text == "x"
print(sorted(map(str, seen)))
"""


@pytest.mark.parametrize("imported", ["flask", "flask.app", "flask.globals", "kolben"])
def test_hooks_of_wrapt_fire(imported):
    pytest.importorskip("wrapt")
    expected = "[\"('flask', True)\", \"('flask.app', True)\", 'request']"
    code = WRAPT.format("", imported)
    assert run("-c", code, KOLBEN_AS_FLASK="1") == expected
    assert run("-c", INSTALL + code) == expected
    # Whoever installs it late finds hooks that wait already.
    assert run("-c", WRAPT.format(INSTALL, imported)) == expected
    if imported != "kolben":
        assert run("-c", code) == expected


# --- pickles -------------------------------------------------------------------------------------


def test_pickles_of_either_name_load_under_either(tmp_path):
    real = pickle.dumps([flask.Flask, flask.json.tag.TaggedJSONSerializer, flask.Config("/", {})])
    ours = pickle.dumps([kolben.Flask, kolben.json.tag.TaggedJSONSerializer, kolben.Config("/")])
    assert b"flask.app" in real
    assert b"kolben.app" in ours
    for number, data in enumerate((real, ours)):
        (tmp_path / str(number)).write_bytes(data)
    code = """
import pathlib, pickle, sys
import flask
for name in "01":
    app, serializer, config = pickle.loads(pathlib.Path(sys.argv[1], name).read_bytes())
    print(app is flask.Flask, serializer is flask.json.tag.TaggedJSONSerializer, type(config))
"""
    line = "True True <class 'kolben.config.Config'>"
    assert run_code(code, tmp_path).splitlines() == [line, line]


# --- processes -----------------------------------------------------------------------------------

WHICH = "import flask, sys; print(flask.Flask.__module__, *sys.argv[1:])\n"


def execute(*arguments: object, folder=None, code: int = 0, **variables: str) -> str:
    return run("-m", "kolben", "exec", *arguments, folder=folder, code=code, **variables)


@pytest.fixture
def folder(tmp_path) -> pathlib.Path:
    (tmp_path / "which.py").write_text(WHICH, "utf-8")
    (tmp_path / ".env").write_text("FROM_ENV_FILE=1\n", "utf-8")
    (tmp_path / "app.py").write_text(
        "import flask, sys\napp = flask.Flask(__name__)\n"
        "@app.route('/')\ndef home(): return flask.Flask.__module__\n"
        "@app.cli.command('which')\ndef which(): print(flask.Flask.__module__)\n"
        "if __name__ == '__main__':\n"
        "    app.run(port=int(sys.argv[1]), use_reloader=True, reloader_type='stat')\n",
        "utf-8",
    )
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["which.py", "--help", "x"],
        ["-m", "which", "--help", "x"],
        ["--", "which.py", "--help", "x"],
        ["--", "-m", "which", "--help", "x"],
        ["--", sys.executable, "which.py", "--help", "x"],
    ],
)
def test_exec_runs_scripts_and_modules(folder, command):
    assert execute(*command, folder=folder) == "kolben.app --help x"
    assert execute(*command, folder=folder, KOLBEN_AS_FLASK="0") == "flask.app --help x"


@pytest.mark.skipif(os.name == "nt", reason="scripts are programs there")
def test_exec_runs_python_scripts_on_this_python(folder):
    script = folder / "tool"
    script.write_text(f"#!/usr/bin/env python0\n{WHICH}", "utf-8")
    script.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    assert execute("--", "tool", "x", folder=folder, PATH=path) == "kolben.app x"
    assert execute("--", "./tool", "x", folder=folder) == "kolben.app x"


def test_exec_gives_the_code_of_the_command_and_says_what_is_not_there(folder):
    assert execute("--", "-m", "nothing_here", folder=folder, code=1).endswith("nothing_here")
    printed = execute("--", "nothing_here", folder=folder, code=127)
    assert printed == "Error: there is no program 'nothing_here'."
    assert "COMMAND is a Python script" in execute("--help")


def test_exec_leaves_the_environment_as_it_is(folder):
    (folder / "names.py").write_text(
        "import os; print([os.environ.get(name) for name in"
        " ('FROM_ENV_FILE', 'FLASK_RUN_FROM_CLI', 'KOLBEN_AS_FLASK')])",
        "utf-8",
    )
    assert execute("names.py", folder=folder) == "[None, None, '1']"


def test_flask_is_kolbens_command_line(folder):
    assert "Kolben" in execute("flask", "--version", folder=folder)
    assert execute("--", "flask", "which", folder=folder) == "kolben.app"
    assert execute("--", "-m", "flask", "--app", "app", "which", folder=folder) == "kolben.app"
    assert execute("flask", "which", folder=folder, KOLBEN_AS_FLASK="0") == "flask.app"
    assert "exec" not in execute("flask", "--help", folder=folder)
    assert "  exec  " in run("-m", "kolben", "--help", folder=folder)


def test_spawned_processes_have_it(folder):
    (folder / "pool.py").write_text(
        "import multiprocessing\n"
        "def which(_):\n    import flask\n    return flask.Flask.__module__\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "        print(set(pool.map(which, range(4))))\n",
        "utf-8",
    )
    assert execute("pool.py", folder=folder) == "{'kolben.app'}"


def test_workers_of_xdist_have_it(folder):
    pytest.importorskip("xdist")
    (folder / "test_it.py").write_text(
        "def test_it():\n    import flask\n    assert flask.Flask.__module__ == 'kolben.app'\n",
        "utf-8",
    )
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-n", "2"]
    assert "1 passed" in execute("pytest", *options, folder=folder, PYTHONWARNINGS="")


@contextlib.contextmanager
def served(folder: pathlib.Path, *command: str) -> t.Iterator[int]:
    """Run a server under ``kolben exec``, with a free port for PORT, and give the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "kolben", "exec", "--"]
        + [part.replace("PORT", str(port)) for part in command],
        cwd=folder,
        env=environment(PYTHONWARNINGS=""),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@posix
def test_the_reloaders_child_has_it(folder):
    with served(folder, "app.py", "PORT") as port:
        assert answer(port) == "kolben.app"
        code = (folder / "app.py").read_text("utf-8")
        changed = code.replace("return flask.Flask.__module__", "return app.__module__ + ' again'")
        (folder / "app.py").write_text(changed, "utf-8")
        deadline = time.monotonic() + 30
        while (text := answer(port)) != "kolben.app again" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert text == "kolben.app again"


@posix
@pytest.mark.parametrize(
    "command",
    [
        ["gunicorn", "-b", "127.0.0.1:PORT", "-w", "2", "app:app"],
        ["gunicorn", "-b", "127.0.0.1:PORT", "--preload", "app:app"],
        ["gunicorn", "-b", "127.0.0.1:PORT", "-k", "gthread", "--threads", "2", "app:app"],
        ["waitress-serve", "--listen=127.0.0.1:PORT", "app:app"],
        ["granian", "--interface", "wsgi", "--port", "PORT", "app:app"],
    ],
    ids=lambda command: " ".join(command[:1] + [part for part in command if part == "--preload"]),
)
def test_servers_serve_it(folder, command):
    pytest.importorskip(command[0].partition("-")[0])
    with served(folder, *command) as port:
        assert answer(port) == "kolben.app"


def answer(port: int) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
                return response.read().decode()
        # While it reloads, it may also break off an answer.
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


# --- its cost ------------------------------------------------------------------------------------


def test_a_process_that_asked_for_nothing_runs_one_line():
    """The line reads a variable that is not set, which takes a microsecond."""
    found = [
        line
        for folder in map(pathlib.Path, sys.path)
        if (folder / "kolben_as_flask.pth").is_file()
        for line in (folder / "kolben_as_flask.pth").read_text("utf-8").splitlines()
    ]
    assert len(found) == 1
    code = compile(found[0], "kolben_as_flask.pth", "exec")
    start = time.perf_counter()
    for _ in range(100):
        exec(code)
    assert (time.perf_counter() - start) / 100 < 0.001


def test_the_shipped_metadata_is_that_of_the_real_release():
    real = importlib.metadata.distribution("flask")
    ours = importlib.metadata.Distribution.at(dropin._DISTRIBUTION)
    assert ours.requires == real.requires
    for key in ("Name", "Version", "Requires-Python", "License-Expression"):
        assert ours.metadata[key] == real.metadata[key]
    assert ours.metadata.get_all("Provides-Extra") == real.metadata.get_all("Provides-Extra")
    assert not dropin.is_installed()
