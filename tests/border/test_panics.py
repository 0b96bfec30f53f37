"""What becomes of a fault in the core."""

from __future__ import annotations

import pickle
import threading

import pytest

from kolben.core import CoreError, compiled
from kolben.headers import parse_cookie
from kolben.wrappers import Request, Response


def test_it_is_an_ordinary_exception():
    assert CoreError.__mro__[1:3] == (RuntimeError, Exception)
    assert (CoreError.__module__, CoreError.__qualname__) == ("kolben.core", "CoreError")
    assert pickle.loads(pickle.dumps(CoreError("x"))).args == ("x",)


@pytest.mark.skipif(compiled is None, reason="nothing panics in the pure mode")
class TestPanic:
    def test_raises_that_exception(self, capfd: pytest.CaptureFixture[str]):
        with pytest.raises(CoreError, match="on purpose") as caught:
            compiled.panic_on_purpose()
        assert isinstance(caught.value, RuntimeError)
        assert "panicked at" in capfd.readouterr().err

    def test_can_be_caught_like_any_error_and_the_core_goes_on(self):
        def app(environ, start_response):
            try:
                compiled.panic_on_purpose()
            except Exception:
                return Response("sorry", 500)(environ, start_response)

        seen = []
        environ = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "SERVER_NAME": "a"}
        environ["SERVER_PORT"] = "80"
        for _ in range(3):
            list(app(environ, lambda status, _: seen.append(status)))
        assert seen == ["500 INTERNAL SERVER ERROR"] * 3
        assert parse_cookie("a=b")["a"] == "b"
        assert Request(environ).method == "GET"

    def test_passes_through_the_core_and_out_again(self):
        class Faulty(str):
            def __str__(self):
                compiled.panic_on_purpose()
                return ""

        with pytest.raises(CoreError):
            compiled.quote_header_value(Faulty())

    def test_ends_no_thread(self):
        done = []

        def work():
            try:
                compiled.panic_on_purpose()
            except Exception:
                done.append(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [1] * 4
