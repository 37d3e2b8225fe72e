"""How many sockets a process keeps open, and how few of them for callers who have not shown yet who they are."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from taskcore.web.problems import Problem

MOST = 1_000
"""Sockets of a process."""
STRANGERS, OF_ADDRESS = 100, 20
"""Those among them whose callers are unknown: of a process, and of one address."""


class Places:
    """Those of one process.

    Attributes:
        taken: sockets that are open.
    """

    def __init__(self) -> None:
        self.taken = 0
        self._strangers = Counter[str]()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for any socket.

        Raises:
            Problem: 503, there is none.
        """
        _check(self.taken < MOST, f"{MOST} sockets are open already")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    @contextmanager
    def of_stranger(self, address: str) -> Iterator[None]:
        """One of the places of those who have yet to show who they are.

        Raises:
            Problem: 503, there is none, or none for this address.
        """
        is_free = self._strangers.total() < STRANGERS and self._strangers[address] < OF_ADDRESS
        _check(is_free, "too many sockets are open that have shown no token")
        self._strangers[address] += 1
        try:
            yield
        finally:
            self._strangers[address] -= 1
            self._strangers += Counter()  # which drops addresses that have none


def _check(is_free: bool, why: str) -> None:
    if not is_free:
        raise Problem(503, f"{why}; try again later", code="too_many_sockets")
