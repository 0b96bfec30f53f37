"""Jinja templates."""

from __future__ import annotations

import typing as t

from jinja2 import BaseLoader, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from .ctx import _default_template_ctx_processor as _default_template_ctx_processor
from .globals import _cv_request, current_app
from .helpers import stream_with_context
from .signals import before_render_template, template_rendered

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2 import Template

    from .app import Flask
    from .registry import App
    from .scaffold import Scaffold

    #: A template's text, its file, and whether that is still up to date.
    _Source = tuple[str, str | None, Callable[[], bool] | None]

__all__ = [
    "DispatchingJinjaLoader",
    "Environment",
    "render_template",
    "render_template_string",
    "stream_template",
    "stream_template_string",
]


class Environment(BaseEnvironment):
    """Jinja's environment for an app: its templates and those of its blueprints.

    :param app: The app.
    :param options: For :class:`jinja2.Environment`.
    """

    def __init__(self, app: App, **options: t.Any) -> None:
        if "loader" not in options:
            options["loader"] = app.create_global_jinja_loader()
        super().__init__(**options)
        self.app = app


class DispatchingJinjaLoader(BaseLoader):
    """Looks for a template in the folder of the app, then in those of its blueprints.

    :param app: The app.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> _Source:
        """Return the source of the first template of that name."""
        explain = self.app.config["EXPLAIN_TEMPLATE_LOADING"]
        attempts: list[tuple[BaseLoader, Scaffold, _Source | None]] = []
        found: _Source | None = None
        for owner, loader in self._iter_loaders(template):
            source = _source_of(loader, environment, template)
            found = found or source
            attempts.append((loader, owner, source))
            if found is not None and not explain:
                break
        if explain:
            from . import debughelpers  # noqa: PLC0415 - loaded only to explain

            debughelpers.explain_template_loading_attempts(self.app, template, attempts)
        if found is None:
            raise TemplateNotFound(template)
        return found

    def _iter_loaders(self, template: str) -> Iterator[tuple[Scaffold, BaseLoader]]:
        owner: Scaffold
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None:
                yield owner, loader

    def list_templates(self) -> list[str]:
        """List the names of all templates."""
        return list(
            {name for _, loader in self._iter_loaders("") for name in loader.list_templates()}
        )


def _source_of(loader: BaseLoader, environment: BaseEnvironment, template: str) -> _Source | None:
    try:
        return loader.get_source(environment, template)
    except TemplateNotFound:
        return None


def _announce(signal: t.Any, app: Flask, template: Template, context: dict[str, t.Any]) -> None:
    if signal.receivers:
        signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _current() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]


def _render(app: Flask, template: Template, context: dict[str, t.Any]) -> str:
    app.update_template_context(context)
    _announce(before_render_template, app, template, context)
    text = template.render(context)
    _announce(template_rendered, app, template, context)
    return text


def render_template(
    template_name_or_list: str | Template | list[str | Template], **context: t.Any
) -> str:
    """Render a template of the current app.

    :param template_name_or_list: Its name; or several, of which the first that exists counts.
    :param context: The variables of the template.
    """
    app = _current()
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _render(app, template, context)


def render_template_string(source: str, **context: t.Any) -> str:
    """Render a template that is given as text.

    :param source: The text.
    :param context: The variables of the template.
    """
    app = _current()
    return _render(app, app.jinja_env.from_string(source), context)


def _stream(app: Flask, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    app.update_template_context(context)
    _announce(before_render_template, app, template, context)
    pieces = _generate(app, template, context)
    return pieces if _cv_request.get(None) is None else stream_with_context(pieces)


def _generate(app: Flask, template: Template, context: dict[str, t.Any]) -> Iterator[str]:
    yield from template.generate(context)
    _announce(template_rendered, app, template, context)


def stream_template(
    template_name_or_list: str | Template | list[str | Template], **context: t.Any
) -> Iterator[str]:
    """Render a template of the current app piece by piece, for a streamed response.

    :param template_name_or_list: Its name; or several, of which the first that exists counts.
    :param context: The variables of the template.
    """
    app = _current()
    template = app.jinja_env.get_or_select_template(template_name_or_list)
    return _stream(app, template, context)


def stream_template_string(source: str, **context: t.Any) -> Iterator[str]:
    """Render a template that is given as text piece by piece, for a streamed response.

    :param source: The text.
    :param context: The variables of the template.
    """
    app = _current()
    return _stream(app, app.jinja_env.from_string(source), context)
