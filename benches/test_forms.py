"""Form bodies, Kolben beside Werkzeug."""

from __future__ import annotations

import io
import random
import typing as t
from urllib.parse import urlencode

import pytest
from werkzeug import formparser as werkzeug

from kolben import formparser as kolben

SOURCES = {"kolben": kolben, "werkzeug": werkzeug}
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=boundary"
HEAD = '--boundary\r\nContent-Disposition: form-data; name="{}"'
END = b"--boundary--\r\n"


def parse(source: t.Any, body: bytes, content_type: str) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
    }
    _, _, files = source.parse_form_data(environ, silent=False)
    for file in files.values():
        file.close()


def urlencoded(count: int) -> bytes:
    return urlencode([(f"field{index}", f"some value {index}") for index in range(count)]).encode()


def fields(count: int) -> bytes:
    head = HEAD.format("field{0}") + "\r\n\r\nvalue {0}\r\n"
    return "".join(head.format(index) for index in range(count)).encode() + END


def upload(size: int) -> bytes:
    head = HEAD.format("file") + '; filename="a.bin"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + random.Random(4).randbytes(size) + b"\r\n" + END


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("count", [1, 10, 100, 10_000])
def test_urlencoded(benchmark: t.Any, count: int, source: str) -> None:
    benchmark.group = f"urlencoded form, {count} fields"
    benchmark(parse, SOURCES[source], urlencoded(count), URLENCODED)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("count", [1, 10, 1000])
def test_fields(benchmark: t.Any, count: int, source: str) -> None:
    benchmark.group = f"multipart, {count} fields"
    benchmark(parse, SOURCES[source], fields(count), MULTIPART)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", [1, 100_000, 100_000_000])
def test_upload(benchmark: t.Any, size: int, source: str) -> None:
    benchmark.group = f"multipart, a file of {size} bytes"
    benchmark(parse, SOURCES[source], upload(size), MULTIPART)
