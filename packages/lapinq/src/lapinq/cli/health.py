"""What ``doctor`` asks the database: the server first, then what is in the tables."""

# ruff: noqa: S608 - statements are put together from constants alone
import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

from taskcore.auth.text import fold
from taskcore.models import ScheduleRecord

from lapinq import wiring
from lapinq.accounts import FIRST_USER
from lapinq.cli.findings import Finding
from lapinq.cli.queues import serves, workers_there
from lapinq.cli.text import address, counted, visible
from lapinq.schema.names import ACCOUNTS, WEBHOOK_SECRETS
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.webhooks.sealing import Seal, Sealed, is_closed

SKEW = 1.0
"""Seconds by which the clocks of this machine and of the database may differ."""
HEARD = 2.0
"""Seconds after which a notification has not come."""
LATE = timedelta(seconds=30)
"""A schedule that is due for so long has nobody who follows it."""
FEW = 8
"""Different bytes of a key that was not drawn at random."""
CHANNEL = "lapinq_doctor"

_FIRST = f"SELECT count(*) FROM {ACCOUNTS}_users WHERE folded = $1 AND must_change_password AND enabled"
_SECRETS = f"SELECT secret FROM {WEBHOOK_SECRETS} WHERE ends_at IS NULL OR ends_at > now()"


async def of_server(settings: Settings) -> Sequence[Finding]:
    """Reached, on time, and whether it tells of new tasks.

    Raises: as ``wiring.looking``.
    """
    begun = time.perf_counter()
    async with wiring.looking(settings) as connection:
        took = (time.perf_counter() - begun) * 1000
        before = datetime.now(UTC)
        skew = abs((await connection.fetchval("SELECT clock_timestamp()") - before).total_seconds())
        answered = Finding("database", f"{address(settings.database_url)} answered in {took:.0f} ms")
        clock = f"differs from the database's by {skew * 1000:.0f} ms"
        return [answered, Finding("clock", clock, "ok" if skew < SKEW else "warning"), await _listens(connection)]


async def _listens(connection: Any) -> Finding:
    """Whether notifications come: a pooler that hands connections on with each transaction loses them."""
    heard, word = asyncio.Event(), token_hex(8)

    def hear(_connection: object, _pid: int, _channel: str, payload: str) -> None:
        if payload == word:
            heard.set()

    await connection.add_listener(CHANNEL, hear)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, word)
    try:
        await asyncio.wait_for(heard.wait(), HEARD)
    except TimeoutError:
        told = "no notification came: connect without a pooler, or workers hear of new tasks late"
        return Finding("listen", told, "warning")
    finally:
        await connection.remove_listener(CHANNEL, hear)
    return Finding("listen", "notifications come")


async def of_service(service: Service, settings: Settings) -> Sequence[Finding]:
    """Who is there to work, on what, who may log in, and what webhooks are signed with."""
    return [
        await _workers(service),
        await _queues(service),
        await _schedules(service),
        await _users(service),
        await _webhooks(service, settings),
        await _encryption(service, settings),
    ]


async def _workers(service: Service) -> Finding:
    number = len(await workers_there(service))
    return Finding("workers", f"{number} there", "ok" if number else "warning")


async def _queues(service: Service) -> Finding:
    """Queues in which tasks wait for nobody, and those that somebody holds."""
    there = await workers_there(service)
    waiting = {stats.queue_name: stats.counts["pending"] for stats in await service.queues()}
    paused = [control.queue for control in await service.store.controls() if control.paused]
    alone = {queue: number for queue, number in waiting.items() if number and not any(serves(w, queue) for w in there)}
    found = [f"{counted(number, 'task')} in {visible(queue)} with no worker" for queue, number in alone.items()]
    found += [f"{visible(queue)} is paused" for queue in paused]
    told = "; ".join(found) or f"{counted(sum(waiting.values()), 'task')} pending, in queues that are served"
    return Finding("queues", told, "warning" if found else "ok")


async def _schedules(service: Service) -> Finding:
    """Whether anybody follows them."""
    rows = [row for row in await service.schedules.all() if row["enabled"]]
    followed, now = await service.store.schedules(), await service.now()
    unknown = {str(row["id"]) for row in rows} - {record.spec.id for record in followed}
    late = [record for record in followed if _is_late(record, now)]
    if late or unknown:
        told = f"{len(late)} of {len(rows)} are late, {len(unknown)} are not followed; run: lapinq scheduler"
        return Finding("schedules", told, "warning")
    return Finding("schedules", f"{len(rows)} followed")


def _is_late(record: ScheduleRecord, now: datetime) -> bool:
    return not record.spec.paused and record.next_at is not None and now - record.next_at > LATE


async def _users(service: Service) -> Finding:
    """Whether the first user still has the password that everybody knows."""
    if await service.tables.pool.fetchval(_FIRST, fold(FIRST_USER)):
        told = f"{FIRST_USER} has its first password; change it: lapinq users passwd {FIRST_USER}"
        return Finding("users", told, "warning")
    return Finding("users", "nobody has a first password")


async def _webhooks(service: Service, settings: Settings) -> Finding:
    """Whether receivers can know who calls them."""
    if any(len(set(key)) < FEW for key in settings.webhook_keys):
        told = "a secret in LAPINQ_WEBHOOK_SECRET was not drawn at random; replace it by one that was"
        return Finding("webhooks", told, "warning")
    number = len(settings.webhook_keys) + len(await service.tables.pool.fetch(_SECRETS))
    if not number:
        return Finding("webhooks", "are not signed; make a secret: lapinq webhooks rotate-secret", "warning")
    where = "; they may go to this machine and its network" if settings.webhook_allow_private else ""
    return Finding("webhooks", f"are signed with {counted(number, 'secret')}{where}", "warning" if where else "ok")


async def _encryption(service: Service, settings: Settings) -> Finding:
    """Whether who reads the database could sign, and whether this process can."""
    seal = Seal(settings.encryption_keys)
    stored = [secret for (secret,) in await service.tables.pool.fetch(_SECRETS)]
    try:
        for secret in stored:
            seal.open(secret)
    except Sealed as error:
        return Finding("encryption", f"{error}: webhooks wait", "failed")
    late = sum(not is_closed(secret) for secret in stored)
    if late and not seal.has_keys:
        told = f"LAPINQ_ENCRYPTION_KEY is not set: who reads the database may sign with {counted(late, 'secret')}"
        return Finding("encryption", told, "warning")
    if not all(map(seal.is_current, stored)):
        told = "not every secret is encrypted with the first key; run: lapinq webhooks encrypt-secrets"
        return Finding("encryption", told, "warning")
    return Finding("encryption", f"{counted(len(stored), 'secret')} of webhooks in the database, none of them plain")
