"""The other servers, each started with its file of `deploy/`."""

from __future__ import annotations

import os
import pathlib
import sys

from .programs import DEPLOY, PACKAGES, ROOT, Program, changed, free_port, replica

APP = "tests.deploy.app:app"


def kolben_serve(folder: pathlib.Path, port: int) -> Program:
    return replica(folder, port, "--workers", "2")


def gunicorn(folder: pathlib.Path, port: int) -> Program:
    path = folder / "gunicorn.conf.py"
    text = changed(DEPLOY / "gunicorn" / "gunicorn.conf.py", address=f"127.0.0.1:{port}")
    path.write_text(text)
    return Program([sys.executable, "-m", "gunicorn", "-c", str(path), APP], port, folder)


def uwsgi(folder: pathlib.Path, port: int) -> Program:
    path = folder / "uwsgi.ini"
    path.write_text(
        changed(
            DEPLOY / "uwsgi" / "uwsgi.ini",
            # A Python of the distribution's; PYTHONPATH brings it the packages of this one.
            home="",
            address=f"127.0.0.1:{port}",
            folder=str(ROOT),
            module=APP,
        )
    )
    return Program(["uwsgi", "--ini", str(path)], port, folder, PYTHONPATH=python_path())


def python_path() -> str:
    return os.pathsep.join(map(str, (ROOT, ROOT / "python", PACKAGES)))


def waitress(folder: pathlib.Path, port: int) -> Program:
    command = [sys.executable, str(DEPLOY / "waitress" / "serve.py")]
    return Program(command, port, folder, APP=APP, LISTEN=f"127.0.0.1:{port}")


def mod_wsgi(folder: pathlib.Path, port: int) -> Program:
    script = (DEPLOY / "mod_wsgi" / "wsgi.py").read_text().replace("shop", "tests.deploy.app")
    (folder / "wsgi.py").write_text(script)
    site = changed(DEPLOY / "mod_wsgi" / "kolben.conf", venv="@venv@", folder=str(folder))
    site = site.replace("python-home=@venv@", "").replace(
        f"python-path={folder}", f"python-path={python_path()}"
    )
    path = folder / "apache.conf"
    # As root it serves as somebody else, and as nobody else otherwise.
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    path.write_text(
        f"""
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
Listen 127.0.0.1:{port}
ErrorLog {folder}/apache-errors.log
{user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
WSGISocketPrefix {folder}/wsgi
{site}
"""
    )
    for one in (folder, *folder.parents):
        if (
            one.stat().st_uid == os.geteuid()
            and one.is_relative_to("/tmp")
            and one != pathlib.Path("/tmp")
        ):
            one.chmod(one.stat().st_mode | 0o755)
    return Program(["apache2", "-D", "FOREGROUND", "-f", str(path)], port, folder)


SERVERS = {
    "kolben serve": kolben_serve,
    "Gunicorn": gunicorn,
    "uWSGI": uwsgi,
    "Waitress": waitress,
    "mod_wsgi": mod_wsgi,
}


def start(name: str, folder: pathlib.Path) -> Program:
    return SERVERS[name](folder, free_port())
