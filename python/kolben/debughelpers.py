"""Errors that tell a developer what went wrong, for the debug mode."""

from __future__ import annotations

import typing as t

from werkzeug.routing import RequestRedirect

from .globals import request_ctx

if t.TYPE_CHECKING:
    import collections.abc as cabc

    from jinja2.loaders import BaseLoader

    from .registry import App
    from .scaffold import Scaffold
    from .wrappers import Request

    #: A loader, whose it is, and what it found.
    Attempt = tuple[
        BaseLoader,
        Scaffold,
        tuple[str, str | None, t.Callable[[], bool] | None] | None,
    ]


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """Text came where bytes were awaited, or the other way round."""


class DebugFilesKeyError(KeyError, AssertionError):
    """A file was asked for that a form without the right encoding did not send.

    :param request: The request.
    :param key: The name of the field.
    """

    def __init__(self, request: Request, key: str) -> None:
        message = (
            f"You tried to access the file {key!r} in the request.files dictionary but it does not"
            f" exist. The mimetype for the request is {request.mimetype!r} instead of"
            " 'multipart/form-data' which means that no file contents were transmitted. To fix"
            ' this error you should provide enctype="multipart/form-data" in your form.'
        )
        if sent := request.form.getlist(key):
            names = ", ".join(map(repr, sent))
            message += (
                "\n\nThe browser instead transmitted some file names. This was submitted: " + names
            )
        self.msg = message

    def __str__(self) -> str:
        return self.msg


class FormDataRoutingRedirect(AssertionError):  # noqa: N818 - Flask's name
    """A redirect to the canonical URL would make the browser drop the method and the body.

    :param request: The request, whose routing exception is that redirect.
    """

    def __init__(self, request: Request) -> None:
        redirect = request.routing_exception
        if not isinstance(redirect, RequestRedirect):
            raise AssertionError("The request's routing exception is not a redirect.")
        target = redirect.new_url
        message = [
            f"A request was sent to '{request.url}', but routing issued a redirect to the"
            f" canonical URL '{target}'."
        ]
        if target.partition("?")[0] == f"{request.base_url}/":
            message.append(
                "The URL was defined with a trailing slash. Flask will redirect to the URL with"
                " a trailing slash if it was accessed without one."
            )
        message.append(
            "Send requests to the canonical URL, or use 307 or 308 for routing redirects."
            " Otherwise, browsers will drop form data."
            "\n\nThis exception is only raised in debug mode."
        )
        super().__init__(" ".join(message))


def attach_enctype_error_multidict(request: Request) -> None:
    """Make ``request.files`` raise :exc:`DebugFilesKeyError` for a field that came as text.

    :param request: The request.
    """
    files = request.files
    plain: t.Any = type(files)

    def getitem(self: t.Any, key: str) -> t.Any:
        try:
            return plain.__getitem__(self, key)
        except KeyError as error:
            if key not in request.form:
                raise
            raise DebugFilesKeyError(request, key).with_traceback(error.__traceback__) from None

    explaining = type(
        plain.__name__, (plain,), {"__getitem__": getitem, "__module__": plain.__module__}
    )
    files.__class__ = explaining


def _dump_loader_info(loader: BaseLoader) -> cabc.Iterator[str]:
    kind = type(loader)
    yield f"class: {kind.__module__}.{kind.__name__}"
    for name in sorted(vars(loader)):
        value = vars(loader)[name]
        if name.startswith("_"):
            continue
        if isinstance(value, (str, int, float)):
            yield f"{name}: {value!r}"
        elif isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            yield f"{name}:"
            yield from (f"  - {item}" for item in value)


def _owner(owner: object) -> str:
    from .blueprints import Blueprint  # noqa: PLC0415 - of a layer above this one
    from .registry import App  # noqa: PLC0415 - of a layer above this one

    if isinstance(owner, App):
        return f"application {owner.import_name!r}"
    if isinstance(owner, Blueprint):
        return f"blueprint {owner.name!r} ({owner.import_name})"
    return repr(owner)


_NO_MATCH = "Error: the template could not be found."
_MANY_MATCHES = "Warning: multiple loaders returned a match for the template."


def explain_template_loading_attempts(app: App, template: str, attempts: list[Attempt]) -> None:
    """Log which loaders were asked for a template, and what each of them said.

    :param app: The app, which logs it.
    :param template: The template's name.
    :param attempts: The loaders that were asked, in order.
    """
    lines = [f"Locating template {template!r}:"]
    for number, (loader, owner, found) in enumerate(attempts, 1):
        lines.append(f"{number:5}: trying loader of {_owner(owner)}")
        lines += [f"       {line}" for line in _dump_loader_info(loader)]
        answer = "no match" if found is None else f"found ({found[1] or '<string>'!r})"
        lines.append(f"       -> {answer}")

    matches = sum(found is not None for _, _, found in attempts)
    if matches != 1:
        lines.append(_MANY_MATCHES if matches else _NO_MATCH)
        blueprint = request_ctx.request.blueprint if request_ctx else None
        if blueprint is not None:
            lines += [
                "  The template was looked up from an endpoint that belongs to the blueprint"
                f" {blueprint!r}.",
                "  Maybe you did not place a template in the right folder?",
                "  See https://flask.palletsprojects.com/blueprints/#templates",
            ]
    app.logger.info("\n".join(lines))
