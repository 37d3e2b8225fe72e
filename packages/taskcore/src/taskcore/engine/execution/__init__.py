"""How handlers are run: one executor a mode."""

from taskcore.clock import Clock
from taskcore.engine.execution.loop import LoopExecutor
from taskcore.engine.execution.processes import ProcessExecutor
from taskcore.engine.execution.run import Executor
from taskcore.engine.execution.threads import ThreadExecutor
from taskcore.engine.handlers import Mode


def executors(limit: int, clock: Clock) -> dict[Mode, Executor]:
    """An executor for each mode; none takes a thread or a process before its first task."""
    return {
        Mode.ASYNC: LoopExecutor(limit, clock),
        Mode.THREAD: ThreadExecutor(limit, clock),
        Mode.PROCESS: ProcessExecutor(limit, clock),
    }
