"""Who added which jobs, for the audit log: an entry a second for each caller, so that a burst of jobs neither buries
what else was done nor waits for the log."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from taskcore.auth.auditing import Origin
from taskcore.auth.principal import Principal

PAUSE = 1.0
"""Seconds between entries."""
NAMED = 20
"""Jobs that an entry names one by one."""

Note = Callable[[Principal, str, str, Origin, str], Awaitable[None]]
"""Writes an entry: who, what, of which job, from where, and more words."""


@dataclass(slots=True)
class _Line:
    by: Principal
    origin: Origin
    jobs: list[int] = field(default_factory=list)


class Ledger:
    """Gathers what is heard while an entry is written, and for a second after it."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._lines: dict[tuple[str, str], _Line] = {}
        self._telling: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    def added(self, by: Principal, job_id: int, origin: Origin) -> None:
        """``by`` added a job; call it on the event loop."""
        line = self._lines.get((by.id, origin.peer))
        if line is None:
            line = self._lines[by.id, origin.peer] = _Line(by, origin)
        line.jobs.append(job_id)
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
            target, detail = _words(line.jobs)
            await self._note(line.by, "task.put", target, line.origin, detail)


def _words(jobs: list[int]) -> tuple[str, str]:
    if len(jobs) == 1:
        return str(jobs[0]), ""
    if len(jobs) <= NAMED:
        return "", f"{len(jobs)} jobs: {', '.join(map(str, jobs))}"
    return "", f"{len(jobs):,} jobs, from {min(jobs)} to {max(jobs)}"
