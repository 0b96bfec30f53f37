"""Form bodies: the same parts however they are cut, the limits, and the advisories."""

from __future__ import annotations

import io
import math
import random
import time
import tracemalloc
import typing as t

import pytest
from werkzeug import formparser as werkzeug
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio import multipart as sansio
from werkzeug.wsgi import LimitedStream

from kolben import formparser
from kolben.core import compiled
from kolben.datastructures import Headers

needs_core = pytest.mark.skipif(compiled is None, reason="the pure mode is Werkzeug's own speed")

Parts = list[tuple[object, ...]]


def multipart(*parts: bytes, boundary: bytes = b"bound") -> bytes:
    """A body of parts that bring their headers and blank line along."""
    body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary + b"--\r\n"


def field(name: str, value: bytes = b"value") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def upload(name: str, filename: str, value: bytes = b"value") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return head.encode() + b"Content-Type: application/x-test\r\n\r\n" + value


def environ(body: bytes, content_type: str = "multipart/form-data; boundary=bound") -> t.Any:
    return {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
    }


def decode(chunks: t.Iterable[bytes], **limits: t.Any) -> Parts:
    """The parts of a body, event by event."""
    decoder = formparser.MultipartDecoder(b"bound", **limits)
    parts: Parts = []
    data = b""
    for chunk in (*chunks, None):
        decoder.receive_data(chunk)
        event = decoder.next_event()
        while not isinstance(event, (sansio.NeedData, sansio.Epilogue)):
            if isinstance(event, (sansio.Field, sansio.File)):
                filename = getattr(event, "filename", None)
                parts.append((event.name, filename, list(event.headers)))
                data = b""
            elif isinstance(event, sansio.Data):
                data += event.data
                if not event.more_data:
                    parts.append((data,))
            event = decoder.next_event()
    return parts


def read_all(body: bytes, buffer_size: int) -> tuple[t.Any, t.Any]:
    parser = formparser.MultiPartParser(buffer_size=buffer_size)
    form, files = parser.parse(io.BytesIO(body), b"bound", len(body))
    found = [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
    for file in files.values():
        file.close()
    return list(form.items(multi=True)), found


BODIES = [
    multipart(
        field("a"), upload("b", "c.txt", b"\r\n--boun\r\n\r\r\n--bound-x\n"), field("d", b"")
    ),
    b"preamble\r\n" + multipart(field("a", b"\xff\xc3\xa9"), field("b")) + b"epilogue",
    multipart(field("a")).replace(b"--bound\r\n", b"--bound \t \r\n"),
    multipart(field("a"), field("b")).replace(b"\r\n", b"\n"),
    multipart(field("a"), upload("b", "c")).replace(b"\r\n", b"\r"),
    multipart(b'Content-Disposition: form-data;\r\n\tname="a"\r\nX: y\r\n z\r\n\r\nv'),
    b"--bound\r\n" + field("a", b"") + b"--bound--",
    multipart(field("a", b"x\r\n--bound"), field("b")),
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_cut_at_every_position(body: bytes) -> None:
    whole = decode([body])
    assert whole
    for cut in range(len(body) + 1):
        assert decode([body[:cut], body[cut:]]) == whole, cut
    assert decode(bytes([byte]) for byte in body) == whole
    read = read_all(body, 1 << 16)
    for size in range(1, 40):
        assert read_all(body, size) == read


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_the_whole_body_is_read_as_werkzeug_reads_it(body: bytes) -> None:
    form, files = werkzeug.MultiPartParser().parse(io.BytesIO(body), b"bound", len(body))
    found = [(name, file.filename, file.read()) for name, file in files.items(multi=True)]
    for file in files.values():
        file.close()
    assert read_all(body, 1 << 16) == (list(form.items(multi=True)), found)


class TestLimits:
    def parse(self, body: bytes, **options: t.Any) -> t.Any:
        return formparser.parse_form_data(environ(body), **options)

    def test_memory(self) -> None:
        body = multipart(field("a", b"x" * 100))
        assert self.parse(body, max_form_memory_size=len(body))[1]["a"] == "x" * 100
        with pytest.raises(RequestEntityTooLarge):
            self.parse(body, max_form_memory_size=99)

    def test_memory_over_several_chunks(self) -> None:
        body = multipart(field("a", b"x" * 200_000))
        with pytest.raises(RequestEntityTooLarge):
            self.parse(body, max_form_memory_size=150_000)
        assert self.parse(body, max_form_memory_size=200_000)[1]["a"] == "x" * 200_000

    def test_files_may_be_larger_than_memory(self) -> None:
        body = multipart(upload("a", "b", b"x" * 200_000))
        file = self.parse(body, max_form_memory_size=100_000)[2]["a"]
        assert len(file.read()) == 200_000
        file.close()

    def test_parts(self) -> None:
        body = multipart(field("a"), field("b"))
        assert len(self.parse(body, max_form_parts=2)[1]) == 2
        with pytest.raises(RequestEntityTooLarge):
            self.parse(body, max_form_parts=1)

    def test_content_length(self) -> None:
        body = multipart(field("a"))
        with pytest.raises(RequestEntityTooLarge):
            self.parse(body, max_content_length=len(body) - 1)
        assert self.parse(body, max_content_length=len(body))[1]["a"] == "value"

    def test_a_streamed_body_without_a_length(self) -> None:
        body = multipart(field("a"))
        streamed = {**environ(body), "wsgi.input_terminated": True}
        del streamed["CONTENT_LENGTH"]
        with pytest.raises(RequestEntityTooLarge):
            formparser.parse_form_data(streamed, max_content_length=10, silent=False)

    def test_silence(self) -> None:
        assert self.parse(b"--bound")[1:] == (MultiDict(), MultiDict())
        with pytest.raises(ValueError, match=r"beyond State\.PREAMBLE"):
            self.parse(b"--bound", silent=False)
        with pytest.raises(ValueError, match="Missing Content-Disposition"):
            self.parse(b"--bound\r\n\r\n\r\n--bound--", silent=False)
        with pytest.raises(UnicodeDecodeError):
            self.parse(multipart(b"Content-Disposition: \xff\r\n\r\n"), silent=False)

    def test_a_boundary_with_a_line_break(self) -> None:
        body = multipart(field("a"), boundary=b"x\ny")
        form, _ = formparser.MultiPartParser().parse(io.BytesIO(body), b"x\ny", len(body))
        assert form["a"] == "value"

    def test_peak_memory_of_a_file(self) -> None:
        size = 8 << 20
        head, tail = multipart(upload("a", "b", b"CUT")).split(b"CUT")
        rest = iter([head, *[b"\r\nx" * 21845] * (size // 65535), tail])

        class Body(io.RawIOBase):
            def read(self, size: int = -1) -> bytes:
                return next(rest, b"")

        parser = formparser.MultiPartParser(max_form_memory_size=500_000)
        tracemalloc.start()
        try:
            _, files = parser.parse(t.cast("t.IO[bytes]", Body()), b"bound", None)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        files["a"].close()
        # The file itself stays in memory up to 500 KiB.
        assert peak <= 500_000 + 500 * 1024 + (1 << 20)


class TestOverrides:
    def test_stream_factory(self) -> None:
        calls: list[dict[str, t.Any]] = []

        def factory(**options: t.Any) -> t.IO[bytes]:
            calls.append(options)
            return io.BytesIO()

        body = multipart(upload("a", "b.txt"))
        files = formparser.parse_form_data(environ(body), stream_factory=factory)[2]
        assert files["a"].read() == b"value"
        assert calls == [
            {
                "total_content_length": len(body),
                "filename": "b.txt",
                "content_type": "application/x-test",
                "content_length": 0,
            }
        ]

    def test_part_charset(self) -> None:
        class Latin(formparser.MultiPartParser):
            def get_part_charset(self, headers: t.Any) -> str:
                assert isinstance(headers, Headers)
                return "latin-1"

        body = multipart(field("a", b"\xe9"))
        assert Latin().parse(io.BytesIO(body), b"bound", None)[0]["a"] == "\xe9"

    def test_part_charset_of_a_part(self) -> None:
        head = b'Content-Disposition: form-data; name="a"\r\n'
        body = multipart(head + b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe9")
        assert formparser.parse_form_data(environ(body))[1]["a"] == "\xe9"

    def test_fields_keep_their_order_whatever_their_charset(self) -> None:
        typed = b'Content-Disposition: form-data; name="%s"\r\nContent-Type: text/plain\r\n\r\n'
        body = multipart(
            field("a"),
            typed % b"b",
            field("c"),
            upload("file", "f", b"x"),
            typed % b"d",
            field("e"),
        )
        _, form, files = formparser.parse_form_data(environ(body))
        files["file"].close()
        assert list(form) == ["a", "b", "c", "d", "e"]
        assert list(form.items())[2] == ("c", "value")

    def test_start_file_streaming(self) -> None:
        class Sink(formparser.MultiPartParser):
            def start_file_streaming(self, event: t.Any, total: int | None) -> t.IO[bytes]:
                assert event.headers["content-type"] == "application/x-test"
                return io.BytesIO(b"kept: ")

        body = multipart(upload("a", "b", b"0123456789"))
        assert Sink().parse(io.BytesIO(body), b"bound", None)[1]["a"].read() == b"0123456789"

    def test_steps_of_the_form_parser(self) -> None:
        class Parser(formparser.FormDataParser):
            def _parse_multipart(self, *args: t.Any) -> t.Any:
                return "multipart"

            def _parse_urlencoded(self, *args: t.Any) -> t.Any:
                return "urlencoded"

        body = environ(b"a=b", "application/x-www-form-urlencoded")
        assert Parser().parse_from_environ(body) == "urlencoded"
        assert Parser().parse_from_environ(environ(b"")) == "multipart"

    def test_steps_of_the_decoder(self) -> None:
        class Decoder(formparser.MultipartDecoder):
            def _parse_headers(self, data: bytes | bytearray) -> Headers:
                return Headers([("Content-Disposition", "form-data; name=mine")])

        decoder = Decoder(b"bound")
        decoder.receive_data(multipart(field("a")))
        decoder.next_event()
        assert t.cast("sansio.Field", decoder.next_event()).name == "mine"

    def test_the_class_of_the_dicts(self) -> None:
        body = multipart(field("a"), field("a", b"2"))
        form = formparser.parse_form_data(environ(body), cls=ImmutableMultiDict)[1]
        assert type(form) is ImmutableMultiDict
        assert form.getlist("a") == ["value", "2"]


def test_the_decoder_shows_where_it_stands() -> None:
    decoder = formparser.MultipartDecoder(b"bound", 1000, max_parts=3)
    assert decoder.state is sansio.State.PREAMBLE
    decoder.receive_data(b"--bou")
    assert decoder.next_event() is sansio.NEED_DATA
    assert decoder.buffer == b"--bou"
    assert (
        decoder.boundary,
        decoder.max_form_memory_size,
        decoder.max_parts,
        decoder.complete,
    ) == (
        b"bound",
        1000,
        3,
        False,
    )
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        decoder.nothing  # noqa: B018


class TestUrlencoded:
    TYPE = "application/x-www-form-urlencoded"

    def test_fields(self) -> None:
        body = environ(b"a=1&b=%C3%A9+x&a=2&c=&d&e=%FF", self.TYPE)
        stream, form, files = formparser.parse_form_data(body)
        assert list(form.lists()) == [
            ("a", ["1", "2"]),
            ("b", ["\xe9 x"]),
            ("c", [""]),
            ("d", [""]),
            ("e", ["%FF"]),
        ]
        assert not files
        assert stream.read() == b""

    def test_not_utf8_is_an_empty_form_or_an_error(self) -> None:
        assert not formparser.parse_form_data(environ(b"a=\xff", self.TYPE))[1]
        with pytest.raises(UnicodeDecodeError):
            formparser.parse_form_data(environ(b"a=\xff", self.TYPE), silent=False)

    def test_a_client_that_went_away(self) -> None:
        from werkzeug.exceptions import ClientDisconnected

        body = {**environ(b"a=1", self.TYPE), "CONTENT_LENGTH": "10"}
        with pytest.raises(ClientDisconnected):
            formparser.parse_form_data(body)

    def test_only_the_stated_length_is_read(self) -> None:
        body = {**environ(b"a=1&b=2", self.TYPE), "CONTENT_LENGTH": "3"}
        assert dict(formparser.parse_form_data(body)[1]) == {"a": "1"}
        assert body["wsgi.input"].read() == b"&b=2"

    def test_the_stream_is_at_its_end(self) -> None:
        for source in (formparser, werkzeug):
            body = environ(b"a=1 and more", self.TYPE)
            body["CONTENT_LENGTH"] = "3"
            stream, form, files = source.parse_form_data(body)
            assert type(stream) is LimitedStream
            assert vars(stream) == {
                "_stream": body["wsgi.input"],
                "_pos": 3,
                "limit": 3,
                "_limit_is_max": False,
            }
            assert stream.is_exhausted
            assert (stream.read(), body["wsgi.input"].read()) == (b"", b" and more")
            assert (type(form), type(files)) == (MultiDict, MultiDict)
            assert not stream.closed

    @pytest.mark.parametrize(
        "others",
        [
            {"CONTENT_TYPE": "application/x-www-form-urlencoded; charset=latin1"},
            {"CONTENT_TYPE": "Application/X-WWW-Form-Urlencoded"},
            {"CONTENT_TYPE": ""},
            {"CONTENT_LENGTH": ""},
            {"CONTENT_LENGTH": "-3"},
            {"CONTENT_LENGTH": "+3"},
            {"CONTENT_LENGTH": "0"},
            {"HTTP_TRANSFER_ENCODING": "chunked"},
            {"wsgi.input_terminated": True},
        ],
    )
    def test_odd_environs(self, others: dict[str, t.Any]) -> None:
        found = []
        for source in (formparser, werkzeug):
            stream, form, files = source.parse_form_data({**environ(b"a=1", self.TYPE), **others})
            found.append((dict(form.lists()), dict(files), stream.read()))
        assert found[0] == found[1]

    def test_a_closed_input(self) -> None:
        from werkzeug.exceptions import ClientDisconnected

        for source in (formparser, werkzeug):
            body = environ(b"a=1", self.TYPE)
            body["wsgi.input"].close()
            with pytest.raises(ClientDisconnected):
                source.parse_form_data(body)

    def test_a_class_that_refuses(self) -> None:
        class Few(MultiDict[str, str]):
            def __init__(self, mapping: t.Any = ()) -> None:
                super().__init__(mapping)
                if len(self) > 1:
                    raise ValueError("too many")

        for source in (formparser, werkzeug):
            form = source.parse_form_data(environ(b"a=1&b=2", self.TYPE), cls=Few)[1]
            assert (type(form), len(form)) == (Few, 0)
            with pytest.raises(ValueError, match="too many"):
                source.parse_form_data(environ(b"a=1&b=2", self.TYPE), cls=Few, silent=False)

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            (formparser.FormDataParser, "parse_from_environ"),
            (formparser.FormDataParser, "parse"),
            (formparser.FormDataParser, "_parse_urlencoded"),
            (werkzeug.FormDataParser, "parse"),
            (werkzeug.FormDataParser, "__init__"),
            (LimitedStream, "__init__"),
            (LimitedStream, "readall"),
            (LimitedStream, "readinto"),
        ],
    )
    def test_a_patched_method(
        self, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original, calls = getattr(owner, name), []

        def patched(*arguments: t.Any, **options: t.Any) -> t.Any:
            calls.append(name)
            return original(*arguments, **options)

        def parse() -> dict[str, str]:
            return dict(formparser.parse_form_data(environ(b"a=1", self.TYPE))[1])

        assert (parse(), calls) == ({"a": "1"}, [])
        monkeypatch.setattr(owner, name, patched)
        assert (parse(), calls[:1]) == ({"a": "1"}, [name])
        monkeypatch.undo()
        calls.clear()
        assert (parse(), calls) == ({"a": "1"}, [])

    def test_patched_classes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Parser(formparser.FormDataParser):
            def parse(self, *args: t.Any, **options: t.Any) -> t.Any:
                return "mine"

        class Limited(LimitedStream):
            pass

        monkeypatch.setattr(formparser, "LimitedStream", Limited)
        assert type(formparser.parse_form_data(environ(b"a=1", self.TYPE))[0]) is Limited
        monkeypatch.setattr(formparser, "FormDataParser", Parser)
        assert formparser.parse_form_data(environ(b"a=1", self.TYPE)) == "mine"

    def test_a_patched_multi_dict(self, monkeypatch: pytest.MonkeyPatch) -> None:
        original = MultiDict.__init__
        seen = []

        def patched(self: t.Any, mapping: t.Any = None) -> None:
            seen.append(type(self))
            original(self, mapping)

        monkeypatch.setattr(MultiDict, "__init__", patched)
        assert dict(formparser.parse_form_data(environ(b"a=1", self.TYPE))[1]) == {"a": "1"}
        assert len(seen) == 2

    @pytest.mark.parametrize("count", [1, 42, 43, 44, 100, 1024, 1025, 3000])
    def test_any_number_of_fields(self, count: int) -> None:
        pairs = [f"field{index}=a+value%20{index}" for index in range(count)]
        for body in ("&".join(pairs), "&&".join(pairs), "&".join((*pairs, pairs[0]))):
            found = [
                list(source.parse_form_data(environ(body.encode(), self.TYPE))[1].lists())
                for source in (formparser, werkzeug)
            ]
            assert found[0] == found[1]


# --- advisories --------------------------------------------------------------------------------


def test_cve_2023_25577_many_parts_are_refused() -> None:
    made: list[io.BytesIO] = []

    def factory(**options: t.Any) -> t.IO[bytes]:
        made.append(io.BytesIO())
        return made[-1]

    body = multipart(*[upload(f"f{number}", "x", b"") for number in range(2000)])
    with pytest.raises(RequestEntityTooLarge):
        formparser.parse_form_data(environ(body), stream_factory=factory, max_form_parts=1000)
    assert len(made) == 1000


@pytest.mark.growth
def test_cve_2023_46136_a_large_part_after_a_line_break_is_linear() -> None:
    for line_break in (b"\r", b"\n"):
        start = time.perf_counter()
        body = multipart(upload("a", "b", line_break + b"a" * (2 << 20)))
        parser = formparser.MultiPartParser(buffer_size=1024)
        _, files = parser.parse(io.BytesIO(body), b"bound", len(body))
        files["a"].close()
        assert time.perf_counter() - start < 5


def test_cve_2024_49767_memory_stays_within_its_limit() -> None:
    # One field of many chunks, no file among them: all of it would be in memory.
    body = multipart(field("a", b"x" * 3_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(RequestEntityTooLarge):
            formparser.parse_form_data(environ(body), max_form_memory_size=500_000)
        assert tracemalloc.get_traced_memory()[1] < 500_000 + (1 << 20)
    finally:
        tracemalloc.stop()


def test_cve_2023_23934_a_nameless_cookie_shadows_nothing() -> None:
    from kolben.messages import Request

    request = Request({"HTTP_COOKIE": "=__Host-test=bad; a=b", "REQUEST_METHOD": "GET"})
    assert "__Host-test" not in request.cookies
    assert request.cookies["a"] == "b"


@pytest.mark.growth
@pytest.mark.parametrize(
    "junk",
    [b"x" * (1 << 20), b"\r" * (1 << 20), b"\r\n" * (1 << 19)],
    ids=["text", "returns", "lines"],
)
def test_cve_2024_53981_junk_around_a_boundary_is_cheap(junk: bytes) -> None:
    start = time.perf_counter()
    body = junk + b"\r\n" + multipart(field("a")) + junk
    assert formparser.parse_form_data(environ(body), silent=False)[1]["a"] == "value"
    assert time.perf_counter() - start < 5


def test_cve_2025_14550_repeated_headers_are_not_joined() -> None:
    head = b'Content-Disposition: form-data; name="a"\r\n'
    body = multipart(head + b"X: y\r\n" * 100 + b"\r\nvalue")
    assert decode([body])[0] == (
        "a",
        None,
        [(head[:19].decode(), 'form-data; name="a"')] + [("X", "y")] * 100,
    )
    body = multipart(head + b"X: y\r\n" * 5000 + b"\r\nvalue")
    with pytest.raises(RequestEntityTooLarge):
        decode([body])
    with pytest.raises(RequestEntityTooLarge):
        formparser.parse_form_data(environ(body))


def test_endless_headers_and_padding_are_too_large() -> None:
    endless = b"--bound\r\nX: " + b"y" * 70_000
    padded = b"--bound" + b" " * 2000 + b"\r\n" + field("a")
    late = multipart(field("a")) + padded
    for body in (endless, padded):
        with pytest.raises(RequestEntityTooLarge):
            formparser.parse_form_data(environ(body))
        with pytest.raises(RequestEntityTooLarge):
            decode(body[index : index + 100] for index in range(0, len(body), 100))
    # After the last delimiter, nothing counts.
    assert formparser.parse_form_data(environ(late))[1]["a"] == "value"


# --- growth ------------------------------------------------------------------------------------


def hostile(size: int) -> dict[str, tuple[bytes, bytes]]:
    """Bodies of about that size, each with its boundary."""
    long = b"-" * 60
    fill = {
        "dashes": (b"-" * size, long),
        "near-delimiters": ((b"\r\n--" + b"-" * 59 + b"x") * (size // 64), long),
        "line breaks": (b"\r" * size, b"bound"),
        "mixed line breaks": (b"\r\n\n\r" * (size // 4), b"bound"),
        "padded near-delimiters": (b"\n--bound   x" * (size // 12), b"bound"),
        "text": (random.Random(4).randbytes(size), b"bound"),
    }
    bodies = {
        name: (multipart(upload("a", "b", data), boundary=b), b) for name, (data, b) in fill.items()
    }
    bodies["fields"] = (multipart(*[field("a")] * (size // 64)), b"bound")
    return bodies


@pytest.mark.growth
@needs_core
@pytest.mark.parametrize("name", hostile(64))
def test_multipart_grows_linearly(name: str) -> None:
    def cost(size: int) -> float:
        body, boundary = hostile(size)[name]
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            _, files = formparser.MultiPartParser().parse(io.BytesIO(body), boundary, len(body))
            best = min(best, time.perf_counter() - start)
            for file in files.values():
                file.close()
        return best

    assert growth(cost) <= 1.1


@pytest.mark.growth
@needs_core
@pytest.mark.parametrize(
    "piece", [b"a=b&", b"&", b"=", b"%", b"%C3", b"+", b"%ff", b"a", b"a&", b"%41"]
)
def test_urlencoded_grows_linearly(piece: bytes) -> None:
    def cost(size: int) -> float:
        body = piece * (size // len(piece))
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            formparser.parse_form_data(environ(body, TestUrlencoded.TYPE), silent=False)
            best = min(best, time.perf_counter() - start)
        return best

    assert growth(cost) <= 1.1


def growth(cost: t.Callable[[int], float]) -> float:
    """The power that the cost grows with between 16 KiB and 1 MiB; noise gets three tries."""
    small, large = 16 << 10, 1 << 20
    tries = (math.log(cost(large) / cost(small), large / small) for _ in range(3))
    return min(tries)
