"""A file that says when a worker of this folder was last alive; written in one step, so nobody reads half a line."""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from taskcore.clock import Clock

logger = logging.getLogger("taskmq.worker")


class HeartbeatFile:
    """``path`` is asked at every beat. Workers of one folder share the file."""

    def __init__(self, path: Callable[[], str], clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._last = ""

    async def beat(self) -> None:
        """Write the present time."""
        path = Path(self._path())
        draft = path.with_name(f".{path.name}.{os.getpid()}-{id(self)}")
        self._last = self._clock.now().isoformat()
        try:
            draft.write_text(self._last, encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            logger.warning("cannot write %s: %s", path, error)

    def remove(self) -> None:
        """Take the file away, unless another worker wrote it last: that one is alive."""
        path = Path(self._path())
        with suppress(OSError):
            if self._last and path.read_text(encoding="utf-8") == self._last:
                path.unlink()
