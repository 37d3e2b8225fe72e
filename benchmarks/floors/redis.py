"""The floor of Redis, on bare ``redis-py`` with hiredis: one connection, and one small script a batch.

A job is a hash. What is ready lies in a sorted set by the instant it is due, what is running in another by the end of
its lease. Claims count attempts, settlements check them, and a finished job is kept for an hour: a queue could not do
with less and still find the jobs of a worker that died.
"""

import asyncio
import time
from collections.abc import Iterable
from uuid import uuid4

from redis.asyncio import Redis

from benchmarks.laps import BATCH, Contender, Lap, Stopwatch, batches, done, singles

PUT = """
for i = 2, #ARGV, 2 do
    redis.call('HSET', 'job:' .. ARGV[i], 'name', 'noop', 'payload', ARGV[i + 1], 'state', 'pending', 'attempt', 0)
    redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
end"""

CLAIM = """
local found, claimed = redis.call('ZPOPMIN', KEYS[1], ARGV[1]), {}
for i = 1, #found, 2 do
    local job = 'job:' .. found[i]
    redis.call('HSET', job, 'state', 'running', 'lease_until', ARGV[2])
    redis.call('ZADD', KEYS[2], ARGV[2], found[i])
    claimed[#claimed + 1] = {found[i], redis.call('HINCRBY', job, 'attempt', 1), redis.call('HGET', job, 'payload')}
end
return claimed"""

SETTLE = """
local settled = 0
for i = 2, #ARGV, 2 do
    local job = 'job:' .. ARGV[i]
    if redis.call('HGET', job, 'attempt') == ARGV[i + 1] then
        redis.call('ZREM', KEYS[1], ARGV[i])
        redis.call('HSET', job, 'state', 'succeeded', 'finished_at', ARGV[1])
        redis.call('EXPIRE', job, 3600)
        settled = settled + 1
    end
end
return settled"""

READY, RUNNING = "ready", "running"


def contender(name: str) -> Contender:
    return Contender(name, lambda url, jobs: asyncio.run(lap(url, jobs)))


async def lap(url: str, jobs: int) -> Lap:
    """Put and drain as many jobs as told, then put some one by one."""
    async with Redis.from_url(url) as client:
        watch = Stopwatch()
        await put(client, batches(jobs))
        enqueued = watch.split()
        settled = await drain(client)
        drained = watch.split()
        done("the floor", jobs, settled)
        await put(client, [1] * singles(jobs))
        return Lap(jobs / enqueued, jobs / drained, singles(jobs) / watch.split())


async def put(client: Redis, sizes: Iterable[int]) -> None:
    script = client.register_script(PUT)
    for size in sizes:
        rows = [value for _ in range(size) for value in (uuid4().hex, "null")]
        await script(keys=[READY], args=[time.time(), *rows])


async def drain(client: Redis) -> int:
    """Claim and settle until nothing is left; answer how many were settled."""
    claim, settle = client.register_script(CLAIM), client.register_script(SETTLE)
    settled = 0
    while claimed := await claim(keys=[READY, RUNNING], args=[BATCH, time.time() + 30]):
        ended = [value for job, attempt, _ in claimed for value in (job, attempt)]
        settled += await settle(keys=[RUNNING], args=[time.time(), *ended])
    return settled
