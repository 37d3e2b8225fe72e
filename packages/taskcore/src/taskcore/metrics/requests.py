"""The families of HTTP requests, which all systems of an application share."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LABELS = ("system", "method", "route")


class RequestFamilies:
    """Registers itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.answered = Counter(
            "taskcore_http_requests", "Requests that were answered", (*LABELS, "status"), registry=registry
        )
        self.durations = Histogram(
            "taskcore_http_request_duration_seconds",
            "How long answers took",
            LABELS,
            buckets=BUCKETS,
            registry=registry,
        )
        self.open = Gauge(
            "taskcore_http_requests_open", "Requests that are being answered", ("system",), registry=registry
        )
