"""Spans of our own work: a batch, a sweep, a run. Without a destination they cost nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from telemetry.names import SpanName

__all__ = ["SpanKind", "span"]

Attributes = Mapping[str, str | int]


@contextmanager
def span(
    name: SpanName, attributes: Attributes | None = None, *, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """One piece of work, with what is known of it at its start; an error ends and marks it."""
    tracer = trace.get_tracer("chargeback")
    with tracer.start_as_current_span(name.value, kind=kind, attributes=attributes) as started:
        yield started
