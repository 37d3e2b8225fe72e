"""Each due instant of a schedule has one run, or a record of the policy that skipped it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from taskcore.adapters.memory import MemoryEventBus, MemoryStore
from taskcore.engine.leader import Leader
from taskcore.engine.scheduler import Scheduler
from taskcore.errors import InvalidInput, StoreUnavailable
from taskcore.events import AnyEvent, ScheduleEvent, TaskPut
from taskcore.ids import ScheduleId
from taskcore.lease import Leadership
from taskcore.models import ScheduleSpec, TaskQuery, TaskRecord
from taskcore.models.schedule import MAX_ID
from taskcore.schedule import Cron, Every, Misfire, Once, Overlap
from taskcore.states import TaskState
from taskcore.testing import FakeClock, a_claim, a_settlement, a_task, seconds

MINUTE = timedelta(minutes=1)
ID = ScheduleId("minutely")


class World:
    def __init__(self, start: datetime | None = None) -> None:
        self.clock = FakeClock(start) if start else FakeClock()
        self.store = MemoryStore(self.clock)

    async def follow(
        self, when: Cron | Every | Once, overlap: Overlap = Overlap.ALLOW, misfire: Misfire | None = None
    ) -> None:
        spec = ScheduleSpec(id=ID, when=when, task=a_task("tick"), overlap=overlap, misfire=misfire or Misfire())
        await self.store.save_schedule(spec, self.clock.now())

    async def tasks(self, *states: TaskState) -> Sequence[TaskRecord]:
        return await self.store.find(TaskQuery(schedule=ID, states=frozenset(states), limit=10_000))

    async def skipped(self) -> list[tuple[str, int]]:
        return [(fire.skipped, fire.count) for fire in await self.store.fires(ID) if fire.skipped]

    def scheduler(self) -> Scheduler:
        return Scheduler(self.store, clock=self.clock)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_task_is_put_when_its_instant_comes_and_not_before(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()))
    scheduler = world.scheduler()

    assert 0 == await scheduler.tick()
    due = world.clock.advance(60)
    assert 1 == await scheduler.tick()
    assert 0 == await scheduler.tick()

    (task,) = await world.tasks()
    (fire,) = await world.store.fires(ID)
    assert (due, "tick", ID) == (task.run_at, task.name, task.schedule)
    assert (task.id, due) == (fire.task, fire.instant)


async def test_the_longest_id_leaves_room_for_the_key_of_a_fire(world: World) -> None:
    spec = ScheduleSpec(id=ScheduleId("x" * MAX_ID), when=Every(MINUTE, world.clock.now()), task=a_task())
    await world.store.save_schedule(spec, world.clock.now())

    world.clock.advance(60)

    assert 1 == await world.scheduler().tick()
    with pytest.raises(InvalidInput, match="id must be text of 1 to 160"):
        ScheduleSpec(id=ScheduleId("x" * (MAX_ID + 1)), when=spec.when, task=spec.task)


async def test_many_schedulers_at_once_put_each_instant_once(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()))
    schedulers = [world.scheduler() for _ in range(5)]

    for _ in range(20):
        world.clock.advance(60)
        await asyncio.gather(*(scheduler.tick() for scheduler in schedulers))

    tasks = await world.tasks()
    assert 20 == len(tasks)
    assert 20 == len({task.run_at for task in tasks})


async def test_a_clock_that_is_stepped_back_repeats_nothing(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()))
    scheduler = world.scheduler()
    for _ in range(5):
        world.clock.advance(60)
        await scheduler.tick()

    world.clock.jump(-3600)
    for _ in range(65):
        world.clock.advance(60)
        await scheduler.tick()

    instants = [task.run_at for task in await world.tasks()]
    assert len(set(instants)) == len(instants) == 10


async def test_a_clock_that_is_stepped_ahead_accounts_for_what_it_jumped_over(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()))

    world.clock.jump(3600)
    await world.scheduler().tick()

    assert 1 == len(await world.tasks())
    assert [("misfire=coalesce", 59)] == await world.skipped()


@pytest.mark.parametrize(
    ("policy", "runs", "skipped"),
    [
        pytest.param("coalesce", 1, [("misfire=coalesce", 9)], id="one run stands for all that were missed"),
        pytest.param("all", 10, [], id="every missed instant runs"),
        pytest.param("skip", 1, [("misfire=skip", 9)], id="only the one in time runs"),
    ],
)
async def test_what_was_missed_follows_the_misfire_policy(
    world: World, policy: str, runs: int, skipped: list[tuple[str, int]]
) -> None:
    misfire = Misfire(grace=seconds(30), policy=policy)  # type: ignore[arg-type]
    await world.follow(Every(MINUTE, world.clock.now()), misfire=misfire)

    world.clock.advance(600)
    await world.scheduler().tick()

    assert runs == len(await world.tasks())
    assert skipped == await world.skipped()


async def test_skip_waits_for_the_run_before(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()), Overlap.SKIP)
    scheduler = world.scheduler()

    world.clock.advance(60)
    await scheduler.tick()
    (running,) = await world.store.claim(a_claim())
    world.clock.advance(60)
    await scheduler.tick()
    await world.store.settle([a_settlement(running)])
    world.clock.advance(60)
    await scheduler.tick()

    assert 2 == len(await world.tasks())
    assert [("overlap=skip", 1)] == await world.skipped()


async def test_queue_one_lets_a_single_run_wait_behind_the_running_one(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()), Overlap.QUEUE_ONE)
    scheduler = world.scheduler()

    world.clock.advance(60)
    await scheduler.tick()
    await world.store.claim(a_claim())
    for _ in range(3):
        world.clock.advance(60)
        await scheduler.tick()

    assert 1 == len(await world.tasks(TaskState.PENDING))
    assert [("overlap=queue_one", 1)] * 2 == await world.skipped()


async def test_cancel_other_stops_the_run_before(world: World) -> None:
    await world.follow(Every(MINUTE, world.clock.now()), Overlap.CANCEL_OTHER)
    scheduler = world.scheduler()

    world.clock.advance(60)
    await scheduler.tick()
    (running,) = await world.store.claim(a_claim())
    world.clock.advance(60)
    await scheduler.tick()

    before = await world.store.get(running.id)
    assert before is not None
    assert before.cancel_requested
    assert 1 == len(await world.tasks(TaskState.PENDING))


async def test_a_paused_schedule_fires_nothing(world: World) -> None:
    spec = ScheduleSpec(id=ID, when=Every(MINUTE, world.clock.now()), task=a_task(), paused=True)
    await world.store.save_schedule(spec, world.clock.now())

    world.clock.advance(600)

    assert 0 == await world.scheduler().tick()


async def test_once_is_followed_once(world: World) -> None:
    await world.follow(Once(world.clock.now() + MINUTE))
    scheduler = world.scheduler()

    for _ in range(5):
        world.clock.advance(60)
        await scheduler.tick()

    assert 1 == len(await world.tasks())


@pytest.mark.parametrize(
    ("start", "expression", "expected"),
    [
        pytest.param(
            "2026-03-28T12:00+00:00", "30 2 * * *", ["2026-03-29T01:00+00:00"], id="a time in the gap runs after it"
        ),
        pytest.param(
            "2026-10-24T12:00+00:00", "30 2 * * *", ["2026-10-25T00:30+00:00"], id="a time in the fold runs once"
        ),
        pytest.param(
            "2026-10-25T00:15+00:00",
            "*/30 * * * *",
            [f"2026-10-25T{hour:02}:{minute:02}+00:00" for hour in range(4) for minute in (0, 30)][1:-1],
            id="half-hours follow elapsed time through the fold",
        ),
    ],
)
async def test_dst_nights_in_rome(start: str, expression: str, expected: list[str]) -> None:
    world = World(datetime.fromisoformat(start))
    await world.follow(Cron(expression, "Europe/Rome"))
    scheduler, end = world.scheduler(), max(map(datetime.fromisoformat, expected)) + timedelta(minutes=29)

    while world.clock.now() < end:
        world.clock.advance(60)
        await scheduler.tick()

    fired = sorted(task.run_at.astimezone(UTC) for task in await world.tasks())
    assert [datetime.fromisoformat(instant) for instant in expected] == fired


async def test_one_leads_and_another_takes_over_when_it_is_gone(world: World) -> None:
    leaders = [Leader(world.store, "scheduler", name, lease=seconds(4)) for name in ("one", "two")]
    for leader in leaders:
        await leader.tick()
    assert [True, False] == [leader.leads for leader in leaders]

    world.clock.advance(60)
    await leaders[1].tick()  # The first one is dead by now and does not campaign.

    await leaders[0].tick()
    assert [False, True] == [leader.leads for leader in leaders]


async def test_a_leader_that_resigns_is_followed_at_once(world: World) -> None:
    one, two = (Leader(world.store, "scheduler", name) for name in ("one", "two"))
    await one.tick()

    await one.resign()
    await two.tick()

    assert (False, True) == (one.leads, two.leads)


async def test_a_leader_stops_though_the_store_is_away_and_is_followed_in_time(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(held: Leadership) -> None:
        raise StoreUnavailable("the store is away")

    one, two = (Leader(world.store, "scheduler", name, lease=seconds(4)) for name in ("one", "two"))
    await one.tick()
    monkeypatch.setattr(world.store, "resign", away)

    await one.resign()

    assert (False, True) == (one.leads, "the lead runs out by itself: the store is away" in caplog.text)
    world.clock.advance(4)
    await two.tick()
    assert two.leads


async def test_fires_and_skips_are_published(world: World) -> None:
    seen, bus = list[AnyEvent](), MemoryEventBus()
    bus.subscribe(seen.extend)
    await world.follow(Every(MINUTE, world.clock.now()))

    world.clock.advance(600)
    await Scheduler(world.store, clock=world.clock, bus=bus).tick()

    published = [event for event in seen if isinstance(event, ScheduleEvent)]
    assert {True, False} == {event.task is None for event in published}


async def test_a_task_that_a_schedule_puts_is_announced_with_its_name_and_queue(world: World) -> None:
    seen, bus = list[AnyEvent](), MemoryEventBus()
    bus.subscribe(seen.extend)
    await world.follow(Every(MINUTE, world.clock.now()))
    world.clock.advance(60)

    await Scheduler(world.store, clock=world.clock, bus=bus).tick()

    (task,) = await world.tasks()
    assert [(task.id, "tick", "default")] == [
        (event.task, event.name, event.queue) for event in seen if isinstance(event, TaskPut)
    ]


async def test_instants_that_were_skipped_together_are_told_with_their_number(world: World) -> None:
    seen, bus = list[AnyEvent](), MemoryEventBus()
    bus.subscribe(seen.extend)
    await world.follow(Every(MINUTE, world.clock.now()))
    world.clock.advance(600)

    await Scheduler(world.store, clock=world.clock, bus=bus).tick()

    skipped = [event for event in seen if isinstance(event, ScheduleEvent) and event.skipped]
    assert await world.skipped() == [(event.skipped, event.count) for event in skipped]
    assert sum(event.count for event in skipped) > 1
