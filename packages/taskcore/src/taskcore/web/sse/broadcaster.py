"""Live updates: one fan-out per process, however many pages are open.

A message tells little (a topic has changed) or something short (new numbers). What is longer than ``MAX_BYTES``, comes
faster than once a second, or waits for a client that does not read is replaced by the advice to look again, the event
``invalidate`` with ``{"topic": ..., "seq": ...}``, where the topic "*" means everything.
"""

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Collection, Mapping
from functools import partial

from starlette.requests import Request

from taskcore.clock import Clock, SystemClock
from taskcore.web.principals import principal_of
from taskcore.web.problems import Problem
from taskcore.web.proxies import peer_of
from taskcore.web.sse import signals
from taskcore.web.sse.client import QUEUE, Client
from taskcore.web.sse.messages import KEEP_ALIVE, MAX_BYTES, RETRY, Message, Position, text_of, wire
from taskcore.web.sse.pending import Draft, Pending
from taskcore.web.sse.stream import EventStream

ALL = "*"
HISTORY = 1_000
"""Messages that a client which comes back can catch up with."""


class Broadcaster:
    """Publishes to every stream of this process. All of it happens in one event loop.

    Attributes (seconds):
        every: the least time between two deliveries of one topic.
        keep_alive: between comments that keep proxies from closing a quiet stream; they find out who has left, too.
        recheck: how long a caller is trusted before their credentials are looked at again.
        most_streams: that one caller may have open.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        every: float = 1.0,
        keep_alive: float = 15.0,
        recheck: float = 60.0,
        most_streams: int = 6,
    ) -> None:
        self._clock = clock or SystemClock()
        self._every, self._keep_alive, self._recheck = every, keep_alive, recheck
        self._most_streams = most_streams
        self._epoch, self._number = secrets.token_hex(4), 0
        self._history: deque[Message] = deque(maxlen=HISTORY)
        self._pending: dict[str, Pending] = {}
        self._clients: set[Client] = set()
        self._watched = asyncio.Event()
        self._ticker: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def position(self) -> str:
        """Where the stream stands. A page that was made now passes it on as ``?since=``, and misses nothing."""
        return str(Position(self._epoch, self._number))

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._clients)

    async def until_watched(self) -> None:
        """Return once anybody listens. Who asks a store for news does it after this, and only then."""
        await self._watched.wait()

    def publish(self, topic: str, data: object, *, event: str | None = None, key: str = "") -> None:
        """Tell all who listen to ``topic``: ``data`` is text as it is, or anything that JSON has.

        At once, or once ``every`` seconds are over since the last time. Until then a newer one with the same ``event``
        and ``key`` takes its place. ``event`` is the topic unless it is given.
        """
        if not self._closed:
            name = event or topic
            self._pending_of(topic).add(f"{name} {key}", (name, text_of(data)))

    def invalidate(self, topic: str) -> None:
        """Tell all who listen to ``topic`` to look again."""
        if not self._closed:
            self._pending_of(topic).add("", ("invalidate", ""))

    def stream(self, request: Request, topics: Collection[str] = ()) -> EventStream:
        """The answer to a request for events of ``topics`` (none: of all), from where the client has left off.

        Raises:
            Problem: 429, the caller has too many open. 503, the process is about to stop.
        """
        if self._closed:
            raise Problem(503, "this process is about to stop; connect again", headers={"Retry-After": "3"})
        client = Client(_owner(request), topics)
        if Counter(other.owner for other in self._clients)[client.owner] >= self._most_streams:
            detail = (
                f"at most {self._most_streams} streams may be open; close another page, or reload it from time to time"
            )
            raise Problem(429, detail, code="too_many_streams", headers={"Retry-After": "15"})
        since = request.headers.get("last-event-id") or request.query_params.get("since")
        return EventStream(self, client, RETRY + self._missed(client, since), self._clock, self._recheck)

    def close(self) -> None:
        """Say ``bye`` to all and end their streams. Nothing is published afterwards; closing twice is fine."""
        self._closed = True
        for pending in self._pending.values():
            pending.cancel()
        for client in list(self._clients):
            client.close(self.farewell("shutdown"))

    # What a stream needs.

    def enter(self, client: Client) -> None:
        self._loop = asyncio.get_running_loop()
        if not self._clients:
            self._ticker = self._loop.call_later(self._keep_alive, self._tick)
            signals.listen(self._on_signal)
        self._clients.add(client)
        self._watched.set()
        if self._closed:
            client.close(self.farewell("shutdown"))

    def leave(self, client: Client) -> None:
        self._clients.discard(client)
        if not self._clients:
            self._watched.clear()
            signals.forget(self._on_signal)
            if self._ticker is not None:
                self._ticker.cancel()

    def farewell(self, reason: str) -> bytes:
        return wire("bye", text_of({"reason": reason}), Position(self._epoch, self._number))

    def _on_signal(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def _tick(self) -> None:
        # One timer for all: a thousand idle clients cost a thousand short writes in fifteen seconds.
        for client in self._clients:
            if client.is_idle:
                client.push(KEEP_ALIVE, KEEP_ALIVE)
        self._ticker = asyncio.get_running_loop().call_later(self._keep_alive, self._tick)

    def _pending_of(self, topic: str) -> Pending:
        if topic not in self._pending:
            self._pending[topic] = Pending(self._every, partial(self._send, topic))
        return self._pending[topic]

    def _send(self, topic: str, drafts: list[Draft] | None) -> None:
        for event, text in drafts or [("invalidate", "")]:
            self._number += 1
            chunk = b"" if event == "invalidate" else wire(event, text, Position(self._epoch, self._number))
            if not 0 < len(chunk) <= MAX_BYTES:
                chunk = self._invalidation(topic)
            self._history.append(Message(topic, self._number, chunk))
            for client in self._clients:
                if client.hears(topic):
                    client.push(chunk, self._invalidation(ALL))

    def _invalidation(self, topic: str) -> bytes:
        return wire("invalidate", text_of({"topic": topic, "seq": self._number}), Position(self._epoch, self._number))

    def _missed(self, client: Client, since: str | None) -> bytes:
        """What a client that has been here has not seen; one whose place is not known looks at everything again."""
        if since is None:
            return b""
        seen = Position.parse(since)
        oldest = self._history[0].number if self._history else self._number + 1
        if seen is None or seen.epoch != self._epoch or not oldest - 1 <= seen.number <= self._number:
            return self._invalidation(ALL)
        missed = [it.wire for it in self._history if it.number > seen.number and client.hears(it.topic)]
        return b"".join(missed) if len(missed) <= QUEUE else self._invalidation(ALL)


def topics_of(request: Request, known: Collection[str]) -> frozenset[str]:
    """The topics that ``?topics=counts,tasks`` names; none is all.

    Raises:
        Problem: 422, there is no such topic.
    """
    named = frozenset(filter(None, request.query_params.get("topics", "").split(",")))
    if unknown := named.difference(known):
        raise Problem(422, f"topics are {', '.join(sorted(known))}; got {min(unknown)!r:.80}", code="unknown_topic")
    return named or frozenset(known)


def _owner(request: Mapping[str, object]) -> str:
    principal = principal_of(request)
    return f"{principal.via}:{principal.id}" if principal else peer_of(dict(request))
