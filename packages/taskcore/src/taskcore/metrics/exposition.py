"""Metrics as text, in the format that the reader understands."""

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.exposition import choose_encoder


def exposition(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """The body and its content type: OpenMetrics where ``accept``, a header of the request, asks for it."""
    try:
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type
    except (TypeError, ValueError):  # a version that is none; the library compares it all the same
        return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4
