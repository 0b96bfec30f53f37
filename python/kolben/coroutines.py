"""``async def`` views, hooks and handlers in an app that is called the WSGI way.

Each thread keeps one event loop and runs its coroutines there, one call after another. What a
coroutine leaves behind on the loop, a database pool for one, is there for the next one; a task that
it leaves unfinished goes on during the next call.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import typing as t
import weakref
from contextvars import copy_context
from types import CoroutineType

if t.TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context

__all__ = ["async_to_sync"]


class _Held:
    """Holds the event loop of a thread, which is closed when the thread ends."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.process = os.getpid()
        weakref.finalize(self, _close, self.loop, self.process)


def _close(loop: asyncio.AbstractEventLoop, process: int) -> None:
    # A forked child has its parent's loop in hand, and must not close what they share.
    if process != os.getpid() or loop.is_closed() or loop.is_running():
        return
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


_of_thread = threading.local()


def _thread_loop() -> asyncio.AbstractEventLoop:
    held: _Held | None = getattr(_of_thread, "held", None)
    if held is None or held.process != os.getpid() or held.loop.is_closed():
        held = _of_thread.held = _Held()
    return held.loop


def async_to_sync(
    function: Callable[..., Awaitable[t.Any]],
) -> Callable[..., t.Any]:
    """Wrap a coroutine function so that a call runs it to its end.

    It sees the context variables of the caller, and what it sets there stays.

    :param function: The coroutine function.
    """

    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        # PERF: `get_running_loop` raises where there is none (benches/apps.py, `async view`).
        if asyncio._get_running_loop() is None:
            return _run(function(*args, **kwargs))
        raise RuntimeError(
            "An async view or hook was called from a thread whose event loop is running."
            " Await it instead, or call the app from a thread of its own."
        )

    # PERF: less than `update_wrapper` sets, which is made for each request (benches/apps.py).
    name = getattr(function, "__name__", None)
    if type(name) is str:
        run.__name__ = name
    run.__wrapped__ = function  # type: ignore[attr-defined]
    return run


def _run(awaitable: Awaitable[t.Any]) -> t.Any:
    # A function that is only marked as a coroutine function may return any other awaitable.
    coroutine = awaitable if type(awaitable) is CoroutineType else _await(awaitable)
    loop = _thread_loop()
    context = copy_context()
    holder: list[Context] = []
    if sys.version_info >= (3, 11):
        task = loop.create_task(coroutine, context=context)
    else:
        # A task copies the context that it is made in, so it has to be asked for its own.
        task = loop.create_task(_then_note_context(coroutine, holder))
    try:
        _turn_once(loop)
        if not task.done():
            loop.run_until_complete(task)
        # PERF: most have started nothing, as the loops of asyncio tell; others are not asked.
        if getattr(loop, "_ready", True):
            _begin_the_rest(loop)
        return task.result()
    finally:
        if not task.done():
            # Interrupted: the worker is being stopped.
            task.cancel()
        elif not task.cancelled():
            # What interrupts comes out of the loop as well, and is not to be logged as forgotten.
            task.exception()
        if sys.version_info < (3, 11):
            context = holder[0] if holder else context
        _take_over(context)


def _turn_once(loop: asyncio.AbstractEventLoop) -> None:
    """Run what is ready, and then stop.

    PERF: a coroutine that waits for nothing is over now. The loop would need one more turn, with a
    look at its sockets, to find out that it is to stop (benches/apps.py, `async view`).
    """
    stop = loop.call_soon(loop.stop)
    try:
        loop.run_forever()
    finally:
        # If an error came first, it is still to come, and not in the next call.
        stop.cancel()


def _begin_the_rest(loop: asyncio.AbstractEventLoop) -> None:
    """Begin what a coroutine has started and not waited for: it may be over now, too.

    One turn begins a task; a generator that was left in the middle takes another to be closed.
    """
    _turn_once(loop)
    _turn_once(loop)


async def _await(awaitable: Awaitable[t.Any]) -> t.Any:
    return await awaitable


async def _then_note_context(
    coroutine: Coroutine[t.Any, t.Any, t.Any], holder: list[Context]
) -> t.Any:
    try:
        return await coroutine
    finally:
        holder.append(copy_context())


def _take_over(context: Context) -> None:
    """Set here what a coroutine has set."""
    missing = object()
    for variable, value in context.items():
        if variable.get(missing) is not value:
            variable.set(value)
