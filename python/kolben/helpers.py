"""Functions that views use: responses, URLs, messages, files."""

from __future__ import annotations

import importlib.util
import os
import sys
import typing as t
from functools import cache, update_wrapper

from werkzeug.exceptions import abort as _werkzeug_abort
from werkzeug.utils import redirect as _werkzeug_redirect

from .core import compiled
from .files import send_file as _send_file
from .files import send_from_directory as _send_from_directory
from .globals import _cv_app, _cv_request, current_app, request_ctx, session
from .signals import message_flashed

if t.TYPE_CHECKING or compiled is not None:
    from ._core import build_link as _build_link
else:

    def _build_link(*arguments: t.Any) -> str | None:  # noqa: ARG001 - it takes what the core takes
        """Leave it to the app."""
        return None


if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from werkzeug.wrappers import Response as BaseResponse

    from .wrappers import Response

__all__ = [
    "abort",
    "flash",
    "get_debug_flag",
    "get_flashed_messages",
    "get_load_dotenv",
    "get_root_path",
    "get_template_attribute",
    "make_response",
    "redirect",
    "send_file",
    "send_from_directory",
    "stream_with_context",
    "url_for",
]

_FALSE = frozenset(("0", "false", "no"))


def get_debug_flag() -> bool:
    """Say whether ``FLASK_DEBUG`` asks for debug mode."""
    value = os.environ.get("FLASK_DEBUG")
    return bool(value) and t.cast("str", value).lower() not in _FALSE


def get_load_dotenv(default: bool = True) -> bool:
    """Say whether ``.env`` files are to be loaded, which ``FLASK_SKIP_DOTENV`` switches off.

    :param default: The answer if that variable is not set.
    """
    value = os.environ.get("FLASK_SKIP_DOTENV")
    return value.lower() in _FALSE if value else default


# Streaming.


@t.overload
def stream_with_context(
    generator_or_function: Iterator[t.AnyStr],
) -> Iterator[t.AnyStr]: ...


@t.overload
def stream_with_context(
    generator_or_function: Callable[..., Iterator[t.AnyStr]],
) -> Callable[[Iterator[t.AnyStr]], Iterator[t.AnyStr]]: ...


def stream_with_context(
    generator_or_function: Iterator[t.AnyStr] | Callable[..., Iterator[t.AnyStr]],
) -> Iterator[t.AnyStr] | Callable[[Iterator[t.AnyStr]], Iterator[t.AnyStr]]:
    """Keep the contexts of this request while a generator runs, after the view has returned.

    :param generator_or_function: The generator; or a generator function, as a decorator.
    """
    try:
        generator = iter(t.cast("Iterator[t.AnyStr]", generator_or_function))
    except TypeError:
        function = t.cast("Callable[..., Iterator[t.AnyStr]]", generator_or_function)

        def when_called(*args: t.Any, **kwargs: t.Any) -> t.Any:
            return stream_with_context(function(*args, **kwargs))

        return update_wrapper(when_called, function)

    streamed = _stream_in_context(generator)
    # Up to where the contexts are taken: they are here now, and not when the server iterates.
    next(streamed)
    return t.cast("Iterator[t.AnyStr]", streamed)


def _stream_in_context(generator: Iterator[t.AnyStr]) -> Iterator[t.AnyStr | None]:
    request_context = _cv_request.get(None)
    if request_context is None:
        raise RuntimeError(
            "'stream_with_context' can only be used when a request context is active,"
            " such as in a view function."
        )
    app_context = _cv_app.get()
    yield None
    with app_context, request_context:
        try:
            yield from generator
        finally:
            # A server that stops early closes this generator, which has to close that one.
            close = getattr(generator, "close", None)
            if close is not None:
                close()


# Responses and URLs.


def make_response(*args: t.Any) -> Response:
    """Make a response of what a view may return, to set headers on it.

    :param args: What would stand behind ``return``; nothing makes an empty response.
    """
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)


def url_for(
    endpoint: str,
    *,
    _anchor: str | None = None,
    _method: str | None = None,
    _scheme: str | None = None,
    _external: bool | None = None,
    **values: t.Any,
) -> str:
    """Build a URL with :meth:`kolben.Flask.url_for` of the current app.

    :param endpoint: The endpoint; with a dot in front, one of the current blueprint.
    :param _anchor: What comes after ``#``.
    :param _method: The method that the URL is for, if the endpoint's rules differ by method.
    :param _scheme: The scheme of an external URL.
    :param _external: Whether the URL has scheme and host.
    :param values: The arguments of the rule; the others make up the query.
    """
    if _anchor is None and _method is None and _scheme is None and _external is None:
        url = _build_link(endpoint, values)
        if url is not None:
            return url
    # PERF: the app itself, for a call through the proxy packs the arguments once more.
    ctx = _cv_app.get(None)
    app = current_app if ctx is None else ctx.app
    return app.url_for(
        endpoint,
        _anchor=_anchor,
        _method=_method,
        _scheme=_scheme,
        _external=_external,
        **values,
    )


def redirect(
    location: str,
    code: int = 302,
    Response: type[BaseResponse] | None = None,  # noqa: N803 - Flask's name
) -> BaseResponse:
    """Make a response that sends the client to another URL.

    :param location: The URL.
    :param code: The status code.
    :param Response: The class of the response, where there is no current app.
    """
    ctx = _cv_app.get(None)
    if ctx is not None:
        return ctx.app.redirect(location, code=code)
    return _werkzeug_redirect(location, code=code, Response=Response)


def abort(code: int | BaseResponse, *args: t.Any, **kwargs: t.Any) -> t.NoReturn:
    """Raise the HTTP exception of a status code, by the current app's aborter if there is one.

    :param code: The status code, or a response that the client gets.
    :param args: For the exception.
    :param kwargs: For the exception.
    """
    ctx = _cv_app.get(None)
    if ctx is not None:
        ctx.app.aborter(code, *args, **kwargs)
    _werkzeug_abort(code, *args, **kwargs)


def get_template_attribute(template_name: str, attribute: str) -> t.Any:
    """Return a macro or a variable that a template exports.

    :param template_name: The template.
    :param attribute: The name of the macro or variable.
    """
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)


# Flashed messages.


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next request, where a template asks for it.

    :param message: The message.
    :param category: What kind it is: ``message``, ``error``, ``info``, ``warning`` or another.
    """
    # Set anew: a session notices only what is set, not what changes inside.
    session["_flashes"] = [*session.get("_flashes", []), (category, message)]
    if message_flashed.receivers:
        app = _cv_app.get().app
        message_flashed.send(
            app, _async_wrapper=app.ensure_sync, message=message, category=category
        )


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Take the flashed messages out of the session; further calls return the same ones.

    :param with_categories: Whether to return pairs of category and message.
    :param category_filter: The categories to return; without them, all.
    """
    ctx = request_ctx._get_current_object()  # type: ignore[attr-defined]
    flashes = ctx.flashes
    if flashes is None:
        stored = ctx.session
        flashes = ctx.flashes = stored.pop("_flashes") if "_flashes" in stored else []
    if category_filter:
        flashes = [flashed for flashed in flashes if flashed[0] in category_filter]
    if with_categories:
        return t.cast("list[tuple[str, str]]", flashes)
    return [message for _, message in flashes]


# Files.


def _with_settings(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Complete the arguments of Werkzeug's functions by the settings of the current app."""
    app: t.Any = current_app._get_current_object()  # type: ignore[attr-defined]
    if given.get("max_age") is None:
        given["max_age"] = app.get_send_file_max_age
    given["environ"] = request_ctx.request.environ
    given["use_x_sendfile"] = app.config["USE_X_SENDFILE"]
    given["response_class"] = app.response_class
    given["_root_path"] = app.root_path
    return given


def send_file(
    path_or_file: os.PathLike[t.AnyStr] | str | t.IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | int | float | None = None,
    max_age: None | (int | Callable[[str | None], int | None]) = None,
) -> Response:
    """Make a response of a file that the app chooses.

    A path that a client has a part in belongs to :func:`send_from_directory`.

    :param path_or_file: The file, or its path; one that is not absolute starts at the app's root.
    :param mimetype: Its type; without it, that goes by the name.
    :param as_attachment: Whether a browser is to save it rather than show it.
    :param download_name: The name to save it under.
    :param conditional: Whether conditions and ranges of the request count.
    :param etag: The tag; or whether to make one.
    :param last_modified: When it was changed; without it, what the file system says.
    :param max_age: For how many seconds it may be cached; or a function of the path that says so.
    """
    arguments = _with_settings(
        {
            "mimetype": mimetype,
            "as_attachment": as_attachment,
            "download_name": download_name,
            "conditional": conditional,
            "etag": etag,
            "last_modified": last_modified,
            "max_age": max_age,
        }
    )
    return t.cast("Response", _send_file(path_or_file, arguments))


def send_from_directory(
    directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: t.Any
) -> Response:
    """Make a response of a file below a folder; anything else is a 404.

    :param directory: The folder; one that is not absolute starts at the app's root.
    :param path: The file, as a client asked for it.
    :param kwargs: For :func:`send_file`.
    """
    arguments = _with_settings(kwargs)
    return t.cast("Response", _send_from_directory(directory, path, arguments))


def get_root_path(import_name: str) -> str:
    """Return the folder of a module or package; the current one if it has none.

    :param import_name: The name of the module.
    """
    module = sys.modules.get(import_name)
    file = getattr(module, "__file__", None)
    if file is None:
        loader = _find_loader(import_name)
        if loader is None:
            # The interactive interpreter, say.
            return os.getcwd()
        if hasattr(loader, "get_filename"):
            file = loader.get_filename(import_name)
        else:
            __import__(import_name)
            file = getattr(sys.modules[import_name], "__file__", None)
    if file is None:
        raise RuntimeError(
            f"No root path can be found for the provided module {import_name!r}: it came from an"
            " import hook that names no file, or it is a namespace package. Pass 'root_path'."
        )
    return os.path.dirname(os.path.abspath(t.cast("str", file)))


def _find_loader(import_name: str) -> t.Any | None:
    try:
        spec = importlib.util.find_spec(import_name)
    except (ImportError, ValueError):
        return None
    return None if spec is None else spec.loader


@cache
def _split_blueprint_path(name: str) -> list[str]:
    """List a nested blueprint's name and those of the blueprints around it, inner first."""
    names = [name]
    while "." in name:
        name = name.rpartition(".")[0]
        names.append(name)
    return names
