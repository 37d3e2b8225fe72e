"""Where events go."""

from collections.abc import Sequence
from typing import Protocol

from taskcore.events import AnyEvent


class EventBus(Protocol):
    """Hands every event to every subscriber. A subscriber that fails or is slow never holds up the publisher."""

    def publish(self, events: Sequence[AnyEvent]) -> None:
        """Hand out ``events`` in this order; safe to call from any thread, never raises, never blocks."""
        ...
