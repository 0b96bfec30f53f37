"""The servers, and how each is started."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".cache" / "servers" / "env"
BIN = ENVIRONMENT / "bin"
SITE = pathlib.Path(__file__).with_name("site")


class UnavailableError(Exception):
    """A server is not here; the text says why."""


class Kind(t.NamedTuple):
    """A server in one way of running it."""

    name: str
    #: Its command; PORT and FOLDER stand for a free port and an empty folder.
    command: tuple[str, ...]
    #: Whether a connection is good for several requests.
    keeps_alive: bool = True
    #: Whether several requests are worked on at the same time.
    concurrent: bool = True
    #: Whether apps are in sub-interpreters, where the core does not load.
    pure: bool = False
    #: Makes the command, if it is not always the same.
    prepare: t.Callable[[pathlib.Path, int, Kind], list[str]] | None = None

    def arguments(self, folder: pathlib.Path, port: int) -> list[str]:
        """Return the command line."""
        if self.prepare is not None:
            return self.prepare(folder, port, self)
        program = BIN / self.command[0]
        if not program.exists():
            raise UnavailableError(f"{self.command[0]} could not be installed")
        return [str(program), *(part.replace("PORT", str(port)) for part in self.command[1:])]


# --- Apache --------------------------------------------------------------------------------------

_CONFIGURATION = """
ServerName localhost
Listen 127.0.0.1:{port}
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/pid"
ErrorLog "{folder}/error.log"
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{module}
WSGIPythonHome "{home}"
WSGISocketPrefix "{folder}/wsgi"
WSGIDaemonProcess app processes=1 threads=8 python-path="{site}"
WSGIProcessGroup app
WSGIApplicationGroup {group}
WSGICallableObject app
WSGIScriptAlias / "{site}/app.py"
<Directory "{site}">
  Require all granted
</Directory>
"""


def _apache(folder: pathlib.Path, port: int, kind: Kind) -> list[str]:
    """Write a configuration, and return how Apache is started with it."""
    server = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin")
    modules = pathlib.Path("/usr/lib/apache2/modules")
    if server is None or not modules.is_dir():
        raise UnavailableError("the distribution's package apache2 is not installed")
    express = BIN / "mod_wsgi-express"
    if not express.exists():
        raise UnavailableError("mod_wsgi could not be built; it needs the package apache2-dev")
    said = subprocess.run([express, "module-config"], capture_output=True, text=True, check=True)
    text = _CONFIGURATION.format(
        port=port,
        folder=folder,
        modules=modules,
        module=next(line for line in said.stdout.splitlines() if line.startswith("LoadModule")),
        home=ENVIRONMENT,
        site=SITE,
        group="apart" if kind.pure else "%{GLOBAL}",
    )
    (folder / "httpd.conf").write_text(text, "utf-8")
    start = [server, "-f", str(folder / "httpd.conf"), "-DFOREGROUND"]
    if os.geteuid() != 0:
        return start
    # It would not answer as root.
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "www-data", "www-data")
    become = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"]
    reach = subprocess.run([*become, BIN / "python", "-c", ""], capture_output=True, check=False)
    if reach.returncode:
        raise UnavailableError("Apache runs as www-data here, which cannot read this Python")
    return [*become, *start]


# --- all of them ---------------------------------------------------------------------------------

_GUNICORN = ("gunicorn", "-b", "127.0.0.1:PORT", "app:app")
_UWSGI = (
    *("uwsgi", "--http-socket", "127.0.0.1:PORT", "--module", "app:app", "--master"),
    *("--threads", "8", "--enable-threads", "--die-on-term", "--home", str(ENVIRONMENT)),
    *("--need-app", "--pythonpath", str(SITE), "--single-interpreter"),
)
_APART = tuple(part for part in _UWSGI if part != "--single-interpreter")

KINDS = (
    Kind("werkzeug", ("python", "-m", "flask", "run", "-p", "PORT"), keeps_alive=False),
    Kind("gunicorn-sync", _GUNICORN, keeps_alive=False, concurrent=False),
    Kind("gunicorn-gthread", (*_GUNICORN, "-k", "gthread", "--threads", "8")),
    Kind("gunicorn-gevent", (*_GUNICORN, "-k", "gevent")),
    Kind("gunicorn-sync-preload", (*_GUNICORN, "--preload"), keeps_alive=False, concurrent=False),
    Kind("gunicorn-gthread-preload", (*_GUNICORN, "-k", "gthread", "--threads", "8", "--preload")),
    Kind("gunicorn-gevent-preload", (*_GUNICORN, "-k", "gevent", "--preload")),
    Kind("uwsgi", _UWSGI, keeps_alive=False),
    Kind("uwsgi-interpreters", _APART, keeps_alive=False),
    Kind("waitress", ("waitress-serve", "--listen=127.0.0.1:PORT", "--threads=8", "app:app")),
    Kind(
        "granian",
        ("granian", "--interface", "wsgi", "--port", "PORT", "--blocking-threads", "8", "app:app"),
    ),
    Kind("mod_wsgi", (), prepare=_apache),
    Kind("mod_wsgi-interpreters", (), prepare=_apache, pure=True),
)
