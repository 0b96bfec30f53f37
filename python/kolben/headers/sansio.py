"""The functions whose signature differs between ``werkzeug.http`` and ``werkzeug.sansio.http``."""

from __future__ import annotations

from .conditions import is_modified as is_resource_modified
from .cookies import parse_decoded_cookie as parse_cookie

__all__ = ["is_resource_modified", "parse_cookie"]
