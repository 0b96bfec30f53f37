"""Which core a process runs on, and that it says so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import kolben


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    variables = {name: value for name, value in os.environ.items() if name != "KOLBEN_PURE"}
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        env={**variables, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


MATCH = (
    "from kolben.routing import Map, Rule;"
    " print(Map([Rule('/<int:n>', endpoint=1)]).bind('h').match('/7'))"
)


def test_the_mode_of_this_process_is_the_one_asked_for():
    wanted = os.environ.get("KOLBEN_PURE", "0") in ("", "0")
    assert kolben.core_status().compiled is wanted


def test_compiled_is_the_default():
    done = run("import kolben; print(kolben.core_status())")
    assert done.stdout.startswith("compiled: kolben._core ")
    assert done.stderr == ""


def test_the_pure_mode_is_silent_where_it_was_asked_for():
    done = run(f"import kolben; print(kolben.core_status()); {MATCH}", KOLBEN_PURE="1")
    assert done.stdout.splitlines() == ["pure: KOLBEN_PURE=1 is set", "(1, {'n': 7})"]
    assert done.stderr == ""


def test_a_zero_does_not_ask_for_the_pure_mode():
    assert run("import kolben; print(kolben.core_status())", KOLBEN_PURE="0").stdout.startswith(
        "comp"
    )


def test_a_core_that_cannot_load_warns_once_and_works():
    code = (
        "import sys; sys.modules['kolben._core'] = None\n"
        f"import kolben; print(kolben.core_status()); {MATCH}"
    )
    done = run(code)
    assert done.stdout.splitlines()[0].startswith("pure: kolben._core does not load: ")
    assert done.stdout.splitlines()[1] == "(1, {'n': 7})"
    assert done.stderr.count("CoreUnavailableWarning") == 1
    assert "<string>:2" in done.stderr, "the warning shows who imported Kolben"
    assert "KOLBEN_PURE=1" in done.stderr


@pytest.mark.skipif(sys.version_info[:2] > (3, 12), reason="the private module was renamed in 3.13")
def test_a_sub_interpreter_carries_on():
    code = (
        "import _xxsubinterpreters as interpreters\n"
        "import kolben\n"
        "name = interpreters.create()\n"
        "interpreters.run_string(name, '''\n"
        "import warnings\n"
        "warnings.simplefilter('ignore')\n"
        "import kolben\n"
        f"print(kolben.core_status().compiled); {MATCH}\n"
        "''')\n"
        "print(kolben.core_status().compiled)"
    )
    assert run(code).stdout.splitlines() == ["False", "(1, {'n': 7})", "True"]


def test_the_version_is_stated_once():
    from importlib.metadata import version

    assert kolben.__version__ == version("kolben")
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = kolben.nonsense
