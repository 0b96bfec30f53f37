"""Flask's import path of :class:`kolben.registry.App`."""

from ..registry import App as App
from ..registry import T_shell_context_processor as T_shell_context_processor
from ..registry import _make_timedelta as _make_timedelta
from ..scaffold import T_teardown as T_teardown
from ..scaffold import T_template_filter as T_template_filter
from ..scaffold import T_template_global as T_template_global
from ..scaffold import T_template_test as T_template_test
