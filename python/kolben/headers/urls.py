"""Query strings, IRIs, and the host and URL of a request."""

from __future__ import annotations

import typing as t
from urllib.parse import parse_qsl

from werkzeug import urls
from werkzeug.datastructures import MultiDict, iter_multi_items
from werkzeug.exceptions import SecurityError
from werkzeug.sansio import utils as sansio_utils

from ..core import compiled
from . import held  # noqa: F401 - it hands over what the core holds

__all__ = [
    "dump_query",
    "get_content_length",
    "get_current_url",
    "get_host",
    "host_is_trusted",
    "iri_to_uri",
    "parse_query",
    "uri_to_iri",
]

# Werkzeug's own, held here: a test may put ours in their place.
_urlencode = urls._urlencode
_get_current_url = sansio_utils.get_current_url
_host_is_trusted = sansio_utils.host_is_trusted


def _parse_query(query: str, cls: type[MultiDict[str, str]] | None = None) -> MultiDict[str, str]:
    if cls is None:
        cls = MultiDict
    return cls(parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote"))


# Where the core gives the very value, its functions stand here themselves.
iri_to_uri: t.Callable[[str], str] = (compiled or urls).iri_to_uri
uri_to_iri: t.Callable[[str], str] = (compiled or urls).uri_to_iri
get_content_length: t.Callable[..., int | None]
get_content_length = (compiled or sansio_utils).get_content_length
parse_query: t.Callable[..., MultiDict[str, str]]
parse_query = _parse_query if compiled is None else compiled.parse_query


def dump_query(query: t.Mapping[str, t.Any] | t.Iterable[tuple[str, t.Any]]) -> str:
    """Write a query string or an urlencoded form; pairs whose value is ``None`` are left out.

    :param query: a mapping, whose values may be lists, or pairs.
    """
    if compiled is None:
        return _urlencode(query)
    return t.cast("str", compiled.write_query(iter_multi_items(query)))


def host_is_trusted(hostname: str | None, trusted_list: t.Collection[str] | None = None) -> bool:
    """Say whether a host is valid and covered by a trusted one.

    :param hostname: the host, with or without a port.
    :param trusted_list: trusted hosts; one with a leading dot covers all below it too. Without
        any, every valid host is trusted.
    """
    if compiled is not None and hostname:
        if isinstance(trusted_list, str):
            trusted_list = [trusted_list]
        found = compiled.is_host_trusted(hostname, trusted_list or None)
        if found is not None:
            return t.cast("bool", found)
    return _host_is_trusted(hostname, trusted_list)


def get_host(
    scheme: str,
    host_header: str | None,
    server: tuple[str, int | None] | None = None,
    trusted_hosts: t.Collection[str] | None = None,
) -> str:
    """Give the host of a request, without the port that the scheme implies; empty if there is
    none or it is not valid.

    :param scheme: the request's.
    :param host_header: the ``Host`` header.
    :param server: the server's name and port, for a request without that header.
    :param trusted_hosts: raise :exc:`~werkzeug.exceptions.SecurityError` if none covers the host.
    """
    if host_header is not None:
        host = host_header
    elif server is not None and server[1] is not None:
        host = server[0]
        if ":" in host and host[0] != "[":
            host = f"[{host}]"
        host = f"{host}:{server[1]}"
    else:
        return ""
    if scheme in {"http", "ws"}:
        host = host.removesuffix(":80")
    elif scheme in {"https", "wss"}:
        host = host.removesuffix(":443")
    if host_is_trusted(host, trusted_hosts):
        return host
    if trusted_hosts:
        raise SecurityError(f"Host {host!r} is not trusted.")
    return ""


def get_current_url(
    scheme: str,
    host: str,
    root_path: str | None = None,
    path: str | None = None,
    query_string: bytes | None = None,
) -> str:
    """Put the URL of a request together, as an IRI.

    :param scheme: the request's.
    :param host: the host, as :func:`get_host` gives it.
    :param root_path: where the application is mounted; without it, the URL ends after the host.
    :param path: the path below that; without it, the URL ends there.
    :param query_string: the query.
    """
    if compiled is not None:
        found = compiled.plain_request_iri(scheme, host, root_path, path, query_string)
        if found is not None:
            return t.cast("str", found)
    return _get_current_url(scheme, host, root_path, path, query_string)
