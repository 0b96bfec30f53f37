"""The signals that an app sends, in the order of a request's life; the sender is the app."""

from __future__ import annotations

from blinker import Namespace

# Kolben's own; an extension makes a namespace of its own.
_signals = Namespace()

#: An app context was pushed.
appcontext_pushed = _signals.signal("appcontext-pushed")
#: A request's context is ready, and nothing has run yet.
request_started = _signals.signal("request-started")
#: A template is about to be rendered: ``template``, ``context``.
before_render_template = _signals.signal("before-render-template")
#: A template was rendered: ``template``, ``context``.
template_rendered = _signals.signal("template-rendered")
#: A message was flashed: ``message``, ``category``.
message_flashed = _signals.signal("message-flashed")
#: An exception that no handler took: ``exception``.
got_request_exception = _signals.signal("got-request-exception")
#: The response is about to be sent: ``response``.
request_finished = _signals.signal("request-finished")
#: A request's context goes: ``exc``.
request_tearing_down = _signals.signal("request-tearing-down")
#: An app context goes: ``exc``.
appcontext_tearing_down = _signals.signal("appcontext-tearing-down")
#: An app context was popped.
appcontext_popped = _signals.signal("appcontext-popped")
