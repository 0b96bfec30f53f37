"""`async def` views on one event loop per thread."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import threading

import pytest

import kolben
from kolben.coroutines import async_to_sync


class Pool:
    """A pool as database drivers have it: its connections belong to one loop."""

    def __init__(self, size: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.free: asyncio.Queue[int] = asyncio.Queue()
        for number in range(size):
            self.free.put_nowait(number)
        self.used = 0

    async def query(self) -> int:
        assert asyncio.get_running_loop() is self.loop
        connection = await self.free.get()
        await asyncio.sleep(0)
        self.free.put_nowait(connection)
        self.used += 1
        return connection


def test_a_pool_lives_through_a_thousand_requests():
    app = kolben.Flask("an_app")

    @app.get("/")
    async def index():
        if "pool" not in app.extensions:
            app.extensions["pool"] = Pool(3)
        found = await asyncio.gather(*(app.extensions["pool"].query() for _ in range(5)))
        return {"found": len(found)}

    client = app.test_client()
    for _ in range(1000):
        assert client.get("/").json == {"found": 5}
    assert app.extensions["pool"].used == 5000


def test_each_thread_has_a_loop_that_ends_with_it():
    loops = []

    async def note():
        loops.append(asyncio.get_running_loop())

    def work():
        async_to_sync(note)()
        async_to_sync(note)()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    async_to_sync(note)()
    first, second, here = loops
    assert first is second
    assert first is not here
    assert first.is_closed()
    assert not here.is_closed()


def test_what_is_left_unfinished_is_cancelled_when_the_thread_ends():
    cancelled = []

    async def forever():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    async def start():
        task = asyncio.ensure_future(forever())
        await asyncio.sleep(0)
        return task

    thread = threading.Thread(target=async_to_sync(start))
    thread.start()
    thread.join()
    assert cancelled == [True]


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_context_variables_go_in_and_come_out():
    async def change():
        before = variable.get()
        await asyncio.sleep(0)
        variable.set("changed inside")
        return before

    def run():
        variable.set("set outside")
        assert async_to_sync(change)() == "set outside"
        return variable.get()

    assert contextvars.copy_context().run(run) == "changed inside"


def test_an_error_comes_out_with_what_was_set():
    async def fail():
        variable.set("before the error")
        raise KeyError("an error")

    def run():
        with pytest.raises(KeyError, match="an error"):
            async_to_sync(fail)()
        return variable.get()

    assert contextvars.copy_context().run(run) == "before the error"


@pytest.mark.parametrize("pause", [False, True])
@pytest.mark.parametrize("interruption", [SystemExit, KeyboardInterrupt])
def test_what_interrupts_comes_out_and_disturbs_nothing(caplog, interruption, pause):
    async def interrupt():
        if pause:
            await asyncio.sleep(0)
        raise interruption

    async def wait():
        await asyncio.sleep(0.001)
        return "waited"

    for _ in range(2):
        with pytest.raises(interruption):
            async_to_sync(interrupt)()
        gc.collect()
        assert async_to_sync(wait)() == "waited"
    assert caplog.records == []


def test_what_the_last_call_has_left_goes_on_during_the_next():
    done = []

    async def later():
        await asyncio.sleep(0)
        done.append(True)

    async def start():
        tasks.append(asyncio.ensure_future(later()))

    async def nothing():
        pass

    tasks: list[asyncio.Task[None]] = []
    async_to_sync(start)()
    for _ in range(3):
        async_to_sync(nothing)()
    assert done == [True]


def test_a_wrapper_tells_what_it_wraps():
    async def view(item: int) -> None: ...

    wrapped = async_to_sync(view)
    assert inspect.unwrap(wrapped) is view
    assert list(inspect.signature(wrapped).parameters) == ["item"]
    assert wrapped.__name__ == "view"


def test_in_a_running_loop_there_is_an_error_that_says_what_to_do():
    async def inner():
        return 1

    async def outer():
        with pytest.raises(RuntimeError, match=r"event loop is running.*Await it"):
            async_to_sync(inner)()

    asyncio.run(outer())


def test_hooks_handlers_and_teardowns():
    app = kolben.Flask("an_app")
    order = []

    @app.before_request
    async def before():
        order.append("before")

    @app.after_request
    async def after(response):
        order.append("after")
        return response

    @app.teardown_request
    async def teardown(error):
        order.append(f"teardown {error!r}")

    @app.teardown_appcontext
    async def teardown_app(error):
        order.append(f"app {error!r}")

    @app.errorhandler(ValueError)
    async def handle(error):
        return f"handled {error}", 418

    @app.get("/")
    async def index():
        await asyncio.sleep(0)
        raise ValueError("it")

    @app.context_processor
    async def process():
        return {"x": "from a coroutine"}

    @app.get("/template")
    async def template():
        return kolben.render_template_string("{{ x }}")

    client = app.test_client()
    response = client.get("/")
    assert (response.status_code, response.text) == (418, "handled it")
    assert order == ["before", "after", "teardown None", "app None"]

    app.testing = True
    with pytest.raises(RuntimeError, match="event loop is running"):
        client.get("/template")


def test_request_and_session_are_there():
    app = kolben.Flask("an_app")
    app.secret_key = "k"

    @app.post("/<name>")
    async def index(name):
        await asyncio.sleep(0)
        kolben.session["name"] = name
        kolben.g.x = 1
        return kolben.request.get_json()

    @app.get("/")
    async def read():
        return kolben.session["name"]

    client = app.test_client()
    assert client.post("/me", json=[1]).json == [1]
    assert client.get("/").text == "me"


def test_views_of_classes():
    app = kolben.Flask("an_app")

    class Item(kolben.views.MethodView):
        async def get(self):
            return "got"

    class Other(kolben.views.View):
        init_every_request = False

        async def dispatch_request(self):
            return "dispatched"

    app.add_url_rule("/", view_func=Item.as_view("item"))
    app.add_url_rule("/other", view_func=Other.as_view("other"))
    client = app.test_client()
    assert client.get("/").text == "got"
    assert client.get("/other").text == "dispatched"


@pytest.mark.parametrize("outcome", ["answer", "error"])
@pytest.mark.parametrize("pause", [False, True])
def test_what_a_coroutine_starts_is_begun_in_the_same_request(target, pause, outcome):
    begun = []

    async def note():
        begun.append("task")

    async def view():
        if pause:
            await asyncio.sleep(0)
        view.task = asyncio.create_task(note())
        if outcome == "error":
            raise ValueError(outcome)
        return "text"

    app = target.Flask("an_app")
    app.add_url_rule("/", "index", view)
    assert app.test_client().get("/").status_code == (500 if outcome == "error" else 200)
    assert begun == ["task"]


@pytest.mark.parametrize("pause", [False, True])
def test_a_generator_left_in_the_middle_is_closed_in_the_same_request(target, pause):
    closed = []

    async def rows():
        try:
            yield "first"
            yield "second"
        finally:
            closed.append(True)

    async def view():
        if pause:
            await asyncio.sleep(0)
        async for row in rows():
            return row
        return None

    app = target.Flask("an_app")
    app.add_url_rule("/", "index", view)
    assert app.test_client().get("/").data == b"first"
    assert closed == [True]


@pytest.mark.filterwarnings("ignore:async_to_sync was passed")
def test_what_is_awaited_need_not_be_a_coroutine(target):
    class Awaitable:
        def __await__(self):
            yield
            return "awaited"

    assert target.Flask("an_app").async_to_sync(Awaitable)() == "awaited"


def test_a_function_may_have_any_name(target):
    async def view():
        return "text"

    partial = functools.partial(view)
    partial.__name__ = None
    assert target.Flask("an_app").async_to_sync(partial)() == "text"


@pytest.mark.kolben_only(reason="Flask leaves it to asgiref")
def test_the_wrapper_may_be_patched_at_any_time(monkeypatch):
    app = kolben.Flask("an_app")

    async def view():
        return "text"

    app.add_url_rule("/", "index", view)
    client = app.test_client()
    assert client.get("/").data == b"text"
    monkeypatch.setattr("kolben.coroutines.async_to_sync", lambda function: lambda: "patched")
    assert client.get("/").data == b"patched"
