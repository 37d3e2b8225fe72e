"""A day in the life of a memory store, told again exactly alike for the same seed and the same evening."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol
from uuid import UUID

from taskcore.adapters.memory import MemoryStore
from taskcore.clock import Clock, SystemClock, to_micros
from taskcore.ids import ScheduleId, TaskId, WorkerId
from taskcore.lease import Fence
from taskcore.models import (
    SPANS,
    Advance,
    FireRecord,
    LogLine,
    Report,
    ScheduleSpec,
    Settlement,
    TaskError,
    TaskSpec,
    TimedCount,
    WorkerInfo,
    WorkerState,
)
from taskcore.ports import QueueControls, ScheduleStore, StatisticsStore, TaskStore, WorkerRegistry
from taskcore.retry import RetryPolicy
from taskcore.schedule import Cron, Every, Overlap
from taskcore.serialization import encode
from taskcore.states import Event
from taskcore.statistics import BOUNDS, CANCELLED, FAILED, PUT, RETRIED, RUN_WORDS, SUCCEEDED, WAIT_WORDS, floor
from taskcore.testing.dashboard.hostile import HOSTILE
from taskcore.testing.dashboard.kinds import KINDS, TRACEBACK, Kind, an_error

LEASE = timedelta(minutes=5)
WORKERS = ("web-1:4101", "web-1:4102", "batch-7:512")
QUEUES = ("default", "email", "reports", "billing")


_LOOK_BACK = {
    "nightly-report": timedelta(days=6),
    "hourly-sync": timedelta(hours=11),
    "every-minute": timedelta(minutes=13),
    "weekly-digest": timedelta(days=30),
    "heartbeat": timedelta(minutes=6),
}


class StoryClock:
    """Stands at the moment that is told of, and goes with ``real`` once the story is over."""

    def __init__(self, real: Clock) -> None:
        self.real = real
        self.at: datetime | None = None

    def now(self) -> datetime:
        return self.real.now() if self.at is None else self.at

    def monotonic(self) -> float:
        return self.real.monotonic()


class Stage(TaskStore, ScheduleStore, QueueControls, WorkerRegistry, StatisticsStore, Protocol):
    """A store in which a story can happen."""


@dataclass(frozen=True, slots=True)
class Story:
    """What was told: the store that it happened in, and some ids that tests look for, by what became of them."""

    store: Stage
    clock: Clock
    tasks: dict[str, TaskId]


async def a_story(*, tasks: int = 240, hostile: bool = False, seed: int = 7, clock: Clock | None = None) -> Story:
    """Tell it in a memory store: ``tasks`` tasks over the last 24 hours in four queues, some of them waiting or running
    at the end."""
    told = StoryClock(clock or SystemClock())
    return await tell(MemoryStore(told), told, tasks=tasks, hostile=hostile, seed=seed)


async def tell(store: Stage, clock: StoryClock, *, tasks: int = 240, hostile: bool = False, seed: int = 7) -> Story:
    """Tell it in an empty ``store`` that follows ``clock``."""
    teller = _Teller(store, clock, Random(seed))
    await teller.schedules()
    await teller.tasks(tasks)
    await teller.present()
    if hostile:
        await teller.hostile()
    await teller.workers()
    await store.add_counts(list(teller.counts()))
    clock.at = None
    return Story(store, clock, teller.named)


def word(words: Sequence[str], length: timedelta) -> str:
    """The bucket of a duration."""
    return words[bisect_left(BOUNDS, length.total_seconds())]


class _Teller:
    def __init__(self, store: Stage, clock: StoryClock, random: Random) -> None:
        self._store, self._clock, self._random = store, clock, random
        self._end = clock.now()
        self.named: dict[str, TaskId] = {}
        self._counted: Counter[tuple[datetime, str, str, str]] = Counter()

    def count(self, at: datetime, kind: Kind, *words: str) -> None:
        """Count what happened, as a worker's own statistics would."""
        for word in words:
            self._counted[at, kind.queue, kind.name, word] += 1

    def counts(self) -> Iterator[TimedCount]:
        for span in SPANS:
            for (at, queue, name, what), count in self._counted.items():
                yield TimedCount(at=floor(at, span), span=span, queue=queue, name=name, what=what, count=count)

    def _at(self, moment: datetime) -> None:
        self._clock.at = min(moment, self._end)

    def _id(self, at: datetime) -> TaskId:
        """A version 7 id whose random bits are the story's own."""
        number = (to_micros(at) // 1000) << 80 | 0x7 << 76 | self._random.getrandbits(12) << 64
        return TaskId(str(UUID(int=number | 0b10 << 62 | self._random.getrandbits(62))))

    async def _put(self, name: str, queue: str, at: datetime, **fields: object) -> TaskId:
        self._at(at)
        args = {"args": [self._random.randrange(1000, 9999)], "kwargs": {"locale": "de", "api_key": "sk-very-secret"}}
        fields = {"payload": encode(args), "retry": RetryPolicy(max_attempts=3)} | fields
        (receipt,) = await self._store.put([TaskSpec(name=name, queue=queue, id=self._id(at), **fields)])  # type: ignore[arg-type]
        return receipt.task

    async def _begin(self, task: TaskId, at: datetime, worker: str | None = None) -> "_Attempt":
        self._at(at)
        worker = worker or self._random.choice(WORKERS)
        held = await self._store.take(task, WorkerId(worker), LEASE)
        assert held is not None
        return _Attempt(self, held.fence.attempt, task, WorkerId(worker), at)

    async def tasks(self, number: int) -> None:
        """Tasks that have come to an end, evenly over the day, busier towards its end."""
        day = timedelta(hours=24)
        ages = sorted((self._random.random() ** 1.6 * day for _ in range(number)), reverse=True)
        for age in ages:
            await self._one(self._random.choice(KINDS), self._end - timedelta(minutes=3) - age)

    async def _one(self, kind: Kind, at: datetime) -> None:
        task = await self._put(kind.name, kind.queue, at, priority=self._random.choice([0, 0, 0, 5]))
        self.count(at, kind, PUT)
        if self._random.random() < 0.02:
            self._at(at + timedelta(seconds=20))
            await self._store.cancel([task])
            self.count(at, kind, CANCELLED)
            self.named["cancelled"] = task
            return
        begin = at + timedelta(seconds=self._random.expovariate(1 / 4))
        for number in (1, 2, 3):
            attempt = await self._begin(task, begin)
            length = timedelta(seconds=kind.seconds * self._random.lognormvariate(0, 0.5))
            self.count(begin, kind, word(WAIT_WORDS, begin - at), word(RUN_WORDS, length))
            good = self._random.random() >= kind.fails ** (1 / number)
            self.count(begin + length, kind, SUCCEEDED if good else FAILED if number == 3 else RETRIED)
            if good:
                await attempt.succeeds(length, {"ok": True, "ms": round(length.total_seconds() * 1000)})
                self.named["succeeded" if number == 1 else "retried"] = task
                return
            await attempt.fails(length, self._error(kind), last=number == 3)
            begin += length + timedelta(seconds=4**number)
        self.named["failed"] = task

    def _error(self, kind: Kind) -> TaskError:
        return an_error(kind, self._random)

    async def present(self) -> None:
        """What waits and runs when one looks."""
        now, second = self._end, timedelta(seconds=1)
        for number, kind in enumerate(KINDS):
            running = await self._put(kind.name, kind.queue, now - (30 + number) * second)
            attempt = await self._begin(running, now - (20 + number) * second, WORKERS[number % 2])
            await attempt.tells(0.15 * (number + 1), f"{number + 1} of 7 parts", "opened the file", "wrote a part")
            self.named["running"] = running
            self.named["queued"] = await self._put(kind.name, kind.queue, now - number * second)
        self.named["scheduled"] = await self._put("billing.charge", "billing", now, run_at=now + timedelta(hours=6))
        retrying = await self._put("billing.charge", "billing", now - 60 * second)
        await (await self._begin(retrying, now - 50 * second)).fails(second, self._error(KINDS[2]), False, 600 * second)
        self.named["retrying"] = retrying
        stuck = await self._put("search.reindex", "default", now - timedelta(hours=2))
        await self._begin(stuck, now - timedelta(hours=1), "batch-3:77")
        self.named["stuck"] = stuck
        for _ in range(2):
            key = {"concurrency_key": "customer-42", "concurrency_limit": 1}
            keyed = await self._put("billing.charge", "billing", now - 5 * second, **key)
            if "keyed" not in self.named:
                await self._begin(keyed, now - 4 * second)
            self.named["keyed"] = keyed
        self._at(now)
        await self._store.pause("reports")
        await self._store.limit("email", 3)

    async def schedules(self) -> None:
        """Some schedules, followed up to the evening."""
        for id_, when, name in (
            ("nightly-report", Cron("30 2 * * *", "Europe/Vienna"), "reports.build_monthly"),
            ("hourly-sync", Cron("0 * * * *"), "search.reindex"),
            ("every-minute", Cron("* * * * *"), "images.resize"),
            ("weekly-digest", Cron("0 9 * * MON"), "email.send_invoice"),
            ("heartbeat", Every(timedelta(seconds=30), self._end - timedelta(days=1)), "images.resize"),
        ):
            queue = next(kind.queue for kind in KINDS if kind.name == name)
            task = TaskSpec(name=name, queue=queue, schedule=ScheduleId(id_))
            spec = ScheduleSpec(
                id=ScheduleId(id_), when=when, task=task, overlap=Overlap.SKIP, paused=id_ == "weekly-digest"
            )
            await self._follow(spec)

    async def _follow(self, spec: ScheduleSpec) -> None:
        """Its last few instants: one in five was skipped, one in eight failed."""
        first = self._end - _LOOK_BACK[spec.id]
        self._at(first)
        record = await self._store.save_schedule(spec, first)
        while record.next_at is not None and record.next_at < self._end:
            at, following = record.next_at, spec.when.next_after(record.next_at)
            self._at(at)
            skip = FireRecord(schedule=spec.id, instant=at, last=at, skipped="overlap=skip")
            skipped = self._random.random() < 0.2
            step = Advance(
                schedule=spec.id,
                version=record.version,
                cursor=at,
                next_at=following,
                tasks=() if skipped else ((at, replace(spec.task, id=self._id(at))),),
                skipped=(skip,) if skipped else (),
            )
            for fire in await self._store.advance(step) or ():
                await self._fired(fire)
            (record,) = [each for each in await self._store.schedules() if each.spec.id == spec.id]

    async def _fired(self, fire: FireRecord) -> None:
        if fire.task is None:
            return
        attempt = await self._begin(fire.task, fire.instant + timedelta(seconds=1))
        if self._random.random() < 0.125:
            await attempt.fails(timedelta(seconds=2), self._error(KINDS[3]), last=True)
        else:
            await attempt.succeeds(timedelta(seconds=self._random.uniform(1, 9)), {"ok": True})

    async def workers(self) -> None:
        """Three that are well, and one that fell silent."""
        for number, (worker, age) in enumerate([*((each, 2) for each in WORKERS), ("batch-3:77", 45)]):
            self._at(self._end - timedelta(seconds=age))
            host, _, pid = worker.partition(":")
            info = WorkerInfo(
                id=WorkerId(worker),
                host=host,
                pid=int(pid),
                version="1.4.0" if number != 2 else "1.3.9",
                queues=("default", "email", "billing") if number < 2 else ("reports",),
                state=WorkerState.DRAINING if number == 2 else WorkerState.ONLINE,
                slots=8,
                running=3 if number < 2 else 0,
                processed=1200 - 300 * number,
                failed=40 - 9 * number,
                memory=(90 + 12 * number) * 1024 * 1024,
                registry="a1b2c3" if number != 2 else "9f8e7d",
                handlers=tuple(kind.name for kind in KINDS),
                started_at=self._end - timedelta(hours=5 * (number + 1)),
            )
            await self._store.sight(info, timedelta(days=1))

    async def hostile(self) -> None:
        """Tasks that carry hostile text wherever text can be."""
        for text in self._printable():
            at = self._end - timedelta(seconds=90)
            payload = encode({"args": [text], "kwargs": {text[:50]: text}})
            task = await self._put(text, text, at, payload=payload, idempotency_key=text)
            attempt = await self._begin(task, at)
            await attempt.tells(0.5, text, text)
            await attempt.fails(timedelta(seconds=1), TaskError(text[:60], text, f"{TRACEBACK[:200]}{text}"), last=True)
            self.named[f"hostile {text[:20]}"] = task

    @staticmethod
    def _printable() -> Iterator[str]:
        return (text for text in HOSTILE if text.isprintable())


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that goes on."""

    teller: _Teller
    number: int
    task: TaskId
    worker: WorkerId
    begun: datetime

    async def tells(self, progress: float, note: str, *lines: str) -> None:
        report = Report(fence=self._fence, progress=min(1.0, progress), note=note, lines=tuple(self._lines(lines)))
        await self.teller._store.report([report])

    async def succeeds(self, after: timedelta, result: object) -> None:
        await self.tells(1.0, "done", "began", "done")
        await self._settle(after, Event.SUCCEED, result=encode(result))

    async def fails(self, after: timedelta, error: TaskError, last: bool, delay: timedelta = timedelta(0)) -> None:
        await self.tells(0.5, "half way", "began", f"gave up: {error.message}"[:200])
        if last:
            await self._settle(after, Event.FAIL, error=error)
        else:
            await self._settle(after, Event.RETRY, error=error, delay=delay)

    async def _settle(self, after: timedelta, event: Event, **fields: object) -> None:
        end = self.begun + after
        self.teller._at(end)
        settlement = Settlement(
            fence=self._fence,
            event=event,
            started_at=self.begun,
            finished_at=end,
            **fields,  # type: ignore[arg-type]
        )
        await self.teller._store.settle([settlement])

    @property
    def _fence(self) -> Fence:
        return Fence(self.task, self.number, self.worker)

    def _lines(self, texts: tuple[str, ...]) -> Iterator[LogLine]:
        for number, text in enumerate(texts):
            level = "error" if text.startswith("gave up") else "info"
            at = self.begun + timedelta(milliseconds=120 * number)
            yield LogLine(task=self.task, attempt=self.number, at=at, level=level, message=text)
