"""`examples/service` with what is embedded, and with real servers."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
import time
import types

import pytest

from . import backends
from .programs import ROOT, Program, free_port

EXAMPLE = ROOT / "examples" / "service"
SETUPS = {
    "embedded": (),
    "PostgreSQL, Redis": ("postgres", "redis"),
    "PostgreSQL, Redis, RabbitMQ": ("postgres", "redis", "rabbitmq"),
}


def run(folder, environ: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=EXAMPLE,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=SETUPS)
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("service")
    with contextlib.ExitStack() as stack:
        urls, programs = {}, {}
        for name in SETUPS[request.param]:
            programs[name], urls[name] = getattr(backends, name)(folder)
            stack.enter_context(programs[name])
        environ = {
            "SERVICE_SECRET_KEY": secrets.token_hex(32),
            "SERVICE_INSTANCE": str(folder / "instance"),
            "DATABASE_URL": urls.get("postgres", ""),
            "REDIS_URL": f"{urls['redis']}/0" if "redis" in urls else "",
            "CELERY_BROKER_URL": urls.get("rabbitmq")
            or (f"{urls['redis']}/1" if "redis" in urls else ""),
        }
        path = f"{EXAMPLE}{os.pathsep}{ROOT}"
        shell = {**os.environ, **environ, "PYTHONPATH": path, "FLASK_SKIP_DOTENV": "1"}
        run(folder, shell, "kolben", "--app", "service:create_app()", "migrate")
        if environ["CELERY_BROKER_URL"]:
            command = [sys.executable, "-m", "celery", "--app", "service.worker", "worker"]
            command += ["--concurrency", "1", "--pool", "threads", "--without-mingle"]
            with (folder / "worker.log").open("wb") as log:
                worker = subprocess.Popen(command, cwd=EXAMPLE, env=shell, stdout=log, stderr=log)
            stack.callback(worker.wait)
            stack.callback(worker.terminate)
        port = free_port()
        command = [sys.executable, "-m", "kolben", "serve", "--app", "service:create_app()"]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", "2"]
        web = Program(command, port, folder, **{**environ, "PYTHONPATH": path})
        stack.enter_context(web)
        yield types.SimpleNamespace(
            web=web, port=port, programs=programs, setup=request.param, shell=shell, folder=folder
        )


class Browser:
    """Speaks JSON, and keeps its cookie and its token."""

    def __init__(self, service) -> None:
        self.port = service.port
        self.cookie = ""
        self.token = ""

    def ask(self, method: str, path: str, body=None) -> tuple[int, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        with contextlib.closing(connection), connection.getresponse() as answer:
            if "Set-Cookie" in answer.headers:
                self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            self.headers = answer.headers
            return answer.status, json.loads(answer.read())


@pytest.fixture
def browser(service):
    return Browser(service)


@pytest.fixture
def customer(browser):
    account = {"name": secrets.token_hex(8), "password": "correct horse"}
    assert browser.ask("POST", "/accounts", account)[0] == 201
    browser.token = browser.ask("POST", "/token", account)[1]["token"]
    return browser


def test_an_order_is_taken_and_done(customer, service):
    status, order = customer.ask("POST", "/orders", {"item": "tea", "quantity": 3})
    assert status == 202, service.web.log()
    end = time.monotonic() + 30
    while order["state"] != "done":
        assert time.monotonic() < end, service.web.log()
        time.sleep(0.1)
        order = customer.ask("GET", f"/orders/{order['id']}")[1]
    assert order == {"id": order["id"], "item": "tea", "quantity": 3, "state": "done"}
    assert customer.ask("GET", "/orders")[1] == [order]


def test_orders_need_a_token_and_are_ones_own(customer, service):
    other = Browser(service)
    assert other.ask("GET", "/orders")[0] == 401
    other.token = "no.real.token"
    assert other.ask("GET", "/orders")[0] == 422
    order = customer.ask("POST", "/orders", {"item": "tea", "quantity": 1})[1]
    account = {"name": secrets.token_hex(8), "password": "correct horse"}
    other.token = ""
    other.ask("POST", "/accounts", account)
    other.token = other.ask("POST", "/token", account)[1]["token"]
    assert other.ask("GET", f"/orders/{order['id']}")[0] == 404


def test_accounts(browser):
    account = {"name": secrets.token_hex(8), "password": "correct horse"}
    assert browser.ask("POST", "/accounts", account)[0] == 201
    assert browser.ask("POST", "/accounts", account)[0] == 409
    assert browser.ask("POST", "/token", {**account, "password": "wrong horse"})[0] == 401
    assert browser.ask("POST", "/accounts", {"name": "x", "password": "short"})[0] == 400
    assert browser.ask("POST", "/accounts", ["x"])[0] == 400


@pytest.mark.parametrize(
    "order", [{}, {"item": "tea"}, {"item": "tea", "quantity": "3"}, {"item": 3, "quantity": 3}]
)
def test_orders_that_are_none(customer, order):
    assert customer.ask("POST", "/orders", order)[0] == 400


def test_a_session_lives_on_the_server_and_in_all_workers(browser):
    counts = [browser.ask("POST", "/visits")[1]["visits"] for _ in range(20)]
    assert counts == list(range(1, 21))
    # The cookie has nothing but a key.
    assert len(browser.cookie) < 100


def test_ready_and_counted(browser, service):
    status, answer = browser.ask("GET", "/readyz")
    assert status == 200, (answer, service.web.log())
    expected = {"database"} | ({"redis"} if "Redis" in service.setup else set())
    assert set(answer["checks"]) == expected
    assert browser.headers["X-Content-Type-Options"] == "nosniff"


def test_migrations_go_down_and_up(service, tmp_path):
    environ = {**service.shell, "SERVICE_INSTANCE": str(tmp_path)}
    # Where the database is a real one, a file of SQLite beside it.
    environ["DATABASE_URL"] = ""
    for revision in ("head", "0001", "base", "head"):
        said = run(
            tmp_path, environ, "kolben", "--app", "service:create_app()", "migrate", revision
        )
        assert said == f"The database is at {revision}.\n"


def test_without_redis_it_is_not_ready_and_with_it_again(browser, service):
    redis = service.programs.get("redis")
    if redis is None:
        assert "redis" not in browser.ask("GET", "/readyz")[1]["checks"]
        return
    redis.end()
    try:
        wait_for(browser, 503)
        assert browser.ask("GET", "/readyz")[1]["checks"]["redis"] == "failed"
    finally:
        redis.start()
    wait_for(browser, 200)


def wait_for(browser, status: int) -> None:
    """Wait until no worker says otherwise; each keeps what its checks have found for a second."""
    end = time.monotonic() + 20
    since = None
    while since is None or time.monotonic() - since < 1.5:
        found, answer = browser.ask("GET", "/readyz")
        if found != status:
            since = None
        elif since is None:
            since = time.monotonic()
        assert time.monotonic() < end, answer
        time.sleep(0.1)
