"""A span per request of the HTTP API, in the caller's trace where it sends `traceparent`.

Paths and queries hold subjects, so a span names its route instead.
"""

from typing import Any

from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.trace import Span

_WITH_PATH = ("http.url", "http.target", "url.full", "url.path", "url.query")


def instrument(app: FastAPI) -> None:
    """Spans of requests; those of single messages are left out."""
    FastAPIInstrumentor.instrument_app(
        app, server_request_hook=_hide_path, exclude_spans=["receive", "send"]
    )


def _hide_path(span: Span, scope: dict[str, Any]) -> None:
    del scope
    attributes = getattr(span, "attributes", None) or {}
    route = str(attributes.get("http.route", "/"))
    for name in _WITH_PATH:
        if name in attributes:
            span.set_attribute(name, route)
