"""Spans 跨度: a sampled request as OpenTelemetry has it: a span for the whole and one for each stage."""

from collections.abc import Iterator

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from fep.traces.sampled import INSIDE_BATCH, SampledRequest

_NANOSECONDS = 1_000_000_000
_ids = RandomIdGenerator()


def spans_of(request: SampledRequest, resource: Resource) -> Iterator[ReadableSpan]:
    """Yield the spans of a request, the whole first; those of a batch are children of the batch's."""
    trace_id = _ids.generate_trace_id()
    whole, batch = _context(trace_id), _context(trace_id)
    kind = SpanKind.CLIENT if request.is_own else SpanKind.SERVER

    def span(
        name: str, context: SpanContext, parent: SpanContext | None, begin_s: float, end_s: float, kind: SpanKind
    ) -> ReadableSpan:
        return ReadableSpan(
            name,
            context,
            parent,
            resource,
            request.attributes if parent is None else None,
            kind=kind,
            start_time=int((begin_s + request.clock_offset_s) * _NANOSECONDS),
            end_time=int((end_s + request.clock_offset_s) * _NANOSECONDS),
        )

    yield span(request.name, whole, None, request.began_s, request.ended_s, kind)
    for name, begin_s, end_s in request.stages:
        context = batch if name == "batch" else _context(trace_id)
        parent = batch if name in INSIDE_BATCH else whole
        yield span(name, context, parent, begin_s, end_s, SpanKind.INTERNAL)


def _context(trace_id: int) -> SpanContext:
    return SpanContext(trace_id, _ids.generate_span_id(), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
