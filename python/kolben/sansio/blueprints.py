"""Flask's import path of :class:`kolben.blueprints.Blueprint`."""

from ..blueprints import Blueprint as Blueprint
from ..blueprints import BlueprintSetupState as BlueprintSetupState
