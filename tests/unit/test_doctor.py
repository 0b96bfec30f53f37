"""``kolben doctor``: each thing that it finds, and that it does not find it elsewhere."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import textwrap
import types
import typing as t

import pytest
import werkzeug.routing
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

import kolben
from kolben import Blueprint, Flask, Request, Response, session
from kolben.cli import doctor
from kolben.cli.doctor import extensions, fastpath, newer, timing, versions
from kolben.cli.doctor.rows import Report, Row, Section
from kolben.cli.doctor.table import Table
from kolben.json.provider import DefaultJSONProvider
from kolben.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface
from tests.conftest import needs_core

pytestmark = pytest.mark.kolben_only

KEY = "3f1c0d5b9a7e42688d1b"
SAFE = {
    "SECRET_KEY": KEY,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "TRUSTED_HOSTS": ["example.com"],
    "MAX_CONTENT_LENGTH": 1_000_000,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Measure once: what is measured is tested apart. And these modules are not the app's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(timing, "_ROUNDS", 1)
    monkeypatch.setattr(timing, "_CALLS", 2)


def make(cls: type[Flask] = Flask, **config: t.Any) -> Flask:
    app = cls("examined", root_path=os.getcwd(), static_folder=None)
    app.config.update(SAFE, **config)
    return app


def codes(app: Flask, section: str) -> list[str]:
    rows = {one.name: one.rows for one in doctor.examine(app).sections}[section]
    return [row.code for row in rows if row.level != "fine"]


def row(app: Flask, code: str) -> Row:
    (found,) = [
        row for section in doctor.examine(app).sections for row in section.rows if row.code == code
    ]
    return found


def test_an_app_with_nothing_to_find():
    report = doctor.examine(make())
    if kolben.core_status().compiled:
        assert [row for one in report.sections for row in one.rows if row.level != "fine"] == []
    assert report.count("warning") == 0
    assert [one.name for one in report.sections] == [
        *("versions", "extensions", "fast_path", "rules", "settings", "flask_3_2")
    ]
    assert all(one.rows for one in report.sections)


# --- versions ------------------------------------------------------------------------------------


def test_versions_and_the_core_are_told():
    rows = {row.subject: row for row in versions.look_at_versions()}
    assert rows["Kolben"].text.startswith(importlib.metadata.version("kolben"))
    assert rows["Werkzeug"].text == importlib.metadata.version("werkzeug")
    assert rows["Core"].text == str(kolben.core_status())
    assert rows["Real Flask"].text == "3.1.3 is installed, too"


@pytest.mark.parametrize(
    ("status", "level", "code"),
    [
        (kolben.CoreStatus(True, "kolben._core 1 is loaded"), "fine", "core-compiled"),
        (kolben.CoreStatus(False, "KOLBEN_PURE=1 is set"), "note", "core-pure-asked"),
        (kolben.CoreStatus(False, "kolben._core does not load: x"), "warning", "core-pure"),
    ],
)
def test_why_the_mode_is_what_it_is(monkeypatch, status, level, code):
    monkeypatch.setattr(versions, "core_status", lambda: status)
    found = versions._core()
    assert (found.level, found.code, found.text) == (level, code, str(status))


@pytest.mark.parametrize(
    ("version", "level", "words"),
    [
        (None, "fine", "is not installed"),
        ("3.1.0", "fine", "3.1.0 is installed, too"),
        ("2.3.3", "note", "2.3.3 is installed, and Kolben answers as 3.1"),
    ],
)
def test_the_real_flask_is_told_by_its_version(monkeypatch, version, level, words):
    found = None if version is None else types.SimpleNamespace(version=version)
    monkeypatch.setattr(versions, "real_flask", lambda: found)
    told = versions._real_flask()
    assert told.level == level
    assert words in told.text


# --- extensions ----------------------------------------------------------------------------------


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a distribution with one module, and imports it."""

    def install(name: str, version: str, module: str, *requires: str) -> types.ModuleType:
        (tmp_path / f"{module}.py").write_text("class Extension: pass\n", "utf-8")
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        lines = [f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {one}" for one in requires]
        (info / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", *lines, ""]), "utf-8")
        (info / "top_level.txt").write_text(f"{module}\n", "utf-8")
        importlib.invalidate_caches()
        imported = importlib.import_module(module)
        monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, module, imported)
        return imported

    monkeypatch.syspath_prepend(tmp_path)
    return install


@pytest.fixture
def known(tmp_path, monkeypatch):
    def know(**entries: dict[str, t.Any]) -> None:
        path = tmp_path / "known.json"
        path.write_text(json.dumps({"extensions": entries}), "utf-8")
        monkeypatch.setattr(extensions, "KNOWN", path)

    return know


def told(app: Flask, subject: str) -> list[tuple[str, str]]:
    found = extensions.look_at_extensions(app)
    return [(row.code, row.level) for row in found if row.subject == subject]


def test_extensions_are_found_among_imported_distributions(install, known):
    passes = {"version": "1.5", "suite": "ours", "flask": 8, "kolben": 8, "lost": 0}
    known(**{"flask-zebra": passes, "flask-yak": {**passes, "kolben": 7, "lost": 1}})
    install("Flask_Zebra", "1.5", "flask_zebra_x", "Flask (>=2)", "wtforms")
    install("flask-yak", "1.5", "flask_yak_x", "flask>=2.0; python_version > '3'")
    install("flask-xerus", "0.1", "flask_xerus_x", "flask")
    install("not-flask", "0.1", "not_flask_x", "flask-zebra", "flask ; extra == 'web'")
    app = make()
    assert told(app, "Flask_Zebra 1.5") == [("extension-passes", "fine")]
    assert told(app, "flask-yak 1.5") == [("extension-loses", "warning")]
    assert told(app, "flask-xerus 0.1") == [("extension-unknown", "note")]
    assert told(app, "not-flask 0.1") == []


def test_another_release_than_the_one_that_was_tried(install, known):
    entry = {"version": "1.5", "suite": "its own", "flask": 8, "kolben": 8, "lost": 0}
    known(**{"flask-wombat": entry})
    install("flask-wombat", "1.6", "flask_wombat_x", "flask")
    assert told(make(), "flask-wombat 1.6") == [("extension-other-release", "fine")]


def test_extensions_are_found_in_the_apps_own_table(install, monkeypatch):
    module = install("flask-vole", "2", "flask_vole_x", "flask")
    app = make()
    app.extensions["vole"] = module.Extension()
    app.extensions["vole_x"] = {"settings": 1}
    monkeypatch.delitem(sys.modules, "flask_vole_x")
    assert told(app, "flask-vole 2") == [("extension-unknown", "note")]
    app.extensions["own"] = type("Own", (), {"__module__": "an_app.own"})()
    assert told(app, "'own'") == [("extension-own", "fine")]


def test_what_ships_knows_extensions_that_pass():
    shipped = json.loads(extensions.KNOWN.read_text("utf-8"))
    assert shipped["flask"] == "3.1.3"
    login = shipped["extensions"]["flask-login"]
    assert login["lost"] == 0
    assert 100 < login["kolben"] == login["flask"] <= login["tests"]


# --- the fast path -------------------------------------------------------------------------------


class Quiet(Flask):
    def preprocess_request(self):
        return super().preprocess_request()


def test_an_overridden_method():
    found = row(make(Quiet), "override")
    assert found.subject == "preprocess_request()"
    assert "test_doctor.py:" in found.place
    assert found.microseconds is not None
    assert "overridden in tests.unit.test_doctor.Quiet" in found.text


def test_a_method_set_on_the_app():
    app = make()
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    found = row(app, "override")
    assert found.subject == "wsgi_app()"
    assert "werkzeug.middleware.proxy_fix.ProxyFix" in found.text


def test_a_method_that_an_agent_has_replaced(monkeypatch):
    original = Flask.dispatch_request

    def dispatch_request(self):
        return original(self)

    monkeypatch.setattr(Flask, "dispatch_request", dispatch_request)
    assert "replaced in Kolben" in row(make(), "override").text


class WithHost(Request):
    host = "example.com"


class Interface(SecureCookieSessionInterface):
    session_class = type("Own", (SecureCookieSession,), {})


@pytest.mark.parametrize(
    ("holder", "held", "subject"),
    [
        ("request_class", WithHost, "WithHost.host"),
        ("response_class", type("R", (Response,), {"default_status": 201}), "R.default_status"),
        ("session_interface", Interface(), "Interface.session_class"),
    ],
)
def test_what_other_classes_override(holder, held, subject):
    app = make()
    setattr(app, holder, held)
    assert row(app, "override").subject == subject


def test_classes_that_only_add_something_stay_on_the_fast_path():
    app = make(type("Mine", (Flask,), {"extra": 1, "handle_exception": Flask.handle_exception}))
    app.request_class = type("R", (Request,), {"user": None})
    app.response_class = type("S", (Response,), {"default_mimetype": "text/plain"})
    assert codes(app, "fast_path") == []


def test_a_json_provider_of_its_own():
    class Provider(DefaultJSONProvider):
        def dumps(self, obj, **kwargs):
            return super().dumps(obj, **kwargs)

    app = make()
    app.json = Provider(app)
    found = row(app, "json-provider")
    assert found.subject == "Provider.dumps"
    assert found.microseconds is not None
    app.json = type("Compact", (DefaultJSONProvider,), {"compact": True})(app)
    assert codes(app, "fast_path") == []


def test_a_session_interface_of_its_own():
    class Nothing(SessionInterface):
        def open_session(self, app, request):
            return SecureCookieSession()

        def save_session(self, app, session, response):
            pass

    app = make()
    app.session_interface = Nothing()
    assert row(app, "session-interface").microseconds is not None


class Hex(BaseConverter):
    regex = "[0-9a-f]+"

    def to_python(self, value):
        return int(value, 16)


class Given(BaseConverter):
    def __init__(self, url_map, expression):
        super().__init__(url_map)
        self.regex = expression


class Renamed(werkzeug.routing.IntegerConverter):
    pass


@pytest.mark.parametrize(
    ("converter", "rule", "words"),
    [
        (Hex, "/<own:a>", "an expression of its own and a to_python of its own"),
        (Given, "/<own('[ab]+'):a>", "an expression of its own, for"),
        (
            type("Upper", (BaseConverter,), {"to_python": lambda self, value: value.upper()}),
            "/<own:a>",
            "has a to_python of its own",
        ),
    ],
)
def test_a_converter_of_its_own(converter, rule, words):
    app = make()
    app.url_map.converters["own"] = converter
    app.add_url_rule(rule, "a", lambda a: a)
    app.add_url_rule(f"/more{rule}", "b", lambda a: a)
    found = row(app, "converter")
    assert words in found.text
    assert found.text.endswith(f"{rule} and 1 more")
    assert found.microseconds is not None


def test_converters_that_the_core_knows_or_no_rule_uses():
    app = make()
    app.url_map.converters["renamed"] = Renamed
    app.url_map.converters["unused"] = Hex
    app.add_url_rule("/<renamed:a>/<int:b>/<any(x, y):c>/<string(length=2):d>", "a", print)
    assert codes(app, "fast_path") == []


def test_a_converter_that_cannot_be_asked_is_not_measured():
    def to_python(self, value):
        raise RuntimeError("there is no database")

    app = make()
    app.url_map.converters["user"] = type("User", (BaseConverter,), {"to_python": to_python})
    app.add_url_rule("/<user:a>", "a", print)
    assert row(app, "converter").microseconds is None


def test_rules_of_werkzeug():
    app = make()
    app.url_map.add(werkzeug.routing.Rule("/plain/<int:a>", endpoint="plain"))
    app.view_functions["plain"] = print
    found = row(app, "foreign-map")
    assert "/plain/<int:a>" in found.text
    assert found.microseconds is not None


def look():
    return session.get("user")


def around():
    return [look() for _ in "a"]


def by_module():
    import kolben as flask

    return flask.session


def elsewhere():
    return kolben.session


def talk_of_it():
    """session"""
    return {"session": 1}["session"]


@pytest.mark.parametrize(
    ("hook", "reads"),
    [(look, True), (around, True), (elsewhere, True), (talk_of_it, False), (len, False)],
)
def test_hooks_that_read_the_session(hook, reads):
    assert fastpath.reads_session(hook) is reads
    app = make()
    app.before_request_funcs[None] = [hook]
    assert codes(app, "fast_path") == (["hook-session"] if reads else [])


def test_hooks_of_a_blueprint_and_closures():
    blueprint = Blueprint("part", __name__)
    held = session

    @blueprint.after_request
    def remember(response):
        held["seen"] = True
        return response

    app = make()
    app.register_blueprint(blueprint)
    found = row(app, "hook-session")
    assert found.subject == "remember()"
    assert "after_request function of blueprint 'part'" in found.text


@needs_core
@pytest.mark.parametrize(
    ("measure", "arguments"),
    [
        (timing.cost_of_session, ()),
        (timing.cost_of_method, ("create_url_adapter",)),
        (timing.cost_of_json, ("dumps",)),
        (timing.cost_of_attribute, ("response_class", "get_wsgi_headers")),
    ],
)
def test_what_is_measured_is_a_cost(monkeypatch, measure, arguments):
    monkeypatch.setattr(timing, "_ROUNDS", 9)
    monkeypatch.setattr(timing, "_CALLS", 50)
    # On a fast machine, these cost one to ten.
    assert 0.3 < measure.__wrapped__(*arguments) < 1000


@pytest.mark.parametrize("name", fastpath.PIPELINE)
def test_each_method_of_the_pipeline_can_be_measured(name):
    assert timing.cost_of_method.__wrapped__(name) >= 0


@pytest.mark.parametrize(
    ("holder", "name"),
    [(holder, name) for holder in fastpath.HELD for name in fastpath.HELD[holder]],
)
def test_each_attribute_can_be_measured(holder, name):
    assert timing.cost_of_attribute.__wrapped__(holder, name) >= 0


# --- rules ---------------------------------------------------------------------------------------


def test_rules_that_never_match_or_depend_on_order():
    app = make()
    app.add_url_rule("/a/<x>", "one", print)
    app.add_url_rule("/a/<y>", "two", print)
    assert codes(app, "rules") == ["rule-never-matches"]
    assert row(app, "rule-never-matches").subject == "/a/<y> (two)"


def test_rules_whose_order_decides():
    app = make()
    app.add_url_rule("/b/<x>", "one", print, methods=["GET", "POST"])
    app.add_url_rule("/b/<y>", "two", print, methods=["POST", "PUT"])
    assert codes(app, "rules") == ["rule-order-decides"]


def test_views_of_one_url_for_several_methods_are_no_conflict():
    app = make()
    app.add_url_rule("/c", "one", print)
    app.add_url_rule("/c", "two", print, methods=["POST"])
    assert codes(app, "rules") == []


def test_rules_without_a_view():
    app = make()
    app.add_url_rule("/d", "nowhere")
    app.add_url_rule("/e", "elsewhere", build_only=True)
    assert row(app, "rule-without-view").subject == "/d"
    own = make(type("Own", (Flask,), {"dispatch_request": lambda self, ctx=None: "x"}))
    own.add_url_rule("/d", "nowhere")
    assert codes(own, "rules") == []


def test_a_map_of_another_kind():
    app = make()
    app.url_map = werkzeug.routing.Map()  # type: ignore[assignment]
    assert codes(app, "rules") == ["rules-unknown"]
    assert codes(app, "fast_path") == ["foreign-map"]


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"DEBUG": True}, ["debug"]),
        ({"TESTING": True}, ["testing"]),
        ({"PROPAGATE_EXCEPTIONS": True}, ["propagate"]),
        ({"SECRET_KEY": "dev"}, ["secret-key-weak"]),
        ({"SECRET_KEY": b"dev"}, ["secret-key-weak"]),
        ({"SECRET_KEY": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, ["secret-key-weak"]),
        ({"SECRET_KEY": "Your-Secret-Key-Goes-Here-And-Here"}, ["secret-key-weak"]),
        ({"SECRET_KEY": None}, ["secret-key-missing"]),
        ({"SECRET_KEY_FALLBACKS": ["old"]}, ["fallback-weak"]),
        ({"SECRET_KEY_FALLBACKS": KEY}, ["fallbacks-string"]),
        ({"SECRET_KEY_FALLBACKS": [KEY, KEY.encode()]}, []),
        ({"SESSION_COOKIE_SECURE": False}, ["cookie-secure"]),
        ({"SESSION_COOKIE_HTTPONLY": False}, ["cookie-httponly"]),
        ({"SESSION_COOKIE_SAMESITE": None}, ["cookie-samesite"]),
        ({"SESSION_COOKIE_SAMESITE": "None"}, []),
        (
            {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": False},
            ["cookie-secure", "cookie-samesite"],
        ),
        (
            {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": False},
            ["cookie-secure", "cookie-partitioned"],
        ),
        ({"SECRET_KEY": None, "SESSION_COOKIE_SECURE": False}, ["secret-key-missing"]),
        ({"TRUSTED_HOSTS": None}, ["trusted-hosts"]),
        ({"MAX_CONTENT_LENGTH": None}, ["max-content-length"]),
        ({"MAX_FORM_MEMORY_SIZE": None}, ["max-form-memory-size"]),
        ({"MAX_FORM_PARTS": None}, ["max-form-parts"]),
    ],
)
def test_unsafe_settings(config, expected):
    assert codes(make(**config), "settings") == expected


def test_a_missing_key_is_a_warning_only_where_it_is_needed(tmp_path, monkeypatch):
    app = make(SECRET_KEY=None)
    assert row(app, "secret-key-missing").level == "note"
    load(tmp_path, monkeypatch, "from kolben import session\n")
    assert row(app, "secret-key-missing").level == "warning"


def test_a_key_is_not_needed_by_sessions_that_are_stored_elsewhere():
    class Stored(SessionInterface):
        pass

    app = make(SECRET_KEY=None)
    app.session_interface = Stored()
    assert codes(app, "settings") == []


def test_debug_of_the_environment(monkeypatch):
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert "FLASK_DEBUG is set here" in row(make(DEBUG=True), "debug").text
    monkeypatch.setenv("FLASK_DEBUG", "0")
    assert "the app sets it" in row(make(DEBUG=True), "debug").text


# --- names of Flask 3.2 --------------------------------------------------------------------------


def load(folder, monkeypatch, source: str, name: str = "an_app_module") -> types.ModuleType:
    """Make a module of the app, as if it had been imported from the current folder."""
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(source), "utf-8")
    module = types.ModuleType(name)
    module.__file__ = str(path)
    for line in source.splitlines():
        if line.startswith("from kolben import session"):
            exec(line, vars(module))
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.chdir(folder)
    return module


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import flask\ndef v(): return flask.__version__\n",
            [("removed", "flask.__version__", 2)],
        ),
        ("import flask as f\nprint(f.__version__)\n", [("removed", "flask.__version__", 2)]),
        ("from kolben import __version__\n", [("removed", "flask.__version__", 1)]),
        ("import flask.ctx\nx = flask.__version__\n", [("removed", "flask.__version__", 2)]),
        (
            "from flask import globals as g\ng._cv_request.get()\n",
            [("removed", "flask.globals._cv_request", 2)],
        ),
        (
            "from flask.globals import request_ctx as r\n",
            [("deprecated", "flask.globals.request_ctx", 1)],
        ),
        (
            "import flask.ctx as c\ndef f(x: c.RequestContext): ...\n",
            [("deprecated", "flask.ctx.RequestContext", 2)],
        ),
        (
            "from flask import Flask\nclass A(Flask):\n    def should_ignore_error(self, e): ...\n",
            [("deprecated", "should_ignore_error", 3)],
        ),
        ("x = app.should_ignore_error\n", [("deprecated", "should_ignore_error", 1)]),
        (
            "def f():\n    from flask import _request_ctx_stack\n",
            [("gone", "flask._request_ctx_stack", 2)],
        ),
        ("import flask\ndef f(): flask.Markup('')\n", [("gone", "flask.Markup", 2)]),
        ("import flask\nflask.json.JSONEncoder\n", [("gone", "flask.json.JSONEncoder", 2)]),
        ("@app.before_first_request\ndef f(): ...\n", [("gone", "before_first_request", 1)]),
        # And what only looks like it.
        ("import werkzeug\nwerkzeug.__version__\n", []),
        ("from .flask import Markup\n__version__ = '1'\n", []),
        ("from flask import Flask, request, json\njson.dumps(1)\nrequest.args\n", []),
        ("from flask.globals import app_ctx\nfrom flask.ctx import AppContext\n", []),
        ("this is no Python", []),
    ],
)
def test_names_that_flask_removes(tmp_path, monkeypatch, source, expected):
    load(tmp_path, monkeypatch, source)
    found = newer.look_at_names(make(), newer.own_modules(make()))
    lines = [
        (row.code, row.subject, int(row.place.rpartition(":")[2]))
        for row in found
        if row.place.startswith("an_app_module.py")
    ]
    assert lines == expected


def test_installed_modules_are_not_the_apps_own(tmp_path, monkeypatch):
    folder = tmp_path / "env" / "site-packages"
    folder.mkdir(parents=True)
    other = load(folder, monkeypatch, "import flask\nflask.__version__\n", "installed_module")
    monkeypatch.chdir(tmp_path)
    mine = load(tmp_path, monkeypatch, "")
    modules = newer.own_modules(make())
    assert mine in modules
    assert other not in modules
    assert not any(module.__name__.startswith("kolben") for module in modules)


def test_the_modules_of_an_app_that_is_installed_are_its_own(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "shop"
    package.mkdir(parents=True)
    mine = load(package, monkeypatch, "", "shop.views")
    other = load(tmp_path / "site-packages", monkeypatch, "", "other_installed")
    monkeypatch.chdir(tmp_path)
    installed = Flask("shop", root_path=str(package), static_folder=None)
    assert mine in newer.own_modules(installed)
    assert other not in newer.own_modules(installed)
    single = Flask("other", root_path=str(tmp_path / "site-packages"), static_folder=None)
    assert other not in newer.own_modules(single)


class OldSignature(Flask):
    def dispatch_request(self):
        return super().dispatch_request()

    def make_response(self, rv):
        return super().make_response(rv)


class NewSignature(Flask):
    def dispatch_request(self, ctx=None):
        return super().dispatch_request()

    def finalize_request(self, *args, **kwargs):
        return super().finalize_request(*args, **kwargs)


def test_overrides_that_do_not_take_the_context():
    found = row(make(OldSignature), "dispatch-signature")
    assert found.subject == "OldSignature.dispatch_request"
    assert codes(make(NewSignature), "flask_3_2") == []


def test_the_names_are_there_in_flask():
    import flask.app

    for module, name in newer.NAMES:
        if name != "__version__":
            assert hasattr(importlib.import_module(module), name)
    for name in newer.DISPATCHING:
        assert callable(getattr(flask.app.Flask, name))


# --- what is printed -----------------------------------------------------------------------------

REPORT = Report(
    "shop (.)",
    [
        Section(
            "rules",
            "Rules",
            [
                Row("fine", "a", "short", "all is well"),
                Row("note", "b", "x" * 40, "word " * 30, "Do this.", "app.py:3", 1.26),
                Row("warning", "c", "cheap", "text", microseconds=0.01),
            ],
        )
    ],
)


def test_the_table():
    import click

    lines = [click.unstyle(line) for line in Table(80, unicode=True).lines(REPORT)]
    assert lines[0] == "Kolben doctor  shop (.)"
    assert lines[2] == f"Rules {'─' * 74}"
    assert lines[3] == f"  ✓ short{' ' * 25}  all is well"
    assert lines[4] == f"  • {'x' * 40}"
    assert lines[-6].endswith("[+1.3 µs each time]") or lines[-6].endswith("each time]")
    assert lines[-5].strip() == "Do this."
    assert lines[-4].strip() == "app.py:3"
    assert lines[-3] == f"  ! cheap{' ' * 25}  text [no measurable cost]"
    assert lines[-1] == "1 warning, 1 note."
    assert max(map(len, lines)) <= 80


def test_a_narrow_terminal_without_unicode_and_no_warnings():
    import click

    good = Report("x", [Section("a", "A", [Row("fine", "a", "b", "c")])])
    lines = [click.unstyle(line) for line in Table(10, unicode=False).lines(good)]
    assert lines[3] == "  + b  c"
    assert lines[-1] == "Ready to switch: no warnings, 0 notes."
    assert lines[2] == f"A {'-' * 58}"


APP = """
from flask import Flask
app = Flask(__name__)
app.config.update({config!r})
"""


def call(folder, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("FLASK_")}
    known.pop("KOLBEN_AS_FLASK", None)
    return subprocess.run(
        [sys.executable, "-m", "kolben", *arguments],
        check=False,
        cwd=folder,
        env={**known, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(APP.format(config=SAFE), "utf-8")
    (tmp_path / "unsafe.py").write_text(APP.format(config={"SECRET_KEY": "x"}), "utf-8")
    (tmp_path / "broken.py").write_text("import flask\n\n1 / 0\n", "utf-8")
    (tmp_path / "empty.py").write_text("", "utf-8")
    (tmp_path / "leaving.py").write_text("raise SystemExit('no settings')", "utf-8")
    return tmp_path


def test_an_unmodified_app_in_the_folder(folder):
    done = call(folder, "doctor", "--strict")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Kolben doctor  app (.)")
    assert "\x1b" not in done.stdout
    assert "Ready to switch" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["doctor", "--app", "unsafe"], ["doctor", "-A", "unsafe:app"], ["--app", "unsafe", "doctor"]],
)
def test_warnings_count_when_one_is_strict(folder, arguments):
    assert call(folder, *arguments).returncode == 0
    assert call(folder, *arguments, "--strict").returncode == 1


def test_json(folder):
    done = call(folder, "doctor", "--app", "unsafe", "--json", "--strict")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["app"] == "unsafe (.)"
    assert report["warnings"] == 5
    found = [row["code"] for row in report["sections"]["settings"]]
    assert found == [
        *("secret-key-weak", "cookie-secure", "cookie-samesite", "trusted-hosts"),
        "max-content-length",
    ]
    assert report["sections"]["settings"][0]["level"] == "warning"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "ZeroDivisionError: division by zero"),
        ("nothing_here", "Could not import 'nothing_here'."),
        ("empty", "Failed to find Flask application or factory in module 'empty'."),
        ("leaving", "SystemExit: no settings"),
    ],
)
def test_an_app_that_does_not_import(folder, name, words):
    done = call(folder, "doctor", "--app", name)
    assert done.returncode == 2
    assert done.stderr.startswith("The app does not import.\n")
    assert words in done.stderr
    assert "kolben" not in done.stderr
    as_json = call(folder, "doctor", "--app", name, "--json")
    assert as_json.returncode == 2
    assert words in json.loads(as_json.stdout)["error"]


def test_colours_on_a_terminal(folder):
    pty = pytest.importorskip("pty")
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "kolben", "doctor"],
        cwd=folder,
        stdout=side,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": ""},
    )
    os.close(side)
    read = b""
    try:
        while chunk := os.read(main, 4096):
            read += chunk
    except OSError:
        # The other side is closed.
        pass
    os.close(main)
    assert process.wait(60) == 0
    assert b"\x1b[32m" in read
    assert "✓".encode() in read
