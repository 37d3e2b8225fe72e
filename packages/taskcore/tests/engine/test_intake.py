"""Many requests at a time share commits."""

import asyncio
from collections.abc import Sequence

from taskcore.engine.intake import Intake
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.ids import TaskId
from taskcore.models import Receipt, TaskSpec


class Slow:
    """A store whose commits end when a test says so; specs named "bad" are refused."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.go = asyncio.Event()
        self.away = False

    async def put(self, specs: Sequence[TaskSpec]) -> Sequence[Receipt]:
        names = [spec.name for spec in specs]
        self.commits.append(names)
        await self.go.wait()
        if self.away:
            raise StoreUnavailable("the store is away")
        if "bad" in names:
            raise InvalidInput("no")
        return [Receipt(TaskId(name), True) for name in names]


async def _ask(intake: Intake, *names: str) -> list[asyncio.Task[Receipt]]:
    tasks = [asyncio.create_task(intake.put(TaskSpec(name=name))) for name in names]
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_a_commit_is_under_way_shares_the_next_one() -> None:
    store = Slow()
    intake = Intake(store.put)
    asked = await _ask(intake, "a")
    await asyncio.sleep(0)
    asked += await _ask(intake, "b", "c", "d")

    store.go.set()

    assert ["a", "b", "c", "d"] == [receipt.task for receipt in await asyncio.gather(*asked)]
    assert [["a"], ["b", "c", "d"]] == store.commits


async def test_a_task_that_is_refused_fails_alone() -> None:
    store = Slow()
    store.go.set()
    intake = Intake(store.put)

    one, bad, other = await asyncio.gather(*await _ask(intake, "a", "bad", "c"), return_exceptions=True)

    assert (Receipt(TaskId("a"), True), Receipt(TaskId("c"), True)) == (one, other)
    assert isinstance(bad, InvalidInput)


async def test_a_store_that_is_away_fails_all_and_serves_those_that_come_later() -> None:
    store = Slow()
    store.go.set()
    store.away = True
    intake = Intake(store.put)

    failed = await asyncio.gather(*await _ask(intake, "a", "b"), return_exceptions=True)
    store.away = False

    assert [StoreUnavailable, StoreUnavailable] == [type(error) for error in failed]
    assert Receipt(TaskId("c"), True) == await intake.put(TaskSpec(name="c"))


async def test_what_nobody_waits_for_any_more_is_not_stored() -> None:
    store = Slow()
    intake = Intake(store.put)
    asked = await _ask(intake, "a")
    await asyncio.sleep(0)
    (gone,) = await _ask(intake, "b")
    gone.cancel()
    store.go.set()

    await asyncio.gather(*asked, gone, return_exceptions=True)

    assert [["a"]] == [names for names in store.commits if names]
