"""``lapinq_tasks`` and ``lapinq_users`` as views, for people and programs that read them with SQL; and what stays a
table: ``lapinq_scheduled_tasks``, whose rows everybody may write."""

# ruff: noqa: S608 - statements are put together from constants alone
from lapinq.schema.names import ACCOUNTS, CORE, FORMER_IDS, SCHEDULED
from lapinq.vocabulary import CANCELLED, DEFAULT_RETRIES, EXPIRED

_STATUS = "CASE t.state WHEN 'succeeded' THEN 'completed' WHEN 'interrupted' THEN 'failed' ELSE t.state END"


def _instant(column: str) -> str:
    return f"'epoch'::timestamptz + {column} * interval '1 microsecond'"


_NOT_WAITING = "CASE WHEN t.state <> 'pending' THEN {} END"
_AT_REST = "CASE WHEN t.state NOT IN ('pending', 'running') THEN {} END"

TASKS = f"""
CREATE VIEW lapinq_tasks AS SELECT
    coalesce(t.meta::json ->> 'id', t.id)::uuid AS id,
    t.queue::text AS queue_name,
    substr(t.name, position(':' IN t.name) + 1)::text AS task_name,
    split_part(t.name, ':', 1)::text AS module_path,
    t.payload::jsonb -> 'args' AS args,
    t.payload::jsonb -> 'kwargs' AS kwargs,
    {_STATUS} AS status,
    t.result,
    CASE t.state WHEN 'cancelled' THEN '{CANCELLED}' WHEN 'expired' THEN '{EXPIRED}'
        ELSE t.error::json ->> 1 END AS error,
    t.failures + t.losses AS attempts,
    coalesce((t.meta::json ->> 'max_retries')::integer, {DEFAULT_RETRIES}) AS max_retries,
    t.priority,
    {_instant("t.created_at")} AS created_at,
    {_instant("t.run_at")} AS scheduled_at,
    {_NOT_WAITING.format(_instant("t.started_at"))} AS started_at,
    {_AT_REST.format(_instant("t.finished_at"))} AS completed_at,
    CASE WHEN t.state = 'running' THEN {_instant("t.started_at")} END AS last_heartbeat,
    ({_NOT_WAITING.format("t.worker")})::text AS worker_id,
    (t.meta::json ->> 'ttl')::float8 AS ttl_seconds,
    coalesce(t.meta::jsonb -> 'metadata', '{{}}'::jsonb) AS metadata,
    round((t.progress * 100)::numeric, 9)::float8 AS progress,
    t.progress_note AS progress_message,
    (t.meta::json ->> 'retry_delay')::float8 AS retry_delay,
    coalesce((t.meta::json ->> 'retry_backoff')::boolean, true) AS retry_backoff,
    t.meta::json ->> 'webhook' AS webhook_url
FROM {CORE}_tasks AS t
"""

# Grants of queues, as this package writes them: [[verbs, "queue", name], ...].
_PERMISSIONS = """
    CASE WHEN u.grants::jsonb @? 'strict $[*] ? (@[1] == "queue")' THEN jsonb_build_object('queues', (
        SELECT jsonb_object_agg(g ->> 2, g -> 0) FROM jsonb_array_elements(u.grants::jsonb) AS g
        WHERE g ->> 1 = 'queue')) ELSE '{}'::jsonb END
"""

USERS = f"""
CREATE VIEW lapinq_users AS SELECT
    u.id::uuid AS id,
    u.name::text AS username,
    u.password_hash::text AS password_hash,
    u.role::text AS role,
    {_PERMISSIONS} AS permissions,
    {_instant("u.created_at")} AS created_at,
    {_instant("coalesce(u.password_changed_at, u.created_at)")} AS updated_at
FROM {ACCOUNTS}_users AS u
"""

SCHEDULED_TASKS = f"""
CREATE TABLE IF NOT EXISTS {SCHEDULED} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    queue_name text NOT NULL DEFAULT 'default',
    task_name text NOT NULL,
    module_path text NOT NULL,
    args jsonb NOT NULL DEFAULT '[]',
    kwargs jsonb NOT NULL DEFAULT '{{}}',
    cron text NOT NULL,
    ttl_seconds float8,
    priority integer NOT NULL DEFAULT 0,
    max_retries integer NOT NULL DEFAULT 3,
    metadata jsonb DEFAULT '{{}}',
    retry_delay float8,
    retry_backoff boolean DEFAULT true,
    webhook_url text,
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_triggered_at timestamptz
)
"""

# Of tables that were made without them, and for rows that say nothing of it.
TIMING = f"""
ALTER TABLE {SCHEDULED}
    ADD COLUMN IF NOT EXISTS zone text NOT NULL DEFAULT 'UTC',
    ADD COLUMN IF NOT EXISTS gap text NOT NULL DEFAULT 'run_after',
    ADD COLUMN IF NOT EXISTS fold text NOT NULL DEFAULT 'first',
    ADD COLUMN IF NOT EXISTS misfire text NOT NULL DEFAULT 'coalesce',
    ADD COLUMN IF NOT EXISTS grace float8 NOT NULL DEFAULT 60,
    ADD COLUMN IF NOT EXISTS overlap text NOT NULL DEFAULT 'allow'
"""

FORMER = f'CREATE TABLE IF NOT EXISTS {FORMER_IDS} (id uuid PRIMARY KEY, task text COLLATE "C" NOT NULL)'

# Only tasks with a TTL are in it; the end of their time is what the sweep looks for.
ENDING = f"""
CREATE INDEX IF NOT EXISTS {CORE}_tasks_ending ON {CORE}_tasks (
    (created_at + ((meta::json ->> 'ttl')::float8 * 1000000)::bigint))
WHERE meta IS NOT NULL AND (meta::json ->> 'ttl') IS NOT NULL
"""
