"""The proxies: they behave as Werkzeug's, bound or not."""

from __future__ import annotations

import copy
import gc
import threading
import weakref

import pytest
from werkzeug.local import LocalProxy

NAMES = ("app_ctx", "current_app", "g", "request", "request_ctx", "session")


@pytest.fixture
def proxies(target_module):
    module = target_module("globals")
    return {name: getattr(module, name) for name in NAMES}


@pytest.fixture
def app(target):
    app = target.Flask("an_app")
    app.secret_key = "k"
    return app


@pytest.mark.parametrize("name", NAMES)
def test_unbound(proxies, name):
    proxy = proxies[name]
    kind = "application" if name in ("app_ctx", "current_app", "g") else "request"
    assert not proxy
    assert repr(proxy) == "<LocalProxy unbound>"
    for use in (
        lambda: proxy.anything,
        lambda: proxy._anything,
        lambda: setattr(proxy, "x", 1),
        lambda: delattr(proxy, "x"),
        lambda: proxy["x"],
        lambda: proxy.__setitem__("x", 1),
        lambda: "x" in proxy,
        lambda: len(proxy),
        lambda: proxy(),
        lambda: proxy._get_current_object(),
    ):
        with pytest.raises(RuntimeError, match=f"^Working outside of {kind} context.\n"):
            use()
    with pytest.raises(TypeError, match=r"^'LocalProxy' object is not iterable$"):
        iter(proxy)
    with pytest.raises(TypeError, match=r"^unhashable type: 'LocalProxy'$"):
        hash(proxy)
    assert proxy != 1
    assert proxy.__doc__.startswith("A proxy to the object")
    assert not hasattr(type(proxy), "anything")
    assert isinstance(proxy, LocalProxy)


def test_a_proxy_stands_for_its_object(proxies, app):
    with app.test_request_context("/x?a=1") as ctx:
        request, current_app = proxies["request"], proxies["current_app"]
        assert request._get_current_object() is ctx.request
        assert proxies["request_ctx"]._get_current_object() is ctx
        assert current_app._get_current_object() is app
        assert request.path == "/x"
        assert bool(request)
        assert isinstance(request, type(ctx.request))
        assert request.__class__ is type(ctx.request)
        assert request == ctx.request
        assert hash(request) == hash(ctx.request)
        assert repr(request) == repr(ctx.request)
        assert dir(request) == dir(ctx.request)
        assert request.__dict__ is vars(ctx.request)
        assert request.__doc__ == ctx.request.__doc__
        assert weakref.ref(request._get_current_object())() is ctx.request
        with pytest.raises(AttributeError, match="nothing_of_that_name"):
            _ = request.nothing_of_that_name
        with pytest.raises(AttributeError, match="_nothing"):
            _ = request._nothing


def test_attributes_are_set_on_the_object(proxies, app):
    with app.test_request_context("/") as ctx:
        proxies["request"].mine = 1
        assert ctx.request.mine == 1
        del proxies["request"].mine
        assert not hasattr(ctx.request, "mine")
        proxies["g"]._hidden = 2
        assert proxies["app_ctx"].g._hidden == 2
        proxies["current_app"].config["X"] = 3
        assert app.config["X"] == 3


def test_items(proxies, app):
    with app.test_request_context("/"):
        session, g = proxies["session"], proxies["g"]
        session["a"] = 1
        assert session["a"] == 1
        assert "a" in session
        assert len(session) == 1
        assert list(session) == ["a"]
        assert session == {"a": 1}
        session |= {"b": 2}
        assert session["b"] == 2
        del session["a"]
        assert "a" not in session
        with pytest.raises(KeyError):
            session["a"]
        with pytest.raises(KeyError):
            del session["a"]
        g.x = 1
        assert "x" in g
        assert "y" not in g
        with pytest.raises(TypeError):
            proxies["current_app"]["x"]


def test_truth_is_that_of_the_object(proxies, app):
    with app.test_request_context("/"):
        assert not proxies["session"]
        proxies["session"]["a"] = 1
        assert proxies["session"]


def test_an_error_of_the_object_is_raised(proxies, target):
    class Failing(target.Flask):
        @property
        def broken(self):
            raise ValueError("from within")

        def __bool__(self):
            raise ValueError("not even that")

    app = Failing("an_app")
    with app.app_context():
        with pytest.raises(ValueError, match="from within"):
            _ = proxies["current_app"].broken
        with pytest.raises(ValueError, match="not even that"):
            bool(proxies["current_app"])


def test_reading_the_session_accesses_it(proxies, app):
    with app.test_request_context("/") as ctx:
        assert not ctx._session.accessed
        assert "x" not in proxies["session"]
        assert ctx._session.accessed


def test_each_thread_has_its_own(proxies, app):
    seen = []
    with app.test_request_context("/"):
        thread = threading.Thread(target=lambda: seen.append(bool(proxies["request"])))
        thread.start()
        thread.join()
    assert seen == [False]


def test_copies_are_of_the_object(proxies, app):
    with app.test_request_context("/"):
        proxies["session"]["a"] = [1]
        shallow, deep = copy.copy(proxies["session"]), copy.deepcopy(proxies["session"])
        assert type(shallow) is type(proxies["session"]._get_current_object())
        assert shallow["a"] is proxies["session"]["a"]
        assert deep["a"] is not proxies["session"]["a"]


def test_a_proxy_of_ones_own_on_the_same_variable(target_module, app):
    variable = target_module("globals")._cv_app
    own = LocalProxy(variable, "g")
    with app.app_context() as ctx:
        own.x = 1
        assert ctx.g.x == 1


def test_a_context_of_another_class(proxies, target, target_module):
    class Request(target.Request):
        pass

    class Context(target_module("ctx").RequestContext):
        @property
        def request(self):
            return "a request"

        @request.setter
        def request(self, value):
            self._hidden = value

    app = target.Flask("an_app")
    variable = target_module("globals")._cv_request
    token = variable.set(Context.__new__(Context))
    try:
        assert proxies["request"] == "a request"
        assert proxies["request"].upper() == "A REQUEST"
    finally:
        variable.reset(token)
    assert app is not None


def test_a_property_patched_on_the_context_counts(proxies, target_module, app, monkeypatch):
    with app.test_request_context("/"):
        assert proxies["g"]._get_current_object() is not None
        context = target_module("ctx").AppContext
        with monkeypatch.context() as patch:
            patch.setattr(context, "g", property(lambda self: "patched"), raising=False)
            assert proxies["g"].upper() == "PATCHED"


def test_nothing_is_kept_alive(proxies, app):
    with app.test_request_context("/") as ctx:
        held = weakref.ref(ctx.request)
        _ = proxies["request"].path
        proxies["request"].me = ctx.request
    del ctx
    gc.collect()
    assert held() is None
