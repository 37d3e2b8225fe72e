"""Who put which tasks, for the audit log: an entry a second for each caller, so that a burst of them neither buries
what else was done nor waits for the log."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from taskcore.auth.auditing import Origin
from taskcore.auth.principal import Principal

PAUSE = 1.0
"""Seconds between entries."""
NAMED = 20
"""Tasks that an entry names one by one."""

Note = Callable[[Principal, str, str, Origin, str], Awaitable[None]]
"""Writes an entry: who, what, of which task, from where, and more words."""


@dataclass(slots=True)
class _Line:
    by: Principal
    origin: Origin
    ids: list[str] = field(default_factory=list)


class Ledger:
    """Gathers what is heard while an entry is written, and for a second after it.

    Args:
        noun: what the face calls tasks.
    """

    def __init__(self, note: Note, noun: str = "tasks") -> None:
        self._note, self._noun = note, noun
        self._lines: dict[tuple[str, str], _Line] = {}
        self._telling: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    def added(self, by: Principal, ids: Sequence[str], origin: Origin) -> None:
        """``by`` put tasks; call it on the event loop."""
        line = self._lines.get((by.id, origin.peer))
        if line is None:
            line = self._lines[by.id, origin.peer] = _Line(by, origin)
        line.ids += ids
        here = asyncio.get_running_loop()
        if self._telling is None or self._telling[0] is not here or self._telling[1].done():
            self._telling = here, asyncio.create_task(self._tell())

    async def close(self) -> None:
        """Write what was heard last."""
        telling, self._telling = self._telling, None
        if telling is not None and telling[0] is asyncio.get_running_loop():
            telling[1].cancel()
            await asyncio.wait([telling[1]])
        await self._write()

    async def _tell(self) -> None:
        try:
            while self._lines:
                await self._write()
                await asyncio.sleep(PAUSE)
        except asyncio.CancelledError:
            await self._write()  # test clients have a loop for each request, which ends with it
            raise

    async def _write(self) -> None:
        while self._lines:
            _, line = self._lines.popitem()
            target, detail = self._words(line.ids)
            await self._note(line.by, "task.put", target, line.origin, detail)

    def _words(self, ids: Sequence[str]) -> tuple[str, str]:
        if len(ids) == 1:
            return ids[0], ""
        if len(ids) <= NAMED:
            return "", f"{len(ids)} {self._noun}: {', '.join(ids)}"
        return "", f"{len(ids):,} {self._noun}, from {ids[0]} to {ids[-1]}"
