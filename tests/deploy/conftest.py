"""What these tests share: two replicas, and each proxy in front of them."""

from __future__ import annotations

import os
import pathlib

import pytest

from tests.serve.conftest import figures as figures
from tests.serve.conftest import mark
from tests.serve.server import certificate

from .programs import DEPLOY, Client, Program, changed, free_port, replica

HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items, HERE, "deploy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("deploy")


@pytest.fixture(scope="module")
def replicas(folder):
    ports = free_port(), free_port()
    started = [replica(folder, port, "--grace", "1.5") for port in ports]
    yield started
    for one in started:
        one.end()


def nginx(folder: pathlib.Path, one: int, two: int) -> Program:
    cert, key = certificate(folder)
    http, https = free_port(), free_port()
    site = changed(
        DEPLOY / "nginx" / "kolben.conf",
        http=f"listen 127.0.0.1:{http};",
        https=f"listen 127.0.0.1:{https} ssl http2;",
        one=f"127.0.0.1:{one}",
        two=f"127.0.0.1:{two}",
        cert=str(cert),
        key=str(key),
    )
    (folder / "site.conf").write_text(site)
    # Its workers would be another user, who may not write into this folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"""
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
    )
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    return Program(command, https, folder)


def haproxy(folder: pathlib.Path, one: int, two: int) -> Program:
    cert, key = certificate(folder)
    (folder / "both.pem").write_text(cert.read_text() + key.read_text())
    https = free_port()
    text = changed(
        DEPLOY / "haproxy" / "haproxy.cfg",
        bind_http=f"bind 127.0.0.1:{free_port()}\n",
        bind_https=f"bind 127.0.0.1:{https} ",
        both=str(folder / "both.pem"),
        one=f"127.0.0.1:{one}",
        two=f"127.0.0.1:{two}",
        log="",
    )
    (folder / "haproxy.cfg").write_text(text)
    return Program(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], https, folder)


@pytest.fixture(scope="module", params=[nginx, haproxy], ids=["nginx", "haproxy"])
def proxy(request, folder, replicas):
    with request.param(folder, *(one.port for one in replicas)) as program:
        yield program


@pytest.fixture
def client(proxy, folder):
    return Client(proxy.port, folder / "cert.pem")
