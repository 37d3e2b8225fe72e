"""How handlers are run: one executor a mode."""

from taskcore.clock import Clock
from taskcore.engine.execution.loop import Lifespan, LoopExecutor
from taskcore.engine.execution.processes import ProcessExecutor
from taskcore.engine.execution.run import Executor
from taskcore.engine.execution.threads import ThreadExecutor
from taskcore.engine.handlers import Mode


def executors(limit: int, clock: Clock, lifespan: Lifespan | None = None) -> dict[Mode, Executor]:
    """An executor for each mode; none takes a thread or a process before its first task, unless it is opened.

    Args:
        lifespan: open around the coroutines of each event loop.
    """
    return {
        Mode.ASYNC: LoopExecutor(limit, clock, lifespan=lifespan),
        Mode.THREAD: ThreadExecutor(limit, clock),
        Mode.PROCESS: ProcessExecutor(limit, clock),
    }
