"""The request and the response of an app: HTTP's messages that know the app's settings."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import BadRequest

from . import json
from .globals import _cv_app
from .helpers import _split_blueprint_path
from .messages import Request as RequestBase
from .messages import Response as ResponseBase

if t.TYPE_CHECKING:
    from werkzeug.exceptions import HTTPException
    from werkzeug.routing import Rule

__all__ = ["Request", "Response"]


class _Limit:
    """A limit on request bodies: the request's own, or else the app's setting."""

    def __init__(self, setting: str, doc: str) -> None:
        self.setting = setting
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.slot = f"_{name}"

    def __get__(self, request: t.Any, owner: type | None = None) -> t.Any:
        if request is None:
            return self
        own = getattr(request, self.slot)
        if own is not None:
            return own
        ctx = _cv_app.get(None)
        if ctx is None:
            return getattr(RequestBase, self.name)
        return ctx.app.config[self.setting]

    def __set__(self, request: t.Any, value: int | None) -> None:
        setattr(request, self.slot, value)


class Request(RequestBase):
    """An incoming request, with the rule that it matched.

    What a handler reads as :data:`kolben.request`. An app that wants another class sets
    :attr:`kolben.Flask.request_class`.
    """

    json_module: t.Any = json

    #: The rule that the URL matched; ``None`` if there is none.
    url_rule: Rule | None = None
    #: The arguments of the URL, as the view gets them; ``None`` if no rule matched.
    view_args: dict[str, t.Any] | None = None
    #: What matching the URL ended with, if that was not a rule.
    routing_exception: HTTPException | None = None

    _max_content_length: int | None = None
    _max_form_memory_size: int | None = None
    _max_form_parts: int | None = None

    if t.TYPE_CHECKING:
        max_content_length: int | None
        max_form_memory_size: int | None
        max_form_parts: int | None  # type: ignore[assignment]
    else:
        max_content_length = _Limit(
            "MAX_CONTENT_LENGTH",
            """The most bytes of a body; a longer one is answered with 413. ``None``: no limit.

            Unless it is set for this request, ``MAX_CONTENT_LENGTH`` of the app's config.
            """,
        )
        max_form_memory_size = _Limit(
            "MAX_FORM_MEMORY_SIZE",
            """The most bytes of a form field that is no file. ``None``: no limit.

            Unless it is set for this request, ``MAX_FORM_MEMORY_SIZE`` of the app's config.
            """,
        )
        max_form_parts = _Limit(
            "MAX_FORM_PARTS",
            """The most fields of a multipart form. ``None``: no limit.

            Unless it is set for this request, ``MAX_FORM_PARTS`` of the app's config.
            """,
        )

    @property
    def endpoint(self) -> str | None:
        """The endpoint of the rule that the URL matched; ``None`` if there is none."""
        rule = self.url_rule
        return None if rule is None else t.cast("str", rule.endpoint)

    @property
    def blueprint(self) -> str | None:
        """The full name of the blueprint that answers; ``None`` if it is the app itself."""
        endpoint = self.endpoint
        if endpoint is not None and "." in endpoint:
            return endpoint.rpartition(".")[0]
        return None

    @property
    def blueprints(self) -> list[str]:
        """The full names of the blueprint that answers and of those around it, inner first."""
        name = self.blueprint
        return [] if name is None else _split_blueprint_path(name)

    def _load_form_data(self) -> None:
        super()._load_form_data()
        ctx = _cv_app.get(None)
        if (
            ctx is not None
            and ctx.app.debug
            and self.mimetype != "multipart/form-data"
            and not self.files
        ):
            from .debughelpers import attach_enctype_error_multidict  # noqa: PLC0415 - debug only

            attach_enctype_error_multidict(self)

    def on_json_loading_failed(self, e: ValueError | None) -> t.Any:
        """Answer a body that is not JSON with 400; only in debug mode it says why."""
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            ctx = _cv_app.get(None)
            if ctx is not None and ctx.app.debug:
                raise
            raise BadRequest() from error


class Response(ResponseBase):
    """An outgoing response: HTML unless told otherwise.

    An app that wants another class sets :attr:`kolben.Flask.response_class`.
    """

    default_mimetype: str | None = "text/html"
    json_module = json
    autocorrect_location_header = False

    @property
    def max_cookie_size(self) -> int:  # type: ignore[override]
        """The size from which on a cookie is warned about: ``MAX_COOKIE_SIZE`` of the config."""
        ctx = _cv_app.get(None)
        if ctx is None:
            return ResponseBase.max_cookie_size
        return t.cast("int", ctx.app.config["MAX_COOKIE_SIZE"])
