"""Flask's import path of :class:`kolben.registry.App`."""

from ..registry import App as App
from ..registry import T_shell_context_processor as T_shell_context_processor
from ..registry import T_teardown as T_teardown
from ..registry import T_template_filter as T_template_filter
from ..registry import T_template_global as T_template_global
from ..registry import T_template_test as T_template_test
from ..registry import _make_timedelta as _make_timedelta
