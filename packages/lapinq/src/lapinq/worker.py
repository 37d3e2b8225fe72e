"""``run_worker`` is a worker by itself, ``run_worker_inline`` one in a program: one engine, one kind of results."""

import asyncio
import os
import signal
from dataclasses import replace

from taskcore.engine.announcer import Tally
from taskcore.engine.signals import on_signals

from lapinq.settings import Settings
from lapinq.storage import Storage
from lapinq.working import Working, WorkPlan, at_work

__all__ = [
    "HEARTBEAT_INTERVAL",
    "MAX_IDLE_BACKOFF",
    "STALE_RECOVERY_INTERVAL",
    "run_worker",
    "run_worker_inline",
    "work_until_signalled",
]

HEARTBEAT_INTERVAL: float
MAX_IDLE_BACKOFF: float
STALE_RECOVERY_INTERVAL: float
# What the environment says; a program may set them, for the workers that it starts then.
_SETTINGS = {name: name.lower() for name in __all__ if name.isupper()}


def __getattr__(name: str) -> float:
    if name not in _SETTINGS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return float(getattr(Settings.from_env(os.environ), _SETTINGS[name]))


async def run_worker(
    database_url: str | None = None, concurrency: int = 4, poll_interval: float = 0.1, task_timeout: float = 300
) -> None:
    """Work until SIGTERM or SIGINT, which lets running tasks finish within 30 seconds; a second one waits for none.

    Args:
        database_url: by default what the environment says.
        poll_interval, task_timeout: seconds; see ``lapinq.working.WorkPlan``.

    Raises:
        RuntimeError: the database cannot be reached. InvalidInput: an argument or a variable has no such value.
    """
    settings = Settings.from_env(os.environ, database_url=database_url)
    plan = WorkPlan(concurrency=concurrency, poll_interval=poll_interval, task_timeout=task_timeout)
    await work_until_signalled(settings, plan)


async def work_until_signalled(settings: Settings, plan: WorkPlan, *, until_idle: bool = False) -> Tally:
    """``run_worker``, for whatever plan.

    Raises: as ``run_worker``.
    """
    settings = _as_set_here(settings)
    storage = await Storage.open(settings)
    try:
        worker = Working(storage.service, settings, plan)

        def on_signal(_: signal.Signals, times: int) -> None:
            worker.stop(force=times > 1)

        with on_signals(on_signal):
            return await worker.run(until_idle=until_idle)
    finally:
        await storage.close()


async def run_worker_inline(
    storage: Storage, concurrency: int = 4, poll_interval: float = 0.1, task_timeout: float = 300
) -> None:
    """Work in this program until the coroutine is cancelled, which lets running tasks finish within 30 seconds.

    ``storage`` stays open, and signals are the program's own.

    Raises:
        InvalidInput: an argument has no such value.
    """
    plan = WorkPlan(concurrency=concurrency, poll_interval=poll_interval, task_timeout=task_timeout)
    async with at_work(Working(storage.service, _as_set_here(storage.settings), plan)) as running:
        await asyncio.shield(running)


def _as_set_here(settings: Settings) -> Settings:
    found = globals()
    return replace(settings, **{field: found[name] for name, field in _SETTINGS.items() if name in found})
