"""A collector of traces 链路追踪接收方: takes OTLP over HTTP on a port of the loopback, or hangs."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

DEADLINE_S = 20.0


class TraceCollector:
    """Serves until ``close``.

    Attributes:
        payloads: what has come, as it came.
        headers: of the last request.
        hangs: nothing is answered while it is set.
    """

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.headers: dict[str, str] = {}
        self.hangs = threading.Event()
        self._released = threading.Event()
        self.changed = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers["Content-Length"]))
                with collector.changed:
                    collector.payloads.append(payload)
                    collector.headers = {name.lower(): value for name, value in self.headers.items()}
                    collector.changed.notify_all()
                if collector.hangs.is_set():
                    collector._released.wait(DEADLINE_S)
                    return
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End, and let go of whoever waits."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        """Return all spans that have come."""
        with self.changed:
            requests = [ExportTraceServiceRequest.FromString(payload) for payload in self.payloads]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def wait_for(self, name: str, **attributes: str) -> list[Span]:
        """Return the spans of the first trace whose whole has this name and these attributes, the whole first."""
        with self.changed:
            assert self.changed.wait_for(lambda: self._found(name, attributes), DEADLINE_S), [
                (span.name, attributes_of(span)) for span in self.spans() if not span.parent_span_id
            ]
        return self._found(name, attributes)

    def _found(self, name: str, wanted: dict[str, str]) -> list[Span]:
        spans = self.spans()
        for whole in spans:
            if not whole.parent_span_id and whole.name == name and wanted.items() <= attributes_of(whole).items():
                return [whole, *(span for span in spans if span.trace_id == whole.trace_id and span is not whole)]
        return []


def attributes_of(span: Span) -> dict[str, Any]:
    """Return the attributes of a span as plain values."""
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}
