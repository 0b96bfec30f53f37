"""The interactive debugger: what a developer sees, and what nobody else may do."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from .conftest import Browser, Server

pytestmark = pytest.mark.browser

APP = """
from kolben import Flask

app = Flask(__name__)


@app.get("/<int:number>")
def divide(number):
    secret = "only for developers"
    return f"the half of a hundred is {100 / number:.0f}"
"""

PIN = r"Debugger pin code: (\S+)"


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "app.py"
    path.write_text(APP)
    return path


@pytest.fixture
def start(serve: t.Callable[..., Server], file: pathlib.Path) -> t.Callable[..., Server]:
    """Starts ``kolben run``, on any free port."""
    return lambda *options: serve(
        *("-m", "kolben", *options, "run", "--port", "0", "--no-reload"), cwd=file.parent
    )


def address(server: Server) -> str:
    return server.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")


def test_a_traceback_shows_the_way_to_the_fault(
    browser: Browser, start: t.Callable[..., Server]
) -> None:
    browser.open(f"{address(start('--debug'))}/0")
    assert browser.find("h1").text == "ZeroDivisionError"
    # The view is what comes last, and no frame of the core stands between it and the app.
    frames = browser.texts(".traceback .frame h4")
    assert "in divide" in frames[-1]
    assert any("in full_dispatch_request" in frame for frame in frames)
    assert "100 / number" in browser.texts(".traceback .frame .current")[-1]


def test_the_console_is_for_those_who_know_the_pin(
    browser: Browser, start: t.Callable[..., Server]
) -> None:
    server = start("--debug")
    url = f"{address(server)}/0"
    browser.open(url)
    open_console(browser)
    give_pin(browser, "000-000-000")
    alert = browser.wait(lambda: browser.driver.switch_to.alert)
    assert alert.text == "Error: incorrect pin"
    alert.accept()
    assert browser.find(".pin-prompt").is_displayed()
    assert evaluate(browser, "secret") is None

    browser.open(url)
    open_console(browser)
    give_pin(browser, server.wait_for(PIN))
    prompt = browser.driver.find_element("css selector", ".pin-prompt")
    browser.wait(lambda: not prompt.is_displayed())
    assert evaluate(browser, "secret") == "'only for developers'"
    assert evaluate(browser, "number + 41") == "41"


def open_console(browser: Browser) -> None:
    """Click on the icon of the last frame, which shows when the mouse is there."""
    browser.driver.execute_script(
        "const icon = [...document.querySelectorAll('.frame .current img')].pop();"
        "icon.click(); icon.scrollIntoView({block: 'center'});"
    )


def give_pin(browser: Browser, pin: str) -> None:
    field = browser.find(".pin-prompt [name=pin]")
    field.clear()
    field.send_keys(pin)
    browser.find(".pin-prompt [name=btn]").click()


def evaluate(browser: Browser, expression: str) -> str | None:
    """Type into the console, and return what it answers: nothing to those who may not ask."""
    before = len(browser.texts(".console .output > div"))
    # By script, for the prompt covers the console.
    browser.driver.execute_script(
        "const form = document.querySelector('.console form');"
        "form.querySelector('input').value = arguments[0]; form.requestSubmit();",
        expression,
    )
    browser.wait(lambda: len(browser.texts(".console .output > div")) > before)
    lines = browser.texts(".console .output > div")[-1].splitlines()
    return lines[1] if lines[0] == f">>> {expression}" else None


def test_without_debug_mode_there_is_no_debugger(
    browser: Browser, start: t.Callable[..., Server]
) -> None:
    url = address(start())
    for path in ("/0", "/0?__debugger__=yes&cmd=resource&f=debugger.js", "/console"):
        browser.open(url + path)
        assert browser.texts("h1")[0] in ("Internal Server Error", "Not Found")
        assert "developers" not in browser.driver.page_source
