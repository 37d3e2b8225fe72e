"""The store behind a backend: one in each process that uses it, for as long as somebody does."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from taskcore.auth.stores import AccountStore
from taskcore.ports import PerLoop, TaskStore

from taskmq.bridge import bridge
from taskmq.errors import NotSupported


class OpenedStore(ABC):
    """Safe to use from any thread, and in a forked child, which opens a store of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: tuple[int, TaskStore] | None = None

    @abstractmethod
    def _open(self) -> Coroutine[Any, Any, TaskStore]:
        """Open the store."""

    async def open_accounts(self) -> AccountStore:
        """Open what keeps users beside the jobs, for the event loop that awaits it; whoever did so closes it.

        Raises:
            NotSupported: nothing does.
        """
        raise NotSupported(f"{type(self).__name__} keeps no users")

    @property
    def store(self) -> TaskStore:
        """The store of this process; opened when it is first needed."""
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), bridge.run(self._open())
            return self._opened[1]

    def close(self) -> None:
        """Let go of the store; the next use opens it again. Closing twice is fine."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None and opened[0] == os.getpid():
            bridge.run(opened[1].close())

    async def leave(self) -> None:
        """Let go of what the store holds for the running event loop, which is about to end."""
        opened = self._opened
        if opened is not None and isinstance(opened[1], PerLoop):
            await opened[1].leave()
