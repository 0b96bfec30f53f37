"""How a map is bound to a host, in both modes."""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import BadHost
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import MapAdapter as WerkzeugMapAdapter


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
        self, environ: t.Any, server_name: str | None, subdomain: str | None
    ) -> t.Any:
        """Bind the map as Werkzeug does, whatever is unusual about the environ."""
        bound = WerkzeugMap.bind_to_environ(self, environ, server_name, subdomain)
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


def _ascii_host(server_name: str) -> str:
    """A host name in ASCII; its port stays as it is."""
    name, separator, port = server_name.partition(":")
    try:
        return f"{name.encode('idna').decode('ascii')}{separator}{port}"
    except UnicodeError as error:
        raise BadHost() from error
