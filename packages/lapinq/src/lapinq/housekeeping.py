"""What is past its time: how much of it there is, and away with it. ``upkeep`` does the same bit by bit."""

# ruff: noqa: S608 - statements are put together from constants alone
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lapinq.schema.names import BACKUP, CORE
from lapinq.service import Service
from lapinq.tables import ENDS, NOW
from lapinq.vocabulary import STATES

_OUTLIVED = f"""
SELECT count(*) FILTER (WHERE state = 'pending' AND coalesce(expires_at, {ENDS}) <= {NOW}),
    count(*) FILTER (WHERE state NOT IN ('pending', 'running', 'expired') AND {ENDS} <= {NOW})
FROM {CORE}_tasks WHERE meta IS NOT NULL AND (meta::json ->> 'ttl') IS NOT NULL"""
_OLD = f"SELECT count(*) FROM {CORE}_tasks WHERE state = ANY($1::text[]) AND finished_at < {NOW} - $2::bigint"
_BACKUPS = f"""
SELECT relname::text, quote_ident(relname) FROM pg_class
WHERE relkind IN ('r', 'p') AND starts_with(relname::text, '{BACKUP}')
    AND relnamespace = (SELECT current_schema()::regnamespace) ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How much is past its time, or was.

    Attributes:
        expired: pending tasks that did not begin in time.
        outlived: tasks at rest whose time to live is over.
        old: by status, tasks at rest that were kept for long enough.
        accounts: sessions that are over, keys that ended long ago, audit entries that are old enough.
        backups: tables that the public release left.
    """

    expired: int = 0
    outlived: int = 0
    old: Mapping[str, int]
    accounts: int = 0
    backups: Sequence[str] = ()


async def count(service: Service, retention: Mapping[str, timedelta], *, backups: bool) -> Past:
    """What ``clean`` would find now; nobody counts what it finds of accounts."""
    async with service.tables.transaction() as connection:
        expired, outlived = await connection.fetchrow(_OUTLIVED)
        old = {
            status: int(await connection.fetchval(_OLD, [state.value for state in STATES[status]], _micros(age)))
            for status, age in retention.items()
        }
        found = await connection.fetch(_BACKUPS) if backups else []
    return Past(expired=expired, outlived=outlived, old=old, backups=[name for name, _ in found])


async def clean(service: Service, retention: Mapping[str, timedelta], *, backups: bool) -> Past:
    """Remove it, a thousand tasks a statement, and answer how much it was."""
    swept = await service.sweep()
    old = {status: await service.archive(age, states=STATES[status]) for status, age in retention.items()}
    async with service.tables.transaction() as connection:
        found = await connection.fetch(_BACKUPS) if backups else []
        for _, quoted in found:
            await connection.execute(f"DROP TABLE {quoted}")
    return Past(expired=swept.expired, outlived=swept.removed, old=old, backups=[name for name, _ in found])


def _micros(age: timedelta) -> int:
    return age // timedelta(microseconds=1)
