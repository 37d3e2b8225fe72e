"""The port of the limiter: who remembers what happened when."""

from dataclasses import dataclass
from typing import Protocol

from taskcore.ratelimit.rate import Rate


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key has used of its rate."""

    taken: bool
    """Whether this call counted; False from ``look``."""
    used: int
    """How many are in the window that ends now."""
    frees_in: float
    """Seconds until the oldest of them leaves the window; 0 when there is none."""


class Windows(Protocol):
    """Remembers the instants of the last ``rate.limit`` events of a key, those of the last ``rate.seconds`` at least.

    Any failure to reach what remembers is raised as ``StoreUnavailable``, within about a second.
    """

    async def take(self, key: str, rate: Rate) -> Usage:
        """Count one event of ``key`` unless the window is full; test and count are one step."""
        ...

    async def look(self, key: str, rate: Rate) -> Usage:
        """The same answer without counting."""
        ...

    async def clear(self, key: str, rate: Rate) -> None:
        """Forget what ``key`` used of ``rate``."""
        ...
