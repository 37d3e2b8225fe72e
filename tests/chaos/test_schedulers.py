"""Promise 4 under ``kill -9``: each due instant has one run, or a record of the policy that skipped it."""

import asyncio
import random
from datetime import timedelta
from functools import partial

import pytest
from taskcore.engine.reaper import Reaper
from taskcore.ids import ScheduleId
from taskcore.models import ScheduleSpec, TaskQuery, TaskSpec
from taskcore.schedule import Every, Misfire
from taskcore.testing import eventually

from .audit import nothing_is_left, running
from .fleet import Fleet
from .places import Place, Store

ID = ScheduleId("often")
PERIOD = timedelta(milliseconds=100)


WHERE_SCHEDULES_RUN = ["sqlite", *(pytest.param(server, marks=pytest.mark.servers) for server in ("postgres", "redis"))]
"""On MySQL the conformance suite alone looks after them: no face keeps schedules there."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("place", WHERE_SCHEDULES_RUN, indirect=True)
async def test_schedulers_killed_at_random_fire_each_instant_once(
    place: Place, store: Store, rng: random.Random
) -> None:
    start = await store.now()
    misfire = Misfire(grace=timedelta(milliseconds=300), policy="coalesce")
    spec = ScheduleSpec(id=ID, when=Every(PERIOD, start), task=TaskSpec(name="async"), misfire=misfire)
    await store.save_schedule(spec, start)
    await store.remove_schedule(ID)  # A store may count its schedules, and keep the count.
    before = await place.contents()
    await store.save_schedule(spec, start)
    with Fleet(place, 3, rng) as fleet:
        for number in range(1, 11):
            await eventually(partial(more_fires, store, number), within=120)  # So a scheduler is past its start.
            await asyncio.sleep(rng.uniform(0.05, 0.4))  # The point in time at which the kill hits is what varies.
            fleet.kill()
        fleet.stop()

    fires = sorted(await store.fires(ID, 10_000), key=lambda fire: fire.instant)
    tasks = {task.id for task in await store.find(TaskQuery(schedule=ID, limit=10_000))}
    assert len(tasks) >= 10
    assert {fire.task for fire in fires if fire.task is not None} == tasks
    assert len(tasks) == sum(fire.task is not None for fire in fires)
    expected = start + PERIOD
    for fire in fires:  # They follow on one another without a gap and without an overlap.
        assert expected == fire.instant
        assert (fire.task is None) != (fire.skipped is None)
        assert fire.count == (fire.last - fire.instant) // PERIOD + 1
        expected = fire.last + PERIOD
    await store.remove_schedule(ID)
    await eventually(lambda: taken_back(store))
    await nothing_is_left(store, place, before)


async def more_fires(store: Store, least: int) -> bool:
    """Whether so many instants had a run."""
    return least <= sum(fire.task is not None for fire in await store.fires(ID, 10_000))


async def taken_back(store: Store) -> bool:
    """Whether nothing is left in the hands of the killed."""
    await Reaper(store).tick()
    return not await running(store)
