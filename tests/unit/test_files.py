"""Responses of files: what is sent, and what the app and its classes may change of it."""

from __future__ import annotations

import io
import pathlib
import typing as t

import pytest
from werkzeug.http import parse_date

from tests.unit.test_overrides import calling, environ


@pytest.fixture
def app(target, tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "page.txt").write_bytes(b"0123456789" * 100)
    (tmp_path / "static" / "page.tar.gz").write_bytes(b"archive")
    (tmp_path / "static" / "nothing").write_bytes(b"")
    (tmp_path / "static" / "é.txt").write_bytes(b"accent")
    (tmp_path / "outside.txt").write_bytes(b"outside")
    return target.Flask("an_app", root_path=str(tmp_path))


def fetch(app: t.Any, path: str, **others: t.Any) -> tuple[str, dict[str, str], bytes]:
    sent: list[t.Any] = []
    made = environ(PATH_INFO=path, **others)
    body = app(made, lambda status, headers, error=None: sent.extend((status, headers)))
    data = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return sent[0], dict(sent[1]), data


def test_a_static_file(app, tmp_path):
    status, headers, body = fetch(app, "/static/page.txt")
    assert (status, body) == ("200 OK", b"0123456789" * 100)
    stat = (tmp_path / "static" / "page.txt").stat()
    modified = parse_date(headers.pop("Last-Modified"))
    assert modified is not None
    assert int(modified.timestamp()) == int(stat.st_mtime)
    assert headers.pop("ETag").startswith(f'"{stat.st_mtime}-1000-')
    assert headers.pop("Date")
    assert headers == {
        "Content-Disposition": "inline; filename=page.txt",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": "1000",
        "Cache-Control": "no-cache",
        "Accept-Ranges": "bytes",
    }


def test_kolben_sends_what_flask_sends(app, tmp_path):
    import flask

    other = flask.Flask("an_app", root_path=str(tmp_path))
    requests: list[dict[str, str]] = [
        {},
        {"REQUEST_METHOD": "HEAD"},
        {"HTTP_RANGE": "bytes=10-19"},
        {"HTTP_RANGE": "bytes=-1"},
        {"HTTP_RANGE": "bytes=990-"},
        {"HTTP_RANGE": "bytes=5000-"},
        {"HTTP_RANGE": "bytes=0-1,3-4"},
        {"HTTP_RANGE": "nonsense"},
        {"HTTP_IF_NONE_MATCH": "*"},
        {"HTTP_IF_MATCH": '"other"'},
        {"HTTP_IF_MODIFIED_SINCE": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"HTTP_IF_MODIFIED_SINCE": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"HTTP_IF_RANGE": '"other"', "HTTP_RANGE": "bytes=0-1"},
    ]
    paths = ("page.txt", "page.tar.gz", "nothing", "missing", "../outside.txt", "é.txt", "")
    for path in paths:
        for request in requests:
            tunnelled = f"/static/{path}".encode().decode("latin1")
            ours, theirs = fetch(app, tunnelled, **request), fetch(other, tunnelled, **request)
            ours[1].pop("Date", None)
            theirs[1].pop("Date", None)
            assert ours == theirs, (path, request)


def test_a_file_that_the_client_has_is_not_sent_again(app):
    known = fetch(app, "/static/page.txt")[1]
    for condition in (
        {"HTTP_IF_NONE_MATCH": known["ETag"]},
        {"HTTP_IF_MODIFIED_SINCE": known["Last-Modified"]},
    ):
        status, headers, body = fetch(app, "/static/page.txt", **condition)
        assert (status, body) == ("304 NOT MODIFIED", b"")
        assert headers["ETag"] == known["ETag"]
        assert "Content-Length" not in headers
        assert "Content-Type" not in headers


@pytest.mark.parametrize(
    ("age", "control"),
    [(None, "no-cache"), (0, "no-cache, max-age=0"), (60, "public, max-age=60")],
)
def test_how_long_a_file_may_be_kept(target, app, age, control):
    app.add_url_rule("/own", "own", lambda: target.send_file("static/page.txt"))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = age
    headers = fetch(app, "/static/page.txt")[1]
    assert sorted(headers["Cache-Control"].split(", ")) == sorted(control.split(", "))
    assert ("Expires" in headers) is (age is not None)
    app.get_send_file_max_age = lambda path: 7 if path.endswith("page.txt") else None
    assert "max-age=7" in fetch(app, "/own")[1]["Cache-Control"]


def send(target: t.Any, app: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
    with app.test_request_context("/"):
        response = target.send_file(*args, **kwargs)
        response.direct_passthrough = False
        response.get_data()
        response.close()
        return response


def test_the_arguments_of_send_file(target, app, tmp_path):
    path = "static/page.txt"
    response = send(target, app, path, as_attachment=True)
    assert response.headers["Content-Disposition"] == "attachment; filename=page.txt"
    response = send(target, app, path, as_attachment=True, download_name="né.txt")
    assert "filename*=UTF-8''n%C3%A9.txt" in response.headers["Content-Disposition"]
    response = send(target, app, path, mimetype="text/x-own", etag="tag", last_modified=0)
    assert response.headers["Content-Type"] == "text/x-own; charset=utf-8"
    assert response.headers["ETag"] == '"tag"'
    assert response.headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    response = send(target, app, path, etag=False, conditional=False, max_age=5)
    assert "ETag" not in response.headers
    assert "Date" not in response.headers
    assert response.cache_control.max_age == 5
    assert send(target, app, pathlib.Path(path)).content_length == 1000
    assert send(target, app, tmp_path / "outside.txt").data == b"outside"
    assert send(target, app, "static/page.tar.gz").headers["Content-Encoding"] == "gzip"
    assert send(target, app, io.BytesIO(b"held"), mimetype="text/plain").data == b"held"


def test_wrong_arguments_of_send_file(target, app):
    with pytest.raises(FileNotFoundError):
        send(target, app, "static/missing")
    with pytest.raises(TypeError, match="MIME type"):
        send(target, app, io.BytesIO(b""))
    with pytest.raises(ValueError, match="binary mode"):
        send(target, app, io.StringIO(""), mimetype="text/plain")


def test_a_server_that_sends_files_itself(target, app):
    app.config["USE_X_SENDFILE"] = True
    _, headers, body = fetch(app, "/static/page.txt")
    assert headers["X-Sendfile"].endswith("page.txt")
    assert body == b""


def test_the_servers_own_wrapper_of_files(app):
    class Wrapper:
        def __init__(self, file, size):
            self.file, self.size = file, size

        def __iter__(self):
            return iter((b"wrapped",))

        def close(self):
            self.file.close()

    assert fetch(app, "/static/page.txt", **{"wsgi.file_wrapper": Wrapper})[2] == b"wrapped"


@pytest.mark.parametrize(
    "name", ["set_etag", "make_conditional", "__init__", "_wrap_range_response"]
)
def test_methods_of_the_response_class(target, app, name):
    calls: list[str] = []
    override = calling(getattr(target.Response, name), calls, name)
    app.response_class = type("Own", (target.Response,), {name: override})
    status, _, body = fetch(app, "/static/page.txt", HTTP_RANGE="bytes=0-3")
    assert (status, body) == ("206 PARTIAL CONTENT", b"0123")
    assert name in calls


def test_headers_that_are_properties_of_the_response_class(target, app):
    app.response_class = type(
        "Own", (target.Response,), {"last_modified": property(lambda self: None, lambda *_: None)}
    )
    assert "Last-Modified" not in fetch(app, "/static/page.txt")[1]


def test_patches_of_werkzeugs_functions(target, app, monkeypatch):
    import werkzeug.utils

    monkeypatch.setattr(
        werkzeug.utils, "send_file", lambda *args, **kwargs: target.Response("patched")
    )
    assert send(target, app, "static/page.txt").data == b"patched"
    monkeypatch.undo()
    patched = lambda *args, **kwargs: target.Response("patched")  # noqa: E731
    monkeypatch.setattr(werkzeug.utils, "send_from_directory", patched)
    assert fetch(app, "/static/page.txt")[2] == b"patched"


def test_the_file_is_closed(app):
    import gc
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        known = fetch(app, "/static/page.txt")[1]["ETag"]
        fetch(app, "/static/page.txt", HTTP_IF_NONE_MATCH=known)
        fetch(app, "/static/page.txt", REQUEST_METHOD="HEAD")
        fetch(app, "/static/page.txt", HTTP_RANGE="bytes=5000-")
        gc.collect()
