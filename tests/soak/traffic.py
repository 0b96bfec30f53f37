"""Requests: 99 in a hundred as they should be, and one as nobody should send it."""

from __future__ import annotations

import json
import random

BOUNDARY = b"limit"


def request(method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def good(choice: random.Random) -> tuple[bytes, int]:
    """A request, and the status that it is answered with."""
    number = choice.randrange(10**6)
    kind = choice.randrange(10)
    if kind == 0:
        return request("GET", "/hello"), 200
    if kind == 1:
        return request("GET", f"/user/{number}?q=a%20b", b"", "User-Agent: soak"), 200
    if kind == 2:
        body = json.dumps({"numbers": list(range(number % 50)), "text": "é" * 20}).encode()
        return request("POST", "/json", body, "Content-Type: application/json"), 200
    if kind == 3:
        body = b"&".join(b"field%d=value" % n for n in range(number % 30))
        return request(
            "POST", "/form", body, "Content-Type: application/x-www-form-urlencoded"
        ), 200
    if kind == 4:
        return upload(b"x" * (number % 50_000)), 200
    if kind == 5:
        return request("GET", "/visit"), 200
    if kind == 6:
        return request("GET", f"/page/{number}"), 200
    if kind == 7:
        return request("GET", "/stream"), 200
    if kind == 8:
        return request("GET", f"/nowhere/{number}"), 404
    return request("GET", f"/{number}-b-c-x"), 200


def upload(data: bytes) -> bytes:
    part = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + data
    body = b"--limit\r\n" + part + b"\r\n--limit--\r\n"
    return request("POST", "/upload", body, "Content-Type: multipart/form-data; boundary=limit")


def hostile(choice: random.Random) -> bytes:
    """Bytes that try something. The server may answer as it likes, or close."""
    return choice.choice(HOSTILE)(choice)


HOSTILE = [
    lambda choice: choice.randbytes(200) + b"\r\n\r\n",
    lambda choice: b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    lambda choice: b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    lambda choice: b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    lambda choice: b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\n\r\n",
    lambda choice: b"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    lambda choice: b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this",
    lambda choice: request("GET", "/" + "a-" * 1000 + "y"),
    lambda choice: request("GET", "/../../etc/passwd%00%2e%2e/%ff%fe"),
    lambda choice: request("GET", "/hello?" + "&".join(f"a{n}=b" for n in range(3000))),
    lambda choice: request("POST", "/json", b"[" * 50_000, "Content-Type: application/json"),
    lambda choice: request("POST", "/json", b"\xff\xfe{", "Content-Type: application/json"),
    lambda choice: request(
        "POST",
        "/upload",
        b"--limit\r\n" * 5000,
        "Content-Type: multipart/form-data; boundary=limit",
    ),
    lambda choice: request("POST", "/upload", b"x" * (2 << 20), "Content-Type: text/plain"),
    lambda choice: request("GET", "/visit", b"", "Cookie: session=" + "e" * 4000),
    lambda choice: request("GET", "/hello", b"", "X-Request-ID: a\tb", "Cookie: a=b; ;;=;\x7f"),
    lambda choice: request("BREW", "/hello"),
    lambda choice: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + choice.randbytes(50),
    lambda choice: b"\x16\x03\x01\x02\x00" + choice.randbytes(100),
    lambda choice: b"GET /hello HTTP/1.1\r\nHost:",
]
