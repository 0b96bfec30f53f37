"""Werkzeug's functions for HTTP headers and URLs, fed by the core.

Every public name of ``werkzeug.http``, ``werkzeug.urls`` and ``werkzeug.sansio.utils`` is here
under its signature; those of ``werkzeug.sansio.http`` are in :mod:`kolben.headers.sansio`. The
results are Werkzeug's own classes.
"""

from __future__ import annotations

from werkzeug.http import COEP as COEP
from werkzeug.http import COOP as COOP
from werkzeug.http import HTTP_STATUS_CODES as HTTP_STATUS_CODES
from werkzeug.http import is_entity_header as is_entity_header
from werkzeug.http import is_hop_by_hop_header as is_hop_by_hop_header
from werkzeug.http import remove_entity_headers as remove_entity_headers
from werkzeug.http import remove_hop_by_hop_headers as remove_hop_by_hop_headers

from .auth import Authorization as Authorization
from .auth import WWWAuthenticate as WWWAuthenticate
from .conditions import generate_etag as generate_etag
from .conditions import is_byte_range_valid as is_byte_range_valid
from .conditions import is_resource_modified as is_resource_modified
from .conditions import parse_content_range_header as parse_content_range_header
from .conditions import parse_etags as parse_etags
from .conditions import parse_if_range_header as parse_if_range_header
from .conditions import parse_range_header as parse_range_header
from .conditions import quote_etag as quote_etag
from .conditions import unquote_etag as unquote_etag
from .cookies import dump_cookie as dump_cookie
from .cookies import parse_cookie as parse_cookie
from .dates import dump_age as dump_age
from .dates import http_date as http_date
from .dates import parse_age as parse_age
from .dates import parse_date as parse_date
from .lists import dump_csp_header as dump_csp_header
from .lists import dump_header as dump_header
from .lists import dump_options_header as dump_options_header
from .lists import parse_accept_header as parse_accept_header
from .lists import parse_cache_control_header as parse_cache_control_header
from .lists import parse_csp_header as parse_csp_header
from .lists import parse_dict_header as parse_dict_header
from .lists import parse_list_header as parse_list_header
from .lists import parse_options_header as parse_options_header
from .lists import parse_set_header as parse_set_header
from .lists import quote_header_value as quote_header_value
from .lists import unquote_header_value as unquote_header_value
from .urls import dump_query as dump_query
from .urls import get_content_length as get_content_length
from .urls import get_current_url as get_current_url
from .urls import get_host as get_host
from .urls import host_is_trusted as host_is_trusted
from .urls import iri_to_uri as iri_to_uri
from .urls import parse_query as parse_query
from .urls import uri_to_iri as uri_to_iri
