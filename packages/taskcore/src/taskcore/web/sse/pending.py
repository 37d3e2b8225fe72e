"""At most so often per topic: what is published in between waits, and of one subject only the newest."""

import asyncio
from collections.abc import Callable

MOST_KEYS = 50
"""Subjects of one topic that may wait together; more of them mean that the topic is better read anew."""

Draft = tuple[str, str]  # event, text


class Pending:
    """The drafts of one topic. ``send`` gets those that are due, at most once in ``every`` seconds."""

    def __init__(self, every: float, send: Callable[[list[Draft] | None], None]) -> None:
        self._every = every
        self._send = send
        self._drafts: dict[str, Draft] | None = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, key: str, draft: Draft) -> None:
        """Let ``draft`` be sent, now if nothing was for a while; an older one of the same ``key`` is forgotten."""
        if self._drafts is not None:
            self._drafts.pop(key, None)  # the newest goes last
            self._drafts[key] = draft
            if len(self._drafts) > MOST_KEYS:
                self._drafts = None
        if self._timer is None:
            self._flush()

    def cancel(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._drafts = None, {}

    def _flush(self) -> None:
        self._timer = None
        if self._drafts == {}:
            return
        drafts, self._drafts = self._drafts, {}
        self._timer = asyncio.get_running_loop().call_later(self._every, self._flush)
        self._send(None if drafts is None else list(drafts.values()))
