"""A client, a builder of environs and a runner of commands that know the app."""

from __future__ import annotations

import importlib.metadata
import typing as t
from contextlib import ExitStack, contextmanager
from copy import copy
from functools import lru_cache
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner, Result
from werkzeug.test import Client
from werkzeug.wrappers import Request as BaseRequest

from .cli import ScriptInfo
from .sessions import SessionMixin

if t.TYPE_CHECKING:
    import collections.abc as cabc
    from types import TracebackType

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.test import TestResponse

    from .app import Flask

__all__ = ["EnvironBuilder", "FlaskCliRunner", "FlaskClient"]


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """A :class:`werkzeug.test.EnvironBuilder` that takes what it is not told from the app.

    :param app: The app.
    :param path: The path, or a whole URL.
    :param base_url: Where the app is served. By default it is made of ``PREFERRED_URL_SCHEME``,
        ``SERVER_NAME`` and ``APPLICATION_ROOT``, and then of the next two.
    :param subdomain: A subdomain of the server's name.
    :param url_scheme: The scheme.
    :param args: As in Werkzeug.
    :param kwargs: As in Werkzeug; ``json`` is written by the app's provider.
    """

    def __init__(
        self,
        app: Flask,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: t.Any,
        **kwargs: t.Any,
    ) -> None:
        self.app = app
        if base_url is None:
            base_url, path = _base_url_and_path(app, path, subdomain, url_scheme)
        elif subdomain or url_scheme:
            raise AssertionError('Cannot pass "subdomain" or "url_scheme" with "base_url".')
        super().__init__(path, base_url, *args, **kwargs)

    def json_dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        """Write a value as JSON, as the app does.

        :param obj: The value.
        :param kwargs: For the app's provider.
        """
        return self.app.json.dumps(obj, **kwargs)


def _base_url_and_path(
    app: Flask, path: str, subdomain: str | None, url_scheme: str | None
) -> tuple[str, str]:
    url = urlsplit(path)
    scheme = url.scheme or url_scheme
    if scheme is None:
        scheme = app.config["PREFERRED_URL_SCHEME"]
    host = app.config.get("SERVER_NAME") or "localhost"
    if subdomain:
        host = f"{subdomain}.{host}"
    root = app.config["APPLICATION_ROOT"].lstrip("/")
    query = f"?{url.query}" if url.query else ""
    return f"{scheme}://{url.netloc or host}/{root}", url.path + query


@lru_cache(maxsize=1)
def _get_werkzeug_version() -> str:
    return importlib.metadata.version("werkzeug")


class FlaskClient(Client):
    """A :class:`werkzeug.test.Client` that can keep a request's context.

    Inside of ``with client:`` the context of the last request stays, and ``request`` and
    ``session`` can be read after the response. What each request begins with stands in
    ``environ_base``.

    :param args: As in Werkzeug.
    :param kwargs: As in Werkzeug.
    """

    application: Flask

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.preserve_context = False
        self._new_contexts: list[t.ContextManager[t.Any]] = []
        self._context_stack = ExitStack()
        self.environ_base: dict[str, t.Any] = {
            "HTTP_USER_AGENT": f"Werkzeug/{_get_werkzeug_version()}",
            "REMOTE_ADDR": "127.0.0.1",
        }

    @contextmanager
    def session_transaction(self, *args: t.Any, **kwargs: t.Any) -> cabc.Iterator[SessionMixin]:
        """Open the client's session, to be changed; it is saved at the end of the block.

        :param args: As for :meth:`~kolben.Flask.test_request_context`, if opening the session
            depends on the request.
        :param kwargs: As there.
        """
        if self._cookies is None:
            raise TypeError("Cookies are disabled. Create a client with 'use_cookies=True'.")

        app = self.application
        interface = app.session_interface
        ctx = app.test_request_context(*args, **kwargs)
        request = ctx.request
        self._add_cookies_to_wsgi(request.environ)
        with ctx:
            session = interface.open_session(app, request)
        if session is None:
            raise RuntimeError("Session backend did not open a session.")

        yield session
        if interface.is_null_session(session):
            return
        response = app.response_class()
        with ctx:
            interface.save_session(app, session, response)
        cookies = response.headers.getlist("Set-Cookie")
        self._update_cookies_from_response(request.host.partition(":")[0], request.path, cookies)

    def _copy_environ(self, other: WSGIEnvironment) -> WSGIEnvironment:
        environ = {**self.environ_base, **other}
        if self.preserve_context:
            environ["werkzeug.debug.preserve_context"] = self._new_contexts.append
        return environ

    def _request_from_builder_args(
        self, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> BaseRequest:
        environ_base = self._copy_environ(kwargs.get("environ_base", {}))
        builder = EnvironBuilder(
            self.application, *args, **{**kwargs, "environ_base": environ_base}
        )
        try:
            return builder.get_request()
        finally:
            builder.close()

    def _request_from(self, source: t.Any) -> BaseRequest:
        """Make a request of a builder, an environ or another request; they stay as they are."""
        if isinstance(source, werkzeug.test.EnvironBuilder):
            builder = copy(source)
            builder.environ_base = self._copy_environ(builder.environ_base or {})  # type: ignore[arg-type]
            return builder.get_request()
        if isinstance(source, dict):
            environ_base = self._copy_environ({})
            return EnvironBuilder.from_environ(
                source, app=self.application, environ_base=environ_base
            ).get_request()
        request: BaseRequest = copy(source)
        request.environ = self._copy_environ(request.environ)
        return request

    def open(
        self,
        *args: t.Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: t.Any,
    ) -> TestResponse:
        """Send a request and return the response.

        :param args: A builder, an environ, a request, or the arguments of a builder.
        :param buffered: Whether the body is read to its end, and closed.
        :param follow_redirects: Whether redirects are followed.
        :param kwargs: The builder's keywords.
        """
        given = args and isinstance(args[0], (werkzeug.test.EnvironBuilder, dict, BaseRequest))
        if given:
            request = self._request_from(args[0])
        else:
            request = self._request_from_builder_args(args, kwargs)

        # One context is kept, the last request's.
        self._context_stack.close()
        response = super().open(request, buffered=buffered, follow_redirects=follow_redirects)
        response.json_module = self.application.json  # type: ignore[assignment]
        for context in self._new_contexts:
            self._context_stack.enter_context(context)
        self._new_contexts.clear()
        return response

    def __enter__(self) -> FlaskClient:
        if self.preserve_context:
            raise RuntimeError("Cannot nest client invocations")
        self.preserve_context = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.preserve_context = False
        self._context_stack.close()


class FlaskCliRunner(CliRunner):
    """A :class:`click.testing.CliRunner` for the commands of an app.

    :param app: The app.
    :param kwargs: As in Click.
    """

    def __init__(self, app: Flask, **kwargs: t.Any) -> None:
        super().__init__(**kwargs)
        self.app = app

    def invoke(self, cli: t.Any = None, args: t.Any = None, **kwargs: t.Any) -> Result:  # type: ignore[override]
        """Run a command, and return what it printed and how it ended.

        :param cli: The command; by default the group ``app.cli``.
        :param args: Its arguments, as a list or as one string.
        :param kwargs: As in Click. Without ``obj`` it is a :class:`~kolben.cli.ScriptInfo` with
            the app.
        """
        app = self.app
        kwargs.setdefault("obj", ScriptInfo(create_app=lambda: app))
        return super().invoke(app.cli if cli is None else cli, args, **kwargs)
