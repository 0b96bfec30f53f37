"""A pytest plugin that puts Kolben's objects where Werkzeug's stand.

Every module of Werkzeug that holds one of the originals, under whatever name, gets Kolben's
object instead, before any test module is imported.
"""

from __future__ import annotations

import importlib
import sys
import types
import typing as t

#: (Kolben module, Werkzeug module, names)
SWAPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("kolben.datastructures", "werkzeug.datastructures", ("EnvironHeaders", "Headers")),
    (
        "kolben.formparser",
        "werkzeug.formparser",
        ("FormDataParser", "MultiPartParser", "MultipartDecoder", "parse_form_data"),
    ),
    (
        "kolben.headers",
        "werkzeug.http",
        (
            "dump_cookie",
            "dump_header",
            "dump_options_header",
            "http_date",
            "is_resource_modified",
            "parse_accept_header",
            "parse_age",
            "parse_cache_control_header",
            "parse_content_range_header",
            "parse_cookie",
            "parse_csp_header",
            "parse_date",
            "parse_dict_header",
            "parse_etags",
            "parse_if_range_header",
            "parse_list_header",
            "parse_options_header",
            "parse_range_header",
            "parse_set_header",
            "quote_header_value",
            "unquote_header_value",
        ),
    ),
    ("kolben.headers", "werkzeug.urls", ("iri_to_uri", "uri_to_iri")),
    ("kolben.headers.sansio", "werkzeug.sansio.http", ("is_resource_modified", "parse_cookie")),
    (
        "kolben.headers",
        "werkzeug.sansio.utils",
        ("get_content_length", "get_current_url", "get_host", "host_is_trusted"),
    ),
    ("kolben.headers", "werkzeug.datastructures", ("Authorization", "WWWAuthenticate")),
    ("kolben.messages", "werkzeug.wrappers", ("Request", "Response")),
    ("kolben.routing", "werkzeug.routing", ("Map", "MapAdapter", "Rule", "StateMachineMatcher")),
)


def swap() -> int:
    """Replace every original by its Kolben counterpart and return how many places changed."""
    replacements: dict[int, t.Any] = {}
    originals = []  # kept alive, so that their ids stay theirs
    for ours, theirs, names in SWAPS:
        for name in names:
            original = getattr(importlib.import_module(theirs), name)
            replacement = getattr(importlib.import_module(ours), name)
            if original is not replacement:
                originals.append(original)
                replacements[id(original)] = replacement
    changed = 0
    for module_name, module in list(sys.modules.items()):
        if module_name == "werkzeug" or module_name.startswith("werkzeug."):
            for name, value in list(vars(module).items()):
                if id(value) in replacements:
                    setattr(module, name, replacements[id(value)])
                    changed += 1
    return changed


# Upstream's conftest imports it for a fixture that starts servers; no file that runs here uses it.
sys.modules.setdefault("ephemeral_port_reserve", types.ModuleType("ephemeral_port_reserve"))
changed_places = swap()


def pytest_report_header() -> str:
    """Say in the header what runs."""
    import kolben

    return f"kolben {kolben.core_status()}; {changed_places} names swapped"
