"""How a map is bound to a host, in both modes."""

from __future__ import annotations

import typing as t
import warnings

from werkzeug.exceptions import BadHost
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import MapAdapter as WerkzeugMapAdapter
from werkzeug.wsgi import get_host


class Binding(WerkzeugMap):
    """Binds to Kolben's adapters in place of Werkzeug's."""

    #: The class of the adapters.
    _adapter_class: t.ClassVar[type[WerkzeugMapAdapter]]

    def bind(
        self,
        server_name: str,
        script_name: str | None = None,
        subdomain: str | None = None,
        url_scheme: str = "http",
        default_method: str = "GET",
        path_info: str | None = None,
        query_args: t.Mapping[str, t.Any] | str | None = None,
    ) -> t.Any:
        """Bind the map to a host, so that paths can be matched and URLs built."""
        if self.host_matching:
            if subdomain is not None:
                raise RuntimeError("host matching enabled and a subdomain was provided")
        elif subdomain is None:
            subdomain = self.default_subdomain
        return self._adapter_class(
            self,
            _ascii_host(server_name.lower()),
            "/" if script_name is None else script_name,
            subdomain,
            url_scheme,
            "/" if path_info is None else path_info,
            default_method,
            query_args,
        )

    def _bind_to_environ(
        self, environ: t.Any, server_name: str | None = None, subdomain: str | None = None
    ) -> t.Any:
        """Bind the map to what a WSGI environ, or a request, says of host and path."""
        want_subdomain = subdomain is None and not self.host_matching and server_name is not None
        bound = WerkzeugMap.bind_to_environ(
            self, environ, server_name, "" if want_subdomain else subdomain
        )
        if want_subdomain:
            # Not Werkzeug's: its warning is to name our caller.
            host = get_host(getattr(environ, "environ", environ)).lower()
            name = _without_standard_port(t.cast("str", server_name).lower(), bound.url_scheme)
            bound.subdomain = _subdomain_of(host, name)
            if bound.subdomain is None:
                warnings.warn(
                    f"Current server name {host!r} doesn't match configured server name {name!r}",
                    stacklevel=2,
                )
                bound.subdomain = "<invalid>"
        return self._adapter_class(
            self,
            bound.server_name,
            bound.script_name,
            bound.subdomain,
            bound.url_scheme,
            bound.path_info,
            bound.default_method,
            bound.query_args,
        )


def _without_standard_port(name: str, scheme: str) -> str:
    if scheme in ("http", "ws"):
        return name.removesuffix(":80")
    return name.removesuffix(":443") if scheme in ("https", "wss") else name


def _subdomain_of(host: str, server_name: str) -> str | None:
    """Return what stands before the server name in a host; ``None`` if that is not its end."""
    labels, ending = host.split("."), server_name.split(".")
    if labels[-len(ending) :] != ending:
        return None
    return ".".join(filter(None, labels[: -len(ending)]))


def _ascii_host(server_name: str) -> str:
    """A host name in ASCII; its port stays as it is."""
    name, separator, port = server_name.partition(":")
    try:
        return f"{name.encode('idna').decode('ascii')}{separator}{port}"
    except UnicodeError as error:
        raise BadHost() from error
