"""Events within one process: handed to callbacks at once, and to streams that lose events rather than wait."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Self

from taskcore.adapters.bell import Bell
from taskcore.events import AnyEvent
from taskcore.states import Event

log = logging.getLogger(__name__)

Subscriber = Callable[[Sequence[AnyEvent]], None]


class EventStream:
    """The events of one listener, in order: ``async for event in stream``, until ``close``.

    Attributes:
        dropped: how many events it lost because ``size`` others were waiting; the oldest go first.
    """

    def __init__(self, size: int) -> None:
        self.dropped = 0
        self._waiting: deque[AnyEvent] = deque(maxlen=size)
        self._lock = Lock()
        self._bell = Bell()
        self._open = True

    def feed(self, events: Sequence[AnyEvent]) -> None:
        """Take events from any thread; never waits."""
        with self._lock:
            waiting = len(self._waiting)
            self._waiting.extend(events)
            self.dropped += waiting + len(events) - len(self._waiting)
        self._bell.ring()

    def close(self) -> None:
        """End the iteration once what is waiting has been read. Closing twice is fine."""
        self._open = False
        self._bell.ring()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AnyEvent:
        while not self._waiting:
            if not self._open:
                raise StopAsyncIteration
            await self._bell.heard()
        with self._lock:
            return self._waiting.popleft()


class MemoryEventBus:
    """Hands each batch of events to every subscriber of this process."""

    def __init__(self) -> None:
        self._subscribers: tuple[tuple[Subscriber, frozenset[Event]], ...] = ()
        self._lock = Lock()

    def wants(self, event: Event) -> bool:
        return any(event in about for _, about in self._subscribers)

    def publish(self, events: Sequence[AnyEvent]) -> None:
        for subscriber, _ in self._subscribers:
            try:
                subscriber(events)
            except Exception:
                log.exception("an event subscriber failed", extra={"event": "subscriber_failed"})

    def subscribe(self, subscriber: Subscriber, about: Iterable[Event] = Event) -> Callable[[], None]:
        """Call ``subscriber`` with every batch, in the publisher's thread, until the returned function is called.

        It must return at once, as counting does; whoever needs time listens to a stream. What it raises is logged.

        Args:
            about: what it needs to hear of tasks. It may hear of the rest too, when others do.
        """
        entry = subscriber, frozenset(about)
        with self._lock:
            self._subscribers = (*self._subscribers, entry)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(each for each in self._subscribers if each is not entry)

        return unsubscribe

    @contextmanager
    def listen(self, size: int = 1000) -> Iterator[EventStream]:
        """A stream of the events from here on, for a coroutine of the running event loop."""
        stream = EventStream(size)
        unsubscribe = self.subscribe(stream.feed)
        try:
            yield stream
        finally:
            unsubscribe()
            stream.close()
