"""Tasks and users of the public release as the core keeps them: the same ids for those who ask, the same hashes.

A task's id there is random; the core's tell their age, and lists are sorted by them. So a task that is taken over gets
an id that begins with the instant of its creation, and the one that its producer knows leads to it.
"""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
import json
from collections.abc import Callable, Iterable
from typing import Any

from taskcore.auth.permissions import Grant
from taskcore.auth.text import MAX_FOLDED, MAX_USER_NAME, clean, fold
from taskcore.retry import MAX_CAP

from lapinq.orders import MAX_TTL
from lapinq.roles import grants_of
from lapinq.schema.names import ACCOUNTS, CORE, FORMER_IDS
from lapinq.vocabulary import DEFAULT_RETRIES, RETRY_DELAY, retry_policy

DumpGrants = Callable[[Iterable[Grant]], str]

# What releases before 1.3.0 had not.
LATER_COLUMNS = """
ALTER TABLE lapinq_tasks
    ADD COLUMN IF NOT EXISTS ttl_seconds float8, ADD COLUMN IF NOT EXISTS priority integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS last_heartbeat timestamptz, ADD COLUMN IF NOT EXISTS metadata jsonb DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS progress float8, ADD COLUMN IF NOT EXISTS progress_message text,
    ADD COLUMN IF NOT EXISTS retry_delay float8, ADD COLUMN IF NOT EXISTS retry_backoff boolean DEFAULT true,
    ADD COLUMN IF NOT EXISTS webhook_url text
"""


def _micros(column: str) -> str:
    """Instants in microseconds; there is no other end of time than NULL."""
    return f"CASE WHEN isfinite({column}) THEN (extract(epoch FROM {column}) * 1000000)::bigint END"


_BACKOFF = retry_policy(DEFAULT_RETRIES).dump().replace(f'"max_attempts":{DEFAULT_RETRIES}', '"max_attempts":%s', 1)
_FIXED = (
    retry_policy(DEFAULT_RETRIES, backoff=False)
    .dump()
    .replace(f'"max_attempts":{DEFAULT_RETRIES}', '"max_attempts":%s', 1)
    .replace(f'["fixed",{RETRY_DELAY}]', '["fixed",%s]', 1)
)

# NaN is greater than everything, so no comparison below lets it through.
PREPARED = f"""
CREATE TEMPORARY TABLE taken_over ON COMMIT DROP AS SELECT
    CASE WHEN substr(id::text, 15, 1) = '7' THEN id::text ELSE
        substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-7' || lpad(to_hex(created % 1000), 3, '0') || '-' ||
        substr(id::text, 20) END AS task, o.*
FROM (SELECT *,
        lpad(to_hex(created / 1000), 12, '0') AS ms,
        coalesce({_micros("scheduled_at")}, created) AS due,
        CASE WHEN max_retries = {DEFAULT_RETRIES} AND coalesce(retry_backoff, true) THEN NULL
            WHEN coalesce(retry_backoff, true) THEN format('{_BACKOFF}', greatest(1, max_retries))
            ELSE format('{_FIXED}', greatest(1, max_retries), coalesce(delay_used, {RETRY_DELAY})) END AS retry
    FROM (SELECT *,
            greatest(0, coalesce({_micros("created_at")}, 0)) AS created,
            CASE WHEN ttl_seconds > 0 AND ttl_seconds <= {MAX_TTL} THEN ttl_seconds END AS ttl_used,
            CASE WHEN retry_delay >= 0 AND retry_delay <= {MAX_CAP} THEN retry_delay END AS delay_used
        FROM lapinq_tasks) AS o) AS o
"""

_META = """(
    SELECT nullif(jsonb_object_agg(key, value) FILTER (WHERE value NOT IN ('null', '{}')), '{}')::text
    FROM jsonb_each(jsonb_build_object(
        'id', CASE WHEN task <> id::text THEN id END,
        'ttl', ttl_used,
        'metadata', CASE WHEN jsonb_typeof(metadata) = 'object' THEN metadata END,
        'webhook', webhook_url,
        'max_retries', nullif(max_retries, {retries}),
        'retry_delay', delay_used,
        'retry_backoff', CASE WHEN NOT retry_backoff THEN false END)))""".replace("{retries}", str(DEFAULT_RETRIES))

TASKS = f"""
INSERT INTO {CORE}_tasks (
    id, state, rare, ready, queue, name, priority, created_at, run_at, expires_at, attempt, failures, worker,
    started_at, finished_at, progress, progress_note, retry, payload, meta, result, error)
SELECT
    task,
    CASE status WHEN 'completed' THEN 'succeeded' ELSE status END,
    CASE WHEN status IN ('failed', 'cancelled', 'expired') THEN status END,
    CASE WHEN status = 'pending' THEN (due <= {_micros("now()")})::integer END,
    queue_name, module_path || ':' || task_name, priority, created, due,
    CASE WHEN status = 'pending' THEN created + (ttl_used * 1000000)::bigint END,
    greatest(0, attempts) + (status IN ('running', 'completed'))::integer,
    greatest(0, attempts),
    CASE WHEN status = 'running' OR started_at IS NOT NULL THEN coalesce(worker_id, 'lapinq 1') END,
    CASE WHEN status = 'running' THEN coalesce({_micros("started_at")}, created) ELSE {_micros("started_at")} END,
    CASE WHEN status NOT IN ('pending', 'running') THEN coalesce({_micros("completed_at")}, created) END,
    CASE WHEN progress >= 0 AND progress <= 100 THEN progress / 100 END,
    progress_message, retry,
    jsonb_build_object('args', args, 'kwargs', kwargs)::text,
    {_META},
    result,
    CASE WHEN error IS NOT NULL THEN jsonb_build_array('', error, '')::text END
FROM taken_over
"""

# Their workers are of the public release, and gone: the first sweep decides what becomes of them.
LEASES = f"""
INSERT INTO {CORE}_leases (task, attempt, worker, lease_until, queue)
SELECT t.id, t.attempt, t.worker, {_micros("now()")}, t.queue
FROM {CORE}_tasks AS t JOIN taken_over AS o ON o.task = t.id WHERE t.state = 'running'
"""

FORMER_IDS_KEPT = f"INSERT INTO {FORMER_IDS} (id, task) SELECT id, task FROM taken_over WHERE task <> id::text"

USERS = "SELECT id, username, password_hash, role, permissions, created_at FROM lapinq_users ORDER BY created_at, id"

ADD_USER = f"""
INSERT INTO {ACCOUNTS}_users (id, folded, name, password_hash, role, grants, enabled, must_change_password, created_at)
VALUES ($1, $2, $3, $4, $5, $6, true, false, $7)
"""


async def take_over_tasks(connection: Any) -> None:
    """Copy the tasks into the core's tables; inside the caller's transaction."""
    for statement in (LATER_COLUMNS, PREPARED, TASKS, LEASES, FORMER_IDS_KEPT):
        await connection.execute(statement)


async def take_over_users(connection: Any, dump_grants: DumpGrants) -> None:
    """Copy the users; inside the caller's transaction. Of names that differ in case alone, later ones get a number."""
    taken = set[str]()
    for row in await connection.fetch(USERS):
        name = free_name(clean(row["username"], MAX_USER_NAME), taken)
        grants = dump_grants(grants_of(json.loads(row["permissions"] or "{}")))
        created_at = int(row["created_at"].timestamp() * 1_000_000)
        values = str(row["id"]), fold(name), name, row["password_hash"], row["role"], grants, created_at
        await connection.execute(ADD_USER, *values)


def free_name(name: str, taken: set[str]) -> str:
    """The name, or one like it that is not ``taken``, which it is from then on."""
    number, free = 1, name
    while fold(free) in taken or not free:
        number += 1
        free = f"{name[: MAX_USER_NAME - 8]} {number}"
    taken.add(fold(free)[:MAX_FOLDED])
    return free
