"""Prometheus metrics, the same names for every task system; never in a registry that others share by accident.

``Metrics`` belongs to an application; each task system in it has a ``SystemMetrics``. What they say is computed when
somebody asks, from sums that cost little to keep.
"""

from taskcore.errors import MissingExtra

try:
    import prometheus_client  # noqa: F401
except ImportError as error:
    raise MissingExtra("metrics need the extra: pip install 'taskcore[metrics]'") from error

from taskcore.metrics.application import Metrics
from taskcore.metrics.endpoint import MetricsEndpoint
from taskcore.metrics.exposition import exposition
from taskcore.metrics.http import HTTPMetrics
from taskcore.metrics.published import lapinq_names, taskmq_names
from taskcore.metrics.system import SystemMetrics

__all__ = [
    "HTTPMetrics",
    "Metrics",
    "MetricsEndpoint",
    "SystemMetrics",
    "exposition",
    "lapinq_names",
    "taskmq_names",
]
