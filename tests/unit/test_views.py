"""Views as classes: what Flask's own tests do not look at."""

from __future__ import annotations

import functools
import typing as t

import pytest


@pytest.fixture
def app(target):
    return target.Flask("an_app")


@pytest.fixture
def views(target_module):
    return target_module("views")


@pytest.mark.parametrize("decorated", [False, True])
def test_the_class_of_a_view_may_be_exchanged(app, views, decorated):
    def decorate(view: t.Any) -> t.Any:
        assert view.__name__ == "name"
        return lambda **kwargs: "<" + view(**kwargs) + ">"

    class Hello(views.View):
        """Says hello."""

        decorators = [decorate] if decorated else []

        def dispatch_request(self) -> str:
            return "hello"

    class Bye(Hello):
        def dispatch_request(self) -> str:
            return "bye"

    view = Hello.as_view("name")
    app.add_url_rule("/", view_func=view)
    assert (view.__name__, view.__doc__, view.__module__) == ("name", "Says hello.", __name__)
    assert view.view_class is Hello
    assert "hello" in app.test_client().get("/").text
    view.view_class = Bye
    assert app.test_client().get("/").text == ("<bye>" if decorated else "bye")


def test_one_instance_or_one_for_each_request(app, views):
    made = []

    class Counted(views.View):
        def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
            made.append((args, kwargs))

        def dispatch_request(self, **values: t.Any) -> str:
            return str(values)

    class Single(Counted):
        init_every_request = False

    app.add_url_rule("/counted/<a>", view_func=Counted.as_view("counted", 1, b=2))
    app.add_url_rule("/single/<a>", view_func=Single.as_view("single", 3))
    assert made == [((3,), {})]
    for _ in range(2):
        assert app.test_client().get("/counted/x").text == "{'a': 'x'}"
        assert app.test_client().get("/single/x").text == "{'a': 'x'}"
    assert made == [((3,), {}), ((1,), {"b": 2}), ((1,), {"b": 2})]


def test_ensure_sync_is_asked_each_time(app, views, monkeypatch):
    class Hello(views.MethodView):
        def get(self) -> str:
            return "hello"

    app.add_url_rule("/", view_func=Hello.as_view("name"))
    assert app.test_client().get("/").text == "hello"
    asked = []
    ensure_sync = app.ensure_sync
    monkeypatch.setattr(app, "ensure_sync", lambda f: asked.append(f.__name__) or ensure_sync(f))
    assert app.test_client().get("/").text == "hello"
    assert asked[-2:] == ["dispatch_request", "get"]


def test_methods_come_from_the_class_and_its_bases(views):
    class Read(views.MethodView):
        def get(self) -> str:
            return ""

    class Write(Read):
        def post(self) -> str:
            return ""

    class Own(Write):
        methods = ("PUT",)

    class Plain(views.MethodView):
        pass

    class Both(Own, Read):
        pass

    assert Read.methods == {"GET"}
    assert Write.methods == {"GET", "POST"}
    assert Own.methods == ("PUT",)
    assert Plain.methods is None
    assert Both.methods == {"GET", "POST", "PUT"}


def test_head_is_get_unless_there_is_one(app, views):
    class Get(views.MethodView):
        def get(self) -> t.Any:
            return "", {"X-By": "get"}

    class Head(Get):
        def head(self) -> t.Any:
            return "", {"X-By": "head"}

    class Nothing(views.MethodView):
        methods = ("PUT",)

    for cls in (Get, Head, Nothing):
        app.add_url_rule(f"/{cls.__name__}", view_func=cls.as_view(cls.__name__))
    client = app.test_client()
    assert client.head("/Get").headers["X-By"] == "get"
    assert client.head("/Head").headers["X-By"] == "head"
    app.testing = True
    with pytest.raises(AssertionError, match="Unimplemented method 'PUT'"):
        client.put("/Nothing")


def test_a_view_without_an_answer(app, views):
    app.testing = True
    app.add_url_rule("/", view_func=views.View.as_view("name"))
    with pytest.raises(NotImplementedError):
        app.test_client().get("/")


class Answers:
    """A view that is no function, in two ways."""

    def __call__(self, item: str) -> str:
        return f"object {item}"

    def method(self, item: str) -> str:
        return f"method {item}"


@pytest.mark.parametrize("kind", ["object", "method", "partial"])
def test_a_view_need_not_be_a_function(app, kind):
    answers = Answers()
    partial = functools.partial(lambda word, item: f"{word} {item}", "partial")
    view = {"object": answers, "method": answers.method, "partial": partial}[kind]
    app.add_url_rule("/<item>", "endpoint", view)
    client = app.test_client()
    for _ in range(2):
        assert client.get("/x").text == f"{kind} x"


@pytest.mark.kolben_only
@pytest.mark.parametrize("overridden", [False, True])
def test_a_method_may_be_a_coroutine_function(app, overridden):
    class Item:
        async def get(self, item: str) -> str:
            return f"{item} awaited"

    wrapped = []
    if overridden:
        original = app.ensure_sync
        app.ensure_sync = lambda view: wrapped.append(view) or original(view)
    item = Item()
    app.add_url_rule("/<item>", "endpoint", item.get)
    client = app.test_client()
    for _ in range(2):
        assert client.get("/x").text == "x awaited"
    assert (item.get in wrapped) is overridden
