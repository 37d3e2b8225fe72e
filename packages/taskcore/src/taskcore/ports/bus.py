"""Where events go."""

from collections.abc import Sequence
from typing import Protocol

from taskcore.events import AnyEvent
from taskcore.states import Event


class EventBus(Protocol):
    """Hands every event to every subscriber. A subscriber that fails or is slow never holds up the publisher."""

    def wants(self, event: Event) -> bool:
        """Whether anybody listens to what tells of this. Publishers leave out the rest; they ask once a batch."""
        ...

    def publish(self, events: Sequence[AnyEvent]) -> None:
        """Hand out ``events`` in this order; safe to call from any thread, never raises, never blocks."""
        ...
