"""What handlers tell is stored, within bounds."""

from taskcore.engine.context import TaskContext
from taskcore.engine.handlers import Mode
from taskcore.engine.reports import LONGEST_LINE, MOST_LINES
from taskcore.states import TaskState

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
        context.progress(0.5, "a" * (LONGEST_LINE + 1))

    task = await bench.put(bench.handle(shouts, Mode.THREAD))
    await bench.drain()

    whole, cut = await bench.store.logs(task)
    assert "a" * LONGEST_LINE == whole.message
    assert f"{'a' * (LONGEST_LINE - 1)}…" == cut.message == (await bench.record(task)).progress_note


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no words")


async def test_anything_is_told_as_its_text(bench: Bench) -> None:
    def tells(context: TaskContext) -> None:
        told = {"sent": 3}
        context.log(told)
        told["sent"] = 4  # the line is what it was
        context.log(ValueError("boom"), "ERROR")
        context.progress(0.5, 7)

    task = await bench.put(bench.handle(tells, Mode.THREAD))
    await bench.drain()

    assert ["{'sent': 3}", "boom"] == [line.message for line in await bench.store.logs(task)]
    assert (TaskState.SUCCEEDED, "7") == ((record := await bench.record(task)).state, record.progress_note)


async def test_what_has_no_text_is_a_failure_of_its_own_task_alone(bench: Bench) -> None:
    def bad(context: TaskContext) -> None:
        context.log(Unspeakable())

    def good(context: TaskContext) -> None:
        context.log("fine")

    failed = await bench.put(bench.handle(bad, Mode.THREAD))
    done = await bench.put(bench.handle(good, Mode.THREAD))
    await bench.drain()

    assert "no words" in str((await bench.record(failed)).error)
    assert TaskState.SUCCEEDED is (await bench.record(done)).state
