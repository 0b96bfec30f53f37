"""Kolben: Flask's API on a Rust core."""

from __future__ import annotations

import sys
import typing as t
from importlib import import_module

# First, so that its warning shows who imported Kolben.
from .core import CoreStatus as CoreStatus
from .core import CoreUnavailableWarning as CoreUnavailableWarning
from .core import core_status as core_status

# isort: split
# Before anything of Werkzeug is imported.
from . import deferred as deferred

# isort: split
from . import json as json
from .app import Flask as Flask
from .blueprints import Blueprint as Blueprint
from .config import Config as Config
from .ctx import after_this_request as after_this_request
from .ctx import copy_current_request_context as copy_current_request_context
from .ctx import has_app_context as has_app_context
from .ctx import has_request_context as has_request_context
from .globals import current_app as current_app
from .globals import g as g
from .globals import request as request
from .globals import session as session
from .helpers import abort as abort
from .helpers import flash as flash
from .helpers import get_flashed_messages as get_flashed_messages
from .helpers import get_template_attribute as get_template_attribute
from .helpers import make_response as make_response
from .helpers import redirect as redirect
from .helpers import send_file as send_file
from .helpers import send_from_directory as send_from_directory
from .helpers import stream_with_context as stream_with_context
from .helpers import url_for as url_for
from .json import jsonify as jsonify
from .signals import appcontext_popped as appcontext_popped
from .signals import appcontext_pushed as appcontext_pushed
from .signals import appcontext_tearing_down as appcontext_tearing_down
from .signals import before_render_template as before_render_template
from .signals import got_request_exception as got_request_exception
from .signals import message_flashed as message_flashed
from .signals import request_finished as request_finished
from .signals import request_started as request_started
from .signals import request_tearing_down as request_tearing_down
from .signals import template_rendered as template_rendered
from .wrappers import Request as Request
from .wrappers import Response as Response

if t.TYPE_CHECKING:
    from .dropin import install_as_flask as install_as_flask
    from .templating import render_template as render_template
    from .templating import render_template_string as render_template_string
    from .templating import stream_template as stream_template
    from .templating import stream_template_string as stream_template_string

#: They bring Jinja, click or others, so they are there when they are first asked for.
_MODULES = frozenset(
    (
        "cli",
        "debughelpers",
        "dropin",
        "logging",
        "sansio",
        "templating",
        "testing",
        "typing",
        "views",
    )
)
_TEMPLATING = frozenset(
    ("render_template", "render_template_string", "stream_template", "stream_template_string")
)


def __getattr__(name: str) -> t.Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _TEMPLATING:
        from . import templating  # noqa: PLC0415 - as said above

        function = getattr(templating, name)
        setattr(sys.modules[__name__], name, function)
        return function
    if name == "install_as_flask":
        from .dropin import install_as_flask  # noqa: PLC0415 - most apps do not call it

        return install_as_flask
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - takes milliseconds to import

        if __name__ == "flask":
            import warnings  # noqa: PLC0415 - as said above

            warnings.warn(
                "The '__version__' attribute is deprecated and will be removed in Flask 3.2. Use"
                " feature detection or 'importlib.metadata.version(\"flask\")' instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        return version(__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*vars(sys.modules[__name__]), *_MODULES, *_TEMPLATING, "install_as_flask"})
