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
