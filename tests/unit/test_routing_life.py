"""Maps that come and go, and maps that many threads use."""

from __future__ import annotations

import gc
import sys
import threading
import typing as t
import weakref

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

import kolben.routing
from tests.conftest import needs_core


def make_map(module: t.Any) -> t.Any:
    return module.Map(
        [
            module.Rule("/", endpoint="index"),
            module.Rule("/user/<int:id>", endpoint="user", methods=["GET"]),
            module.Rule("/a/<path:x>/", endpoint="a"),
            module.Rule("/list/", endpoint="list", defaults={"page": 1}),
            module.Rule("/list/<int:page>", endpoint="list"),
            module.Rule("/<x>-<y>", endpoint="two"),
        ]
    )


def use(url_map: t.Any) -> None:
    """Everything that an adapter does, once."""
    adapter = url_map.bind("example.com")
    assert adapter.match("/user/1") == ("user", {"id": 1})
    assert adapter.match("/x-y") == ("two", {"x": "x", "y": "y"})
    assert adapter.build("user", {"id": 1, "q": "ü"}) == "/user/1?q=%C3%BC"
    for path, error in (
        ("/a/b", RequestRedirect),
        ("/list/1", RequestRedirect),
        ("/no/t", NotFound),
    ):
        with pytest.raises(error):
            adapter.match(path)
    with pytest.raises(MethodNotAllowed):
        adapter.match("/user/1", method="POST")
    environ = {"wsgi.url_scheme": "http", "HTTP_HOST": "example.com", "REQUEST_METHOD": "GET"}
    assert url_map.bind_to_environ(environ).match() == ("index", {})


def test_a_map_goes_when_nobody_holds_it(module: t.Any) -> None:
    url_map = make_map(module)
    use(url_map)
    adapter = url_map.bind("example.com")
    rule = next(url_map.iter_rules())
    rule._parts, rule._trace, rule._build  # noqa: B018
    gone = weakref.ref(url_map)
    del url_map, adapter, rule
    gc.collect()
    assert gone() is None


def test_a_map_that_grew_goes_too(module: t.Any) -> None:
    url_map = make_map(module)
    for number in range(20):
        use(url_map)
        url_map.add(module.Rule(f"/more/{number}", endpoint=str(number)))
    gone = weakref.ref(url_map)
    del url_map
    gc.collect()
    assert gone() is None


def grows(work: t.Callable[[], None]) -> int:
    """By how many objects and references the interpreter grows over many rounds of `work`."""
    for _ in range(20):
        work()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(200):
        work()
    gc.collect()
    return len(gc.get_objects()) - before


def test_matching_and_building_leave_nothing_behind() -> None:
    url_map = make_map(kolben.routing)
    # Pytest keeps a few objects for itself; one in each round would be 200.
    assert grows(lambda: use(url_map)) < 100


def test_making_maps_leaves_nothing_behind() -> None:
    assert grows(lambda: use(make_map(kolben.routing))) < 100


@pytest.mark.skipif(not hasattr(sys, "getrefcount"), reason="counts references")
def test_arguments_and_endpoints_are_counted_right() -> None:
    endpoint, url_map = object(), kolben.routing.Map()
    url_map.add(kolben.routing.Rule("/<x>/<int:y>", endpoint=endpoint, methods=["GET"]))
    adapter = url_map.bind("example.com")
    path, method, wrong = "/a/" + "1" * 5, "GET", "POST"
    adapter.match(path, method)
    watched = (endpoint, url_map, path, method, wrong, None, True)
    # What other tests left holds many a None.
    gc.collect()
    before = [sys.getrefcount(item) for item in watched]
    for _ in range(1000):
        adapter.match(path, method)
        adapter.build(endpoint, {"x": path, "y": 2})
        with pytest.raises(MethodNotAllowed):
            adapter.match(path, wrong)
    after = [sys.getrefcount(item) for item in watched]
    assert all(abs(one - other) < 500 for one, other in zip(before, after, strict=True))


# --- threads ------------------------------------------------------------------------------------


def in_threads(*works: t.Callable[[], None]) -> None:
    """Run all at once, and raise the first error of any of them."""
    errors: list[BaseException] = []

    def run(work: t.Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


@pytest.fixture
def busy_threads() -> t.Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@needs_core
@pytest.mark.usefixtures("busy_threads")
def test_readers_see_the_old_rules_or_the_new_ones() -> None:
    url_map = make_map(kolben.routing)
    use(url_map)
    added = [0]
    total = 500

    def write() -> None:
        for number in range(total):
            url_map.add(kolben.routing.Rule(f"/new/{number}/<int:x>", endpoint=f"new {number}"))
            added[0] = number + 1

    def read() -> None:
        adapter = url_map.bind("example.com")
        while added[0] < total:
            known = added[0]
            assert adapter.match("/user/7") == ("user", {"id": 7})
            if known:
                newest = known - 1
                assert adapter.match(f"/new/{newest}/5") == (f"new {newest}", {"x": 5})
                assert adapter.build(f"new {newest}", {"x": 5}) == f"/new/{newest}/5"
            try:
                found = adapter.match(f"/new/{known}/3")
            except NotFound:
                pass
            else:
                assert found == (f"new {known}", {"x": 3})

    in_threads(write, *[read] * 8)
    assert len(list(url_map.iter_rules())) == total + 6


@needs_core
@pytest.mark.usefixtures("busy_threads")
def test_two_writers_lose_no_rule() -> None:
    url_map = make_map(kolben.routing)
    use(url_map)

    def write(name: str) -> None:
        for number in range(100):
            url_map.add(kolben.routing.Rule(f"/{name}/{number}/", endpoint=name))
            assert url_map.bind("example.com").match(f"/{name}/{number}/") == (name, {})

    in_threads(*[lambda name=name: write(name) for name in ("red", "green", "blue")])
    for name in ("red", "green", "blue"):
        assert len(list(url_map.iter_rules(name))) == 100


@needs_core
@pytest.mark.usefixtures("busy_threads")
def test_the_first_requests_may_come_all_at_once() -> None:
    for _ in range(20):
        url_map = make_map(kolben.routing)
        in_threads(*[lambda url_map=url_map: use(url_map)] * 8)


@pytest.mark.usefixtures("busy_threads")
def test_a_rule_may_change_while_others_match() -> None:
    url_map = make_map(kolben.routing)
    rule = next(url_map.iter_rules("user"))
    running = [True]

    def write() -> None:
        adapter = url_map.bind("example.com")
        try:
            for number in range(200):
                rule.defaults = {"page": number}
                assert adapter.match("/user/1") == ("user", {"id": 1, "page": number})
        finally:
            running[0] = False

    def read() -> None:
        adapter = url_map.bind("example.com")
        while running[0]:
            endpoint, arguments = adapter.match("/user/1")
            assert (endpoint, arguments["id"]) == ("user", 1)

    in_threads(write, *[read] * 4)
    assert url_map.bind("example.com").match("/user/1")[1] == {"id": 1, "page": 199}
