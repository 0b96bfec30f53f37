"""A headless Chromium, and servers for it."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import typing as t

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
#: How long the browser may take for anything, in seconds.
PATIENCE = 45


class Browser:
    """What people do with a browser.

    :param driver: Selenium's driver.
    :param images: Where screenshots go; ``None`` takes none.
    """

    def __init__(self, driver: t.Any, images: pathlib.Path | None) -> None:
        self.driver = driver
        self.images = images

    def wait(self, condition: t.Callable[[], t.Any]) -> t.Any:
        """Wait until something holds, and return it."""
        from selenium.common import WebDriverException
        from selenium.webdriver.support.ui import WebDriverWait

        # Between two pages the driver has many ways to say that something is not there.
        waiting = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[WebDriverException])
        return waiting.until(lambda driver: condition())

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, selector: str) -> t.Any:
        """Return an element by its CSS selector, when it is there and can be seen."""

        def seen() -> t.Any:
            element = self.driver.find_element("css selector", selector)
            return element if element.is_displayed() else None

        return self.wait(seen)

    def texts(self, selector: str) -> list[str]:
        return [found.text for found in self.driver.find_elements("css selector", selector)]

    def fill(self, **fields: str) -> None:
        """Type into fields, by their names."""
        for name, text in fields.items():
            field = self.find(f"[name={name}]")
            field.clear()
            field.send_keys(text)

    def follow(self, element: t.Any) -> None:
        """Click on what leads to another page, and wait for that page."""
        self.driver.execute_script("window.is_left = true")
        element.click()
        arrived = "return !window.is_left && document.readyState === 'complete'"
        self.wait(lambda: self.driver.execute_script(arrived))

    def press(self, label: str) -> None:
        """Click on the button or link of this name."""
        self.follow(self.driver.find_element("xpath", f'//*[self::a or self::button][.="{label}"]'))

    def message(self) -> str:
        """Return the message on the page."""
        return t.cast("str", self.find(".flash").text)

    def look(self, width: int = 900, height: int = 640, scheme: str = "light") -> None:
        """Choose the size of the window, and light or dark."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def photograph(self, name: str) -> None:
        """Take a screenshot, if any are wanted."""
        if self.images is not None:
            self.images.mkdir(parents=True, exist_ok=True)
            assert self.driver.save_screenshot(str(self.images / f"{name}.png"))


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[t.Any]:
    """The distribution's Chromium. Its driver is given, so that Selenium fetches none."""
    from selenium import webdriver

    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium is not None, "there is no chromium; `make test-browser` says how to get it"
    assert chromedriver is not None, "no chromedriver; `make test-browser` says how to get it"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # Chromium's sandbox does not run for root, as in most containers.
        options.add_argument("--no-sandbox")
    downloads = tmp_path_factory.mktemp("downloads")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    driver.downloads = downloads  # type: ignore[attr-defined]
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver: t.Any, pytestconfig: pytest.Config) -> t.Iterator[Browser]:
    """A browser that nobody has used yet."""
    browser = Browser(driver, IMAGES if pytestconfig.getoption("--screenshots") else None)
    browser.look()
    yield browser
    driver.get("about:blank")
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})


class Server:
    """A program that serves, with what it writes kept in a file.

    :param command: The program.
    :param log: The file.
    :param options: For :class:`subprocess.Popen`.
    """

    def __init__(self, command: list[str], log: pathlib.Path, **options: t.Any) -> None:
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, start_new_session=True, **options
            )

    def wait_for(self, pattern: str) -> str:
        """Wait until it writes something, and return the pattern's first group."""
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern, self.log.read_text())) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return found[1]

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@pytest.fixture
def serve(tmp_path: pathlib.Path) -> t.Iterator[t.Callable[..., Server]]:
    """Starts servers, with ``serve(arguments of Python, cwd=..., **variables)``, and stops them."""
    servers = []

    def start(*arguments: str, cwd: pathlib.Path, **variables: str) -> Server:
        environ = {**os.environ, "PYTHONUNBUFFERED": "1", **variables}
        command = [sys.executable, *arguments]
        server = Server(command, tmp_path / f"{len(servers)}.log", cwd=cwd, env=environ)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()
