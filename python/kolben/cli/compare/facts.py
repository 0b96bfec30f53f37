"""An answer as single facts, so that answers can be compared piece by piece."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import typing as t
from email.utils import parsedate_to_datetime

__all__ = ["Difference", "Fact", "differences", "facts_of"]

#: What an answer says, and where: status, a header, a cookie or a place in the body.
Fact = tuple[str, str]

#: Headers that differ from moment to moment, or name the server.
CHANGING = frozenset(
    (
        *("date", "server", "server-timing", "traceparent", "x-correlation-id"),
        *("x-process-time", "x-request-id", "x-response-time", "x-runtime"),
    )
)
#: A value that ItsDangerous has signed, with the time: payload, time, signature.
_SIGNED = re.compile(r"(\.?[\w-]+)\.[\w-]{5,7}\.[\w-]{20,}")


class Difference(t.NamedTuple):
    """A fact that is not the same on both sides; ``None`` where a side does not have it."""

    what: str
    where: str
    flask: str | None
    kolben: str | None


def differences(flask: dict[Fact, str], kolben: dict[Fact, str]) -> list[Difference]:
    """Return what differs, in the order of an answer."""
    return [
        Difference(*fact, flask.get(fact), kolben.get(fact))
        for fact in dict.fromkeys([*flask, *kolben])
        if flask.get(fact) != kolben.get(fact)
    ]


def facts_of(answer: dict[str, t.Any], ignored: t.Collection[str]) -> dict[Fact, str]:
    """Take an answer apart.

    :param answer: What a side has noted.
    :param ignored: The headers to leave out, in lower case.
    """
    facts = {("status", ""): str(answer["status"])}
    values: dict[str, list[str]] = {}
    for name, value in answer["headers"]:
        if name.lower() == "set-cookie":
            facts.update(_cookie(value, answer))
        # The body says more than its length.
        elif name.lower() not in ignored and name.lower() != "content-length":
            values.setdefault(name.title(), []).append(value)
    facts.update({("header", name): ", ".join(found) for name, found in values.items()})
    data = base64.b64decode(answer["body"])
    lengths = [value for name, value in answer["headers"] if name.lower() == "content-length"]
    if lengths != [str(len(data))] and not (lengths and not data):
        # It is not said, or wrong. That of HEAD has no body to fit to.
        facts["header", "Content-Length"] = ", ".join(lengths) or "not sent"
    elif not data and lengths:
        facts["header", "Content-Length"] = lengths[0]
    facts.update(_body(data, ", ".join(values.get("Content-Type", ()))))
    return facts


# --- cookies -------------------------------------------------------------------------------------


def _cookie(line: str, answer: dict[str, t.Any]) -> t.Iterator[tuple[Fact, str]]:
    pair, *attributes = line.split(";")
    name, _, value = pair.strip().partition("=")
    content = answer["sessions"].get(line)
    if content is not None:
        yield ("cookie", name), "a signed session"
        for place, text in _leaves(content):
            yield ("cookie", f"{name}: {place}"), text
    else:
        signed = _SIGNED.fullmatch(value)
        yield ("cookie", name), value if signed is None else f"{signed[1]}, signed"
    for attribute in attributes:
        key, _, text = attribute.strip().partition("=")
        if key.lower() == "expires":
            text = _expiry(text, answer["at"])
        yield ("cookie", f"{name} ({key})"), text or "set"


def _expiry(text: str, at: float) -> str:
    """Say when a cookie expires, seen from the answer: the sides do not answer in one moment."""
    try:
        seconds = parsedate_to_datetime(text).timestamp() - at
    except ValueError:
        return text
    return "has passed" if seconds < 0 else f"within {math.ceil(seconds / 60)} min"


# --- bodies --------------------------------------------------------------------------------------


def _body(data: bytes, content_type: str) -> t.Iterator[tuple[Fact, str]]:
    if not data:
        return
    mimetype = content_type.partition(";")[0].strip().lower()
    if mimetype == "application/json" or mimetype.endswith("+json"):
        try:
            read = json.loads(data)
        except ValueError:
            pass
        else:
            for place, text in _leaves(read):
                yield ("body", place), text
            # How it is written is part of it: indentation, order, escapes.
            yield ("body", "form"), _form_of(data)
            return
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        yield ("body", ""), f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"
        return
    for number, line in enumerate(lines, 1):
        yield ("body", f"line {number}"), line


def _leaves(value: t.Any, place: str = "") -> t.Iterator[tuple[str, str]]:
    """Return the values inside of a JSON document, and where they are."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{place}[{number}]")
    else:
        yield place or "value", json.dumps(value)


_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null')


def _form_of(data: bytes) -> str:
    """Return the document with its values left out: keys in their order, escapes, white space."""

    def shorten(token: re.Match[bytes]) -> bytes:
        if token[2]:
            return token[0]
        return b"\\u" if b"\\u" in token[0] else b"_"

    return _TOKEN.sub(shorten, data).decode("utf-8", "replace")
