"""What every ``ScheduleStore`` proves."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from taskcore.errors import InvalidInput
from taskcore.ids import ScheduleId, TaskId
from taskcore.models import FireRecord, ScheduleRecord, ScheduleSpec, TaskQuery
from taskcore.models.schedule import KEPT_FIRES
from taskcore.ports import ScheduleStore, TaskStore
from taskcore.retry import RetryPolicy, Table
from taskcore.schedule import Cron, Misfire, Once, Overlap
from taskcore.states import TaskState
from taskcore.testing.clock import FakeClock
from taskcore.testing.contracts.steps import claim_one, present, put_one
from taskcore.testing.factories import a_schedule, a_step, a_task, seconds

HOURLY = ScheduleId("hourly")


class Store(TaskStore, ScheduleStore, Protocol):
    """Schedules put tasks, so a schedule store is a task store too."""


class SavingContract:
    """Schedules, and how far they were followed."""

    async def test_a_new_schedule_waits_for_its_first_instant_after_the_cursor(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        spec = a_schedule(every=3600)

        saved = await store.save_schedule(spec, clock.now() + seconds(1))

        assert (spec, clock.now() + seconds(1)) == (saved.spec, saved.cursor)
        assert clock.now() + seconds(3600) == saved.next_at
        assert [saved] == list(await another.schedules())

    async def test_a_schedule_survives_in_every_part(self, store: Store, another: Store, clock: FakeClock) -> None:
        spec = ScheduleSpec(
            id=ScheduleId("nächtlich 'q'"),
            when=Cron("30 2 * * MON-FRI", "Europe/Rome", gap="skip", fold="both"),
            task=a_task(
                "report",
                payload='{"größe":1}',
                queue="q",
                priority=-3,
                expires_at=clock.now() + timedelta(days=9, microseconds=1),
                timeout=timedelta(seconds=7, microseconds=1),
                retry=RetryPolicy(max_attempts=2, backoff=Table((1.5, 2.0))),
                schedule=ScheduleId("nächtlich 'q'"),
                meta='{"tags":[]}',
            ),
            misfire=Misfire(grace=timedelta(seconds=1, microseconds=1), policy="all"),
            overlap=Overlap.QUEUE_ONE,
            paused=True,
        )

        await store.save_schedule(spec, clock.now())

        assert [spec] == [record.spec for record in await another.schedules()]

    async def test_saving_what_is_stored_already_changes_nothing(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        """Every process declares its schedules when it starts; that must not disturb what the others follow."""
        saved = await store.save_schedule(a_schedule(), clock.now())
        clock.advance(10_000)

        assert saved == await another.save_schedule(a_schedule(), clock.now())
        assert [saved] == list(await store.schedules())

    async def test_an_edited_schedule_starts_from_its_new_cursor(self, store: Store, clock: FakeClock) -> None:
        before = await store.save_schedule(a_schedule(every=3600), clock.now())
        clock.advance(60)

        edited = await store.save_schedule(a_schedule(every=60), clock.now())

        assert (a_schedule(every=60), clock.now(), clock.now() + seconds(60)) == (
            edited.spec,
            edited.cursor,
            edited.next_at,
        )
        assert before.version < edited.version
        assert [edited] == list(await store.schedules())

    async def test_a_schedule_that_somebody_has_changed_is_not_replaced(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        now = clock.now()
        first = await store.replace_schedule(a_schedule(every=60), now, None)
        assert first is not None
        assert await another.replace_schedule(a_schedule(every=90), now, None) is None
        assert [first] == list(await store.schedules())

        second = await another.replace_schedule(a_schedule(every=90), now, first.version)
        assert second is not None
        assert await store.replace_schedule(a_schedule(every=120), now, first.version) is None
        assert second == await store.replace_schedule(a_schedule(every=90), now + seconds(1), second.version)
        assert [second] == list(await store.schedules())

        await another.remove_schedule(HOURLY)
        assert await store.replace_schedule(a_schedule(every=120), now, second.version) is None
        assert [] == list(await store.schedules())

    async def test_of_many_who_add_one_schedule_one_has_added_it(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        wanted = [a_schedule(every=60 + each) for each in range(10)]
        adding = [
            (store, another)[place % 2].replace_schedule(spec, clock.now(), None) for place, spec in enumerate(wanted)
        ]

        added = [record for record in await asyncio.gather(*adding) if record is not None]

        assert added == list(await store.schedules())

    async def test_schedules_are_listed_by_id(self, store: Store, clock: FakeClock) -> None:
        for name in ("b", "c", "a"):
            await store.save_schedule(a_schedule(name), clock.now())

        assert ["a", "b", "c"] == [record.spec.id for record in await store.schedules()]

    async def test_a_removed_schedule_leaves_its_tasks_and_takes_its_fires(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        (fired,) = await fire(store, saved)

        assert await another.remove_schedule(HOURLY)

        assert ([], []) == (list(await store.schedules()), list(await store.fires(HOURLY)))
        assert fired.task is not None
        assert await store.get(fired.task) is not None
        assert not await store.remove_schedule(HOURLY)


class DueContract:
    """Which schedules want attention."""

    async def test_a_schedule_is_due_when_its_instant_is_reached(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        saved = await store.save_schedule(a_schedule(every=3600), clock.now())

        clock.advance(3599.9)
        assert [] == list(await another.due_schedules(10))
        clock.advance(0.1)
        assert [saved] == list(await another.due_schedules(10))

    async def test_those_that_are_due_for_longest_come_first(self, store: Store, clock: FakeClock) -> None:
        for name, every in [("a", 1800), ("b", 600), ("c", 1200), ("d", 7200)]:
            await store.save_schedule(a_schedule(name, every), clock.now())
        clock.advance(3600)

        assert ["b", "c", "a"] == [record.spec.id for record in await store.due_schedules(10)]
        assert ["b", "c"] == [record.spec.id for record in await store.due_schedules(2)]

    async def test_a_paused_schedule_is_never_due(self, store: Store, clock: FakeClock) -> None:
        await store.save_schedule(a_schedule(paused=True), clock.now())
        clock.advance(7200)
        assert [] == list(await store.due_schedules(10))

        await store.save_schedule(a_schedule(paused=False), clock.now())
        assert [] == list(await store.due_schedules(10))
        clock.advance(3600)
        assert [HOURLY] == [record.spec.id for record in await store.due_schedules(10)]

    async def test_a_schedule_that_is_over_is_never_due(self, store: Store, clock: FakeClock) -> None:
        once = ScheduleSpec(id=ScheduleId("once"), when=Once(clock.now()), task=a_task())

        saved = await store.save_schedule(once, clock.now())

        assert saved.next_at is None
        clock.advance(7200)
        assert [] == list(await store.due_schedules(10))


class AdvanceContract:
    """Every due instant once."""

    async def test_a_step_puts_its_tasks_and_records_its_instants(
        self, store: Store, another: Store, clock: FakeClock
    ) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        first, second = clock.now() + seconds(3600), clock.now() + seconds(7200)
        clock.advance(7200)

        fires = await store.advance(a_step(saved, first, second))

        assert fires is not None
        assert [(first, first, 1, None), (second, second, 1, None)] == [
            (fire.instant, fire.last, fire.count, fire.skipped) for fire in fires
        ]
        tasks = [await present(another, fire.task) for fire in fires if fire.task is not None]
        assert [(TaskState.PENDING, HOURLY)] * 2 == [(task.state, task.schedule) for task in tasks]
        assert [fires[1], fires[0]] == list(await another.fires(HOURLY))

    async def test_a_step_moves_the_cursor(self, store: Store, another: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        instant = clock.now() + seconds(3600)

        await store.advance(a_step(saved, instant, next_at=instant + seconds(1800)))

        (record,) = await another.schedules()
        assert (instant, instant + seconds(1800)) == (record.cursor, record.next_at)
        assert saved.version < record.version
        assert saved.spec == record.spec

    async def test_a_last_step_leaves_nothing_due(self, store: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())

        await store.advance(a_step(saved, clock.now() + seconds(3600), next_at=None))

        clock.advance(7200)
        assert [None] == [record.next_at for record in await store.schedules()]
        assert [] == list(await store.due_schedules(10))

    async def test_skipped_instants_are_recorded_too(self, store: Store, another: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        begun, ended = clock.now() + seconds(3600), clock.now() + seconds(3600 * 9)
        skipped = FireRecord(schedule=HOURLY, instant=begun, last=ended, count=9, skipped="misfire=coalesce")

        fires = await store.advance(a_step(saved, ended + seconds(3600), skipped=(skipped,)))

        assert fires is not None
        assert {begun: "misfire=coalesce", ended + seconds(3600): None} == {f.instant: f.skipped for f in fires}
        assert skipped in fires
        assert set(fires) == set(await another.fires(HOURLY))

    async def test_a_step_cancels_as_the_queue_does(self, store: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        await put_one(store)
        running = await claim_one(store)
        pending = await put_one(store)
        cancel = (running.id, pending, TaskId("404404404"))

        await store.advance(a_step(saved, clock.now() + seconds(3600), cancel=cancel))

        assert TaskState.CANCELLED == (await present(store, pending)).state
        record = await present(store, running.id)
        assert (TaskState.RUNNING, True) == (record.state, record.cancel_requested)
        (fire,) = await store.fires(HOURLY)
        assert fire.task is not None
        assert TaskState.PENDING == (await present(store, fire.task)).state

    async def test_an_order_whose_key_is_taken_is_recorded_with_the_first_task(
        self, store: Store, clock: FakeClock
    ) -> None:
        first = await put_one(store, idempotency_key="k")
        saved = await store.save_schedule(a_schedule(task=a_task(idempotency_key="k")), clock.now())

        assert [first] == [fire.task for fire in await fire(store, saved)]

    async def test_the_newest_fires_are_listed_first(self, store: Store, clock: FakeClock) -> None:
        record = await store.save_schedule(a_schedule(), clock.now())
        for _ in range(5):
            await fire(store, record)
            (record,) = await store.schedules()

        instants = [fire.instant for fire in await store.fires(HOURLY)]
        assert sorted(instants, reverse=True) == instants
        assert instants[:2] == [fire.instant for fire in await store.fires(HOURLY, limit=2)]
        assert [] == list(await store.fires(ScheduleId("nobody's")))

    async def test_of_a_long_history_the_newest_fires_are_kept(self, store: Store, clock: FakeClock) -> None:
        await store.save_schedule(a_schedule(), clock.now())
        instants = [clock.now() + seconds(number) for number in range(KEPT_FIRES + 2)]
        skipped = [FireRecord(schedule=HOURLY, instant=at, last=at, skipped="misfire=skip") for at in instants]
        for some in (skipped[:-KEPT_FIRES], skipped[-KEPT_FIRES:]):
            (record,) = await store.schedules()
            await store.advance(replace(a_step(record, clock.now()), tasks=(), skipped=tuple(some)))

        kept = await store.fires(HOURLY, limit=2 * KEPT_FIRES)

        assert instants[:1:-1] == [fire.instant for fire in kept]


class OnceContract:
    """A step that somebody else has made is refused, whole."""

    async def test_a_step_is_made_once(self, store: Store, another: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        pending = await put_one(store)
        step = a_step(saved, clock.now() + seconds(3600), cancel=(pending,))
        await store.advance(a_step(saved, clock.now() + seconds(3600)))
        before = await everything(store)

        assert await another.advance(step) is None
        assert before == await everything(store)

    async def test_of_many_schedulers_one_makes_the_step(self, store: Store, another: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        step = a_step(saved, clock.now() + seconds(3600))

        answers = await asyncio.gather(*[handle.advance(step) for handle in [store, another] * 6])

        assert 1 == sum(answer is not None for answer in answers)
        assert 1 == len(await store.fires(HOURLY)) == len(await store.find(TaskQuery()))

    async def test_a_step_of_an_edited_schedule_is_refused(self, store: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(every=3600), clock.now())
        await store.save_schedule(a_schedule(every=60), clock.now())
        before = await everything(store)

        assert await store.advance(a_step(saved, clock.now() + seconds(3600))) is None
        assert before == await everything(store)

    async def test_a_step_of_a_removed_schedule_is_refused(self, store: Store, clock: FakeClock) -> None:
        saved = await store.save_schedule(a_schedule(), clock.now())
        await store.remove_schedule(HOURLY)

        assert await store.advance(a_step(saved, clock.now() + seconds(3600))) is None
        assert [] == list(await store.find(TaskQuery()))
        assert [] == list(await store.fires(HOURLY))

    async def test_a_step_is_refused_also_when_its_schedule_was_added_again(
        self, store: Store, clock: FakeClock
    ) -> None:
        saved = await store.save_schedule(a_schedule(every=3600), clock.now())
        await store.remove_schedule(HOURLY)
        await store.save_schedule(a_schedule(every=60), clock.now())

        assert await store.advance(a_step(saved, clock.now() + seconds(3600))) is None
        assert [] == list(await store.find(TaskQuery()))

    async def test_a_step_that_fails_leaves_nothing_behind(self, store: Store, clock: FakeClock) -> None:
        await put_one(store, id=TaskId("7700"))
        saved = await store.save_schedule(a_schedule(task=a_task(id=TaskId("7700"))), clock.now())
        before = await everything(store)

        with pytest.raises(InvalidInput):
            await store.advance(a_step(saved, clock.now() + seconds(3600)))

        assert before == await everything(store)


class ScheduleStoreContract(SavingContract, DueContract, AdvanceContract, OnceContract):
    """A backend supplies ``clock`` (a ``FakeClock``), an empty ``store`` that follows it, and ``another`` handle on the
    same data. The store keeps tasks too."""


async def fire(store: Store, record: ScheduleRecord) -> list[FireRecord]:
    """Follow a schedule to its next instant."""
    assert record.next_at is not None
    fires = await store.advance(a_step(record, record.next_at))
    assert fires is not None
    return list(fires)


async def everything(store: Store) -> tuple[object, ...]:
    """All that a schedule's step may change."""
    return list(await store.schedules()), list(await store.fires(HOURLY)), list(await store.find(TaskQuery()))
