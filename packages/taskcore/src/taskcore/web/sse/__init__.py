"""Live updates by server-sent events."""

from taskcore.web.sse.broadcaster import ALL, Broadcaster, topics_of
from taskcore.web.sse.stream import EventStream

__all__ = ["ALL", "Broadcaster", "EventStream", "topics_of"]
