"""What an import of Kolben brings, and what it leaves for later."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.kolben_only

LATER = (
    "asyncio",
    "click",
    "http.server",
    "importlib.metadata",
    "jinja2",
    "kolben.cli",
    "kolben.dropin",
    "kolben.templating",
    "ssl",
    "werkzeug.debug",
    "werkzeug.serving",
    "werkzeug.test",
)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_import_leaves_for_later_what_a_request_does_without():
    code = f"""
import sys
import kolben
app = kolben.Flask("an_app")
app.add_url_rule("/", "index", lambda: {{"a": 1}})
environ = {{
    "REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "localhost", "wsgi.url_scheme": "http",
}}
assert b"".join(app(environ, lambda *args: None)) == b'{{"a":1}}\\n'
print([name for name in {LATER!r} if name in sys.modules])
"""
    assert run(code) == "[]"


@pytest.mark.parametrize(
    "code",
    [
        "import werkzeug; werkzeug.Client",
        "import werkzeug; werkzeug.serving.run_simple",
        "import werkzeug; werkzeug.exceptions.NotFound; werkzeug.routing.Map",
        "from werkzeug import Request, Response, run_simple",
        "from werkzeug import *; Client",
        "import werkzeug.test; werkzeug.test.Client",
        "import werkzeug, importlib; importlib.reload(werkzeug).Client",
        "import werkzeug; assert not hasattr(werkzeug, '__wrapped__')",
        "import werkzeug; assert not hasattr(werkzeug, 'nothing'); werkzeug.Client",
        "import werkzeug; assert werkzeug.__file__ and werkzeug.__path__ and werkzeug.__spec__",
        "import werkzeug, inspect; assert 'run_simple' in inspect.getsource(werkzeug)",
        "import threading, werkzeug; found = []\n"
        "threads = [threading.Thread(target=lambda: found.append(werkzeug.Client))"
        " for _ in range(8)]\n"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n"
        "assert len(set(found)) == 1 and len(found) == 8",
    ],
)
@pytest.mark.parametrize("first", ["import kolben", "import werkzeug, kolben"])
def test_werkzeug_is_as_ever(first, code):
    run(f"{first}\n{code}")


def test_a_package_that_is_not_there_is_left_alone():
    run(
        "import sys; from kolben.deferred import defer; defer('no_such_package')"
        "; defer('this'); assert not {'no_such_package', 'this'} & set(sys.modules)"
    )
