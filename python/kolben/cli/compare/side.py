"""One side of a comparison, in a process of its own: sends requests to the app, notes the answers.

It runs as a script, on the real Flask as well as on Kolben, and there it imports no other module
of Kolben: what it shares with another script, it runs by its path.

usage: python side.py JOB ANSWERS
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The folder of this script is no place to import from.
    del sys.path[0]

import base64
import io
import json
import pathlib
import runpy
import time
import traceback
import typing as t

_either = runpy.run_path(str(pathlib.Path(__file__).parents[1] / "either.py"))
#: More than this of a body is not compared; streams may have no end.
_LONGEST_BODY = 16 * 1024 * 1024


def main(job_path: str, answers_path: str) -> None:
    """Send what the job says."""
    with open(job_path, encoding="utf-8") as file:
        job = json.load(file)
    try:
        app = _either["load_app"](job["app"])
    except (Exception, SystemExit) as error:
        show = getattr(error, "format_message", traceback.format_exc)
        result: dict[str, t.Any] = {"error": show()}
    else:
        result = {"answers": _answers(app, job), "version": _either["version"]()}
    with open(answers_path, "w", encoding="utf-8") as file:
        json.dump(result, file)


def _answers(app: t.Any, job: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    from werkzeug.test import Client  # noqa: PLC0415 - the app decides when it is imported

    timed = _Timed(app)
    client = Client(timed, use_cookies=job["jar"])
    read_session = _session_reader(app)
    answers = []
    for request in job["requests"]:
        answer = _send(client, request)
        answer["seconds"] = timed.seconds
        answer["at"] = time.time()
        answer["sessions"] = {
            line: content
            for name, line in answer["headers"]
            if name.lower() == "set-cookie"
            and (content := read_session(line.partition(";")[0])) is not None
        }
        answers.append(answer)
    return answers


def _send(client: t.Any, request: dict[str, t.Any]) -> dict[str, t.Any]:
    body = base64.b64decode(request["body"])
    try:
        with client.open(
            request["path"],
            base_url=request["base_url"],
            method=request["method"],
            headers=[tuple(header) for header in request["headers"]],
            input_stream=io.BytesIO(body),
            content_length=len(body) if body else None,
        ) as response:
            data = bytearray()
            for chunk in response.response:
                data += chunk
                if len(data) >= _LONGEST_BODY:
                    break
            return {
                "status": response.status,
                "headers": list(response.headers),
                "body": base64.b64encode(data).decode("ascii"),
            }
    except Exception as error:
        # In its debug mode the app leaves errors to the server.
        text = f"{type(error).__name__}: {error}"
        return {"status": f"raises {text}", "headers": [], "body": ""}


class _Timed:
    """Notes how long an app works on each request."""

    def __init__(self, app: t.Any) -> None:
        self.app = app
        self.seconds = 0.0

    def __call__(self, environ: t.Any, start_response: t.Any) -> t.Iterator[bytes]:
        self.seconds = 0.0
        start = time.perf_counter()
        try:
            body = self.app(environ, start_response)
        finally:
            self.seconds += time.perf_counter() - start
        return self._body(body)

    def _body(self, body: t.Any) -> t.Iterator[bytes]:
        start = time.perf_counter()
        try:
            for chunk in body:
                self.seconds += time.perf_counter() - start
                yield chunk
                start = time.perf_counter()
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()
            self.seconds += time.perf_counter() - start


def _session_reader(app: t.Any) -> t.Callable[[str], t.Any]:
    """Return what turns a cookie into what a session holds, if the app has signed it."""
    interface = app.session_interface
    make = getattr(interface, "get_signing_serializer", None)

    def read(pair: str) -> t.Any:
        name, _, value = pair.partition("=")
        serializer = None if make is None else make(app)
        if serializer is None or name != interface.get_cookie_name(app) or not value:
            return None
        try:
            return json.loads(interface.serializer.dumps(serializer.loads(value)))
        except Exception:
            # It is signed in another way, or not at all: then its text has to do.
            return None

    return read


if __name__ == "__main__":
    main(*sys.argv[1:])
