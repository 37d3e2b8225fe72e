"""What the workers of chaos tests run: work that takes a moment, and work that does harm."""

import asyncio
import os
import random
import signal
import sys
import time
from datetime import timedelta

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Handler, Mode
from taskcore.retry import RetryPolicy

LEASE = timedelta(seconds=1)
ONCE = RetryPolicy(max_attempts=1)


def works(context: TaskContext) -> list[object]:
    """Takes a moment, and returns the attempt that it was."""
    time.sleep(random.uniform(0, 0.02))  # Long enough for kills to hit handlers in the middle.
    return [context.task.attempt, context.task.worker]


async def works_async(context: TaskContext) -> list[object]:
    await asyncio.sleep(random.uniform(0, 0.02))
    return [context.task.attempt, context.task.worker]


class Deep(BaseException):
    """Not an ``Exception``: a careless worker dies of it."""


def exits(context: TaskContext) -> None:
    sys.exit(3)


def vanishes(context: TaskContext) -> None:
    os._exit(4)


def kills_itself(context: TaskContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def raises(context: TaskContext) -> None:
    raise Deep


def interrupts(context: TaskContext) -> None:
    raise KeyboardInterrupt


def hangs(context: TaskContext) -> None:
    time.sleep(600)


async def exits_async(context: TaskContext) -> None:
    sys.exit(3)


async def raises_async(context: TaskContext) -> None:
    raise Deep


async def blocks_the_loop(context: TaskContext) -> list[object]:
    """For longer than a lease, on the loop that all coroutines share."""
    time.sleep(1.5 * LEASE.total_seconds())  # noqa: ASYNC251
    return [context.task.attempt, context.task.worker]


FRIENDLY = [
    Handler(name="thread", function=works, mode=Mode.THREAD),
    Handler(name="async", function=works_async, mode=Mode.ASYNC),
]
TOXIC = [
    Handler(name="process exits", function=exits, mode=Mode.PROCESS, retry=ONCE),
    Handler(name="process vanishes", function=vanishes, mode=Mode.PROCESS, retry=ONCE),
    Handler(name="process kills itself", function=kills_itself, mode=Mode.PROCESS, retry=ONCE),
    Handler(name="process raises", function=raises, mode=Mode.PROCESS, retry=ONCE),
    Handler(name="process hangs", function=hangs, mode=Mode.PROCESS, retry=ONCE, timeout=LEASE),
    Handler(name="thread exits", function=exits, mode=Mode.THREAD, retry=ONCE),
    Handler(name="thread raises", function=raises, mode=Mode.THREAD, retry=ONCE),
    Handler(name="thread interrupts", function=interrupts, mode=Mode.THREAD, retry=ONCE),
    Handler(name="async exits", function=exits_async, mode=Mode.ASYNC, retry=ONCE),
    Handler(name="async raises", function=raises_async, mode=Mode.ASYNC, retry=ONCE),
]
"""Each fails, and takes nobody with it."""
BLOCKING = Handler(name="blocks the loop", function=blocks_the_loop, mode=Mode.ASYNC)
DEADLY = Handler(name="takes its worker along", function=vanishes, mode=Mode.THREAD, retry=ONCE)

HANDLERS = {handler.name: handler for handler in [*FRIENDLY, *TOXIC, BLOCKING, DEADLY]}
