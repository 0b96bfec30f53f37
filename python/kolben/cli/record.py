"""``kolben run --record``: live traffic in a HAR file, to compare with later."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import os
import threading
import time
import typing as t
from datetime import datetime, timezone
from urllib.parse import parse_qsl, urlsplit

import click
from werkzeug.datastructures import EnvironHeaders
from werkzeug.serving import is_running_from_reloader
from werkzeug.wsgi import get_current_url

from . import ScriptInfo
from . import run_command as flask_run_command

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ..app import Flask

__all__ = ["HarFile", "Recorder", "run_command"]

#: What lets somebody in, and is left out unless it is asked for.
_SECRET = frozenset(
    (
        *("authorization", "cookie", "proxy-authorization", "set-cookie"),
        *("x-api-key", "x-auth-token", "x-csrf-token", "x-csrftoken"),
    )
)
#: How much of a body is kept.
_LONGEST_BODY = 4 * 1024 * 1024
_END = b"\n]}}\n"


@click.command("run", short_help="Run a development server.", help=flask_run_command.help)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, writable=True, resolve_path=True),
    help=(
        "Write the traffic into this HAR file, for 'kolben compare'. Bodies are written as they"
        " are; cookies and authorization are left out."
    ),
)
@click.option("--record-secrets", is_flag=True, help="Write cookies and authorization, too.")
@click.pass_context
def run_command(
    ctx: click.Context, /, record: str | None, record_secrets: bool, **options: t.Any
) -> None:
    if record is not None:
        _record(ctx.ensure_object(ScriptInfo), record, record_secrets)
    elif record_secrets:
        raise click.UsageError("'--record-secrets' needs '--record FILE'.")
    ctx.invoke(flask_run_command, **options)


run_command.params.extend(flask_run_command.params)


def _record(info: ScriptInfo, path: str, secrets: bool) -> None:
    """Have the app recorded when it is loaded."""
    try:
        # The process that serves is started anew at each reload, and goes on.
        file = HarFile(path, go_on=is_running_from_reloader())
    except OSError as error:
        raise click.UsageError(f"'--record': {path}: {error.strerror}.") from None
    load_app = info.load_app

    def load_and_record() -> Flask:
        app = load_app()
        wrapped = t.cast("t.Any", app)
        if not isinstance(wrapped.wsgi_app, Recorder):
            wrapped.wsgi_app = Recorder(wrapped.wsgi_app, file, secrets)
        return app

    t.cast("t.Any", info).load_app = load_and_record


class HarFile:
    """A HAR file that is valid after each entry, whatever ends the process.

    :param path: The file, which only its owner may read.
    :param go_on: Whether entries that are in it stay.
    """

    def __init__(self, path: str, go_on: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        if not (go_on and self._is_ours()):
            self._begin()

    def _is_ours(self) -> bool:
        try:
            with open(self.path, "rb") as file:
                file.seek(-len(_END), os.SEEK_END)
                return file.read() == _END
        except OSError:
            return False

    def _begin(self) -> None:
        version = importlib.metadata.version("kolben")
        creator = json.dumps({"name": "kolben", "version": version})
        head = f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": ['
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(head.encode() + _END)

    def add(self, entry: dict[str, t.Any]) -> None:
        """Add an entry, in one write: in front of the end, which moves."""
        text = json.dumps(entry).encode()
        with self._lock, open(self.path, "r+b", buffering=0) as file:
            end = file.seek(-len(_END), os.SEEK_END)
            file.seek(end - 1)
            comma = b"" if file.read(1) == b"[" else b","
            data = comma + b"\n" + text + _END
            try:
                if file.write(data) != len(data):
                    raise OSError("the disk is full")
            except OSError:
                file.truncate(end)
                file.seek(end)
                file.write(_END)
                raise


class _Kept:
    """The beginning of a body, and how long all of it is."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.size = 0

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.data += chunk[: _LONGEST_BODY - len(self.data)]

    @property
    def comment(self) -> dict[str, str]:
        if self.size <= len(self.data):
            return {}
        return {"comment": f"the first {len(self.data)} of {self.size} bytes"}

    def text(self, encoding: str) -> dict[str, str]:
        """Return the body for JSON; bytes that are no text in Base64."""
        try:
            return {"text": self.data.decode("utf-8")}
        except UnicodeDecodeError:
            return {"text": base64.b64encode(self.data).decode("ascii"), encoding: "base64"}


class _Input:
    """Notes what the app reads of a request's body."""

    def __init__(self, stream: t.Any, kept: _Kept) -> None:
        self._stream = stream
        self._kept = kept

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._stream, name)

    def read(self, *size: int) -> bytes:
        return self._note(self._stream.read(*size))

    def readline(self, *size: int) -> bytes:
        return self._note(self._stream.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        return [self._note(line) for line in self._stream.readlines(*hint)]

    def readinto(self, buffer: t.Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(self._note(data))

    def __iter__(self) -> t.Iterator[bytes]:
        return map(self._note, self._stream)

    def _note(self, data: bytes) -> bytes:
        self._kept.add(data)
        return data


class Recorder:
    """A WSGI application around another one, which writes down what goes in and out.

    :param app: The application.
    :param file: Where to.
    :param secrets: Whether cookies and authorization are written, too.
    """

    def __init__(self, app: WSGIApplication, file: HarFile, secrets: bool = False) -> None:
        self.app = app
        self.file = file
        self.secrets = secrets

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> t.Any:
        """Answer as the application does."""
        exchange = _Exchange(environ, self.secrets)

        def start(status: str, headers: list[tuple[str, str]], *error: t.Any) -> t.Any:
            exchange.status, exchange.headers = status, list(headers)
            write = start_response(status, headers, *error)

            def write_and_note(data: bytes) -> t.Any:
                exchange.sent.add(data)
                return write(data)

            return write_and_note

        try:
            body = self.app(environ, start)
        except BaseException as error:
            exchange.status = f"500 {type(error).__name__}"
            self._write(exchange)
            raise
        return _Body(body, exchange, self._write)

    def _write(self, exchange: _Exchange) -> None:
        try:
            self.file.add(exchange.entry())
        except OSError as error:
            # The app goes on.
            click.secho(f"--record: {self.file.path}: {error}", err=True, fg="red")


class _Body:
    """A response's body, which says when it is over: sent, broken off, or failed.

    It has no length, so that the server takes it as the stream that it may be.
    """

    def __init__(
        self, body: t.Any, exchange: _Exchange, done: t.Callable[[_Exchange], None]
    ) -> None:
        self._body = body
        self._exchange = exchange
        self._done = done

    def __iter__(self) -> t.Iterator[bytes]:
        for chunk in self._body:
            self._exchange.sent.add(chunk)
            yield chunk

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._done(self._exchange)


class _Exchange:
    """A request and its answer, as far as it has come."""

    def __init__(self, environ: WSGIEnvironment, secrets: bool) -> None:
        self.secrets = secrets
        self.began = datetime.now(timezone.utc)
        self.start = time.perf_counter()
        self.read, self.sent = _Kept(), _Kept()
        self.status = "0 not answered"
        self.headers: list[tuple[str, str]] = []
        # Later, the app may have changed the environ.
        self.method = str(environ["REQUEST_METHOD"])
        self.url = get_current_url(environ)
        self.version = str(environ.get("SERVER_PROTOCOL", "HTTP/1.1"))
        self.asked = list(EnvironHeaders(environ))
        self.length = str(environ.get("CONTENT_LENGTH") or "")
        if "wsgi.input" in environ:
            environ["wsgi.input"] = _Input(environ["wsgi.input"], self.read)

    def entry(self) -> dict[str, t.Any]:
        """Return it as the format has it."""
        milliseconds = (time.perf_counter() - self.start) * 1000
        return {
            "startedDateTime": self.began.isoformat(timespec="milliseconds"),
            "time": milliseconds,
            "request": self._request(),
            "response": self._response(),
            "cache": {},
            "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        }

    def _message(self, headers: list[tuple[str, str]]) -> dict[str, t.Any]:
        kept = [
            {"name": name, "value": value}
            for name, value in headers
            if self.secrets or name.lower() not in _SECRET
        ]
        return {
            "httpVersion": self.version,
            # They stand among the headers, if at all.
            "cookies": [],
            "headers": kept,
            "headersSize": -1,
        }

    def _request(self) -> dict[str, t.Any]:
        query = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        made: dict[str, t.Any] = {
            "method": self.method,
            "url": self.url,
            "queryString": [{"name": name, "value": value} for name, value in query],
            **self._message(self.asked),
            "bodySize": self.read.size,
        }
        if self.read.size:
            mimetype = next((v for name, v in self.asked if name.lower() == "content-type"), "")
            comment = self.read.comment
            if self.length.isdigit() and int(self.length) > self.read.size:
                comment = {"comment": f"the app has read {self.read.size} of {self.length} bytes"}
            made["postData"] = {
                "mimeType": mimetype,
                "params": [],
                **self.read.text("_encoding"),
                **comment,
            }
        return made

    def _response(self) -> dict[str, t.Any]:
        code, _, reason = self.status.partition(" ")
        found = {name.lower(): value for name, value in self.headers}
        return {
            "status": int(code),
            "statusText": reason,
            **self._message(self.headers),
            "content": {
                "size": self.sent.size,
                "mimeType": found.get("content-type", ""),
                **self.sent.text("encoding"),
                **self.sent.comment,
            },
            "redirectURL": found.get("location", ""),
            "bodySize": self.sent.size,
        }
