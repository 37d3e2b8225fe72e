"""What handlers tell is stored, within bounds."""

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode
from taskcore.engine.reports import LONGEST_LINE, MOST_LINES

from .conftest import Bench


async def test_a_handler_that_logs_without_end_fills_no_store(bench: Bench) -> None:
    def talks(context: TaskContext) -> str:
        for number in range(MOST_LINES + 5):
            context.log(f"line {number}")
        context.progress(0.5)
        return "done"

    task = await bench.put(bench.handle(talks, Mode.THREAD))
    await bench.drain()

    lines = await bench.store.logs(task, limit=2 * MOST_LINES)
    assert (MOST_LINES, "line 9998") == (len(lines), lines[-2].message)
    assert ("WARNING", "more than 9,999 lines: the rest of this attempt is left out") == (
        lines[-1].level,
        lines[-1].message,
    )
    assert ('"done"', 0.5) == ((record := await bench.record(task)).result, record.progress)


async def test_a_line_without_end_is_cut(bench: Bench) -> None:
    def shouts(context: TaskContext) -> None:
        context.log("a" * LONGEST_LINE)
        context.log("a" * (LONGEST_LINE + 1))

    task = await bench.put(bench.handle(shouts, Mode.THREAD))
    await bench.drain()

    whole, cut = await bench.store.logs(task)
    assert "a" * LONGEST_LINE == whole.message
    assert f"{'a' * (LONGEST_LINE - 1)}…" == cut.message
