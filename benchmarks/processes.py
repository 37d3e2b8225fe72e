"""Workers in processes of their own: a module of this program that is run as one."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from taskcore.engine.signals import on_signals
from taskcore.engine.worker import Worker

ROOT = Path(__file__).parents[1]


@asynccontextmanager
async def running(module: str, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run a module until the block ends; the block reads what it prints."""
    command = [sys.executable, "-m", module, *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def work(worker: Worker) -> None:
    """For the module that is run: work until the block has ended."""
    with on_signals(lambda _, times: worker.stop(force=times > 1)):
        await worker.run()
