"""Promise 4 under ``kill -9``: each due instant has one run, or a record of the policy that skipped it."""

import asyncio
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from taskcore.adapters.sqlite import SQLiteStore
from taskcore.ids import ScheduleId
from taskcore.models import ScheduleSpec, TaskQuery, TaskSpec
from taskcore.schedule import Every, Misfire
from taskcore.testing import eventually

from .fleet import Fleet

SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
ID = ScheduleId("often")
PERIOD = timedelta(milliseconds=100)


@pytest.mark.timeout(120)
async def test_schedulers_killed_at_random_fire_each_instant_once(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # CHAOS_SEED repeats a run that failed.
    rng = random.Random(SEED)
    store = await SQLiteStore.open(tmp_path / "chaos.db")
    start = await store.now()
    misfire = Misfire(grace=timedelta(milliseconds=300), policy="coalesce")
    spec = ScheduleSpec(id=ID, when=Every(PERIOD, start), task=TaskSpec(name="async"), misfire=misfire)
    await store.save_schedule(spec, start)
    fleet = Fleet(tmp_path / "chaos.db", 3, rng)
    await eventually(lambda: store.fires(ID, 1), within=20)

    for _ in range(15):
        await asyncio.sleep(rng.uniform(0.05, 0.4))  # The point in time at which the kill hits is what varies.
        fleet.kill()
    fleet.stop()

    fires = sorted(await store.fires(ID, 10_000), key=lambda fire: fire.instant)
    tasks = {task.id: task for task in await store.find(TaskQuery(schedule=ID, limit=10_000))}
    assert len(tasks) > 20
    assert {fire.task for fire in fires if fire.task is not None} == set(tasks)
    assert len(tasks) == len({task.run_at for task in tasks.values()})
    expected = start + PERIOD
    for fire in fires:  # They follow on one another without a gap and without an overlap.
        assert expected == fire.instant
        assert (fire.task is None) != (fire.skipped is None)
        assert fire.count == (fire.last - fire.instant) // PERIOD + 1
        expected = fire.last + PERIOD
    await store.close()
