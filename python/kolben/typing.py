"""Names for the types that views and callbacks take and give."""

from __future__ import annotations

import collections.abc as cabc
import typing as t

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from werkzeug.datastructures import Headers
    from werkzeug.sansio.response import Response


#: One header's value.
HeaderValue = str | list[str] | tuple[str, ...]

#: All headers: an object, a mapping or pairs.
HeadersValue = t.Union["Headers", t.Mapping[str, HeaderValue], t.Sequence[tuple[str, HeaderValue]]]

#: A body, or what a body is made from. Of mappings an app takes only dicts; the wider type lets
#: a ``TypedDict`` in. The asynchronous iterables are for Quart, which shares these names.
ResponseValue = t.Union[
    "Response",
    str,
    bytes,
    t.Mapping[str, t.Any],
    list[t.Any],
    t.Iterator[str],
    t.Iterator[bytes],
    cabc.AsyncIterable[str],
    cabc.AsyncIterable[bytes],
]

#: All that a view may return.
ResponseReturnValue = t.Union[
    ResponseValue,
    tuple[ResponseValue, int],
    tuple[ResponseValue, HeadersValue],
    tuple[ResponseValue, int, HeadersValue],
    "WSGIApplication",
]

#: A response class. As a variable it lets a callback name the subclass that its app uses.
ResponseClass = t.TypeVar("ResponseClass", bound="Response")

#: A blueprint's name, or ``None`` for the app.
AppOrBlueprintKey = str | None

#: A view.
RouteCallable = (
    t.Callable[..., t.Awaitable[ResponseReturnValue]] | t.Callable[..., ResponseReturnValue]
)

#: An error handler. It takes what it was registered for, so its argument can be no narrower type.
ErrorHandlerCallable = (
    t.Callable[[t.Any], t.Awaitable[ResponseReturnValue]] | t.Callable[[t.Any], ResponseReturnValue]
)

AfterRequestCallable = (
    t.Callable[[ResponseClass], t.Awaitable[ResponseClass]]
    | t.Callable[[ResponseClass], ResponseClass]
)
BeforeFirstRequestCallable = t.Callable[[], t.Awaitable[None]] | t.Callable[[], None]
BeforeRequestCallable = (
    t.Callable[[], t.Awaitable[t.Optional[ResponseReturnValue]]]  # noqa: UP045 - has a string in it
    | t.Callable[[], t.Optional[ResponseReturnValue]]  # noqa: UP045 - likewise
)
TeardownCallable = (
    t.Callable[[BaseException | None], t.Awaitable[None]] | t.Callable[[BaseException | None], None]
)

ShellContextProcessorCallable = t.Callable[[], dict[str, t.Any]]
TemplateContextProcessorCallable = (
    t.Callable[[], t.Awaitable[dict[str, t.Any]]] | t.Callable[[], dict[str, t.Any]]
)
TemplateFilterCallable = t.Callable[..., t.Any]
TemplateTestCallable = t.Callable[..., bool]
TemplateGlobalCallable = t.Callable[..., t.Any]

URLValuePreprocessorCallable = t.Callable[[str | None, dict[str, t.Any] | None], None]
URLDefaultCallable = t.Callable[[str, dict[str, t.Any]], None]
