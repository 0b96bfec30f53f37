"""The pure mode: Werkzeug's own matching and building, under Kolben's names."""

from __future__ import annotations

import typing as t

from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import MapAdapter as MapAdapter
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.routing import StateMachineMatcher as StateMachineMatcher
