"""Where runs wait for one of an executor's threads."""

from contextlib import suppress
from queue import Empty, SimpleQueue

from taskcore.engine.execution.run import Run


class Waiting:
    """First in, first out, for any number of threads."""

    def __init__(self) -> None:
        self._runs: SimpleQueue[Run | None] = SimpleQueue()

    def __len__(self) -> int:
        return self._runs.qsize()

    def put(self, runs: list[Run]) -> None:
        for run in runs:
            self._runs.put(run)

    def next(self) -> Run | None:
        """Wait for a run; None tells the thread to end."""
        return self._runs.get()

    def take_back(self) -> list[Run]:
        """All that nobody has taken yet."""
        runs: list[Run] = []
        with suppress(Empty):
            while (run := self._runs.get_nowait()) is not None:
                runs.append(run)
        return runs

    def end(self, threads: int) -> None:
        """Let so many threads end once they are done."""
        for _ in range(threads):
            self._runs.put(None)
