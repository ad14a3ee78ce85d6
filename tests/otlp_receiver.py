"""An OpenTelemetry collector on loopback, as far as metrics go: it decodes what OTLP/HTTP brings.

Modelled on the specification of OTLP (POST /v1/metrics, an ExportMetricsServiceRequest in protobuf).
Invented: that it keeps everything in memory.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass
class Received:
    """What came in: the last value of each series, by name and attributes, and each name's kind."""

    url: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)

    def attributes(self, name: str) -> set[str]:
        """Return the names of the attributes that a metric has."""
        return {key for found, pairs in self.values if found == name for key, _ in pairs}

    def value(self, name: str, **attributes: str) -> float:
        """Return the last value of a series."""
        return self.values[name, frozenset(attributes.items())]

    def prometheus_names(self) -> dict[str, str]:
        """Return the names by which a collector's Prometheus exporter has them, with ours."""
        return {
            name.replace(".", "_") + ("_total" if kind == "sum" else ""): name
            for name, kind in self.kinds.items()
        }

    def take(self, metric: Metric) -> None:
        """Keep one metric with its points."""
        kind = metric.WhichOneof("data") or "nothing"
        self.kinds[metric.name] = kind
        for point in getattr(metric, kind).data_points:
            pairs = frozenset((each.key, each.value.string_value) for each in point.attributes)
            if kind in ("gauge", "sum"):
                which = point.WhichOneof("value") or "as_double"
                self.values[metric.name, pairs] = float(getattr(point, which))


@contextmanager
def otlp_receiver() -> Iterator[Received]:
    """Listen on a free port until the block ends."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ExportMetricsServiceRequest.FromString(body)
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        received.take(metric)
            self.send_response(200 if self.path == "/v1/metrics" else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportMetricsServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield received
        finally:
            server.shutdown()
