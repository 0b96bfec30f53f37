"""The settings of ``kolben serve``, and where each of them comes from.

A flag wins over a ``KOLBEN_SERVE_*`` variable, which wins over the table ``[tool.kolben.serve]`` of
``pyproject.toml``, which wins over the default.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import os
import sys
import typing as t

from .values import Choice, Duration, Flag, Kind, Mode, Number, Pairs, Path, Paths, Size, Text

__all__ = ["OPTIONS", "Mistake", "Option", "Setting", "Settings", "find_pyproject", "gather"]

PREFIX = "KOLBEN_SERVE_"


class Mistake(Exception):  # noqa: N818 - it is the user's, not ours
    """What the user should change, in one line."""


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every platform
        return os.cpu_count() or 1


@dataclasses.dataclass(frozen=True)
class Option:
    """One setting.

    :param name: Its name, with underscores.
    :param kind: What values it has.
    :param default: Its value where nobody says anything; a function is called for it.
    :param help: What it is for.
    :param secret: Whether its value is not to be shown.
    :param also: Another variable, for who has not set this one.
    """

    name: str
    kind: Kind
    default: t.Any
    help: str
    secret: bool = False
    also: str = ""

    @property
    def flag(self) -> str:
        """The option of the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()


OPTIONS: tuple[Option, ...] = (
    Option("app", Text(), "", "The app or factory, as for 'kolben --app'.", also="FLASK_APP"),
    Option("bind", Text(), "127.0.0.1:8000", "The address: HOST:PORT, [HOST]:PORT or :PORT."),
    Option("unix", Path(), "", "Serve on a Unix socket at this path instead."),
    Option("unix_mode", Mode(), "660", "The permissions of that socket, in octal."),
    Option("workers", Number(1, 512), usable_cpus, "Worker processes: one for each usable CPU."),
    Option("threads", Number(1, 1024), 8, "Threads of each worker that run the app."),
    Option(
        "connections",
        Number(1, 1 << 20),
        1024,
        "Connections of each worker that are open at a time.",
    ),
    Option(
        "backlog", Number(128, 1 << 20), 1024, "Connections that wait until a worker takes them."
    ),
    Option("http", Choice("1", "2", "auto"), "1", "The version of HTTP; 'auto' takes both."),
    Option("tls_cert", Path("file"), "", "The certificate, in PEM; it switches TLS on."),
    Option("tls_key", Path("file"), "", "The key of the certificate, in PEM."),
    Option("tls_key_password", Text(), "", "The password of the key.", secret=True),
    Option("tls_min", Choice("1.2", "1.3"), "1.2", "The least version of TLS."),
    Option("tls_ca", Path("file"), "", "The authority that signs clients' certificates."),
    Option("tls_crl", Paths("file"), (), "Lists of clients' certificates that are revoked."),
    Option("tls_client_verify", Flag(), False, "Refuse clients without a certificate."),
    Option(
        "max_header_size",
        Size(8192, none=False, most=1 << 30),
        65536,
        "The largest head of a request: 431.",
    ),
    Option("max_body_size", Size(), 0, "The largest body of a request: 413. 0 is no limit."),
    Option("header_timeout", Duration(0.1, 60), 15.0, "The time for a head; also idle time."),
    Option("keep_alive", Flag(), True, "Keep connections open for more requests."),
    Option("grace", Duration(), 0.0, "At the end, serve on for so long with /readyz at 503."),
    Option("drain_timeout", Duration(0.1), 20.0, "The time for requests in hand at the end."),
    Option("respawn", Flag(), True, "Replace a worker that died."),
    Option("respawn_interval", Duration(0.01), 1.0, "The least time between two of its starts."),
    Option("worker_lifetime", Duration(1, never=True), 0.0, "Replace workers of this age."),
    Option("worker_max_rss", Size(1 << 20), 0, "Replace workers that take more memory."),
    Option("rss_interval", Duration(0.1), 10.0, "How often the memory is looked at."),
    Option("static", Pairs(), (), "Files that the server itself serves under a URL."),
    Option("static_expires", Duration(), 86400.0, "How long clients may keep those."),
    Option("reload", Flag(), False, "Replace the workers when a file changes (development)."),
    Option("reload_dir", Paths("folder"), (), "The folders to watch, not the current one."),
    Option(
        "log_level",
        Choice("debug", "info", "warning", "error", "critical"),
        "info",
        "The least level of the server's own lines.",
    ),
    Option("log_format", Choice("text", "json"), "text", "How log lines are written."),
    Option("log_config", Path("file"), "", "A dict config of 'logging', in JSON or TOML."),
    Option("access_log", Flag(), False, "One line for each request."),
    Option("pid_file", Path(), "", "A file to keep the process id in."),
    Option("allow_debug", Flag(), False, "Serve although debug mode is on."),
)
BY_NAME = {option.name: option for option in OPTIONS}


@dataclasses.dataclass(frozen=True)
class Setting:
    """A value, and where it comes from."""

    option: Option
    value: t.Any
    source: str

    def __str__(self) -> str:
        if self.option.secret and self.value:
            return "(set, not shown)"
        return self.option.kind.show(self.value)


class Settings:
    """All settings; each is an attribute.

    :param settings: By name.
    """

    def __init__(self, settings: dict[str, Setting]) -> None:
        self.settings = settings

    def __getattr__(self, name: str) -> t.Any:
        try:
            return self.settings[name].value
        except KeyError:
            raise AttributeError(name) from None

    def values(self) -> dict[str, t.Any]:
        """Return the values alone, which JSON can carry."""
        return {name: setting.value for name, setting in self.settings.items()}

    def given(self, name: str) -> bool:
        """Say whether anybody has given a setting.

        :param name: Its name.
        """
        return self.settings[name].source != "default"

    def table(self) -> str:
        """Return what is in force and where it comes from, one line each."""
        rows = [(name, str(setting), setting.source) for name, setting in self.settings.items()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = (f"{n:<{widths[0]}}  {v or '-':<{widths[1]}}  {s}" for n, v, s in rows)
        return "\n".join(map(str.rstrip, lines))


def gather(flags: t.Mapping[str, t.Any], environ: t.Mapping[str, str], folder: str) -> Settings:
    """Read all settings.

    :param flags: What the command line says, without what it leaves out.
    :param environ: The environment.
    :param folder: The current folder.
    """
    table, pyproject = _table(folder)
    _refuse_unknown(table, {name.replace("_", "-"): name for name in BY_NAME}, pyproject)
    variables = {
        name: value for name, value in environ.items() if name.startswith(PREFIX) and value
    }
    _refuse_unknown(variables, {option.variable: option.name for option in OPTIONS}, "environment")
    found: dict[str, Setting] = {}
    for option in OPTIONS:
        found[option.name] = _one(option, flags, environ, variables, table, folder, pyproject)
    settings = Settings(found)
    _check(settings)
    return settings


def _one(
    option: Option,
    flags: t.Mapping[str, t.Any],
    environ: t.Mapping[str, str],
    variables: t.Mapping[str, str],
    table: t.Mapping[str, t.Any],
    folder: str,
    pyproject: str,
) -> Setting:
    dashed = option.name.replace("_", "-")
    written = option.name if option.name in table else dashed
    if option.name in flags:
        flag = f"--no-{dashed}" if flags[option.name] is False else option.flag
        given, source, base = flags[option.name], f"flag {flag}", folder
    elif option.variable in variables:
        given, source, base = variables[option.variable], f"environment {option.variable}", folder
    elif option.also and environ.get(option.also):
        given, source, base = environ[option.also], f"environment {option.also}", folder
    elif written in table:
        given, source, base = table[written], f"{pyproject} [tool.kolben.serve]", ""
        base = os.path.dirname(pyproject)
    else:
        default = option.default() if callable(option.default) else option.default
        return Setting(option, default, "default")
    if given == "" and option.default in ("", (), 0, False):
        return Setting(option, option.default, source)
    try:
        return Setting(option, option.kind.read(given, base), source)
    except ValueError as error:
        # Where an option may be given more than once, click has a tuple of one, too.
        one = given[0] if isinstance(given, tuple) and len(given) == 1 else given
        shown = "(not shown)" if option.secret else repr(one)
        raise Mistake(f"{written} is {shown}, which {error} ({source}).") from None


def _refuse_unknown(given: t.Iterable[str], known: t.Mapping[str, str], where: str) -> None:
    names = {*known, *(known.values() if where != "environment" else ())}
    for name in given:
        if name in names:
            continue
        near = difflib.get_close_matches(name, sorted(known), 1, 0.5)
        hint = f" Did you mean {near[0]!r}?" if near else " 'kolben serve --help' lists them."
        raise Mistake(f"There is no setting {name!r} ({where}).{hint}")


def find_pyproject(folder: str) -> str | None:
    """Return the nearest ``pyproject.toml``, in a folder or above it.

    :param folder: The folder.
    """
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _table(folder: str) -> tuple[dict[str, t.Any], str]:
    path = find_pyproject(folder)
    if path is None:
        return {}, "pyproject.toml"
    try:
        table = read_toml(path)
    except (OSError, ValueError) as error:
        raise Mistake(f"{path} cannot be read: {error}.") from None
    names = ("tool", "kolben", "serve")
    for depth, name in enumerate(names, 1):
        table = table.get(name, {})
        if not isinstance(table, dict):
            raise Mistake(f"{'.'.join(names[:depth])} is no table ({path}).")
    return table, path


def read_toml(path: str) -> dict[str, t.Any]:
    """Read a file of TOML.

    :param path: The file.
    """
    # Python 3.10 has none; `kolben[serve]` brings it there.
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    toml = importlib.import_module(name)
    with open(path, "rb") as file:
        return t.cast("dict[str, t.Any]", toml.load(file))


def _check(settings: Settings) -> None:
    """Refuse what cannot be meant together."""
    if settings.unix and settings.given("bind"):
        raise Mistake("Give either --bind or --unix, not both.")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise Mistake("TLS needs both --tls-cert and --tls-key.")
    if settings.tls_client_verify and not settings.tls_ca:
        raise Mistake("--tls-client-verify needs --tls-ca.")
