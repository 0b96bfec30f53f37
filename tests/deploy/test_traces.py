"""OpenTelemetry's own instrumentation of Flask sees Kolben's requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from .programs import ROOT

PROGRAM = """
import io, json, logging, sys
import kolben
kolben.install_as_flask()
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from kolben import Flask
from kolben.ops import JSONFormatter, Ops
app = Flask("traced")
app.config["OPS_ACCESS_LOG"] = True
FlaskInstrumentor().instrument_app(app)
Ops(app)
lines = io.StringIO()
handler = logging.StreamHandler(lines)
handler.setFormatter(JSONFormatter())
logging.getLogger("kolben.access").addHandler(handler)
logging.getLogger("kolben.access").setLevel("INFO")

@app.get("/user/<int:number>")
def user(number):
    with trace.get_tracer("x").start_as_current_span("inner"):
        return str(number)

parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
answer = app.test_client().get("/user/7", headers={"traceparent": parent}, buffered=True)
assert answer.text == "7"
spans = {span.name: span for span in exporter.get_finished_spans()}
print(json.dumps({
    "names": sorted(spans),
    "traces": sorted({format(span.context.trace_id, "032x") for span in spans.values()}),
    "inner": spans["inner"].parent.span_id == spans["GET /user/<int:number>"].context.span_id,
    "line": json.loads(lines.getvalue()),
}))
"""


def test_spans_and_log_lines_belong_to_the_trace_of_the_caller(tmp_path):
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["names"] == ["GET /user/<int:number>", "inner"]
    assert seen["traces"] == ["0af7651916cd43dd8448eb211c80319c"]
    assert seen["inner"]
    assert seen["line"]["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert seen["line"]["rule"] == "/user/<int:number>"
