"""The keys that the public release of task-mq left in Redis, taken over when a queue with their prefix is first opened.

Each job is moved in one step that stores its task and gives its hash another name. So it happens once, however many
processes do it at the same time, and goes on where it was when one of them is killed. The counter of ids comes last,
and leaves a text in its place: that release cannot number a job any more, instead of adding some that nobody runs.
"""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import MovedError, RedisError, ResponseError
from taskcore.engine.execution.run import printable
from taskcore.errors import StoreUnavailable
from taskcore.ids import TaskId
from taskcore.models import LogLine, TaskHistory, TaskRecord
from taskcore.states import TaskState

from taskmq.public_jobs import instant_of, task_of
from taskmq.vocabulary import utc_now

BACKUP = "task_mq_backup:"
COUNTER = "job_id_counter"
TAKEN_OVER = "taken over by taskmq; the jobs are in its own keys, these ones have backups"
BATCH = 100

_QUEUES = ("queue:pending", "queue:processing", "queue:dead", "jobs:periodic")
_LOGS = ("logs:job:*", "logs:handler:*")
_FIELDS = ("id", "payload", "created_at")
"""What a hash has that an insert wrote; others come from a status that was set of a job that is none."""

_CLOSE = """
local counter = redis.call('GET', KEYS[1])
if counter and string.match(counter, '^%d+$') then
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('SET', KEYS[1], ARGV[1])
end
"""


Move = tuple[str, str, TaskHistory | None]
"""A key, its new name, and the task that takes its place, if it is one."""

Adopt = Callable[[Sequence[Move], int], Awaitable[None]]
"""Makes moves in one step; numbers that are given later are higher than the second argument."""


async def take_over(url: str, prefix: str, adopt: Adopt) -> None:
    """Take over what is below ``prefix``, if anything is.

    Raises:
        StoreUnavailable: the server went away; what is left is taken over the next time.
    """
    try:
        async with Redis.from_url(url) as client:
            counter = await client.get(f"{prefix}{COUNTER}")
            if counter is not None and counter.isdigit():
                await _Takeover(client, prefix, adopt, min(int(counter), 2**53)).run()
    except MovedError:  # it is one of a cluster, which that release knows nothing of
        return
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"the jobs below {prefix!r} could not all be taken over yet: {error}") from error


class _Takeover:
    def __init__(self, client: Redis, prefix: str, adopt: Adopt, last: int) -> None:
        self._client, self._prefix, self._adopt, self._last = client, prefix, adopt, last
        self._now = utc_now()

    async def run(self) -> None:
        # Whoever renames this set has moved all jobs before, so that it is not missed.
        died = await self._dead()
        async for names in self._batches("job:*"):
            await self._move(names, died)
        await self._adopt([], self._last)
        for name in _QUEUES:
            await self._put_away(name)
        for pattern in _LOGS:
            async for names in self._batches(pattern):
                for name in names:
                    await self._put_away(name)
        await self._client.eval(_CLOSE, 2, self._prefix + COUNTER, self._backup(COUNTER), TAKEN_OVER)

    async def _dead(self) -> Mapping[str, datetime]:
        """When each dead job died."""
        try:
            scored: Any = await self._client.zrange(self._prefix + "queue:dead", 0, -1, withscores=True)
        except ResponseError:  # it is no sorted set
            return {}
        return {_text(member): _at(score, self._now) for member, score in scored}

    async def _batches(self, pattern: str) -> AsyncIterator[list[str]]:
        names: list[str] = []
        escaped = re.sub(r"([\\*?\[\]])", r"\\\1", self._prefix)
        async for key in self._client.scan_iter(escaped + pattern, count=1000):
            names.append(_text(key).removeprefix(self._prefix))
            if len(names) == BATCH:
                yield names
                names = []
        if names:
            yield names

    async def _move(self, names: Sequence[str], died: Mapping[str, datetime]) -> None:
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(self._prefix + name)
            pipe.lrange(f"{self._prefix}logs:{name}", 0, -1)
        answers = await pipe.execute(raise_on_error=False)
        found = zip(names, answers[::2], answers[1::2], strict=True)
        tasks = [(name, self._task(name, fields, lines, died)) for name, fields, lines in found]
        await self._adopt([(self._prefix + name, self._backup(name), task) for name, task in tasks], self._last)

    def _task(self, name: str, fields: object, lines: object, died: Mapping[str, datetime]) -> TaskHistory | None:
        row = _row(fields) if isinstance(fields, dict) else {}
        number = name.removeprefix("job:")
        if not re.fullmatch("[1-9][0-9]{0,17}", number) or any(row.get(field) is None for field in _FIELDS):
            return None
        record = task_of({**row, "id": number}, dead=False, now=self._now)
        if record.state is TaskState.FAILED and number in died:
            record = replace(record, finished_at=died[number])
        told = lines if isinstance(lines, list) else []
        return TaskHistory(record=record, lines=tuple(_lines(record, told, self._now)))

    async def _put_away(self, name: str) -> None:
        with suppress(ResponseError):  # it is not there, or somebody else was quicker
            await self._client.rename(self._prefix + name, self._backup(name))

    def _backup(self, name: str) -> str:
        return f"{self._prefix}{BACKUP}{name}"


def _row(fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The fields of a hash: an empty text is no value, and numbers are numbers where they are some."""
    row: dict[str, Any] = dict.fromkeys(("status", "retries", "error_log", "retry_policy", "scheduled_for"))
    row |= dict.fromkeys(("interval_seconds", "handler"))
    row |= {_text(name): _text(value) or None for name, value in fields.items()}
    row["payload"] = _text(fields[b"payload"]) if b"payload" in fields else None
    return row | {name: _number(row.get(name)) for name in ("retries", "priority", "interval_seconds")}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("-?[0-9]{1,18}", text) else None


def _lines(record: TaskRecord, texts: Sequence[bytes], now: datetime) -> Iterator[LogLine]:
    for text in texts:
        with suppress(ValueError, TypeError, KeyError):  # a line that is no log line stays in the backup alone
            line = json.loads(text)
            at, message = instant_of(line["timestamp"], now), printable(str(line["message"]))
            yield LogLine(task=TaskId(record.id), attempt=0, at=at, level=str(line["level"]), message=message)


def _at(score: float, default: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(score, UTC)
    except (ValueError, OverflowError, OSError):
        return default


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
