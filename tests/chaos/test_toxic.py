"""Handlers that exit, vanish, kill, raise and block harm their own task, or one worker, and no task of others."""

import asyncio
import random
from collections import Counter

import pytest
from taskcore.models import TaskSpec
from taskcore.states import TaskState
from taskcore.testing import eventually

from .audit import closed_by_the_holder, every_task, nothing_is_left, settled
from .fleet import Fleet
from .handlers import BLOCKING, DEADLY, TOXIC
from .places import Place, Store

MOST_LOSSES = 5


ONE_FILE_ONE_SERVER = ["sqlite", pytest.param("postgres", marks=pytest.mark.servers)]
"""It is the engine that keeps handlers apart, whatever the store."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("place", ONE_FILE_ONE_SERVER, indirect=True)
async def test_toxic_handlers_fail_alone(place: Place, store: Store, rng: random.Random) -> None:
    before = await place.contents()
    toxic = [handler.name for handler in TOXIC]
    names = [*toxic, *[BLOCKING.name] * 2, *["thread", "async"] * 50]
    rng.shuffle(names)

    with Fleet(place, 2, rng) as fleet:
        await store.put([TaskSpec(name=name) for name in names])
        await eventually(lambda: settled(store, len(names)), within=60)
        died = fleet.replace_the_dead()
        codes = fleet.stop()

    records = await every_task(store)
    assert Counter(toxic) == Counter(record.name for record in records if record.state is TaskState.FAILED)
    assert [] == [record for record in records if record.name not in toxic and not closed_by_the_holder(record)]
    assert [] == [record for record in records if record.losses], "a worker lost its lease to a handler"
    assert (0, [0, 0]) == (died, codes)
    await nothing_is_left(store, place, before)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)  # As above: the engine has to find the guilty one.
async def test_a_task_that_takes_its_workers_along_fails_in_the_end_and_no_other(
    place: Place, store: Store, rng: random.Random
) -> None:
    before = await place.contents()
    names = [DEADLY.name, *["thread", "async"] * 50]
    rng.shuffle(names)

    with Fleet(place, 2, rng, MOST_LOSSES) as fleet:
        await store.put([TaskSpec(name=name) for name in names])
        while not await settled(store, len(names)):
            fleet.replace_the_dead()
            await asyncio.sleep(0.05)
        fleet.stop()

    records = await every_task(store)
    (deadly,) = [record for record in records if record.name == DEADLY.name]
    assert (TaskState.FAILED, MOST_LOSSES) == (deadly.state, deadly.attempt)
    assert {TaskState.SUCCEEDED} == {record.state for record in records if record is not deadly}
    await nothing_is_left(store, place, before)
